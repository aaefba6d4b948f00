//! What rules would do, before they do it; and what is about to happen to the caller's own customers.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};

use super::dto::{
    MyRecycling, RecycleKind, RecycleRuleFields, RecyclingCustomer, RecyclingDay, RecyclingForecast, RecyclingOwner, RecyclingSample,
    SimulateRecycling,
};
use super::due::tried;
use super::history::{self, Held};
use super::{rules as checks, store};
use crate::auth::Scope;
use crate::crm::calendar::{Calendar, later};
use crate::crm::pools;
use crate::db::id::{CustomerId, PoolId, RecycleRuleId, TierId, UserId};
use crate::db::types::{DbInstant, DbUuid, Instant, Named};
use crate::db::{Condition, DbConnection, Failure};
use crate::http::problem::Problem;

/// Customers that are looked at together.
const CHUNK: i64 = 1000;
/// Customers that are shown.
const SAMPLE: usize = 20;
const MINE: usize = 200;

type Row = (CustomerId, UserId, Option<TierId>, Instant, Option<Instant>);
type Columns = (DbUuid, DbUuid, Nullable<DbUuid>, DbInstant, Nullable<DbInstant>);

/// What would go back within some days if nothing else happened. Rules that are tried have no days of grace.
pub fn simulate(conn: &mut DbConnection, scope: &Scope, pool_id: PoolId, input: &SimulateRecycling) -> Result<RecyclingForecast, Failure> {
    let pool = pools::store::get(conn, scope, pool_id)?;
    let rules: Vec<RecycleRuleFields> = match &input.rules {
        Some(rules) => {
            let days = store::tier_days(conn, scope.workspace_id)?;
            let mut rules: Vec<RecycleRuleFields> = rules.iter().map(|rule| rule.fields.clone()).collect();
            rules.iter_mut().for_each(|rule| checks::with_tiers(rule, &days));
            rules
        }
        None => store::active(conn, scope.workspace_id, pool_id)?.into_iter().map(|rule| rule.fields).collect(),
    };
    let faults = rules.iter().enumerate();
    let faults = faults.flat_map(|(place, rule)| checks::check(rule).into_iter().map(move |fault| fault.below(&format!("/rules/{place}"))));
    Problem::check(faults.collect())?;
    let calendar = Calendar::of(conn, scope.workspace_id)?;
    let last = later(calendar.day(scope.now), input.within_days.unwrap_or(30));
    let blocks_open = pool.fields.on_recycle.opportunities == pools::OnRecycleOpportunities::Block;
    let (mut considered, mut after) = (0, None);
    let mut due: Vec<RecyclingSample> = Vec::new();
    loop {
        let rows = held(conn, scope, pool_id, after)?;
        let ids: Vec<CustomerId> = rows.iter().map(|row| row.0).collect();
        let histories = history::of(conn, scope.workspace_id, &ids)?;
        considered += rows.len();
        for (customer_id, owner_id, tier_id, since, locked_until) in rows {
            let Some(history) = histories.get(&customer_id) else { continue };
            let case = history.case(&Held { since, locked_until, tier_id }, calendar);
            if blocks_open && case.has_open_opportunity {
                continue;
            }
            if let Some((due_date, rule)) = tried(&rules, &case).filter(|(day, _)| *day <= last) {
                due.push(RecyclingSample { customer_id, owner_id, due_date, rule });
            }
        }
        match ids.last() {
            Some(id) if i64::try_from(ids.len()).unwrap_or_default() == CHUNK => after = Some(*id),
            _ => break,
        }
    }
    Ok(forecast(considered, due))
}

fn forecast(considered: usize, mut due: Vec<RecyclingSample>) -> RecyclingForecast {
    let (mut days, mut owners) = (BTreeMap::new(), HashMap::new());
    for one in &due {
        *days.entry(one.due_date).or_insert(0) += 1;
        *owners.entry(one.owner_id).or_insert(0) += 1;
    }
    let mut owners: Vec<RecyclingOwner> = owners.into_iter().map(|(owner_id, count)| RecyclingOwner { owner_id, count }).collect();
    owners.sort_by_key(|owner| (std::cmp::Reverse(owner.count), owner.owner_id));
    due.sort_by_key(|one| (one.due_date, one.customer_id));
    let total = due.len();
    due.truncate(SAMPLE);
    let days = days.into_iter().map(|(date, count)| RecyclingDay { date, count }).collect();
    RecyclingForecast { considered, total, days, owners, sample: due }
}

fn held(conn: &mut DbConnection, scope: &Scope, pool_id: PoolId, after: Option<CustomerId>) -> QueryResult<Vec<Row>> {
    let own = Condition::sql("SELECT c.id, c.owner_id, c.tier_id, h.since, h.locked_until FROM customer_holdings h JOIN customers c");
    let own = own.then(" ON c.workspace_id = h.workspace_id AND c.id = h.customer_id WHERE h.workspace_id = ").bind(scope.workspace_id);
    let own = own.then(" AND h.home_pool_id = ").bind(pool_id).then(" AND c.owner_id IS NOT NULL AND c.deleted_at IS NULL");
    let own = match after {
        Some(after) => own.then(" AND h.customer_id > ").bind(after),
        None => own,
    };
    own.then(format!(" ORDER BY h.customer_id LIMIT {CHUNK}")).giving::<Columns>().load(conn)
}

type Mine = (CustomerId, String, Instant, RecycleRuleId, Named<RecycleKind>);

/// The caller's own customers that go back within some days, earliest first.
pub fn mine(conn: &mut DbConnection, scope: &Scope, within_days: i32) -> Result<MyRecycling, Failure> {
    let calendar = Calendar::of(conn, scope.workspace_id)?;
    let today = calendar.day(scope.now);
    let own = Condition::sql("SELECT c.id, c.name, h.recycle_due_at, h.recycle_rule_id, r.kind FROM customer_holdings h JOIN customers c");
    let own = own.then(" ON c.workspace_id = h.workspace_id AND c.id = h.customer_id JOIN recycle_rules r");
    let own = own.then(" ON r.workspace_id = h.workspace_id AND r.id = h.recycle_rule_id WHERE h.workspace_id = ").bind(scope.workspace_id);
    let own = own.then(" AND h.owner_id = ").bind(scope.user_id).then(" AND c.deleted_at IS NULL AND h.recycle_due_at <= ");
    let own = own.bind(calendar.end(later(today, within_days)));
    let own = own.then(format!(" ORDER BY h.recycle_due_at, c.id LIMIT {}", MINE + 1));
    let mut found: Vec<Mine> = own.giving::<(DbUuid, Text, DbInstant, DbUuid, Text)>().load(conn)?;
    let has_more = found.len() > MINE;
    found.truncate(MINE);
    let data = found.into_iter().map(|(customer_id, name, recycle_due_at, recycle_rule_id, kind)| {
        let days_left = (calendar.day(recycle_due_at) - today).num_days();
        RecyclingCustomer { customer_id, name, recycle_due_at, recycle_rule_id, kind: kind.0, days_left }
    });
    Ok(MyRecycling { data: data.collect(), has_more })
}
