//! `/pools`, what is claimed from them, and what could be.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use utoipa::IntoParams;

use super::dto::{AssignCustomers, ClaimCustomers, CreatePool, Pool, UpdatePool};
use super::fields::Pools;
use super::outlook::{self, CapacityReport, Claimability};
use super::{claims, store};
use crate::auth::Can;
use crate::auth::privileges::{ReadCustomers, ReadPools, WriteCustomers, WritePools};
use crate::crm::resource::write::{self, ValidateOnly};
use crate::crm::transfers::MoveResults;
use crate::db::Db;
use crate::db::id::{CustomerId, PoolId, UserId};
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::listing::{Expanding, List};

/// List pools
///
/// All of them; what lies in a pool is seen by its members (`GET /customers?pool_id=…`).
#[utoipa::path(tag = "pools", params(List<Pools>), responses((status = 200, description = "A page of pools.", body = Page<Pool>)), security(("bearer" = ["pools:read"])))]
#[get("/pools")]
pub async fn list_pools(db: Data<Db>, caller: Can<ReadPools>, list: List<Pools>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    caller.check_deleted(list.is_deleted)?;
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    Answer::page(&page.await?)
}

/// Create a pool
///
/// Members are users or whole units, with what is below them.
#[utoipa::path(tag = "pools", params(ValidateOnly), request_body = CreatePool, responses((status = 201, description = "The new pool.", body = Pool)), security(("bearer" = ["pools:write"])))]
#[post("/pools")]
pub async fn create_pool(db: Data<Db>, caller: Can<WritePools>, only: ValidateOnly, body: Body<CreatePool>) -> Result<Answer, Problem> {
    write::create::<Pools>(&db, &caller, only, body.0).await
}

/// Get a pool
///
/// 404 when it does not exist or is deleted.
#[utoipa::path(tag = "pools", params(("id" = PoolId, Path), Expanding<Pools>), responses((status = 200, description = "The pool.", body = Pool), (status = 304, description = "It still is what the caller has.")), security(("bearer" = ["pools:read"])))]
#[get("/pools/{id}")]
pub async fn get_pool(db: Data<Db>, caller: Can<ReadPools>, id: PathId<PoolId>, expand: Expanding<Pools>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.read(move |conn| {
        let pool = store::get(conn, &scope, id.0)?;
        expand.0.object(conn, &scope, pool.version, &pool)
    })
    .await
}

/// Change a pool
///
/// A JSON Merge Patch. The default pool stays enabled.
#[utoipa::path(
    tag = "pools",
    params(("id" = PoolId, Path), IfMatch, ValidateOnly),
    request_body(content = UpdatePool, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The pool as it is now.", body = Pool)),
    security(("bearer" = ["pools:write"])),
)]
#[patch("/pools/{id}")]
pub async fn update_pool(
    db: Data<Db>,
    caller: Can<WritePools>,
    only: ValidateOnly,
    id: PathId<PoolId>,
    if_match: IfMatch,
    patch: UpdatePool,
) -> Result<Answer, Problem> {
    write::update::<Pools>(&db, &caller, only, id.0, if_match, patch).await
}

/// Delete a pool
///
/// 409 `in_use` while customers lie in it. The default pool stays.
#[utoipa::path(tag = "pools", params(("id" = PoolId, Path), IfMatch), responses((status = 204, description = "Deleted.")), security(("bearer" = ["pools:write"])))]
#[delete("/pools/{id}")]
pub async fn delete_pool(db: Data<Db>, caller: Can<WritePools>, id: PathId<PoolId>, if_match: IfMatch) -> Result<Answer, Problem> {
    write::delete::<Pools>(&db, &caller, id.0, if_match).await
}

/// Restore a deleted pool
///
/// Within 30 days.
#[utoipa::path(tag = "pools", params(("id" = PoolId, Path), IfMatch), responses((status = 200, description = "The pool.", body = Pool)), security(("bearer" = ["pools:write"])))]
#[post("/pools/{id}/restore")]
pub async fn restore_pool(db: Data<Db>, caller: Can<WritePools>, id: PathId<PoolId>, if_match: IfMatch) -> Result<Answer, Problem> {
    write::restore::<Pools>(&db, &caller, id.0, if_match).await
}

/// Claim customers from a pool
///
/// They become the caller's. Of what keeps a customer from being claimed, the first is told: 404 for what does not exist,
/// `already_claimed`, `item_quiet_period` (with `available_at`), `reclaim_cooldown` (with `available_at`), `daily_claim_limit` (with
/// `limit`, `used`, `resets_at`), `holding_cap_reached` (with `cap`, `held`, `excluded`). The pool's administrators have no quiet hours, cool-down
/// and daily limit. A strange pool is 403 `pool_forbidden`, a disabled one 409 `pool_disabled`. In `partial` mode: 200 when all were
/// claimed, 207 otherwise; in `atomic` mode 200, or the first problem with `results` for each, and nothing was claimed.
#[utoipa::path(
    tag = "pools",
    params(("id" = PoolId, Path)),
    request_body = ClaimCustomers,
    responses(
        (status = 200, description = "All were claimed.", body = MoveResults),
        (status = 207, description = "Some were not claimed; `problem` says why.", body = MoveResults),
    ),
    security(("bearer" = ["customers:write"])),
)]
#[post("/pools/{id}/claims")]
pub async fn claim_customers(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    context: Context,
    id: PathId<PoolId>,
    body: Body<ClaimCustomers>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| Ok(claims::claim(tx, &scope, context.language, id.0, &body.0)?.answer()?)).await
}

/// Assign customers of a pool to somebody
///
/// By the pool's administrators, and by whoever may change all customers. Only the new owner's holding cap counts, unless
/// `override_cap` is true, which needs a `reason`. Answers as a claim does.
#[utoipa::path(
    tag = "pools",
    params(("id" = PoolId, Path)),
    request_body = AssignCustomers,
    responses(
        (status = 200, description = "All were assigned.", body = MoveResults),
        (status = 207, description = "Some were not assigned; `problem` says why.", body = MoveResults),
    ),
    security(("bearer" = ["customers:write"])),
)]
#[post("/pools/{id}/assignments")]
pub async fn assign_customers(
    db: Data<Db>,
    caller: Can<WriteCustomers>,
    context: Context,
    id: PathId<PoolId>,
    body: Body<AssignCustomers>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| Ok(claims::assign(tx, &scope, context.language, id.0, &body.0)?.answer()?)).await
}

/// Get what the caller holds and may claim
///
/// Against its holding cap, and from each of its pools today.
#[utoipa::path(tag = "me", responses((status = 200, description = "The caller's capacity.", body = CapacityReport)), security(("bearer" = ["customers:read"])))]
#[get("/me/capacity")]
pub async fn get_my_capacity(db: Data<Db>, caller: Can<ReadCustomers>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    Answer::ok(&db.read(move |conn| outlook::capacity(conn, &scope)).await?)
}

/// For whom.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct ClaimabilityQuery {
    /// The caller without it. Of others only those may ask who may assign.
    #[param(required = false)]
    user_id: UserId,
}

/// Get whether a customer could be claimed
///
/// What each rule says, passed or not, and from when on it would pass.
#[utoipa::path(tag = "customers", params(("id" = CustomerId, Path), ClaimabilityQuery), responses((status = 200, description = "What each rule says.", body = Claimability)), security(("bearer" = ["customers:read"])))]
#[get("/customers/{id}/claimability")]
pub async fn get_claimability(db: Data<Db>, caller: Can<ReadCustomers>, id: PathId<CustomerId>, query: Query) -> Result<Answer, Problem> {
    let (scope, user_id) = (caller.scope, query.parsed::<UserId>("user_id", "an id that begins with usr_")?);
    Answer::ok(&db.read(move |conn| outlook::claimability(conn, &scope, id.0, user_id)).await?)
}
