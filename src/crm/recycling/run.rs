//! Moving what is due, in small steps: whoever is killed between two goes on where it was, and doing a step twice does nothing twice.

use diesel::prelude::*;
use serde_json::json;

use super::due::{Rules, set_due};
use super::history::{self, Held};
use crate::auth::Scope;
use crate::changes::Operation;
use crate::crm::customers::ownership::{Place, move_to};
use crate::crm::customers::{self, Customer, Customers, Holding};
use crate::crm::notifications::notify;
use crate::crm::{opportunities, planned_touches, pools};
use crate::db::id::{CustomerId, PoolId};
use crate::db::types::DbUuid;
use crate::db::{Condition, Failure, Tx};
use crate::listing::rows::{rows, with_ids};

/// Customers that one transaction moves.
const STEP: i64 = 100;

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    pub moved: usize,
    /// Whether there may be more.
    pub is_more: bool,
}

/// Moves some of the customers of a workspace that are due; each is looked at once more under its lock, so what was touched a moment
/// ago stays.
pub fn step(tx: &mut Tx<'_>, scope: &Scope) -> Result<Done, Failure> {
    let workspace_id = tx.actor.workspace_id;
    let due = Condition::sql("SELECT h.customer_id FROM customer_holdings h WHERE h.workspace_id = ").bind(workspace_id);
    let due = due.then(" AND h.recycle_due_at < ").bind(tx.now);
    let due = due.then(format!(" ORDER BY h.recycle_due_at, h.customer_id LIMIT {STEP}")).giving::<DbUuid>();
    let ids: Vec<CustomerId> = due.load(tx.conn)?;
    tx.hold_all("customers", &ids)?;
    let held = with_ids::<Customers>(rows::<Customers>(workspace_id, false), &ids);
    let mut moved = 0;
    for before in customers::store::load_all(tx.conn, held)? {
        let now = set_due(tx, before.clone())?;
        let is_due = now.holding.recycle_due_at.is_some_and(|at| at < tx.now) && now.holding.locked_until.is_none_or(|at| at <= tx.now);
        match now.holding.home_pool_id.filter(|_| is_due) {
            Some(pool_id) => {
                recycle(tx, scope, &now, pool_id)?;
                moved += 1;
            }
            None => customers::store::save(tx, scope, &before, now, Operation::Updated).map(|_| ())?,
        }
    }
    clear_deleted(tx, &ids)?;
    Ok(Done { moved, is_more: i64::try_from(ids.len()).unwrap_or_default() == STEP })
}

/// A deleted customer is not recycled, and would be found again and again.
fn clear_deleted(tx: &mut Tx<'_>, ids: &[CustomerId]) -> QueryResult<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let clear = Condition::sql("UPDATE customer_holdings SET recycle_due_at = NULL, recycle_rule_id = NULL WHERE workspace_id = ");
    let clear = clear.bind(tx.actor.workspace_id).then(" AND ").append(Condition::any_of("customer_id", ids.iter().copied()));
    let gone = " AND EXISTS (SELECT 1 FROM customers c WHERE c.workspace_id = customer_holdings.workspace_id \
                AND c.id = customer_holdings.customer_id AND c.deleted_at IS NOT NULL)";
    clear.then(gone).execute(tx.conn).map(|_| ())
}

fn recycle(tx: &mut Tx<'_>, scope: &Scope, before: &Customer, pool_id: PoolId) -> Result<(), Failure> {
    let rule = before.holding.recycle_rule_id.map(|id| format!("rule:{id}"));
    let on_recycle = pools::store::hold(tx, pool_id)?;
    if on_recycle.opportunities == pools::OnRecycleOpportunities::CloseLost {
        opportunities::close_lost(tx, scope, before.id)?;
    }
    if on_recycle.planned_touches == pools::OnRecyclePlannedTouches::Cancel {
        planned_touches::store::cancel_all(tx, before.id, "customer recycled")?;
    }
    let after = move_to(tx, scope, before, Place::Pool(pool_id), Operation::Recycled, &[("reason", rule)], None)?;
    let Some(owner_id) = before.owner_id else { return Ok(()) };
    let told =
        [("name", json!(after.fields.name)), ("pool_id", json!(pool_id)), ("recycle_rule_id", json!(before.holding.recycle_rule_id))];
    let told = told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    notify(tx, owner_id, "customer.recycled", after.id, told, None)
}

/// Brings the due dates of some of a pool's customers up to date, after its rules have changed; gives how many and
/// where to go on.
pub fn recompute(
    tx: &mut Tx<'_>,
    scope: &Scope,
    pool_id: PoolId,
    after: Option<CustomerId>,
) -> Result<(usize, Option<CustomerId>), Failure> {
    let workspace_id = tx.actor.workspace_id;
    let some = Condition::sql("SELECT h.customer_id FROM customer_holdings h WHERE h.workspace_id = ").bind(workspace_id);
    let some = some.then(" AND h.home_pool_id = ").bind(pool_id);
    let some = match after {
        Some(after) => some.then(" AND h.customer_id > ").bind(after),
        None => some,
    };
    let some = some.then(format!(" ORDER BY h.customer_id LIMIT {STEP}")).giving::<DbUuid>();
    let ids: Vec<CustomerId> = some.load(tx.conn)?;
    tx.hold_all("customers", &ids)?;
    let rules = Rules::of(tx, pool_id)?;
    let histories = if rules.is_some() { history::of(tx.conn, workspace_id, &ids)? } else { std::collections::HashMap::new() };
    let held = with_ids::<Customers>(rows::<Customers>(workspace_id, false), &ids);
    for before in customers::store::load_all(tx.conn, held)? {
        let due = rules.as_ref().zip(histories.get(&before.id)).filter(|_| before.owner_id.is_some());
        let due = due.and_then(|(rules, history)| rules.due(&history.case(&Held::of(&before), rules.calendar)));
        let (recycle_due_at, recycle_rule_id) = due.unzip();
        let after = Customer { holding: Holding { recycle_due_at, recycle_rule_id, ..before.holding.clone() }, ..before.clone() };
        customers::store::save(tx, scope, &before, after, Operation::Updated)?;
    }
    let is_more = i64::try_from(ids.len()).unwrap_or_default() == STEP;
    Ok((ids.len(), ids.last().copied().filter(|_| is_more)))
}
