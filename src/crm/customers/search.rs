//! What a customer is found by: its own texts, and its contacts' names.

use std::collections::BTreeSet;

use super::dto::{Customer, CustomerFields};
use super::store::load_all;
use crate::crm::contacts;
use crate::crm::search::{self, Texts};
use crate::db::id::CustomerId;
use crate::db::{Condition, Failure, Tx};

pub fn texts(fields: &CustomerFields) -> Texts {
    let CustomerFields { name, email, phones, remarks, .. } = fields;
    Texts { name: name.clone(), email: email.clone(), phones: phones.clone(), remarks: remarks.clone() }
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
    for customer in load_all(tx.conn, which.and(Condition::any_of("customers.id", ids.iter().copied())))? {
        index_held(tx, &customer)?;
    }
    Ok(())
}

/// Makes the document anew of a customer that has just been written.
pub fn index_written(tx: &mut Tx<'_>, customer: &Customer) -> Result<(), Failure> {
    search::hold(tx, customer.id)?;
    index_held(tx, customer)
}

fn index_held(tx: &mut Tx<'_>, customer: &Customer) -> Result<(), Failure> {
    let names = contacts::links::names(tx, customer.id)?;
    Ok(search::index(tx, customer.id, &texts(&customer.fields), &names)?)
}
