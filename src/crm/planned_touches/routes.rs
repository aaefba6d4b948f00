//! `/planned-touches`.

use actix_web::web::Data;
use actix_web::{get, patch, post};

use super::dto::{
    CancelPlannedTouch, CompletePlannedTouch, CreatePlannedTouch, PlannedTouch, PlannedTouchBatchGetRequest, PlannedTouchBatchRequest,
    PlannedTouchSearch, ReassignPlannedTouch, UpdatePlannedTouch,
};
use super::fields::PlannedTouches;
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadTouchRecords, WriteTouchRecords};
use crate::crm::resource::dto::{BatchGet, BatchResults};
use crate::crm::resource::write::{self, ValidateOnly, as_it_is};
use crate::crm::resource::{batch, batch_get};
use crate::db::Db;
use crate::db::id::PlannedTouchId;
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::{Expanding, List};

/// List planned touches
///
/// Those of customers that the caller sees. Newest first unless `sort` says otherwise.
#[utoipa::path(tag = "planned-touches", params(List<PlannedTouches>), responses((status = 200, description = "A page of planned touches.", body = Page<PlannedTouch>)), security(("bearer" = ["touch_records:read"])))]
#[get("/planned-touches")]
pub async fn list_planned_touches(db: Data<Db>, caller: Can<ReadTouchRecords>, list: List<PlannedTouches>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    caller.check_deleted(list.is_deleted)?;
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    Answer::page(&page.await?)
}

/// Search planned touches
///
/// The list with a tree of filters: all fields with all of their operators, related rows, and only the members that are wanted.
#[utoipa::path(tag = "planned-touches", request_body = PlannedTouchSearch, responses((status = 200, description = "A page of planned touches.", body = Page<PlannedTouch>)), security(("bearer" = ["touch_records:read"])))]
#[post("/planned-touches/search")]
pub async fn search_planned_touches(db: Data<Db>, caller: Can<ReadTouchRecords>, search: PlannedTouchSearch) -> Result<Answer, Problem> {
    let (scope, (list, members)) = (caller.scope, search.split());
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    members.answer(&page.await?)
}

/// Plan a touch
///
/// With a customer that the caller may change; contact and opportunity must be that customer's. Whoever gets it from somebody else is told
/// (`planned_touch.assigned`).
#[utoipa::path(tag = "planned-touches", params(ValidateOnly), request_body = CreatePlannedTouch, responses((status = 201, description = "The new planned touch.", body = PlannedTouch)), security(("bearer" = ["touch_records:write"])))]
#[post("/planned-touches")]
pub async fn create_planned_touch(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    only: ValidateOnly,
    body: Body<CreatePlannedTouch>,
) -> Result<Answer, Problem> {
    write::create::<PlannedTouches>(&db, &caller, only, body.0).await
}

/// Get a planned touch
///
/// 404 when it does not exist, its customer is deleted, or it is out of sight: there is no difference.
#[utoipa::path(tag = "planned-touches", params(("id" = PlannedTouchId, Path), Expanding<PlannedTouches>), responses((status = 200, description = "The planned touch.", body = PlannedTouch), (status = 304, description = "It still is what the caller has.")), security(("bearer" = ["touch_records:read"])))]
#[get("/planned-touches/{id}")]
pub async fn get_planned_touch(
    db: Data<Db>,
    caller: Can<ReadTouchRecords>,
    id: PathId<PlannedTouchId>,
    expand: Expanding<PlannedTouches>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    expand
        .read(&db, move |conn, expand| {
            let touch = store::get(conn, &scope, id.0)?;
            expand.object(conn, &scope, touch.version, &touch)
        })
        .await
}

/// Change a planned touch
///
/// A JSON Merge Patch, by whom it is assigned to and whoever may change the customer. One that is done or cancelled stays as it is: 409
/// `invalid_transition`.
#[utoipa::path(
    tag = "planned-touches",
    params(("id" = PlannedTouchId, Path), IfMatch, ValidateOnly),
    request_body(content = UpdatePlannedTouch, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The planned touch as it is now.", body = PlannedTouch)),
    security(("bearer" = ["touch_records:write"])),
)]
#[patch("/planned-touches/{id}")]
pub async fn update_planned_touch(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    only: ValidateOnly,
    id: PathId<PlannedTouchId>,
    if_match: IfMatch,
    patch: UpdatePlannedTouch,
) -> Result<Answer, Problem> {
    write::update::<PlannedTouches>(&db, &caller, only, id.0, if_match, patch).await
}

/// Complete a planned touch
///
/// Records what was done: the body is a touch record of the same customer, which is made in the same transaction and is
/// `touch_record_id` from then on. By whom it is assigned to and whoever may change the customer. One that is done or cancelled is 409
/// `invalid_transition`.
#[utoipa::path(
    tag = "planned-touches",
    params(("id" = PlannedTouchId, Path), IfMatch),
    request_body = CompletePlannedTouch,
    responses((status = 200, description = "The planned touch, which is done.", body = PlannedTouch)),
    security(("bearer" = ["touch_records:write"])),
)]
#[post("/planned-touches/{id}/complete")]
pub async fn complete_planned_touch(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    id: PathId<PlannedTouchId>,
    if_match: IfMatch,
    body: Body<CompletePlannedTouch>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| as_it_is::<PlannedTouches>(&store::complete(tx, &scope, id.0, &if_match, &body.0)?)).await
}

/// Cancel a planned touch
///
/// It stays, with the reason. One that is done or cancelled is 409 `invalid_transition`.
#[utoipa::path(
    tag = "planned-touches",
    params(("id" = PlannedTouchId, Path), IfMatch),
    request_body = CancelPlannedTouch,
    responses((status = 200, description = "The planned touch, which is cancelled.", body = PlannedTouch)),
    security(("bearer" = ["touch_records:write"])),
)]
#[post("/planned-touches/{id}/cancel")]
pub async fn cancel_planned_touch(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    id: PathId<PlannedTouchId>,
    if_match: IfMatch,
    body: Body<CancelPlannedTouch>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| as_it_is::<PlannedTouches>(&store::cancel(tx, &scope, id.0, &if_match, &body.0)?)).await
}

/// Give a planned touch to somebody else
///
/// Who gets it is told (`planned_touch.assigned`). Whoever has it already keeps it, and nothing changes.
#[utoipa::path(
    tag = "planned-touches",
    params(("id" = PlannedTouchId, Path), IfMatch),
    request_body = ReassignPlannedTouch,
    responses((status = 200, description = "The planned touch as it is now.", body = PlannedTouch)),
    security(("bearer" = ["touch_records:write"])),
)]
#[post("/planned-touches/{id}/reassign")]
pub async fn reassign_planned_touch(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    id: PathId<PlannedTouchId>,
    if_match: IfMatch,
    body: Body<ReassignPlannedTouch>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| as_it_is::<PlannedTouches>(&store::reassign(tx, &scope, id.0, &if_match, &body.0)?)).await
}

/// Write many planned touches
///
/// Up to 500 operations in one transaction, in their order; up to 2 MiB: `create` and `update`, since planned touches have no external
/// references and are cancelled instead of deleted. `partial` does what can be done and answers 207 always. `atomic` does all or
/// nothing: 200, or the first problem with every operation's outcome in `results`.
#[utoipa::path(
    tag = "planned-touches",
    params(ValidateOnly),
    request_body = PlannedTouchBatchRequest,
    responses(
        (status = 200, description = "All were done.", body = BatchResults<PlannedTouch>),
        (status = 207, description = "What became of each.", body = BatchResults<PlannedTouch>),
    ),
    security(("bearer" = ["touch_records:write"])),
)]
#[post("/planned-touches/batch")]
pub async fn batch_planned_touches(
    db: Data<Db>,
    caller: Can<WriteTouchRecords>,
    context: Context,
    only: ValidateOnly,
    batch: PlannedTouchBatchRequest,
) -> Result<Answer, Problem> {
    batch::run(&db, &caller, context, only, batch).await
}

/// Get many planned touches
///
/// Up to 200, by their ids, in the order of the ids.
#[utoipa::path(
    tag = "planned-touches",
    request_body = PlannedTouchBatchGetRequest,
    responses((status = 200, description = "Those that the caller sees.", body = BatchGet<PlannedTouch>)),
    security(("bearer" = ["touch_records:read"])),
)]
#[post("/planned-touches/batch-get")]
pub async fn batch_get_planned_touches(
    db: Data<Db>,
    caller: Can<ReadTouchRecords>,
    wanted: PlannedTouchBatchGetRequest,
) -> Result<Answer, Problem> {
    batch_get::batch_get::<PlannedTouches>(&db, &caller, wanted).await
}
