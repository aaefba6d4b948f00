//! `/fields`.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};

use super::dto::{CreateCustomField, CustomField, UpdateCustomField};
use super::purge;
use super::store::{self, CustomFields};
use crate::auth::Can;
use crate::auth::privileges::{ReadFields, WriteFields};
use crate::db::Db;
use crate::db::id::CustomFieldId;
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::List;

/// List custom fields
///
/// Those of all resources, retired ones included; `resource=customers` and `is_active=true` say which.
#[utoipa::path(tag = "fields", params(List<CustomFields>), responses((status = 200, description = "A page of custom fields.", body = Page<CustomField>)), security(("bearer" = ["fields:read"])))]
#[get("/fields")]
pub async fn list_fields(db: Data<Db>, caller: Can<ReadFields>, list: List<CustomFields>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    let page = db.read(move |conn| store::list(conn, &scope, &list)).await?;
    Answer::page(&page)
}

/// Create a custom field
///
/// From then on objects of the resource have values of it in `custom`. 409 `value_taken` when the resource has a field with this key,
/// also a retired one, and 409 `too_many_fields` when it has 100 that are not retired.
#[utoipa::path(tag = "fields", request_body = CreateCustomField, responses((status = 201, description = "The new field.", body = CustomField)), security(("bearer" = ["fields:write"])))]
#[post("/fields")]
pub async fn create_field(db: Data<Db>, caller: Can<WriteFields>, body: Body<CreateCustomField>) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let field = store::create(tx, &body.0)?;
        Ok(Answer::created(format!("/api/v1/fields/{}", field.id), field.version, &field)?)
    })
    .await
}

/// Get a custom field
///
/// 404 when it does not exist.
#[utoipa::path(tag = "fields", params(("id" = CustomFieldId, Path)), responses((status = 200, description = "The field.", body = CustomField), (status = 304, description = "It still is what the caller has.")), security(("bearer" = ["fields:read"])))]
#[get("/fields/{id}")]
pub async fn get_field(db: Data<Db>, caller: Can<ReadFields>, id: PathId<CustomFieldId>) -> Result<Answer, Problem> {
    let workspace_id = caller.scope.workspace_id;
    let field = db.read(move |conn| store::get(conn, workspace_id, id.0)).await?;
    Answer::object(field.version, &field)
}

/// Change a custom field
///
/// A JSON Merge Patch. What objects have is not checked again: new rules hold for what is written from now on. An option that is left
/// out is retired. 409 `duplicate_values` when a field is to be unique and several objects have the same value.
#[utoipa::path(
    tag = "fields",
    params(("id" = CustomFieldId, Path), IfMatch),
    request_body(content = UpdateCustomField, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The field as it is now.", body = CustomField)),
    security(("bearer" = ["fields:write"])),
)]
#[patch("/fields/{id}")]
pub async fn update_field(
    db: Data<Db>,
    caller: Can<WriteFields>,
    id: PathId<CustomFieldId>,
    if_match: IfMatch,
    patch: UpdateCustomField,
) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let field = store::update(tx, id.0, &if_match, &patch)?;
        Ok(Answer::object(field.version, &field)?)
    })
    .await
}

/// Retire a custom field
///
/// Its values stay where they are and may be cleared; none can be newly set, and it is required nowhere. Nothing changes when it is
/// retired.
#[utoipa::path(tag = "fields", params(("id" = CustomFieldId, Path), IfMatch), responses((status = 200, description = "The retired field.", body = CustomField)), security(("bearer" = ["fields:write"])))]
#[post("/fields/{id}/retire")]
pub async fn retire_field(db: Data<Db>, caller: Can<WriteFields>, id: PathId<CustomFieldId>, if_match: IfMatch) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let field = store::retire(tx, id.0, &if_match)?;
        Ok(Answer::object(field.version, &field)?)
    })
    .await
}

/// Reactivate a custom field
///
/// Takes a retirement back. Nothing changes when it is not retired.
#[utoipa::path(tag = "fields", params(("id" = CustomFieldId, Path), IfMatch), responses((status = 200, description = "The field, in use again.", body = CustomField)), security(("bearer" = ["fields:write"])))]
#[post("/fields/{id}/reactivate")]
pub async fn reactivate_field(
    db: Data<Db>,
    caller: Can<WriteFields>,
    id: PathId<CustomFieldId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let field = store::reactivate(tx, id.0, &if_match)?;
        Ok(Answer::object(field.version, &field)?)
    })
    .await
}

/// Delete a custom field
///
/// Only a retired one, else 409 `not_retired`. Its values are taken from all objects, deleted ones included, 200 at a time, each object
/// with a change of its own; then the field itself goes. There is no way back. When it is interrupted, send it again: it goes on.
#[utoipa::path(tag = "fields", params(("id" = CustomFieldId, Path), IfMatch), responses((status = 204, description = "It and its values are gone.")), security(("bearer" = ["fields:write"])))]
#[delete("/fields/{id}")]
pub async fn delete_field(db: Data<Db>, caller: Can<WriteFields>, id: PathId<CustomFieldId>, if_match: IfMatch) -> Result<Answer, Problem> {
    let mut after = None;
    loop {
        let if_match = if_match.clone();
        after = db.write(&caller.actor, move |tx| purge::step(tx, id.0, &if_match, after)).await?;
        if after.is_none() {
            return Ok(Answer::no_content());
        }
    }
}
