//! `/tiers`.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use utoipa::IntoParams;

use super::dto::{CreateTier, Tier, TierBatchGetRequest, TierSearch, UpdateTier, UpsertTier};
use super::fields::{INCLUDE_COUNTS, Tiers};
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadTiers, WriteTiers};
use crate::crm::resource::batch::Batch;
use crate::crm::resource::dto::{BatchGet, BatchRequest, BatchResults};
use crate::crm::resource::upsert::PathRef;
use crate::crm::resource::write::{self, ValidateOnly};
use crate::crm::resource::{batch, batch_get, upsert};
use crate::db::Db;
use crate::db::id::TierId;
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::http::etag::{IfMatch, UpsertCondition};
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::listing::{Expanding, List};

/// List tiers
///
/// Newest first unless `sort` says otherwise; `sort=-rank` has the best one first.
#[utoipa::path(tag = "tiers", params(List<Tiers>), responses((status = 200, description = "A page of tiers.", body = Page<Tier>)), security(("bearer" = ["tiers:read"])))]
#[get("/tiers")]
pub async fn list_tiers(db: Data<Db>, caller: Can<ReadTiers>, list: List<Tiers>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    caller.check_deleted(list.is_deleted)?;
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    Answer::page(&page.await?)
}

/// Search tiers
///
/// The list with a tree of filters: all fields with all of their operators, related rows, and only the members that are wanted.
#[utoipa::path(tag = "tiers", request_body = TierSearch, responses((status = 200, description = "A page of tiers.", body = Page<Tier>)), security(("bearer" = ["tiers:read"])))]
#[post("/tiers/search")]
pub async fn search_tiers(db: Data<Db>, caller: Can<ReadTiers>, search: TierSearch) -> Result<Answer, Problem> {
    let (scope, (list, members)) = (caller.scope, search.split());
    let page = db.read(move |conn| {
        let page = store::list(conn, &scope, &list)?;
        list.expand.page(conn, &scope, page)
    });
    members.answer(&page.await?)
}

/// Create a tier
///
/// 409 `value_taken` when another tier has its code or its rank.
#[utoipa::path(tag = "tiers", params(ValidateOnly), request_body = CreateTier, responses((status = 201, description = "The new tier.", body = Tier)), security(("bearer" = ["tiers:write"])))]
#[post("/tiers")]
pub async fn create_tier(db: Data<Db>, caller: Can<WriteTiers>, only: ValidateOnly, body: Body<CreateTier>) -> Result<Answer, Problem> {
    write::create::<Tiers>(&db, &caller, only, body.0).await
}

/// What to add to a tier.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct TierQuery {
    /// Adds `customer_count`.
    #[param(required = false)]
    include_counts: bool,
}

/// Get a tier
///
/// 404 when it does not exist or is deleted.
#[utoipa::path(tag = "tiers", params(("id" = TierId, Path), Expanding<Tiers>, TierQuery), responses((status = 200, description = "The tier.", body = Tier), (status = 304, description = "It still is what the caller has.")), security(("bearer" = ["tiers:read"])))]
#[get("/tiers/{id}")]
pub async fn get_tier(
    db: Data<Db>,
    caller: Can<ReadTiers>,
    id: PathId<TierId>,
    expand: Expanding<Tiers>,
    query: Query,
) -> Result<Answer, Problem> {
    let (scope, include_counts) = (caller.scope, query.boolean(INCLUDE_COUNTS)?);
    db.read(move |conn| {
        let tier = store::get(conn, &scope, id.0, include_counts)?;
        let answer = expand.0.object(conn, &scope, tier.version, &tier)?;
        // The count changes without the tier.
        Ok(if include_counts { answer.volatile() } else { answer })
    })
    .await
}

/// Change a tier
///
/// A JSON Merge Patch. 409 `value_taken` when another tier has the rank.
#[utoipa::path(
    tag = "tiers",
    params(("id" = TierId, Path), IfMatch, ValidateOnly),
    request_body(content = UpdateTier, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The tier as it is now.", body = Tier)),
    security(("bearer" = ["tiers:write"])),
)]
#[patch("/tiers/{id}")]
pub async fn update_tier(
    db: Data<Db>,
    caller: Can<WriteTiers>,
    only: ValidateOnly,
    id: PathId<TierId>,
    if_match: IfMatch,
    patch: UpdateTier,
) -> Result<Answer, Problem> {
    write::update::<Tiers>(&db, &caller, only, id.0, if_match, patch).await
}

/// Delete a tier
///
/// 409 `in_use` with the `count` while customers have it.
#[utoipa::path(tag = "tiers", params(("id" = TierId, Path), IfMatch), responses((status = 204, description = "Deleted.")), security(("bearer" = ["tiers:write"])))]
#[delete("/tiers/{id}")]
pub async fn delete_tier(db: Data<Db>, caller: Can<WriteTiers>, id: PathId<TierId>, if_match: IfMatch) -> Result<Answer, Problem> {
    write::delete::<Tiers>(&db, &caller, id.0, if_match).await
}

/// Restore a deleted tier
///
/// Within 30 days. 409 when another tier has taken its code, its rank or one of its external references in the meantime.
#[utoipa::path(tag = "tiers", params(("id" = TierId, Path), IfMatch), responses((status = 200, description = "The tier.", body = Tier)), security(("bearer" = ["tiers:write"])))]
#[post("/tiers/{id}/restore")]
pub async fn restore_tier(db: Data<Db>, caller: Can<WriteTiers>, id: PathId<TierId>, if_match: IfMatch) -> Result<Answer, Problem> {
    write::restore::<Tiers>(&db, &caller, id.0, if_match).await
}

/// Get a tier by its external reference
///
/// 404 when no tier that the caller sees has the reference.
#[utoipa::path(
    tag = "tiers",
    params(PathRef),
    responses((status = 200, description = "The tier.", body = Tier), (status = 304, description = "It still is what the caller has.")),
    security(("bearer" = ["tiers:read"])),
)]
#[get("/tiers/by-ref/{system}/{value}")]
pub async fn get_tier_by_ref(db: Data<Db>, caller: Can<ReadTiers>, reference: PathRef) -> Result<Answer, Problem> {
    upsert::get_by_ref::<Tiers>(&db, &caller, reference).await
}

/// Create or change a tier by its external reference
///
/// A JSON Merge Patch. The tier gets the reference of the path besides those of the body. 409 `external_ref_taken` when the
/// reference belongs to one that the caller does not see.
#[utoipa::path(
    tag = "tiers",
    params(PathRef, UpsertCondition, ValidateOnly),
    request_body(content = UpsertTier, content_type = "application/merge-patch+json"),
    responses(
        (status = 200, description = "It was there, and is so now.", body = Tier),
        (status = 201, description = "It is new.", body = Tier),
    ),
    security(("bearer" = ["tiers:write"])),
)]
#[patch("/tiers/by-ref/{system}/{value}")]
pub async fn upsert_tier(
    db: Data<Db>,
    caller: Can<WriteTiers>,
    only: ValidateOnly,
    reference: PathRef,
    condition: UpsertCondition,
    body: UpsertTier,
) -> Result<Answer, Problem> {
    upsert::upsert::<Tiers>(&db, &caller, only, reference, condition, body).await
}

/// Write many tiers
///
/// Up to 500 operations in one transaction, in their order; up to 2 MiB. `partial` does what can be done and answers 207 always.
/// `atomic` does all or nothing: 200, or the first problem with every operation's outcome in `results`.
#[utoipa::path(
    tag = "tiers",
    params(ValidateOnly),
    request_body = BatchRequest,
    responses(
        (status = 200, description = "All were done.", body = BatchResults<Tier>),
        (status = 207, description = "What became of each.", body = BatchResults<Tier>),
    ),
    security(("bearer" = ["tiers:write"])),
)]
#[post("/tiers/batch")]
pub async fn batch_tiers(
    db: Data<Db>,
    caller: Can<WriteTiers>,
    context: Context,
    only: ValidateOnly,
    batch: Batch<Tiers>,
) -> Result<Answer, Problem> {
    batch::run(&db, &caller, context, only, batch).await
}

/// Get many tiers by their ids
///
/// In the order of the ids; those that do not exist or are out of sight are `missing`.
#[utoipa::path(tag = "tiers", request_body = TierBatchGetRequest, responses((status = 200, description = "Those that were found.", body = BatchGet<Tier>)), security(("bearer" = ["tiers:read"])))]
#[post("/tiers/batch-get")]
pub async fn batch_get_tiers(db: Data<Db>, caller: Can<ReadTiers>, wanted: TierBatchGetRequest) -> Result<Answer, Problem> {
    batch_get::batch_get(&db, &caller, wanted).await
}
