//! Giving a customer up: it goes into a pool.

use super::super::dto::Customer;
use super::super::store;
use super::dto::ReleaseCustomer;
use super::{Place, move_to};
use crate::auth::Scope;
use crate::changes::Operation;
use crate::crm::pools;
use crate::crm::references::{self, CodeUse};
use crate::db::id::CustomerId;
use crate::db::{Failure, Hold, Tx};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::problem::Problem;

/// The previous owner is the owner, whoever releases.
pub fn release(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, if_match: &IfMatch, input: &ReleaseCustomer) -> Result<Customer, Failure> {
    tx.hold("customers", id, Hold::ToWrite)?;
    let before = store::get(tx.conn, scope, id)?;
    if before.pool_id.is_some() {
        return Err(Problem::new(Code::AlreadyPooled).into());
    }
    let before = store::get_for_move(tx.conn, scope, before.id)?;
    if_match.check(before.version)?;
    let ReleaseCustomer { pool_id, reason_code, note } = input;
    let mut errors = Vec::new();
    let used = CodeUse { dictionary: "release_reason", pointer: "/reason_code".to_owned(), code: reason_code.clone() };
    references::check_codes(tx, &[used], &[], &mut errors)?;
    if let Some(pool_id) = pool_id {
        pools::store::check_place(tx, "/pool_id", *pool_id, &mut errors)?;
    }
    Problem::check(errors)?;
    let pool_id = match pool_id {
        Some(pool_id) => *pool_id,
        None => {
            let pool_id = pools::store::matching(tx, scope, id)?.ok_or_else(|| Problem::new(Code::NoMatchingPool))?;
            pools::store::hold(tx, pool_id)?;
            pool_id
        }
    };
    let facts = [("reason_code", Some(reason_code.clone())), ("note", note.clone())];
    move_to(tx, scope, &before, Place::Pool(pool_id), Operation::Released, &facts, None)
}
