//! `/pipelines`.

use actix_web::get;
use actix_web::web::Data;

use super::dto::PipelineList;
use super::store;
use crate::auth::Can;
use crate::auth::privileges::ReadOpportunities;
use crate::db::Db;
use crate::http::answer::Answer;
use crate::http::problem::Problem;

/// List pipelines
///
/// All of them, with their stages in order, the default one first.
#[utoipa::path(tag = "opportunities", responses((status = 200, description = "The pipelines.", body = PipelineList)), security(("bearer" = ["opportunities:read"])))]
#[get("/pipelines")]
pub async fn list_pipelines(db: Data<Db>, caller: Can<ReadOpportunities>) -> Result<Answer, Problem> {
    let workspace_id = caller.scope.workspace_id;
    let data = db.read(move |conn| Ok(store::list(conn, workspace_id)?)).await?;
    Answer::ok(&PipelineList { data })
}
