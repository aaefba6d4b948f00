//! What somebody could claim, and why not: for whoever plans the day.

use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};
use strum::AsRefStr;
use utoipa::ToSchema;

use super::Pools;
use super::dto::Pool;
use super::members::{Standing, Standings, open_to};
use super::rules::{Claimant, claimed_on};
use super::store;
use crate::auth::{Reach, Scope};
use crate::crm::calendar::{Calendar, later};
use crate::crm::customers;
use crate::crm::holding_caps::{Capacity, HoldingCap};
use crate::db::id::{CustomerId, PoolId, UserId};
use crate::db::schema::users;
use crate::db::types::Instant;
use crate::db::{DbConnection, Failure};
use crate::http::catalogue::Code;
use crate::http::problem::{FieldError, Problem};
use crate::listing::rows::rows;

/// What the caller holds and may still claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct CapacityReport {
    /// Customers that count against the cap.
    pub held: i64,
    /// Customers that the caller holds besides.
    pub excluded: i64,
    /// The cap that counts for the caller; null without one.
    pub cap: Option<HoldingCap>,
    /// How many more it may hold; null without a cap.
    pub remaining: Option<i64>,
    /// The pools that it may claim from.
    pub pools: Vec<PoolCapacity>,
}

/// What the caller may still claim from a pool today.
#[derive(Debug, Serialize, ToSchema)]
pub struct PoolCapacity {
    pub pool_id: PoolId,
    pub name: String,
    /// Its administrators have no daily limit.
    pub is_admin: bool,
    pub daily_claim_limit: i64,
    pub claimed_today: i64,
    /// Null for its administrators.
    pub remaining_today: Option<i64>,
    /// When the day ends.
    pub resets_at: Instant,
    pub claim_batch_max: i32,
}

pub fn capacity(conn: &mut DbConnection, scope: &Scope) -> Result<CapacityReport, Failure> {
    let Capacity { cap, held, excluded } = Capacity::of(conn, scope.workspace_id, scope.user_id, scope.now)?;
    let open = rows::<Pools>(scope.workspace_id, false).then(" AND pools.is_enabled AND pools.id IN ").append(open_to(scope));
    let calendar = Calendar::of(conn, scope.workspace_id)?;
    let today = calendar.day(scope.now);
    let (standings, claimed) = (Standings::of(conn, scope, scope.user_id)?, claimed_on(conn, scope.workspace_id, scope.user_id, today)?);
    let pools = store::load(conn, scope, open)?.into_iter().filter(|pool| standings.to(pool) != Standing::Stranger).map(|pool| {
        let is_admin = standings.to(&pool) == Standing::Admin;
        let daily_claim_limit = i64::from(pool.fields.daily_claim_limit);
        let claimed_today = claimed.get(&pool.id).copied().unwrap_or_default();
        PoolCapacity {
            pool_id: pool.id,
            name: pool.fields.name,
            is_admin,
            daily_claim_limit,
            claimed_today,
            remaining_today: (!is_admin).then(|| (daily_claim_limit - claimed_today).max(0)),
            resets_at: calendar.start(later(today, 1)),
            claim_batch_max: pool.fields.claim_batch_max,
        }
    });
    let pools = pools.collect();
    let remaining = cap.as_ref().map(|cap| (i64::from(cap.fields.cap) - held).max(0));
    Ok(CapacityReport { held, excluded, cap, remaining, pools })
}

/// Whether somebody could claim a customer now, and what each rule says.
#[derive(Debug, Serialize, ToSchema)]
pub struct Claimability {
    pub customer_id: CustomerId,
    pub user_id: UserId,
    /// The pool that it lies in; null when somebody owns it.
    pub pool_id: Option<PoolId>,
    pub is_claimable: bool,
    /// In the order in which they are checked.
    pub checks: Vec<ClaimCheck>,
}

/// One rule of claiming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, AsRefStr)]
#[serde(rename_all = "snake_case")]
pub enum ClaimRule {
    PoolMembership,
    PoolEnabled,
    InPool,
    QuietPeriod,
    Cooldown,
    DailyLimit,
    HoldingCap,
}

/// What a rule says.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimCheck {
    pub rule: ClaimRule,
    pub is_passed: bool,
    /// The code that a claim would be refused with; null when it passes.
    pub code: Option<String>,
    /// What belongs to the code, such as `available_at`; empty when it passes.
    #[schema(value_type = Object)]
    pub meta: Map<String, Value>,
}

fn verdict(rule: ClaimRule, refusal: Option<Problem>) -> ClaimCheck {
    match refusal {
        None => ClaimCheck { rule, is_passed: true, code: None, meta: Map::new() },
        Some(problem) => {
            let (code, meta) = (Some(problem.code().as_ref().to_owned()), problem.meta().clone());
            ClaimCheck { rule, is_passed: false, code, meta }
        }
    }
}

/// Of somebody else only whoever may assign may ask.
pub fn claimability(conn: &mut DbConnection, scope: &Scope, id: CustomerId, user_id: Option<UserId>) -> Result<Claimability, Failure> {
    let customer = customers::store::get(conn, scope, id)?;
    let user_id = user_id.unwrap_or(scope.user_id);
    let pool = customer.pool_id.map(|pool_id| store::get(conn, scope, pool_id)).transpose()?;
    if user_id != scope.user_id {
        check_other(conn, scope, pool.as_ref(), user_id)?;
    }
    let Some(pool) = pool else {
        let owner_id = customer.owner_id.map(|id| id.to_string());
        let checks = vec![verdict(ClaimRule::InPool, Some(Problem::new(Code::AlreadyClaimed).with("owner_id", owner_id)))];
        return Ok(Claimability { customer_id: id, user_id, pool_id: None, is_claimable: false, checks });
    };
    let claimant = Claimant::of(conn, scope, &pool, user_id, &[id])?;
    let [quiet, cooldown, daily, cap] = claimant.refusals(&customer, 1);
    let stranger = (claimant.standing == Standing::Stranger).then(|| Problem::new(Code::PoolForbidden));
    let disabled = (!pool.fields.is_enabled).then(|| Problem::new(Code::PoolDisabled));
    let checks = vec![
        verdict(ClaimRule::PoolMembership, stranger),
        verdict(ClaimRule::PoolEnabled, disabled),
        verdict(ClaimRule::InPool, None),
        verdict(ClaimRule::QuietPeriod, quiet),
        verdict(ClaimRule::Cooldown, cooldown),
        verdict(ClaimRule::DailyLimit, daily),
        verdict(ClaimRule::HoldingCap, cap),
    ];
    let is_claimable = checks.iter().all(|check| check.is_passed);
    Ok(Claimability { customer_id: id, user_id, pool_id: Some(pool.id), is_claimable, checks })
}

fn check_other(conn: &mut DbConnection, scope: &Scope, pool: Option<&Pool>, user_id: UserId) -> Result<(), Failure> {
    let is_admin = match pool {
        Some(pool) => Standings::of(conn, scope, scope.user_id)?.to(pool) == Standing::Admin,
        None => false,
    };
    if scope.changes != Reach::All && !is_admin {
        return Err(Problem::new(Code::PoolForbidden).into());
    }
    let known = users::table.find((scope.workspace_id, user_id)).select(users::id).first::<UserId>(conn).optional()?;
    if known.is_none() {
        return Err(Problem::fields(vec![FieldError::new("/user_id", Code::UnknownReference)]).into());
    }
    Ok(())
}
