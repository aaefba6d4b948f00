//! A pool's recycle rules, and what they will do.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use utoipa::IntoParams;

use super::dto::{CreateRecycleRule, MyRecycling, RecycleRule, RecycleRules, RecyclingForecast, SimulateRecycling, UpdateRecycleRule};
use super::{simulate, store};
use crate::auth::Can;
use crate::auth::privileges::{ReadCustomers, ReadPools, WritePools};
use crate::db::Db;
use crate::db::id::{PoolId, RecycleRuleId};
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::extract::{Body, PathId};
use crate::http::problem::Problem;
use crate::http::query::Query;

/// List a pool's recycle rules
///
/// All of them. They apply to the customers that were claimed from the pool, or would be released into it.
#[utoipa::path(tag = "pools", params(("id" = PoolId, Path)), responses((status = 200, description = "The rules.", body = RecycleRules)), security(("bearer" = ["pools:read"])))]
#[get("/pools/{id}/recycle-rules")]
pub async fn list_recycle_rules(db: Data<Db>, caller: Can<ReadPools>, id: PathId<PoolId>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    let data = db.read(move |conn| store::list(conn, &scope, id.0)).await?;
    Answer::ok(&RecycleRules { data })
}

/// Create a recycle rule
///
/// Nobody becomes due by it within three days. Try it out first: `simulate`.
#[utoipa::path(tag = "pools", params(("id" = PoolId, Path)), request_body = CreateRecycleRule, responses((status = 201, description = "The new rule.", body = RecycleRule)), security(("bearer" = ["pools:write"])))]
#[post("/pools/{id}/recycle-rules")]
pub async fn create_recycle_rule(
    db: Data<Db>,
    caller: Can<WritePools>,
    id: PathId<PoolId>,
    body: Body<CreateRecycleRule>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| {
        let rule = store::create(tx, &scope, id.0, &body.0)?;
        Ok(Answer::created(format!("/api/v1/recycle-rules/{}", rule.id), rule.version, &rule)?)
    })
    .await
}

/// Try recycle rules out
///
/// How many customers would go back to the pool when, if nothing else happened: by day, by owner, and the first of them. Nothing is
/// changed. Without `rules`, those that the pool has.
#[utoipa::path(tag = "pools", params(("id" = PoolId, Path)), request_body = SimulateRecycling, responses((status = 200, description = "What would happen.", body = RecyclingForecast)), security(("bearer" = ["pools:write"])))]
#[post("/pools/{id}/recycle-rules/simulate")]
pub async fn simulate_recycle_rules(
    db: Data<Db>,
    caller: Can<WritePools>,
    id: PathId<PoolId>,
    body: Body<SimulateRecycling>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    Answer::ok(&db.read(move |conn| simulate::simulate(conn, &scope, id.0, &body.0)).await?)
}

/// Get a recycle rule
///
/// 404 when it does not exist.
#[utoipa::path(tag = "pools", params(("id" = RecycleRuleId, Path)), responses((status = 200, description = "The rule.", body = RecycleRule), (status = 304, description = "It still is what the caller has.")), security(("bearer" = ["pools:read"])))]
#[get("/recycle-rules/{id}")]
pub async fn get_recycle_rule(db: Data<Db>, caller: Can<ReadPools>, id: PathId<RecycleRuleId>) -> Result<Answer, Problem> {
    let workspace_id = caller.scope.workspace_id;
    let rule = db.read(move |conn| store::get(conn, workspace_id, id.0)).await?;
    Answer::object(rule.version, &rule)
}

/// Change a recycle rule
///
/// A JSON Merge Patch. Nobody becomes due by the changed rule within three days.
#[utoipa::path(
    tag = "pools",
    params(("id" = RecycleRuleId, Path), IfMatch),
    request_body(content = UpdateRecycleRule, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The rule as it is now.", body = RecycleRule)),
    security(("bearer" = ["pools:write"])),
)]
#[patch("/recycle-rules/{id}")]
pub async fn update_recycle_rule(
    db: Data<Db>,
    caller: Can<WritePools>,
    id: PathId<RecycleRuleId>,
    if_match: IfMatch,
    patch: UpdateRecycleRule,
) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| {
        let rule = store::update(tx, id.0, &if_match, &patch)?;
        Ok(Answer::object(rule.version, &rule)?)
    })
    .await
}

/// Delete a recycle rule
///
/// For good.
#[utoipa::path(tag = "pools", params(("id" = RecycleRuleId, Path), IfMatch), responses((status = 204, description = "Deleted.")), security(("bearer" = ["pools:write"])))]
#[delete("/recycle-rules/{id}")]
pub async fn delete_recycle_rule(
    db: Data<Db>,
    caller: Can<WritePools>,
    id: PathId<RecycleRuleId>,
    if_match: IfMatch,
) -> Result<Answer, Problem> {
    db.answer(&caller.actor, move |tx| store::delete(tx, id.0, &if_match).map(|_| Answer::no_content())).await
}

/// How far ahead.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub struct RecyclingQuery {
    /// Days of the workspace; 0 is today.
    #[param(required = false, minimum = 0, maximum = 365, default = 7)]
    within_days: i64,
}

/// Get which of the caller's customers go back soon
///
/// Earliest first, up to 200, unless something happens before.
#[utoipa::path(tag = "me", params(RecyclingQuery), responses((status = 200, description = "The customers.", body = MyRecycling)), security(("bearer" = ["customers:read"])))]
#[get("/me/recycling")]
pub async fn get_my_recycling(db: Data<Db>, caller: Can<ReadCustomers>, query: Query) -> Result<Answer, Problem> {
    let (scope, days) = (caller.scope, query.integer("within_days", 0..=365, 7)?);
    let days = i32::try_from(days).unwrap_or_default();
    Answer::ok(&db.read(move |conn| simulate::mine(conn, &scope, days)).await?)
}
