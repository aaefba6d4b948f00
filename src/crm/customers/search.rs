//! What a customer is found by: its own texts, and its contacts' names.

use std::collections::BTreeSet;

use super::dto::{Customer, CustomerFields};
use super::store::load_all;
use crate::crm::contacts;
use crate::crm::pools::masks::{self, Hidden};
use crate::crm::search::{self, SearchDoc, Texts};
use crate::db::id::{CustomerId, PoolId};
use crate::db::{Condition, Failure, Tx};

pub fn texts(fields: &CustomerFields, hidden: Hidden) -> Texts {
    let CustomerFields { name, email, phones, remarks, .. } = fields;
    Texts { name: name.clone(), email: email.clone(), phones: phones.clone(), remarks: remarks.clone(), hidden }
}

/// Makes the documents of these customers anew, deleted ones included.
pub fn index(tx: &mut Tx<'_>, ids: &BTreeSet<CustomerId>) -> Result<(), Failure> {
    if ids.is_empty() {
        return Ok(());
    }
    for id in ids {
        search::hold(tx, *id)?;
    }
    let which = Condition::sql("customers.workspace_id = ").bind(tx.actor.workspace_id);
    let customers = load_all(tx.conn, which.and(Condition::any_of("customers.id", ids.iter().copied())))?;
    let masks = masks::all(tx.conn, tx.actor.workspace_id, customers.iter().filter_map(masking))?;
    for customer in customers {
        index_held(tx, &customer, masks.on(customer.pool_id))?;
    }
    Ok(())
}

/// The document of a new customer.
pub fn of_new(tx: &mut Tx<'_>, customer: &Customer) -> Result<SearchDoc, Failure> {
    let workspace_id = tx.actor.workspace_id;
    let hidden = masks::all(tx.conn, workspace_id, masking(customer))?.on(customer.pool_id);
    Ok(SearchDoc::of(workspace_id, customer.id, &texts(&customer.fields, hidden), &[]))
}

/// Makes the document anew of a customer that has just been written, and those of its contacts, if they are found by something else now.
pub fn index_written(tx: &mut Tx<'_>, before: &Customer, after: &Customer) -> Result<(), Failure> {
    let is_moved = before.pool_id != after.pool_id;
    let is_changed = texts(&before.fields, Hidden::default()) != texts(&after.fields, Hidden::default());
    if !is_moved && !is_changed {
        return Ok(());
    }
    let pools = before.pool_id.filter(|_| is_moved).into_iter().chain(after.pool_id.filter(|_| is_moved || has_details(after)));
    let masks = masks::all(tx.conn, tx.actor.workspace_id, pools)?;
    let (old, new) = (masks.on(before.pool_id), masks.on(after.pool_id));
    if old == new && !is_changed {
        return Ok(());
    }
    search::hold(tx, after.id)?;
    if is_changed || has_details(after) {
        index_held(tx, after, new)?;
    }
    if old != new && is_moved {
        contacts::search::index_of(tx, &BTreeSet::from([after.id]))?;
    }
    Ok(())
}

/// Its pool, if that has anything to hide.
fn masking(customer: &Customer) -> Option<PoolId> {
    customer.pool_id.filter(|_| has_details(customer))
}

const fn has_details(customer: &Customer) -> bool {
    !customer.fields.phones.is_empty() || customer.fields.email.is_some()
}

fn index_held(tx: &mut Tx<'_>, customer: &Customer, hidden: Hidden) -> Result<(), Failure> {
    let names = contacts::links::names(tx, customer.id)?;
    Ok(search::index(tx, customer.id, &texts(&customer.fields, hidden), &names)?)
}
