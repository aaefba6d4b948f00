//! What moves by an action of its own: the place in the lifecycle, and the tier.

use super::dto::{Customer, MoveLifecycle, SetTier};
use super::rules;
use super::store::{get_for_change, save_with};
use crate::auth::Scope;
use crate::changes::Operation;
use crate::crm::recycling;
use crate::crm::references::{self, CodeUse};
use crate::db::id::CustomerId;
use crate::db::{Failure, Tx};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::problem::Problem;

/// Moves the customer in its lifecycle.
pub fn move_lifecycle(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, if_match: &IfMatch, to: &MoveLifecycle) -> Result<Customer, Failure> {
    let before = get_for_change(tx.conn, scope, id)?;
    if_match.check(before.version)?;
    let mut errors = Vec::new();
    if let Some(code) = &to.reason_code {
        let used = CodeUse { dictionary: "close_reason", pointer: "/reason_code".to_owned(), code: code.clone() };
        references::check_codes(tx, &[used], &[], &mut errors)?;
    }
    Problem::check(errors)?;
    if !rules::may_move(before.lifecycle_stage, to.stage) {
        let refused = Problem::new(Code::InvalidTransition).with("from", before.lifecycle_stage.as_ref()).with("to", to.stage.as_ref());
        return Err(refused.into());
    }
    let after = Customer { lifecycle_stage: to.stage, ..before.clone() };
    save_with(tx, scope, &before, after, Operation::LifecycleChanged, &[("reason_code", to.reason_code.clone())])
}

/// Gives the customer another tier, or none.
pub fn set_tier(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, if_match: &IfMatch, to: &SetTier) -> Result<Customer, Failure> {
    let before = get_for_change(tx.conn, scope, id)?;
    if_match.check(before.version)?;
    let mut errors = Vec::new();
    if to.tier_id != before.tier_id {
        references::check_tier(tx, "/tier_id", to.tier_id, &mut errors)?;
    }
    Problem::check(errors)?;
    let after = recycling::set_due(tx, Customer { tier_id: to.tier_id, ..before.clone() })?;
    save_with(tx, scope, &before, after, Operation::TierChanged, &[("reason", Some(to.reason.clone()))])
}
