//! Giving customers to another owner.

use super::super::store;
use super::dto::{HowToTransfer, KeepPreviousAs};
use super::{Place, move_to};
use crate::auth::Scope;
use crate::changes::Operation;
use crate::crm::holding_caps::Capacity;
use crate::crm::transfers::{self, MoveResults};
use crate::crm::{holding_caps, opportunities, planned_touches};
use crate::db::id::CustomerId;
use crate::db::{Failure, Tx};
use crate::http::language::Language;

/// Gives each customer to another owner. What the caller may not move stays, and says why.
pub fn transfer(
    tx: &mut Tx<'_>,
    scope: &Scope,
    language: Language,
    ids: &[CustomerId],
    how: &HowToTransfer,
) -> Result<MoveResults, Failure> {
    transfers::check(tx, how.to_user_id)?;
    let mut capacity = holding_caps::hold(tx, how.to_user_id, ids)?;
    let place = |id| (Some(id), id);
    transfers::transfer(tx, language, ids, place, |tx, id| Ok(give(tx, scope, id, how, &mut capacity)?.version))
}

/// What became of a customer.
pub struct Given {
    pub version: i64,
    /// It was not its new owner's before.
    pub is_gained: bool,
}

/// Gives a customer to another owner, with its open opportunities unless they are to be kept, and with what was planned for its
/// previous owner. What is refused is refused before anything is written.
pub fn give(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, how: &HowToTransfer, capacity: &mut Capacity) -> Result<Given, Failure> {
    let HowToTransfer { to_user_id, reason, keep_opportunities, keep_previous_as } = how;
    let before = store::get_for_move(tx.conn, scope, id)?;
    let is_gained = before.owner_id != Some(*to_user_id);
    if is_gained {
        capacity.check(1)?;
    }
    let facts = [("reason", Some(reason.clone()))];
    let stays = before.owner_id.filter(|_| *keep_previous_as == KeepPreviousAs::Collaborator);
    let after = move_to(tx, scope, &before, Place::Owner(*to_user_id), Operation::Transferred, &facts, stays)?;
    capacity.held += i64::from(is_gained);
    if let (Some(previous), true) = (before.owner_id, is_gained) {
        planned_touches::transfer_planned(tx, &[id], previous, *to_user_id, Some(reason))?;
    }
    if !keep_opportunities {
        opportunities::transfer_open(tx, scope, id, *to_user_id, reason)?;
    }
    Ok(Given { version: after.version, is_gained })
}
