//! `/holding-caps`.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};

use super::dto::{CreateHoldingCap, HoldingCap, HoldingCaps, UpdateHoldingCap};
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadPools, WritePools};
use crate::db::Db;
use crate::db::id::HoldingCapId;
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathId};
use crate::http::problem::Problem;

/// List holding caps
///
/// All of them, narrowest scope first. Of those that apply to a user, the narrowest counts: its own, its role's, its nearest unit's,
/// the workspace's; of several, the smallest.
#[utoipa::path(tag = "holding-caps", responses((status = 200, description = "All caps.", body = HoldingCaps)), security(("bearer" = ["pools:read"])))]
#[get("/holding-caps")]
pub async fn list_holding_caps(db: Data<Db>, caller: Can<ReadPools>) -> Result<Answer, Problem> {
    let workspace_id = caller.scope.workspace_id;
    let data = db.read(move |conn| Ok(store::all(conn, workspace_id)?)).await?;
    Answer::ok(&HoldingCaps { data })
}

/// Create a holding cap
///
/// It counts from now on, wherever a user gains a customer: by a claim, an assignment, a transfer or as a new one. Who holds more
/// already keeps what it holds.
#[utoipa::path(tag = "holding-caps", request_body = CreateHoldingCap, responses((status = 201, description = "The new cap.", body = HoldingCap)), security(("bearer" = ["pools:write"])))]
#[post("/holding-caps")]
pub async fn create_holding_cap(db: Data<Db>, caller: Can<WritePools>, body: Body<CreateHoldingCap>) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let cap = store::create(tx, &body.0)?;
        Ok(Answer::created(format!("/api/v1/holding-caps/{}", cap.id), cap.version, &cap)?)
    })
    .await
}

/// Get a holding cap
///
/// 404 when it does not exist.
#[utoipa::path(tag = "holding-caps", params(("id" = HoldingCapId, Path)), responses((status = 200, description = "The cap.", body = HoldingCap), (status = 304, description = "It still is what the caller has.")), security(("bearer" = ["pools:read"])))]
#[get("/holding-caps/{id}")]
pub async fn get_holding_cap(db: Data<Db>, caller: Can<ReadPools>, id: PathId<HoldingCapId>) -> Result<Answer, Problem> {
    let workspace_id = caller.scope.workspace_id;
    let cap = db.read(move |conn| store::get(conn, workspace_id, id.0)).await?;
    Answer::object(cap.version, &cap)
}

/// Change a holding cap
///
/// A JSON Merge Patch.
#[utoipa::path(
    tag = "holding-caps",
    params(("id" = HoldingCapId, Path), IfMatch),
    request_body(content = UpdateHoldingCap, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The cap as it is now.", body = HoldingCap)),
    security(("bearer" = ["pools:write"])),
)]
#[patch("/holding-caps/{id}")]
pub async fn update_holding_cap(
    db: Data<Db>,
    caller: Can<WritePools>,
    id: PathId<HoldingCapId>,
    if_match: IfMatch,
    patch: UpdateHoldingCap,
) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let cap = store::update(tx, id.0, &if_match, &patch)?;
        Ok(Answer::object(cap.version, &cap)?)
    })
    .await
}

/// Delete a holding cap
///
/// For good.
#[utoipa::path(tag = "holding-caps", params(("id" = HoldingCapId, Path), IfMatch), responses((status = 204, description = "Deleted.")), security(("bearer" = ["pools:write"])))]
#[delete("/holding-caps/{id}")]
pub async fn delete_holding_cap(
    db: Data<Db>,
    caller: Can<WritePools>,
    id: PathId<HoldingCapId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| store::delete(tx, id.0, &if_match).map(|()| Answer::no_content())).await
}
