//! Giving customers to another owner.

use super::super::store;
use super::dto::{KeepPreviousAs, TransferCustomers};
use super::{Place, collaborators, move_to};
use crate::auth::Scope;
use crate::changes::Operation;
use crate::crm::transfers::{self, MoveResults};
use crate::crm::{holding_caps, opportunities};
use crate::db::{Failure, Tx};
use crate::http::language::Language;

/// Gives each customer to another owner, with its open opportunities unless they are to be kept. What the caller may not move
/// stays, and says why.
pub fn transfer(tx: &mut Tx<'_>, scope: &Scope, language: Language, input: &TransferCustomers) -> Result<MoveResults, Failure> {
    let TransferCustomers { ids, to_user_id, reason, keep_opportunities, keep_previous_as } = input;
    transfers::check(tx, *to_user_id)?;
    let mut capacity = holding_caps::hold(tx, *to_user_id)?;
    transfers::transfer(
        tx,
        language,
        ids,
        |id| (Some(id), id),
        |tx, id| {
            let before = store::get_for_move(tx.conn, scope, id)?;
            let is_gained = before.owner_id != Some(*to_user_id);
            if is_gained {
                capacity.check(1)?;
            }
            let facts = [("reason", Some(reason.clone()))];
            let after = move_to(tx, scope, &before, Place::Owner(*to_user_id), Operation::Transferred, &facts)?;
            capacity.held += i64::from(is_gained);
            if let (KeepPreviousAs::Collaborator, Some(previous), true) = (keep_previous_as, before.owner_id, is_gained) {
                collaborators::keep(tx, id, previous)?;
            }
            if !keep_opportunities {
                opportunities::transfer_open(tx, scope, id, *to_user_id, reason)?;
            }
            Ok(after.version)
        },
    )
}
