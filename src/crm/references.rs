//! References to other objects in a write: looked up in the transaction, so that a wrong one is a field error and not a
//! broken key. Foreign and invisible objects look like missing ones.

use diesel::prelude::*;

use super::dictionaries::store as dictionaries;
use crate::db::id::{PoolId, TierId, UserId};
use crate::db::schema::{pools, tiers, users};
use crate::db::{Hold, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::FieldError;

/// A person or service of the workspace, active.
pub fn check_user(tx: &mut Tx<'_>, pointer: &str, id: Option<UserId>, errors: &mut Vec<FieldError>) -> QueryResult<()> {
    let Some(id) = id else { return Ok(()) };
    match users::table.find((tx.actor.workspace_id, id)).select(users::is_active).first::<bool>(tx.conn).optional()? {
        None => errors.push(FieldError::new(pointer, Code::UnknownReference)),
        Some(false) => errors.push(FieldError::new(pointer, Code::InactiveReference)),
        Some(true) => {}
    }
    Ok(())
}

pub fn check_pool(tx: &mut Tx<'_>, pointer: &str, id: Option<PoolId>, errors: &mut Vec<FieldError>) -> QueryResult<()> {
    let Some(id) = id else { return Ok(()) };
    let known = pools::table.find((tx.actor.workspace_id, id)).select(pools::id).first::<PoolId>(tx.conn).optional()?;
    if known.is_none() {
        errors.push(FieldError::new(pointer, Code::UnknownReference));
    }
    Ok(())
}

pub fn check_tier(tx: &mut Tx<'_>, pointer: &str, id: Option<TierId>, errors: &mut Vec<FieldError>) -> QueryResult<()> {
    let Some(id) = id else { return Ok(()) };
    // Nobody may delete it while it is being taken into use.
    tx.hold("tiers", id, Hold::ToRead)?;
    let live = tiers::table.find((tx.actor.workspace_id, id)).filter(tiers::deleted_at.is_null());
    match live.select(tiers::is_active).first::<bool>(tx.conn).optional()? {
        None => errors.push(FieldError::new(pointer, Code::UnknownReference)),
        Some(false) => errors.push(FieldError::new(pointer, Code::InactiveReference)),
        Some(true) => {}
    }
    Ok(())
}

/// A code to be checked against the dictionary of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeUse {
    pub dictionary: &'static str,
    pub pointer: String,
    pub code: String,
}

/// Codes must exist and, unless the row had them before, not be retired.
pub fn check_codes(tx: &mut Tx<'_>, used: &[CodeUse], before: &[CodeUse], errors: &mut Vec<FieldError>) -> QueryResult<()> {
    let had = |new: &CodeUse| before.iter().any(|old| old.dictionary == new.dictionary && old.code == new.code);
    let fresh: Vec<&CodeUse> = used.iter().filter(|new| !had(new)).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let wanted: Vec<(&str, &str)> = fresh.iter().map(|one| (one.dictionary, one.code.as_str())).collect();
    let known = dictionaries::find(tx.conn, tx.actor.workspace_id, &wanted)?;
    for CodeUse { dictionary, pointer, code } in fresh {
        let item = known.iter().find(|(name, known, _)| name == dictionary && known == code);
        let fault = match item {
            None => Code::UnknownCode,
            Some((.., false)) => Code::RetiredCode,
            Some(_) => continue,
        };
        errors.push(FieldError::new(pointer.clone(), fault).with("dictionary", *dictionary).with("value", code.as_str()));
    }
    Ok(())
}
