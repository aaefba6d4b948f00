//! What a contact is found by; its name finds its customers too.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::dto::{Contact, ContactFields, ContactLink};
use super::links;
use super::rows::ContactRow;
use crate::crm::customers;
use crate::crm::pools::masks::Hidden;
use crate::crm::search::{self, Texts};
use crate::db::id::{ContactId, CustomerId};
use crate::db::schema::contacts;
use crate::db::types::DbUuid;
use crate::db::{Condition, Failure, Tx, columns};

pub fn texts(fields: &ContactFields, hidden: Hidden) -> Texts {
    let ContactFields { name, email, phones, remarks, .. } = fields;
    Texts { name: name.clone(), email: email.clone(), phones: phones.clone(), remarks: remarks.clone(), hidden }
}

/// Makes the documents of these contacts anew, deleted ones included.
pub fn index(tx: &mut Tx<'_>, ids: &BTreeSet<ContactId>) -> Result<(), Failure> {
    if ids.is_empty() {
        return Ok(());
    }
    for id in ids {
        search::hold(tx, *id)?;
    }
    let hidden = hidden(tx, ids)?;
    let which = Condition::sql("contacts.workspace_id = ").bind(tx.actor.workspace_id);
    let which = which.and(Condition::any_of("contacts.id", ids.iter().copied()));
    for row in contacts::table.filter(which).select(columns::<ContactRow>()).load(tx.conn)? {
        let contact = row.with_links(Vec::new());
        let hidden = hidden.get(&contact.id).copied().unwrap_or_default();
        search::index(tx, contact.id, &texts(&contact.fields, hidden), &[])?;
    }
    Ok(())
}

/// Makes the document of a contact that has just been written.
pub fn index_written(tx: &mut Tx<'_>, contact: &Contact) -> Result<(), Failure> {
    let mut found = Hidden::default();
    if !contact.fields.phones.is_empty() || contact.fields.email.is_some() {
        search::hold(tx, contact.id)?;
        found = hidden(tx, &BTreeSet::from([contact.id]))?.remove(&contact.id).unwrap_or_default();
    }
    Ok(search::index(tx, contact.id, &texts(&contact.fields, found), &[])?)
}

/// Makes the documents anew of these customers' contacts, as far as there is anything to hide.
pub fn index_of(tx: &mut Tx<'_>, customers: &BTreeSet<CustomerId>) -> Result<(), Failure> {
    let linked =
        Condition::sql("SELECT DISTINCT l.contact_id FROM contact_links l JOIN contacts ON contacts.workspace_id = l.workspace_id");
    let linked = linked.then(" AND contacts.id = l.contact_id AND (contacts.email IS NOT NULL OR contacts.phones <> '[]')");
    let linked = linked.then(" WHERE l.workspace_id = ").bind(tx.actor.workspace_id).then(" AND ");
    let linked = linked.append(Condition::any_of("l.customer_id", customers.iter().copied())).giving::<DbUuid>();
    let ids: BTreeSet<ContactId> = linked.load::<ContactId>(tx.conn)?.into_iter().collect();
    index(tx, &ids)
}

/// What is hidden of these contacts at one of their customers or another.
fn hidden(tx: &mut Tx<'_>, ids: &BTreeSet<ContactId>) -> QueryResult<HashMap<ContactId, Hidden>> {
    let pooled = Condition::sql("SELECT l.contact_id, p.masks_phones, p.masks_email FROM contact_links l JOIN customers c");
    let pooled = pooled.then(" ON c.workspace_id = l.workspace_id AND c.id = l.customer_id JOIN pools p");
    let pooled = pooled.then(" ON p.workspace_id = c.workspace_id AND p.id = c.pool_id WHERE l.workspace_id = ");
    let pooled = pooled.bind(tx.actor.workspace_id).then(" AND ").append(Condition::any_of("l.contact_id", ids.iter().copied()));
    let mut found: HashMap<ContactId, Hidden> = HashMap::new();
    for (id, phones, email) in pooled.giving::<(DbUuid, Bool, Bool)>().load::<(ContactId, bool, bool)>(tx.conn)? {
        let before = found.entry(id).or_default();
        *before = before.or(Hidden { phones, email, address: false });
    }
    Ok(found)
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
