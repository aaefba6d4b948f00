//! `/workspace`: the caller's own.

use actix_web::web::Data;
use actix_web::{get, patch};

use super::dto::{UpdateWorkspace, Workspace};
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadWorkspace, WriteWorkspace};
use crate::db::Db;
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::problem::Problem;

/// Get the workspace
///
/// Its name, time zone, currency and working days.
#[utoipa::path(tag = "workspace", responses((status = 200, description = "The caller's workspace.", body = Workspace), (status = 304, description = "It still is what the caller has.")), security(("bearer" = ["workspace:read"])))]
#[get("/workspace")]
pub async fn get_workspace(db: Data<Db>, caller: Can<ReadWorkspace>) -> Result<Answer, Problem> {
    let id = caller.scope.workspace_id;
    let workspace = db.read(move |conn| Ok(store::get(conn, id)?)).await?;
    Answer::object(workspace.version, &workspace)
}

/// Change the workspace
///
/// A JSON Merge Patch, by administrators.
#[utoipa::path(
    tag = "workspace",
    params(IfMatch),
    request_body(content = UpdateWorkspace, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The workspace as it is now.", body = Workspace)),
    security(("bearer" = ["workspace:write"])),
)]
#[patch("/workspace")]
pub async fn update_workspace(
    db: Data<Db>,
    caller: Can<WriteWorkspace>,
    if_match: IfMatch,
    patch: UpdateWorkspace,
) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let workspace = store::update(tx, &if_match, &patch)?;
        Ok(Answer::object(workspace.version, &workspace)?)
    })
    .await
}
