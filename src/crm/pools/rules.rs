//! The rules of claiming: who may claim which customer, and from when on. The first that is broken is told.

use std::collections::HashMap;

use chrono::{Duration, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::dto::Pool;
use super::members::{Standing, Standings};
use crate::auth::Scope;
use crate::crm::calendar::{Calendar, later};
use crate::crm::customers::Customer;
use crate::crm::holding_caps::Capacity;
use crate::db::id::{CustomerId, PoolId, UserId, WorkspaceId};
use crate::db::types::{DbInstant, DbUuid, Instant};
use crate::db::{Bind, Condition, DbConnection};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// Somebody who is to get customers of a pool, as far as the rules need to know.
pub struct Claimant {
    pub standing: Standing,
    /// Whether somebody else decides: only the cap counts then.
    pub is_assigned: bool,
    pub capacity: Capacity,
    /// Claims from this pool on this day.
    used: i64,
    limit: i64,
    /// When the day ends, and its limit with it.
    resets_at: Instant,
    quiet: Duration,
    cooldown: Duration,
    /// When its last holding of a customer ended.
    ends: HashMap<CustomerId, Instant>,
    now: Instant,
}

/// How many customers a user has claimed from each pool on a day.
pub fn claimed_on(
    conn: &mut DbConnection,
    workspace_id: WorkspaceId,
    user_id: UserId,
    day: NaiveDate,
) -> QueryResult<HashMap<PoolId, i64>> {
    let claimed =
        Condition::sql("SELECT e.from_pool_id, count(*) FROM customer_events e WHERE e.ownership = 'claim' AND e.workspace_id = ");
    let claimed = claimed.bind(workspace_id).then(" AND e.to_owner_id = ").bind(user_id);
    let claimed = claimed.then(" AND e.local_date = ").bind(Bind::Day(day)).then(" GROUP BY e.from_pool_id");
    Ok(claimed.giving::<(DbUuid, BigInt)>().load::<(PoolId, i64)>(conn)?.into_iter().collect())
}

impl Claimant {
    /// The user's row is held when something is to follow from this.
    pub fn of(conn: &mut DbConnection, scope: &Scope, pool: &Pool, user_id: UserId, ids: &[CustomerId]) -> QueryResult<Self> {
        let calendar = Calendar::of(conn, scope.workspace_id)?;
        let today = calendar.day(scope.now);
        let ends = Condition::sql("SELECT e.customer_id, max(e.at) FROM customer_events e WHERE e.workspace_id = ");
        let ends = ends.bind(scope.workspace_id).then(" AND e.from_owner_id = ").bind(user_id).then(" AND ");
        let ends = ends.append(Condition::any_of("e.customer_id", ids.iter().copied())).then(" GROUP BY e.customer_id");
        Ok(Self {
            standing: Standings::of(conn, scope, user_id)?.to(pool),
            is_assigned: false,
            capacity: Capacity::to_check(conn, scope.workspace_id, user_id, scope.now)?,
            used: claimed_on(conn, scope.workspace_id, user_id, today)?.get(&pool.id).copied().unwrap_or_default(),
            limit: i64::from(pool.fields.daily_claim_limit),
            resets_at: calendar.start(later(today, 1)),
            quiet: Duration::hours(i64::from(pool.fields.new_item_quiet_hours)),
            cooldown: Duration::days(i64::from(pool.fields.reclaim_cooldown_days)),
            ends: ends.giving::<(DbUuid, DbInstant)>().load::<(CustomerId, Instant)>(conn)?.into_iter().collect(),
            now: scope.now,
        })
    }

    /// Why it may not have this customer, which lies in the pool, together with others: quiet hours, cool-down, daily limit, cap.
    pub fn refusals(&self, customer: &Customer, more: i64) -> [Option<Problem>; 4] {
        let is_free = self.is_assigned || self.standing == Standing::Admin;
        // Whoever moved the customer a moment ago may have begun later than this: where nothing is to be waited for, no clock is asked.
        let waits = |code: Code, since: Option<Instant>, time: Duration| {
            let until = since.filter(|_| !is_free && !time.is_zero())?.plus(time);
            (until > self.now).then(|| Problem::new(code).with("available_at", until.to_string()))
        };
        let (pooled_at, end) = (customer.holding.pooled_at, self.ends.get(&customer.id).copied());
        let daily = (!is_free && self.used + more > self.limit).then(|| {
            let reached = Problem::new(Code::DailyClaimLimit).with("limit", self.limit).with("used", self.used);
            reached.with("resets_at", self.resets_at.to_string())
        });
        let cap = self.capacity.check(more).err();
        [waits(Code::ItemQuietPeriod, pooled_at, self.quiet), waits(Code::ReclaimCooldown, end, self.cooldown), daily, cap]
    }

    /// It has got one.
    pub const fn count_one(&mut self) {
        self.used += 1;
        self.capacity.held += 1;
    }
}
