//! What is done to a customer's place: transfers, releases, locks, collaborators, history.

use actix_web::web::Data;
use actix_web::{get, post, put};
use utoipa::IntoParams;

use super::super::dto::Customer;
use super::dto::{Collaborators, LockCustomer, OwnershipHistory, ReleaseCustomer, SetCollaborators, TransferCustomers};
use super::many::{Which, transfer_later};
use super::{collaborators, history, lock, release, transfer};
use crate::auth::Can;
use crate::auth::privileges::{ReadCustomers, WriteCustomers};
use crate::crm::transfers::MoveResults;
use crate::db::Db;
use crate::db::id::CustomerId;
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathId};
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::jobs::{Job, Jobs};

/// Give customers to another owner
///
/// Exactly one of `ids` and `filter`. Their open opportunities move along unless `keep_opportunities` is true, and so does what is planned
/// for the previous owner. Up to 200 `ids` are moved at once: 200 when all were moved, 207 when some were not; `results` has one entry for
/// each, in order. 409 `holding_cap_reached` for those beyond the new owner's cap.
///
/// A filter, or more `ids`, is a job of the kind `transfer_customers` (202), done with the rights that the caller has by then. Its `result`
/// is `{moved, unchanged, failed, refused}`: `unchanged` were the new owner's already, and `refused` has the first 100 of those that
/// failed, `{id, code}`. Some failed: `partially_succeeded`. Customers made after the request are not looked at.
#[utoipa::path(
    tag = "customers",
    request_body = TransferCustomers,
    responses(
        (status = 200, description = "All were moved.", body = MoveResults),
        (status = 202, description = "A job will move them.", body = Job),
        (status = 207, description = "Some were not moved; `problem` says why.", body = MoveResults),
    ),
    security(("bearer" = ["customers:write"])),
)]
#[post("/customers/transfer")]
pub async fn transfer_customers(
    db: Data<Db>,
    jobs: Data<Jobs>,
    caller: Can<WriteCustomers>,
    context: Context,
    body: Body<TransferCustomers>,
) -> Result<Answer, Problem> {
    let (scope, TransferCustomers { ids, filter, how }) = (caller.scope, body.0);
    let which = Which::of(ids, filter)?;
    if let Some(ids) = which.few().map(<[_]>::to_vec) {
        return db.answer(&caller.actor, move |tx| Ok(transfer(tx, &scope, context.language, &ids, &how)?.answer()?)).await;
    }
    which.check_scopes(&caller)?;
    jobs.accept(&caller.actor, move |tx| transfer_later(tx, &scope, &which, &how)).await
}

/// Release a customer into a pool
///
/// Into the one that is named, or into the enabled pool of the highest priority whose filter matches: 422 `no_matching_pool` when
/// there is none. 409 `already_pooled` when nobody owns it. Its collaborators end; its opportunities keep their owners.
#[utoipa::path(
    tag = "customers",
    params(("id" = CustomerId, Path), IfMatch),
    request_body = ReleaseCustomer,
    responses((status = 200, description = "The customer as it is now.", body = Customer)),
    security(("bearer" = ["customers:write"])),
)]
#[post("/customers/{id}/release")]
pub async fn release_customer(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    id: PathId<CustomerId>,
    if_match: IfMatch,
    body: Body<ReleaseCustomer>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let customer = release::release(tx, &scope, id.0, &if_match, &body.0)?;
        Ok(Answer::object(customer.version, &customer)?)
    })
    .await
}

/// Lock a customer
///
/// It is not recycled until then: at most 90 days, and at most 10 customers of one owner at a time (409 `lock_limit_reached`). A
/// further lock moves the end.
#[utoipa::path(
    tag = "customers",
    params(("id" = CustomerId, Path), IfMatch),
    request_body = LockCustomer,
    responses((status = 200, description = "The customer as it is now.", body = Customer)),
    security(("bearer" = ["customers:write"])),
)]
#[post("/customers/{id}/lock")]
pub async fn lock_customer(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    id: PathId<CustomerId>,
    if_match: IfMatch,
    body: Body<LockCustomer>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let customer = lock::lock(tx, &scope, id.0, &if_match, &body.0)?;
        Ok(Answer::object(customer.version, &customer)?)
    })
    .await
}

/// Unlock a customer
///
/// Nothing happens when it is not locked.
#[utoipa::path(
    tag = "customers",
    params(("id" = CustomerId, Path), IfMatch),
    responses((status = 200, description = "The customer as it is now.", body = Customer)),
    security(("bearer" = ["customers:write"])),
)]
#[post("/customers/{id}/unlock")]
pub async fn unlock_customer(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    id: PathId<CustomerId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let customer = lock::unlock(tx, &scope, id.0, &if_match)?;
        Ok(Answer::object(customer.version, &customer)?)
    })
    .await
}

/// Get who works on a customer besides its owner
///
/// Those whose time has not ended.
#[utoipa::path(tag = "customers", params(("id" = CustomerId, Path)), responses((status = 200, description = "The collaborators.", body = Collaborators)), security(("bearer" = ["customers:read"])))]
#[get("/customers/{id}/collaborators")]
pub async fn get_collaborators(db: Data<Db>, caller: Can<ReadCustomers>, id: PathId<CustomerId>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    let (found, version) = db.read(move |conn| collaborators::list(conn, &scope, id.0)).await?;
    Ok(Answer::object(version, &found)?.volatile())
}

/// Say who works on a customer besides its owner
///
/// The whole list; who is left out ends. Every change of it, also by a transfer, a release or the end of somebody's time, is
/// `customer.collaborators_changed` in `/changes`. Collaborators see and change the customer and write touch records of it; they do not give it
/// away, lock or delete it. When it gets into a pool, all of them end.
#[utoipa::path(
    tag = "customers",
    params(("id" = CustomerId, Path), IfMatch),
    request_body = SetCollaborators,
    responses((status = 200, description = "The collaborators as they are now.", body = Collaborators)),
    security(("bearer" = ["customers:write"])),
)]
#[put("/customers/{id}/collaborators")]
pub async fn set_collaborators(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    id: PathId<CustomerId>,
    if_match: IfMatch,
    body: Body<SetCollaborators>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| Ok(Answer::ok(&collaborators::replace(tx, &scope, id.0, &if_match, &body.0)?)?)).await
}

/// Which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct HistoryQuery {
    /// `next_cursor` of the page before.
    #[param(required = false, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    cursor: String,
    /// Moves per page.
    #[param(required = false, minimum = 1, maximum = 200, default = 50)]
    limit: i64,
}

/// List where a customer has been
///
/// Every claim, assignment, release, recycling, transfer and handover, newest first. Kept for good.
#[utoipa::path(tag = "customers", params(("id" = CustomerId, Path), HistoryQuery), responses((status = 200, description = "A page of moves.", body = OwnershipHistory)), security(("bearer" = ["customers:read"])))]
#[get("/customers/{id}/ownership")]
pub async fn get_ownership_history(
    db: Data<Db>,
    caller: Can<ReadCustomers>,
    id: PathId<CustomerId>,
    query: Query,
) -> Result<Answer, Problem> {
    let (scope, limit) = (caller.scope, query.integer("limit", 1..=200, 50)?);
    let cursor = query.get("cursor").map(str::to_owned);
    let page = db.read(move |conn| history::page(conn, &scope, id.0, cursor.as_deref(), limit)).await?;
    Answer::ok(&page)
}
