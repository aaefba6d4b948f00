//! Keeping a customer from being recycled for a while.

use chrono::Duration;

use super::super::dto::{Customer, Holding};
use super::super::fields::Customers;
use super::super::store;
use super::dto::LockCustomer;
use crate::auth::Scope;
use crate::changes::Operation;
use crate::crm::recycling;
use crate::db::id::{CustomerId, UserId};
use crate::db::{Condition, Failure, Hold, Tx};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::problem::{FieldError, Problem};
use crate::listing::rows::{count, rows};

/// How many customers of one owner may be locked at a time, and for how long.
pub const MAX_LOCKED: i64 = 10;
const LONGEST: Duration = Duration::days(90);

/// How many of a user's customers are locked.
pub fn locked(tx: &mut Tx<'_>, owner_id: UserId) -> Result<i64, Failure> {
    let own = rows::<Customers>(tx.actor.workspace_id, false).then(" AND customers.owner_id = ").bind(owner_id);
    let locked = Condition::sql("customers.id IN (SELECT h.customer_id FROM customer_holdings h WHERE h.workspace_id = ");
    let locked = locked.bind(tx.actor.workspace_id).then(" AND h.locked_until > ").bind(tx.now).then(")");
    Ok(count::<Customers>(tx.conn, own.and(locked))?)
}

/// The owner's row is held: of two locks at once the second counts the first.
pub fn lock(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, if_match: &IfMatch, input: &LockCustomer) -> Result<Customer, Failure> {
    let before = store::get_for_move(tx.conn, scope, id)?;
    if_match.check(before.version)?;
    let owner_id = before.owner_id.ok_or_else(|| Problem::new(Code::AlreadyPooled))?;
    let LockCustomer { until, reason } = input.clone();
    let mut errors = Vec::new();
    if until <= tx.now {
        errors.push(FieldError::new("/until", Code::TooSmall).with("min", tx.now.to_string()));
    }
    if until > tx.now.plus(LONGEST) {
        errors.push(FieldError::new("/until", Code::TooLarge).with("max", tx.now.plus(LONGEST).to_string()));
    }
    Problem::check(errors)?;
    if before.holding.locked_until.is_none_or(|end| end <= tx.now) {
        tx.hold("users", owner_id, Hold::ToWrite)?;
        let locked = locked(tx, owner_id)?;
        if locked >= MAX_LOCKED {
            return Err(Problem::new(Code::LockLimitReached).with("limit", MAX_LOCKED).with("locked", locked).into());
        }
    }
    let (locked_until, lock_reason, locked_by_id) = (Some(until), Some(reason), tx.actor.user_id);
    let holding = Holding { locked_until, lock_reason, locked_by_id, ..before.holding.clone() };
    let after = recycling::set_due(tx, Customer { holding, ..before.clone() })?;
    store::save(tx, scope, &before, after, Operation::Locked)
}

pub fn unlock(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, if_match: &IfMatch) -> Result<Customer, Failure> {
    let before = store::get_for_move(tx.conn, scope, id)?;
    if_match.check(before.version)?;
    let holding = Holding { locked_until: None, lock_reason: None, locked_by_id: None, ..before.holding.clone() };
    let after = recycling::set_due(tx, Customer { holding, ..before.clone() })?;
    store::save(tx, scope, &before, after, Operation::Unlocked)
}
