//! What a contact is found by; its name finds its customers too.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::dto::{ContactFields, ContactLink};
use super::links;
use super::rows::ContactRow;
use crate::crm::customers;
use crate::crm::search::{self, Texts};
use crate::db::id::{ContactId, CustomerId};
use crate::db::schema::contacts;
use crate::db::{Condition, Failure, Tx};

pub fn texts(fields: &ContactFields) -> Texts {
    let ContactFields { name, email, phones, remarks, .. } = fields;
    Texts { name: name.clone(), email: email.clone(), phones: phones.clone(), remarks: remarks.clone() }
}

/// Makes the documents of these contacts anew.
pub fn index(tx: &mut Tx<'_>, ids: &BTreeSet<ContactId>) -> Result<(), Failure> {
    let which = Condition::sql("contacts.workspace_id = ").bind(tx.actor.workspace_id);
    let which = which.and(Condition::any_of("contacts.id", ids.iter().copied()));
    for row in contacts::table.filter(which).select(ContactRow::as_select()).load(tx.conn)? {
        let contact = row.with_links(Vec::new());
        search::index(tx, contact.id, &texts(&contact.fields), &[])?;
    }
    Ok(())
}

/// Makes the documents anew of the customers that are in these links.
pub fn index_customers<'l>(tx: &mut Tx<'_>, links: impl IntoIterator<Item = &'l ContactLink>) -> Result<(), Failure> {
    let ids: BTreeSet<CustomerId> = links.into_iter().map(|link| link.customer_id).collect();
    customers::search::index(tx, &ids)
}

/// Of all customers that the contact is linked to, whoever sees them, and of those that it was.
pub fn index_all_customers(tx: &mut Tx<'_>, id: ContactId, before: &[ContactLink]) -> Result<(), Failure> {
    let links = links::whole(tx, id)?;
    index_customers(tx, links.iter().chain(before))
}
