//! Keeping each customer's `recycle_due_at` what the rules say.

use diesel::prelude::*;

use super::dto::{RecycleRule, RecycleRuleFields};
use super::history::{self, Held};
use super::rules::{self, Case, GRACE_DAYS};
use super::store;
use crate::auth::Scope;
use crate::changes::Operation;
use crate::crm::calendar::{Calendar, later};
use crate::crm::customers::{self, Customer, Holding};
use crate::crm::pools::{self, OnRecycleOpportunities};
use crate::db::id::{CustomerId, PoolId, RecycleRuleId};
use crate::db::schema::customer_holdings;
use crate::db::types::Instant;
use crate::db::{Failure, Tx, update_rows};
use crate::listing::rows::{rows, with_id};

/// A pool's rules in one workspace's days.
pub struct Rules {
    pub rules: Vec<RecycleRule>,
    pub calendar: Calendar,
    /// Whether the pool leaves customers with open opportunities alone.
    pub blocks_open: bool,
}

impl Rules {
    /// The active rules of a pool; `None` when it has none, which most have, or takes nobody.
    pub fn of(tx: &mut Tx<'_>, pool_id: PoolId) -> Result<Option<Self>, Failure> {
        let rules = store::active(tx.conn, tx.actor.workspace_id, pool_id)?;
        if rules.is_empty() {
            return Ok(None);
        }
        let Some(on_recycle) = pools::store::on_recycle(tx.conn, tx.actor.workspace_id, pool_id)? else { return Ok(None) };
        let blocks_open = on_recycle.opportunities == OnRecycleOpportunities::Block;
        Ok(Some(Self { rules, calendar: Calendar::of(tx.conn, tx.actor.workspace_id)?, blocks_open }))
    }

    /// When a customer is due, and by which rule.
    pub fn due(&self, case: &Case) -> Option<(Instant, RecycleRuleId)> {
        if self.blocks_open && case.has_open_opportunity {
            return None;
        }
        let grace = |rule: &RecycleRule| Some(later(self.calendar.day(rule.changed_at), GRACE_DAYS));
        let all = self.rules.iter().map(|rule| (&rule.fields, grace(rule), rule.id));
        rules::earliest(all, case).map(|(day, id)| (self.calendar.end(day), id))
    }
}

/// Rules that are only tried out have no grace.
pub fn tried(fields: &[RecycleRuleFields], case: &Case) -> Option<(chrono::NaiveDate, usize)> {
    rules::earliest(fields.iter().enumerate().map(|(place, rule)| (rule, None, place)), case)
}

/// The customer with the due date that it has by now. Nobody's customer has none.
pub fn set_due(tx: &mut Tx<'_>, customer: Customer) -> Result<Customer, Failure> {
    let due = match (customer.owner_id, customer.holding.home_pool_id) {
        (Some(_), Some(pool_id)) => of(tx, &customer, pool_id)?,
        _ => None,
    };
    let (recycle_due_at, recycle_rule_id) = due.unzip();
    Ok(Customer { holding: Holding { recycle_due_at, recycle_rule_id, ..customer.holding.clone() }, ..customer })
}

fn of(tx: &mut Tx<'_>, customer: &Customer, pool_id: PoolId) -> Result<Option<(Instant, RecycleRuleId)>, Failure> {
    let Some(rules) = Rules::of(tx, pool_id)? else { return Ok(None) };
    let history = history::of(tx.conn, tx.actor.workspace_id, &[customer.id])?;
    Ok(history.get(&customer.id).and_then(|history| rules.due(&history.case(&Held::of(customer), rules.calendar))))
}

/// Finds the pool that a new customer would be released into when that depends on the customer: by its rules it goes back.
pub fn adopt(tx: &mut Tx<'_>, scope: &Scope, customer: Customer) -> Result<Customer, Failure> {
    if customer.owner_id.is_none() || customer.holding.home_pool_id.is_some() {
        return Ok(customer);
    }
    let Some(home_pool_id) = pools::store::matching(tx, scope, customer.id)? else { return Ok(customer) };
    let holding = Holding { home_pool_id: Some(home_pool_id), ..customer.holding.clone() };
    let customer = set_due(tx, Customer { holding, ..customer })?;
    let Holding { home_pool_id, recycle_due_at, recycle_rule_id, .. } = &customer.holding;
    let row = customer_holdings::table.find((tx.actor.workspace_id, customer.id));
    let members = (
        customer_holdings::home_pool_id.eq(home_pool_id),
        customer_holdings::recycle_due_at.eq(recycle_due_at),
        customer_holdings::recycle_rule_id.eq(recycle_rule_id),
    );
    update_rows(tx.conn, row, members)?;
    Ok(customer)
}

/// Brings a customer's due date up to date after something that belongs to it has changed. Its row is held.
pub fn refresh(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId) -> Result<(), Failure> {
    if !store::any(tx.conn, tx.actor.workspace_id)? {
        return Ok(());
    }
    let own = with_id::<customers::Customers>(rows::<customers::Customers>(tx.actor.workspace_id, false), id);
    let Some(before) = customers::store::load(tx.conn, own)? else { return Ok(()) };
    let after = set_due(tx, before.clone())?;
    customers::store::save(tx, scope, &before, after, Operation::Updated).map(|_| ())
}
