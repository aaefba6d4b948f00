//! `/me/worklist`.

use actix_web::get;
use actix_web::web::Data;
use utoipa::IntoParams;

use super::dto::{Worklist, WorklistSummary};
use super::{store, summary};
use crate::auth::Can;
use crate::auth::privileges::{ReadCustomers, ReadTouchRecords};
use crate::db::Db;
use crate::http::answer::Answer;
use crate::http::problem::Problem;
use crate::http::query::Query;

/// How much of it.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct WorklistQuery {
    /// Entries.
    #[param(required = false, minimum = 1, maximum = 200, default = 50)]
    limit: i64,
}

/// Get what I have to do
///
/// The caller's planned touches that are overdue or due today, and of its own customers those that go back to their pool within seven days
/// and those that are to be touched. Most urgent first, by `rank`: 1 goes back today or tomorrow; 2, 3 and 4 are overdue by more than seven
/// days, four to seven, and up to three; 5 is due today; 6 goes back within seven days. Within a rank, what is overdue longest comes first. A
/// customer is shown once for each reason, with the first of its planned touches.
///
/// A customer is to be touched when the `cadence_days` of its tier, or seven days, have passed since its last counting touch or since it
/// came to its owner, whichever was later; on a day off that is the next working day of the workspace. A tier with 0 days asks for
/// nothing; neither do customers that are not active, or churned. An API key needs both scopes.
#[utoipa::path(tag = "me", params(WorklistQuery), responses((status = 200, description = "What is to be done.", body = Worklist)), security(("bearer" = ["customers:read", "touch_records:read"])))]
#[get("/me/worklist")]
pub async fn get_my_worklist(db: Data<Db>, caller: Can<ReadCustomers>, query: Query) -> Result<Answer, Problem> {
    caller.check::<ReadTouchRecords>()?;
    let (scope, limit) = (caller.scope, query.integer("limit", 1..=200, 50)?);
    Answer::ok(&db.read(move |conn| store::worklist(conn, &scope, limit)).await?)
}

/// Get how I keep my plans
///
/// Days are the workspace's. Only touches that were assigned to the caller count.
#[utoipa::path(tag = "me", responses((status = 200, description = "Plan against done.", body = WorklistSummary)), security(("bearer" = ["touch_records:read"])))]
#[get("/me/worklist/summary")]
pub async fn get_my_worklist_summary(db: Data<Db>, caller: Can<ReadTouchRecords>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    Answer::ok(&db.read(move |conn| summary::summary(conn, &scope)).await?)
}
