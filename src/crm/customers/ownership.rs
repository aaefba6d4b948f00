//! Whose a customer is: its first place, and transfers.

use std::collections::HashSet;

use super::dto::{Customer, ResultSummary, TransferCustomers, TransferResult, TransferResults};
use super::store;
use crate::auth::{Reach, Scope};
use crate::changes::Operation;
use crate::crm::pools::store::default_pool;
use crate::crm::references;
use crate::db::id::{CustomerId, PoolId, UserId};
use crate::db::{Failure, Tx};
use crate::http::catalogue::Code;
use crate::http::language::Language;
use crate::http::problem::{FieldError, Problem};

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

/// Gives each customer to another owner. What the caller may not move stays, and says why.
pub fn transfer(tx: &mut Tx<'_>, scope: &Scope, language: Language, input: &TransferCustomers) -> Result<TransferResults, Failure> {
    let TransferCustomers { ids, to_user_id, reason } = input;
    let mut errors = Vec::new();
    references::check_user(tx, "/to_user_id", Some(*to_user_id), &mut errors)?;
    let mut seen = HashSet::new();
    errors.extend(
        ids.iter()
            .enumerate()
            .filter(|(_, id)| !seen.insert(**id))
            .map(|(index, _)| FieldError::new(format!("/ids/{index}"), Code::DuplicateItem)),
    );
    Problem::check(errors)?;
    let mut results = Vec::with_capacity(ids.len());
    // In one order for everybody: two transfers of the same customers then wait for each other instead of deadlocking.
    let mut ordered: Vec<(usize, CustomerId)> = ids.iter().copied().enumerate().collect();
    ordered.sort_by_key(|(_, id)| *id);
    for (index, id) in ordered {
        let outcome = move_one(tx, scope, id, *to_user_id, reason);
        results.push(match outcome {
            Ok(customer) => TransferResult { index, id, status: 200, version: Some(customer.version), problem: None },
            Err(Failure::Problem(problem)) => {
                let body = problem.body(language, &tx.actor.request_id);
                TransferResult { index, id, status: problem.status().as_u16(), version: None, problem: Some(body) }
            }
            Err(failure) => return Err(failure),
        });
    }
    results.sort_by_key(|result| result.index);
    let failed = results.iter().filter(|result| result.problem.is_some()).count();
    let summary = ResultSummary { succeeded: results.len() - failed, failed };
    Ok(TransferResults { results, summary })
}

fn move_one(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, to_user_id: UserId, reason: &str) -> Result<Customer, Failure> {
    let before = store::get_for_change(tx.conn, scope, id)?;
    let after = Customer { owner_id: Some(to_user_id), pool_id: None, ..before.clone() };
    store::save_with(tx, scope, &before, after, Operation::Transferred, &[("reason", Some(reason.to_owned()))])
}
