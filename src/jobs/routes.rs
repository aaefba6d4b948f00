//! `/jobs`.

use actix_web::web::Data;
use actix_web::{get, post};

use super::dto::Job;
use super::store::{self, JobList};
use crate::auth::Can;
use crate::auth::privileges::{ReadJobs, WriteJobs};
use crate::db::Db;
use crate::db::id::JobId;
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::extract::PathId;
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::List;

/// List jobs
///
/// Those that the caller asked for; administrators and API keys see all that were asked for. They are kept for 30 days after their end.
#[utoipa::path(tag = "jobs", params(List<JobList>), responses((status = 200, description = "A page of jobs.", body = Page<Job>)), security(("bearer" = ["jobs:read"])))]
#[get("/jobs")]
pub async fn list_jobs(db: Data<Db>, caller: Can<ReadJobs>, list: List<JobList>) -> Result<Answer, Problem> {
    let page = db.read(move |conn| store::list(conn, &caller, &list)).await?;
    Answer::page(&page)
}

/// Get a job
///
/// What long work answers with 202 points here. Ask again until `finished_at` is there, about once a second.
#[utoipa::path(tag = "jobs", params(("id" = JobId, Path)), responses((status = 200, description = "The job as it is now.", body = Job)), security(("bearer" = ["jobs:read"])))]
#[get("/jobs/{id}")]
pub async fn get_job(db: Data<Db>, caller: Can<ReadJobs>, id: PathId<JobId>) -> Result<Answer, Problem> {
    let visible = store::visible(&caller);
    let job = db.read(move |conn| store::get(conn, visible, id.0)).await?;
    Answer::object(job.version, &job)
}

/// Cancel a job
///
/// A queued one is cancelled at once, a running one after its current step: then `status` becomes `cancelled`. What has been done by
/// then stays done. Nothing changes when the job is over.
#[utoipa::path(tag = "jobs", params(("id" = JobId, Path), IfMatch), responses((status = 200, description = "The job as it is now.", body = Job)), security(("bearer" = ["jobs:write"])))]
#[post("/jobs/{id}/cancel")]
pub async fn cancel_job(db: Data<Db>, caller: Can<WriteJobs>, id: PathId<JobId>, if_match: IfMatch) -> Result<Answer, Problem> {
    let visible = store::visible(&caller);
    db.answer(&caller.actor, move |tx| {
        let job = store::cancel(tx, visible.clone(), id.0, &if_match)?;
        Ok(Answer::object(job.version, &job)?)
    })
    .await
}
