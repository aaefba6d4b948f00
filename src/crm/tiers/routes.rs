//! `/tiers`.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use utoipa::IntoParams;

use super::dto::{CreateTier, Tier, UpdateTier};
use super::fields::{INCLUDE_COUNTS, Tiers};
use super::store;
use crate::auth::Can;
use crate::auth::privileges::{ReadTiers, WriteTiers};
use crate::db::Db;
use crate::db::id::TierId;
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathId};
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::http::query::Query;
use crate::listing::{Expanding, List, Search, SearchRequest};

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
#[utoipa::path(tag = "tiers", request_body = SearchRequest, responses((status = 200, description = "A page of tiers.", body = Page<Tier>)), security(("bearer" = ["tiers:read"])))]
#[post("/tiers/search")]
pub async fn search_tiers(db: Data<Db>, caller: Can<ReadTiers>, search: Search<Tiers>) -> Result<Answer, Problem> {
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
#[utoipa::path(tag = "tiers", request_body = CreateTier, responses((status = 201, description = "The new tier.", body = Tier)), security(("bearer" = ["tiers:write"])))]
#[post("/tiers")]
pub async fn create_tier(db: Data<Db>, caller: Can<WriteTiers>, body: Body<CreateTier>) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let tier = store::create(tx, &body.0)?;
        Ok(Answer::created(format!("/api/v1/tiers/{}", tier.id), tier.version, &tier)?)
    })
    .await
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
    params(("id" = TierId, Path), IfMatch),
    request_body(content = UpdateTier, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The tier as it is now.", body = Tier)),
    security(("bearer" = ["tiers:write"])),
)]
#[patch("/tiers/{id}")]
pub async fn update_tier(
    db: Data<Db>,
    caller: Can<WriteTiers>,
    id: PathId<TierId>,
    if_match: IfMatch,
    patch: UpdateTier,
) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let tier = store::update(tx, id.0, &if_match, &patch)?;
        Ok(Answer::object(tier.version, &tier)?)
    })
    .await
}

/// Delete a tier
///
/// 409 `in_use` with the `count` while customers have it.
#[utoipa::path(tag = "tiers", params(("id" = TierId, Path), IfMatch), responses((status = 204, description = "Deleted.")), security(("bearer" = ["tiers:write"])))]
#[delete("/tiers/{id}")]
pub async fn delete_tier(db: Data<Db>, caller: Can<WriteTiers>, id: PathId<TierId>, if_match: IfMatch) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        store::delete(tx, id.0, &if_match)?;
        Ok(Answer::no_content())
    })
    .await
}

/// Restore a deleted tier
///
/// Within 30 days. 409 when another tier has taken its code, its rank or one of its external references in the meantime.
#[utoipa::path(tag = "tiers", params(("id" = TierId, Path), IfMatch), responses((status = 200, description = "The tier.", body = Tier)), security(("bearer" = ["tiers:write"])))]
#[post("/tiers/{id}/restore")]
pub async fn restore_tier(db: Data<Db>, caller: Can<WriteTiers>, id: PathId<TierId>, if_match: IfMatch) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let tier = store::restore(tx, id.0, &if_match)?;
        Ok(Answer::object(tier.version, &tier)?)
    })
    .await
}
