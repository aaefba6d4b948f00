//! `/touch-records`.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};

use super::dto::{CreateTouchRecord, TouchRecord, TouchRecordBatchGetRequest, TouchRecordSearch, UpdateTouchRecord, UpsertTouchRecord};
use super::fields::TouchRecords;
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadTouchRecords, WriteTouchRecords};
use crate::crm::resource::batch::Batch;
use crate::crm::resource::dto::{BatchGet, BatchRequest, BatchResults};
use crate::crm::resource::upsert::PathRef;
use crate::crm::resource::write::{self, ValidateOnly};
use crate::crm::resource::{batch, batch_get, upsert};
use crate::db::Db;
use crate::db::id::TouchRecordId;
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::http::etag::{IfMatch, UpsertCondition};
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::{Expanding, List};

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
#[utoipa::path(tag = "touch-records", request_body = TouchRecordSearch, responses((status = 200, description = "A page of touch records.", body = Page<TouchRecord>)), security(("bearer" = ["touch_records:read"])))]
#[post("/touch-records/search")]
pub async fn search_touch_records(db: Data<Db>, caller: Can<ReadTouchRecords>, search: TouchRecordSearch) -> Result<Answer, Problem> {
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
#[utoipa::path(tag = "touch-records", params(ValidateOnly), request_body = CreateTouchRecord, responses((status = 201, description = "The new touch record.", body = TouchRecord)), security(("bearer" = ["touch_records:write"])))]
#[post("/touch-records")]
pub async fn create_touch_record(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    only: ValidateOnly,
    body: Body<CreateTouchRecord>,
) -> Result<Answer, Problem> {
    write::create::<TouchRecords>(&db, &caller, only, body.0).await
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
    expand
        .read(&db, move |conn, expand| {
            let touch_record = store::get(conn, &scope, id.0)?;
            expand.object(conn, &scope, touch_record.version, &touch_record)
        })
        .await
}

/// Change a touch record
///
/// A JSON Merge Patch. A rep changes what it wrote itself. The customer's `last_touch_at`, `touch_count` and `next_touch_at` follow.
#[utoipa::path(
    tag = "touch-records",
    params(("id" = TouchRecordId, Path), IfMatch, ValidateOnly),
    request_body(content = UpdateTouchRecord, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The touch record as it is now.", body = TouchRecord)),
    security(("bearer" = ["touch_records:write"])),
)]
#[patch("/touch-records/{id}")]
pub async fn update_touch_record(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    only: ValidateOnly,
    id: PathId<TouchRecordId>,
    if_match: IfMatch,
    patch: UpdateTouchRecord,
) -> Result<Answer, Problem> {
    write::update::<TouchRecords>(&db, &caller, only, id.0, if_match, patch).await
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
    write::delete::<TouchRecords>(&db, &caller, id.0, if_match).await
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
    write::restore::<TouchRecords>(&db, &caller, id.0, if_match).await
}

/// Get a touch record by its external reference
///
/// 404 when no touch record that the caller sees has the reference.
#[utoipa::path(
    tag = "touch-records",
    params(PathRef),
    responses((status = 200, description = "The touch record.", body = TouchRecord), (status = 304, description = "It still is what the caller has.")),
    security(("bearer" = ["touch_records:read"])),
)]
#[get("/touch-records/by-ref/{system}/{value}")]
pub async fn get_touch_record_by_ref(db: Data<Db>, caller: Can<ReadTouchRecords>, reference: PathRef) -> Result<Answer, Problem> {
    upsert::get_by_ref::<TouchRecords>(&db, &caller, reference).await
}

/// Create or change a touch record by its external reference
///
/// A JSON Merge Patch. The touch record gets the reference of the path besides those of the body. 409 `external_ref_taken` when the
/// reference belongs to one that the caller does not see.
#[utoipa::path(
    tag = "touch-records",
    params(PathRef, UpsertCondition, ValidateOnly),
    request_body(content = UpsertTouchRecord, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "It was there, and is so now.", body = TouchRecord),
        (status = 201, description = "It is new.", body = TouchRecord),
    ),
    security(("bearer" = ["touch_records:write"])),
)]
#[patch("/touch-records/by-ref/{system}/{value}")]
pub async fn upsert_touch_record(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    only: ValidateOnly,
    reference: PathRef,
    condition: UpsertCondition,
    body: UpsertTouchRecord,
) -> Result<Answer, Problem> {
    upsert::upsert::<TouchRecords>(&db, &caller, only, reference, condition, body).await
}

/// Write many touch records
///
/// Up to 500 operations in one transaction, in their order; up to 2 MiB. `partial` does what can be done and answers 207 always.
/// `atomic` does all or nothing: 200, or the first problem with every operation's outcome in `results`.
#[utoipa::path(
    tag = "touch-records",
    params(ValidateOnly),
    request_body = BatchRequest,
    responses(
        (status = 200, description = "All were done.", body = BatchResults<TouchRecord>),
        (status = 207, description = "What became of each.", body = BatchResults<TouchRecord>),
    ),
    security(("bearer" = ["touch_records:write"])),
)]
#[post("/touch-records/batch")]
pub async fn batch_touch_records(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    context: Context,
    only: ValidateOnly,
    batch: Batch<TouchRecords>,
) -> Result<Answer, Problem> {
    batch::run(&db, &caller, context, only, batch).await
}

/// Get many touch records by their ids
///
/// In the order of the ids; those that do not exist or are out of sight are `missing`.
#[utoipa::path(tag = "touch-records", request_body = TouchRecordBatchGetRequest, responses((status = 200, description = "Those that were found.", body = BatchGet<TouchRecord>)), security(("bearer" = ["touch_records:read"])))]
#[post("/touch-records/batch-get")]
pub async fn batch_get_touch_records(
    db: Data<Db>,
    caller: Can<ReadTouchRecords>,
    wanted: TouchRecordBatchGetRequest,
) -> Result<Answer, Problem> {
    batch_get::batch_get(&db, &caller, wanted).await
}
