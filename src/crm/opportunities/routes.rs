//! `/opportunities`.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};

use super::dto::{
    CreateOpportunity, MoveOpportunity, Opportunity, OpportunityBatchGetRequest, OpportunitySearch, StageHistory, TransferOpportunities,
    UpdateOpportunity, UpsertOpportunity,
};
use super::fields::Opportunities;
use super::{moves, stage_moves, store, transfers};
use crate::auth::Can;
use crate::auth::privileges::{ReadOpportunities, WriteOpportunities};
use crate::crm::resource::batch::Batch;
use crate::crm::resource::dto::{BatchGet, BatchRequest, BatchResults};
use crate::crm::resource::upsert::PathRef;
use crate::crm::resource::write::{self, ValidateOnly};
use crate::crm::resource::{batch, batch_get, upsert};
use crate::crm::transfers::MoveResults;
use crate::db::Db;
use crate::db::id::OpportunityId;
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::http::etag::{IfMatch, UpsertCondition};
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::{Expanding, List};

/// List opportunities
///
/// A rep sees its own and those of customers it sees; everybody else all. Newest first unless `sort` says otherwise. Amounts are
/// compared and sorted within one currency: give `amount_currency`.
#[utoipa::path(tag = "opportunities", params(List<Opportunities>), responses((status = 200, description = "A page of opportunities.", body = Page<Opportunity>)), security(("bearer" = ["opportunities:read"])))]
#[get("/opportunities")]
pub async fn list_opportunities(db: Data<Db>, caller: Can<ReadOpportunities>, list: List<Opportunities>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    caller.check_deleted(list.is_deleted)?;
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    Answer::page(&page.await?)
}

/// Search opportunities
///
/// The list with a tree of filters: all fields with all of their operators, related rows, and only the members that are wanted.
#[utoipa::path(tag = "opportunities", request_body = OpportunitySearch, responses((status = 200, description = "A page of opportunities.", body = Page<Opportunity>)), security(("bearer" = ["opportunities:read"])))]
#[post("/opportunities/search")]
pub async fn search_opportunities(db: Data<Db>, caller: Can<ReadOpportunities>, search: OpportunitySearch) -> Result<Answer, Problem> {
    let (scope, (list, members)) = (caller.scope, search.split());
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    members.answer(&page.await?)
}

/// Create an opportunity
///
/// In an open stage, for a customer that the caller may change. `contact_id` is a contact of that customer.
#[utoipa::path(tag = "opportunities", params(ValidateOnly), request_body = CreateOpportunity, responses((status = 201, description = "The new opportunity.", body = Opportunity)), security(("bearer" = ["opportunities:write"])))]
#[post("/opportunities")]
pub async fn create_opportunity(
    db: Data<Db>,
    caller: Can<WriteOpportunities>,
    only: ValidateOnly,
    body: Body<CreateOpportunity>,
) -> Result<Answer, Problem> {
    write::create::<Opportunities>(&db, &caller, only, body.0).await
}

/// Get an opportunity
///
/// 404 when it does not exist, is deleted, or is out of sight: there is no difference.
#[utoipa::path(tag = "opportunities", params(("id" = OpportunityId, Path), Expanding<Opportunities>), responses((status = 200, description = "The opportunity.", body = Opportunity), (status = 304, description = "It still is what the caller has.")), security(("bearer" = ["opportunities:read"])))]
#[get("/opportunities/{id}")]
pub async fn get_opportunity(
    db: Data<Db>,
    caller: Can<ReadOpportunities>,
    id: PathId<OpportunityId>,
    expand: Expanding<Opportunities>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    expand
        .read(&db, move |conn, expand| {
            let opportunity = store::get(conn, &scope, id.0)?;
            expand.object(conn, &scope, opportunity.version, &opportunity)
        })
        .await
}

/// Change an opportunity
///
/// A JSON Merge Patch. The stage is changed by `move`, the owner by `transfer`. A won opportunity keeps an amount above zero.
#[utoipa::path(
    tag = "opportunities",
    params(("id" = OpportunityId, Path), IfMatch, ValidateOnly),
    request_body(content = UpdateOpportunity, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The opportunity as it is now.", body = Opportunity)),
    security(("bearer" = ["opportunities:write"])),
)]
#[patch("/opportunities/{id}")]
pub async fn update_opportunity(
    db: Data<Db>,
    caller: Can<WriteOpportunities>,
    only: ValidateOnly,
    id: PathId<OpportunityId>,
    if_match: IfMatch,
    patch: UpdateOpportunity,
) -> Result<Answer, Problem> {
    write::update::<Opportunities>(&db, &caller, only, id.0, if_match, patch).await
}

/// Delete an opportunity
///
/// It disappears from lists and answers 404; `restore` brings it back within 30 days. Its external references become free.
#[utoipa::path(tag = "opportunities", params(("id" = OpportunityId, Path), IfMatch), responses((status = 204, description = "Deleted.")), security(("bearer" = ["opportunities:write"])))]
#[delete("/opportunities/{id}")]
pub async fn delete_opportunity(
    db: Data<Db>,
    caller: Can<WriteOpportunities>,
    id: PathId<OpportunityId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    write::delete::<Opportunities>(&db, &caller, id.0, if_match).await
}

/// Restore a deleted opportunity
///
/// 409 `customer_deleted` when its customer is deleted, `external_ref_taken` when another opportunity has taken one of its external
/// references in the meantime.
#[utoipa::path(tag = "opportunities", params(("id" = OpportunityId, Path), IfMatch), responses((status = 200, description = "The opportunity.", body = Opportunity)), security(("bearer" = ["opportunities:write"])))]
#[post("/opportunities/{id}/restore")]
pub async fn restore_opportunity(
    db: Data<Db>,
    caller: Can<WriteOpportunities>,
    id: PathId<OpportunityId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    write::restore::<Opportunities>(&db, &caller, id.0, if_match).await
}

/// Move an opportunity to another stage
///
/// A stage of its pipeline. Won needs an amount above zero, lost a `reason_code`; both set `closed_at`, and so does void. What is
/// closed opens again by a move to an open stage, which clears `closed_at` and the reason; it cannot go from closed to closed. A
/// move to where it is changes nothing.
#[utoipa::path(
    tag = "opportunities",
    params(("id" = OpportunityId, Path), IfMatch),
    request_body = MoveOpportunity,
    responses((status = 200, description = "The opportunity as it is now.", body = Opportunity)),
    security(("bearer" = ["opportunities:write"])),
)]
#[post("/opportunities/{id}/move")]
pub async fn move_opportunity(
    db: Data<Db>,
    caller: Can<WriteOpportunities>,
    id: PathId<OpportunityId>,
    if_match: IfMatch,
    body: Body<MoveOpportunity>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let opportunity = moves::move_opportunity(tx, &scope, id.0, &if_match, &body.0)?;
        Ok(Answer::object(opportunity.version, &opportunity)?)
    })
    .await
}

/// Get an opportunity's stage history
///
/// Every stay in a stage, oldest first, with what the opportunity was worth when it came there.
#[utoipa::path(tag = "opportunities", params(("id" = OpportunityId, Path)), responses((status = 200, description = "The stays.", body = StageHistory)), security(("bearer" = ["opportunities:read"])))]
#[get("/opportunities/{id}/stage-history")]
pub async fn get_stage_history(db: Data<Db>, caller: Can<ReadOpportunities>, id: PathId<OpportunityId>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    let data = db.read(move |conn| stage_moves::history(conn, &scope, id.0)).await?;
    Answer::ok(&StageHistory { data })
}

/// Give opportunities to another owner
///
/// Up to 200 at once: 200 when all were moved, 207 when some were not; `results` has one entry for each, in order.
#[utoipa::path(
    tag = "opportunities",
    request_body = TransferOpportunities,
    responses(
        (status = 200, description = "All were moved.", body = MoveResults),
        (status = 207, description = "Some were not moved; `problem` says why.", body = MoveResults),
    ),
    security(("bearer" = ["opportunities:write"])),
)]
#[post("/opportunities/transfer")]
pub async fn transfer_opportunities(
    db: Data<Db>,
    caller: Can<WriteOpportunities>,
    context: Context,
    body: Body<TransferOpportunities>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| Ok(transfers::transfer(tx, &scope, context.language, &body.0)?.answer()?)).await
}

/// Get an opportunity by its external reference
///
/// 404 when no opportunity that the caller sees has the reference.
#[utoipa::path(
    tag = "opportunities",
    params(PathRef),
    responses((status = 200, description = "The opportunity.", body = Opportunity), (status = 304, description = "It still is what the caller has.")),
    security(("bearer" = ["opportunities:read"])),
)]
#[get("/opportunities/by-ref/{system}/{value}")]
pub async fn get_opportunity_by_ref(db: Data<Db>, caller: Can<ReadOpportunities>, reference: PathRef) -> Result<Answer, Problem> {
    upsert::get_by_ref::<Opportunities>(&db, &caller, reference).await
}

/// Create or change an opportunity by its external reference
///
/// A JSON Merge Patch. The opportunity gets the reference of the path besides those of the body. 409 `external_ref_taken` when the
/// reference belongs to one that the caller does not see.
#[utoipa::path(
    tag = "opportunities",
    params(PathRef, UpsertCondition, ValidateOnly),
    request_body(content = UpsertOpportunity, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "It was there, and is so now.", body = Opportunity),
        (status = 201, description = "It is new.", body = Opportunity),
    ),
    security(("bearer" = ["opportunities:write"])),
)]
#[patch("/opportunities/by-ref/{system}/{value}")]
pub async fn upsert_opportunity(
    db: Data<Db>,
    caller: Can<WriteOpportunities>,
    only: ValidateOnly,
    reference: PathRef,
    condition: UpsertCondition,
    body: UpsertOpportunity,
) -> Result<Answer, Problem> {
    upsert::upsert::<Opportunities>(&db, &caller, only, reference, condition, body).await
}

/// Write many opportunities
///
/// Up to 500 operations in one transaction, in their order; up to 2 MiB. `partial` does what can be done and answers 207 always.
/// `atomic` does all or nothing: 200, or the first problem with every operation's outcome in `results`.
#[utoipa::path(
    tag = "opportunities",
    params(ValidateOnly),
    request_body = BatchRequest,
    responses(
        (status = 200, description = "All were done.", body = BatchResults<Opportunity>),
        (status = 207, description = "What became of each.", body = BatchResults<Opportunity>),
    ),
    security(("bearer" = ["opportunities:write"])),
)]
#[post("/opportunities/batch")]
pub async fn batch_opportunities(
    db: Data<Db>,
    caller: Can<WriteOpportunities>,
    context: Context,
    only: ValidateOnly,
    batch: Batch<Opportunities>,
) -> Result<Answer, Problem> {
    batch::run(&db, &caller, context, only, batch).await
}

/// Get many opportunities by their ids
///
/// In the order of the ids; those that do not exist or are out of sight are `missing`.
#[utoipa::path(tag = "opportunities", request_body = OpportunityBatchGetRequest, responses((status = 200, description = "Those that were found.", body = BatchGet<Opportunity>)), security(("bearer" = ["opportunities:read"])))]
#[post("/opportunities/batch-get")]
pub async fn batch_get_opportunities(
    db: Data<Db>,
    caller: Can<ReadOpportunities>,
    wanted: OpportunityBatchGetRequest,
) -> Result<Answer, Problem> {
    batch_get::batch_get(&db, &caller, wanted).await
}
