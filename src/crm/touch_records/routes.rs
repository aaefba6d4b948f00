//! `/touch-records`.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};

use super::dto::{CreateTouchRecord, TouchRecord, UpdateTouchRecord};
use super::fields::TouchRecords;
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadTouchRecords, WriteTouchRecords};
use crate::db::Db;
use crate::db::id::TouchRecordId;
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::{Expanding, List, Search, SearchRequest};

/// List touch records
///
/// A rep sees those of customers it sees, everybody else all. Newest first unless `sort` says otherwise.
#[utoipa::path(tag = "touch-records", params(List<TouchRecords>), responses((status = 200, description = "A page of touch records.", body = Page<TouchRecord>)), security(("bearer" = ["touch_records:read"])))]
#[get("/touch-records")]
pub async fn list_touch_records(db: Data<Db>, caller: Can<ReadTouchRecords>, list: List<TouchRecords>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    caller.check_deleted(list.is_deleted)?;
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    Answer::page(&page.await?)
}

/// Search touch records
///
/// The list with a tree of filters: all fields with all of their operators, related rows, and only the members that are wanted.
#[utoipa::path(tag = "touch-records", request_body = SearchRequest, responses((status = 200, description = "A page of touch records.", body = Page<TouchRecord>)), security(("bearer" = ["touch_records:read"])))]
#[post("/touch-records/search")]
pub async fn search_touch_records(db: Data<Db>, caller: Can<ReadTouchRecords>, search: Search<TouchRecords>) -> Result<Answer, Problem> {
    let (scope, (list, members)) = (caller.scope, search.split());
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    members.answer(&page.await?)
}

/// Create a touch record
///
/// For a customer that the caller may change; contacts and opportunity must be that customer's. It sets the customer's
/// `last_touch_at`, `touch_count` and `next_touch_at`.
#[utoipa::path(tag = "touch-records", request_body = CreateTouchRecord, responses((status = 201, description = "The new touch record.", body = TouchRecord)), security(("bearer" = ["touch_records:write"])))]
#[post("/touch-records")]
pub async fn create_touch_record(db: Data<Db>, caller: Can<WriteTouchRecords>, body: Body<CreateTouchRecord>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let touch_record = store::create(tx, &scope, &body.0)?;
        Ok(Answer::created(format!("/api/v1/touch-records/{}", touch_record.id), touch_record.version, &touch_record)?)
    })
    .await
}

/// Get a touch record
///
/// 404 when it does not exist, is deleted, or is out of sight: there is no difference.
#[utoipa::path(tag = "touch-records", params(("id" = TouchRecordId, Path), Expanding<TouchRecords>), responses((status = 200, description = "The touch record.", body = TouchRecord), (status = 304, description = "It still is what the caller has.")), security(("bearer" = ["touch_records:read"])))]
#[get("/touch-records/{id}")]
pub async fn get_touch_record(
    db: Data<Db>,
    caller: Can<ReadTouchRecords>,
    id: PathId<TouchRecordId>,
    expand: Expanding<TouchRecords>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.read(move |conn| {
        let touch_record = store::get(conn, &scope, id.0)?;
        expand.0.object(conn, &scope, touch_record.version, &touch_record)
    })
    .await
}

/// Change a touch record
///
/// A JSON Merge Patch. A rep changes what it wrote itself. The customer's `last_touch_at`, `touch_count` and `next_touch_at` follow.
#[utoipa::path(
    tag = "touch-records",
    params(("id" = TouchRecordId, Path), IfMatch),
    request_body(content = UpdateTouchRecord, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The touch record as it is now.", body = TouchRecord)),
    security(("bearer" = ["touch_records:write"])),
)]
#[patch("/touch-records/{id}")]
pub async fn update_touch_record(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    id: PathId<TouchRecordId>,
    if_match: IfMatch,
    patch: UpdateTouchRecord,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let touch_record = store::update(tx, &scope, id.0, &if_match, &patch)?;
        Ok(Answer::object(touch_record.version, &touch_record)?)
    })
    .await
}

/// Delete a touch record
///
/// It disappears from lists and answers 404, and the customer's `last_touch_at`, `touch_count` and `next_touch_at` are what they
/// are without it; `restore` brings it back within 30 days.
#[utoipa::path(tag = "touch-records", params(("id" = TouchRecordId, Path), IfMatch), responses((status = 204, description = "Deleted.")), security(("bearer" = ["touch_records:write"])))]
#[delete("/touch-records/{id}")]
pub async fn delete_touch_record(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    id: PathId<TouchRecordId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        store::delete(tx, &scope, id.0, &if_match)?;
        Ok(Answer::no_content())
    })
    .await
}

/// Restore a deleted touch record
///
/// 409 `customer_deleted` when its customer is deleted, `external_ref_taken` when another touch record has taken one of its external
/// references in the meantime.
#[utoipa::path(tag = "touch-records", params(("id" = TouchRecordId, Path), IfMatch), responses((status = 200, description = "The touch record.", body = TouchRecord)), security(("bearer" = ["touch_records:write"])))]
#[post("/touch-records/{id}/restore")]
pub async fn restore_touch_record(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    id: PathId<TouchRecordId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let touch_record = store::restore(tx, &scope, id.0, &if_match)?;
        Ok(Answer::object(touch_record.version, &touch_record)?)
    })
    .await
}
