//! Whose a customer is: its first place, and transfers.

use super::dto::{Customer, TransferCustomers};
use super::store;
use crate::auth::{Reach, Scope};
use crate::changes::Operation;
use crate::crm::pools::store::default_pool;
use crate::crm::transfers::{self, TransferResults};
use crate::crm::{opportunities, references};
use crate::db::id::{PoolId, UserId};
use crate::db::{Failure, Tx};
use crate::http::catalogue::Code;
use crate::http::language::Language;
use crate::http::problem::FieldError;

/// Where a new customer goes: exactly one of owner and pool. A rep creates for itself.
pub fn place(
    tx: &mut Tx<'_>,
    scope: &Scope,
    owner_id: Option<UserId>,
    pool_id: Option<PoolId>,
    errors: &mut Vec<FieldError>,
) -> Result<(Option<UserId>, Option<PoolId>), Failure> {
    if owner_id.is_some() && pool_id.is_some() {
        errors.push(FieldError::new("/pool_id", Code::ExclusiveFields).with("fields", vec!["owner_id", "pool_id"]));
    }
    references::check_user(tx, "/owner_id", owner_id, errors)?;
    if owner_id.is_some() && !scope.may_change(owner_id) {
        errors.push(FieldError::new("/owner_id", Code::NotOwner));
    }
    references::check_pool(tx, "/pool_id", pool_id, errors)?;
    Ok(match (owner_id, pool_id) {
        (None, None) if scope.changes == Reach::Own => (Some(scope.user_id), None),
        (None, None) => (None, Some(default_pool(tx.conn, scope.workspace_id)?)),
        given => given,
    })
}

/// Gives each customer to another owner, with its open opportunities unless they are to be kept. What the caller may not move
/// stays, and says why.
pub fn transfer(tx: &mut Tx<'_>, scope: &Scope, language: Language, input: &TransferCustomers) -> Result<TransferResults, Failure> {
    let TransferCustomers { ids, to_user_id, reason, keep_opportunities } = input;
    transfers::transfer(
        tx,
        language,
        ids,
        *to_user_id,
        |id| (Some(id), id),
        |tx, id| {
            let before = store::get_for_change(tx.conn, scope, id)?;
            let after = Customer { owner_id: Some(*to_user_id), pool_id: None, ..before.clone() };
            let after = store::save_with(tx, scope, &before, after, Operation::Transferred, &[("reason", Some(reason.clone()))])?;
            if !keep_opportunities {
                opportunities::transfer_open(tx, scope, id, *to_user_id, reason)?;
            }
            Ok(after.version)
        },
    )
}
