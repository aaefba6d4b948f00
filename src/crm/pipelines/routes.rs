//! `/pipelines` and `/stages`.

use actix_web::web::Data;
use actix_web::{get, patch};

use super::dto::{PipelineList, Stage, UpdateStage};
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadOpportunities, WriteWorkspace};
use crate::db::Db;
use crate::db::id::StageId;
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::extract::PathId;
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

/// Get a stage
///
/// 404 when it does not exist.
#[utoipa::path(tag = "opportunities", params(("id" = StageId, Path)), responses((status = 200, description = "The stage.", body = Stage), (status = 304, description = "It still is what the caller has.")), security(("bearer" = ["opportunities:read"])))]
#[get("/stages/{id}")]
pub async fn get_stage(db: Data<Db>, caller: Can<ReadOpportunities>, id: PathId<StageId>) -> Result<Answer, Problem> {
    let workspace_id = caller.scope.workspace_id;
    let stage = db.read(move |conn| store::get_stage(conn, workspace_id, id.0)).await?;
    Answer::object(stage.version, &stage)
}

/// Change a stage
///
/// A JSON Merge Patch: when its opportunities are stale, and how often their customers are to be touched. Both show on `/me/worklist` from
/// now on. 422 `not_applicable` for a stage that is not open.
#[utoipa::path(
    tag = "opportunities",
    params(("id" = StageId, Path), IfMatch),
    request_body(content = UpdateStage, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The stage as it is now.", body = Stage)),
    security(("bearer" = ["workspace:write"])),
)]
#[patch("/stages/{id}")]
pub async fn update_stage(
    db: Data<Db>,
    caller: Can<WriteWorkspace>,
    id: PathId<StageId>,
    if_match: IfMatch,
    patch: UpdateStage,
) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let stage = store::update_stage(tx, id.0, &if_match, &patch)?;
        Ok(Answer::object(stage.version, &stage)?)
    })
    .await
}
