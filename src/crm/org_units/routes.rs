//! `/org-units`.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};

use super::dto::{CreateOrgUnit, MoveOrgUnit, OrgUnit, UpdateOrgUnit, UpsertOrgUnit};
use super::fields::OrgUnits;
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadOrgUnits, WriteOrgUnits};
use crate::crm::resource::upsert;
use crate::crm::resource::upsert::PathRef;
use crate::crm::resource::write::{self, ValidateOnly};
use crate::db::Db;
use crate::db::id::OrgUnitId;
use crate::http::answer::Answer;
use crate::http::etag::{IfMatch, UpsertCondition};
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::{Expanding, List};

/// List organisation units
///
/// The whole tree in pages; `parent_id` gives the units below one. Newest first unless `sort` says otherwise.
#[utoipa::path(tag = "org-units", params(List<OrgUnits>), responses((status = 200, description = "A page of units.", body = Page<OrgUnit>)), security(("bearer" = ["org_units:read"])))]
#[get("/org-units")]
pub async fn list_org_units(db: Data<Db>, caller: Can<ReadOrgUnits>, list: List<OrgUnits>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    caller.check_deleted(list.is_deleted)?;
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    Answer::page(&page.await?)
}

/// Create an organisation unit
///
/// Below another one, or at the top.
#[utoipa::path(tag = "org-units", params(ValidateOnly), request_body = CreateOrgUnit, responses((status = 201, description = "The new unit.", body = OrgUnit)), security(("bearer" = ["org_units:write"])))]
#[post("/org-units")]
pub async fn create_org_unit(
    db: Data<Db>,
    caller: Can<WriteOrgUnits>,
    only: ValidateOnly,
    body: Body<CreateOrgUnit>,
) -> Result<Answer, Problem> {
    write::create::<OrgUnits>(&db, &caller, only, body.0).await
}

/// Get an organisation unit
///
/// 404 when it does not exist or is deleted.
#[utoipa::path(tag = "org-units", params(("id" = OrgUnitId, Path), Expanding<OrgUnits>), responses((status = 200, description = "The unit.", body = OrgUnit), (status = 304, description = "It still is what the caller has.")), security(("bearer" = ["org_units:read"])))]
#[get("/org-units/{id}")]
pub async fn get_org_unit(
    db: Data<Db>,
    caller: Can<ReadOrgUnits>,
    id: PathId<OrgUnitId>,
    expand: Expanding<OrgUnits>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.read(move |conn| {
        let unit = store::get(conn, &scope, id.0)?;
        expand.0.object(conn, &scope, unit.version, &unit)
    })
    .await
}

/// Change an organisation unit
///
/// A JSON Merge Patch. Its place in the tree changes by `move`.
#[utoipa::path(
    tag = "org-units",
    params(("id" = OrgUnitId, Path), IfMatch, ValidateOnly),
    request_body(content = UpdateOrgUnit, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The unit as it is now.", body = OrgUnit)),
    security(("bearer" = ["org_units:write"])),
)]
#[patch("/org-units/{id}")]
pub async fn update_org_unit(
    db: Data<Db>,
    caller: Can<WriteOrgUnits>,
    only: ValidateOnly,
    id: PathId<OrgUnitId>,
    if_match: IfMatch,
    patch: UpdateOrgUnit,
) -> Result<Answer, Problem> {
    write::update::<OrgUnits>(&db, &caller, only, id.0, if_match, patch).await
}

/// Delete an organisation unit
///
/// 409 `in_use` with the `count` while units are below it, users belong to it, or pools or holding caps name it.
#[utoipa::path(tag = "org-units", params(("id" = OrgUnitId, Path), IfMatch), responses((status = 204, description = "Deleted.")), security(("bearer" = ["org_units:write"])))]
#[delete("/org-units/{id}")]
pub async fn delete_org_unit(
    db: Data<Db>,
    caller: Can<WriteOrgUnits>,
    id: PathId<OrgUnitId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    write::delete::<OrgUnits>(&db, &caller, id.0, if_match).await
}

/// Restore a deleted organisation unit
///
/// Within 30 days; at its old place, or at the top when the unit above it is gone.
#[utoipa::path(tag = "org-units", params(("id" = OrgUnitId, Path), IfMatch), responses((status = 200, description = "The unit.", body = OrgUnit)), security(("bearer" = ["org_units:write"])))]
#[post("/org-units/{id}/restore")]
pub async fn restore_org_unit(
    db: Data<Db>,
    caller: Can<WriteOrgUnits>,
    id: PathId<OrgUnitId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    write::restore::<OrgUnits>(&db, &caller, id.0, if_match).await
}

/// Move an organisation unit
///
/// With everything below it; what its managers see moves along at once. 409 `hierarchy_cycle` when the new place is below the unit.
#[utoipa::path(
    tag = "org-units",
    params(("id" = OrgUnitId, Path), IfMatch),
    request_body = MoveOrgUnit,
    responses((status = 200, description = "The unit as it is now.", body = OrgUnit)),
    security(("bearer" = ["org_units:write"])),
)]
#[post("/org-units/{id}/move")]
pub async fn move_org_unit(
    db: Data<Db>,
    caller: Can<WriteOrgUnits>,
    id: PathId<OrgUnitId>,
    if_match: IfMatch,
    body: Body<MoveOrgUnit>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let unit = store::move_unit(tx, &scope, id.0, &if_match, &body.0)?;
        Ok(Answer::object(unit.version, &unit)?)
    })
    .await
}

/// Get an organisation unit by its external reference
///
/// 404 when no unit has the reference.
#[utoipa::path(
    tag = "org-units",
    params(PathRef),
    responses((status = 200, description = "The unit.", body = OrgUnit), (status = 304, description = "It still is what the caller has.")),
    security(("bearer" = ["org_units:read"])),
)]
#[get("/org-units/by-ref/{system}/{value}")]
pub async fn get_org_unit_by_ref(db: Data<Db>, caller: Can<ReadOrgUnits>, reference: PathRef) -> Result<Answer, Problem> {
    upsert::get_by_ref::<OrgUnits>(&db, &caller, reference).await
}

/// Create or change an organisation unit by its external reference
///
/// A JSON Merge Patch. The unit gets the reference of the path besides those of the body.
#[utoipa::path(
    tag = "org-units",
    params(PathRef, UpsertCondition, ValidateOnly),
    request_body(content = UpsertOrgUnit, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "It was there, and is so now.", body = OrgUnit),
        (status = 201, description = "It is new.", body = OrgUnit),
    ),
    security(("bearer" = ["org_units:write"])),
)]
#[patch("/org-units/by-ref/{system}/{value}")]
pub async fn upsert_org_unit(
    db: Data<Db>,
    caller: Can<WriteOrgUnits>,
    only: ValidateOnly,
    reference: PathRef,
    condition: UpsertCondition,
    body: UpsertOrgUnit,
) -> Result<Answer, Problem> {
    upsert::upsert::<OrgUnits>(&db, &caller, only, reference, condition, body).await
}
