//! `/planned-touches`.

use actix_web::web::Data;
use actix_web::{get, patch, post};

use super::dto::{CancelPlannedTouch, CompletePlannedTouch, CreatePlannedTouch, PlannedTouch, ReassignPlannedTouch, UpdatePlannedTouch};
use super::fields::PlannedTouches;
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadTouchRecords, WriteTouchRecords};
use crate::crm::resource::write::ValidateOnly;
use crate::db::id::PlannedTouchId;
use crate::db::{Db, Failure};
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::{Expanding, List};

fn as_it_is(touch: &PlannedTouch) -> Result<Answer, Failure> {
    Ok(Answer::object(touch.version, touch)?)
}

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
    let (scope, input) = (caller.scope, body.0);
    only.answer(&db, &caller.actor, move |tx| {
        let touch = store::create(tx, &scope, &input)?;
        Ok(Answer::created(format!("/api/v1/planned-touches/{}", touch.id), touch.version, &touch)?)
    })
    .await
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
    db.read(move |conn| {
        let touch = store::get(conn, &scope, id.0)?;
        expand.0.object(conn, &scope, touch.version, &touch)
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
    let scope = caller.scope;
    only.answer(&db, &caller.actor, move |tx| as_it_is(&store::update(tx, &scope, id.0, &if_match, &patch)?)).await
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
    db.answer(&caller.actor, move |tx| as_it_is(&store::complete(tx, &scope, id.0, &if_match, &body.0)?)).await
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
    db.answer(&caller.actor, move |tx| as_it_is(&store::cancel(tx, &scope, id.0, &if_match, &body.0)?)).await
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
    db.answer(&caller.actor, move |tx| as_it_is(&store::reassign(tx, &scope, id.0, &if_match, &body.0)?)).await
}
