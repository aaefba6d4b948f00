//! Links between contacts and customers, with one primary contact for each customer.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde_json::{Map, json};

use super::dto::ContactLink;
use super::fields::visible;
use crate::auth::Scope;
use crate::changes::{Operation, record};
use crate::crm::customers;
use crate::db::id::{ContactId, CustomerId, PoolId};
use crate::db::schema::{contact_links, contacts, customers as customers_table};
use crate::db::types::DbUuid;
use crate::db::{Condition, DbConnection, Failure, Topic, Tx, update_rows};
use crate::http::catalogue::Code;
use crate::http::problem::FieldError;

/// Contacts of a customer whose names find it.
const MAX_NAMES: i64 = 1000;

type LinkRow = (ContactId, CustomerId, Option<String>, bool, bool, Option<NaiveDate>, Option<PoolId>);

/// The links of some contacts.
pub type Links = HashMap<ContactId, Vec<(ContactLink, Option<PoolId>)>>;

/// The links of some contacts to customers of which `customer` is true, and the pools that these are in; in one statement.
pub fn of(conn: &mut DbConnection, customer: Condition, ids: &[ContactId]) -> QueryResult<Links> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = contact_links::table
        .inner_join(
            customers_table::table
                .on(customers_table::workspace_id.eq(contact_links::workspace_id).and(customers_table::id.eq(contact_links::customer_id))),
        )
        .filter(customer.and(Condition::any_of("contact_links.contact_id", ids.iter().copied())))
        .order((contact_links::contact_id.asc(), contact_links::position.asc(), contact_links::customer_id.asc()))
        .select((
            contact_links::contact_id,
            contact_links::customer_id,
            contact_links::role,
            contact_links::is_primary,
            contact_links::is_decision_maker,
            contact_links::left_date,
            customers_table::pool_id,
        ))
        .load::<LinkRow>(conn)?;
    let mut by_contact = Links::new();
    for (contact_id, customer_id, role, is_primary, is_decision_maker, left_date, pool_id) in rows {
        let link = ContactLink { customer_id, role, is_primary, is_decision_maker, left_date };
        by_contact.entry(contact_id).or_default().push((link, pool_id));
    }
    Ok(by_contact)
}

/// Links that are added, changed or taken away need a customer that the caller may change. Gives whether others may be demoted:
/// whether this transaction is the only one that does.
pub fn check(
    tx: &mut Tx<'_>,
    scope: &Scope,
    before: &[ContactLink],
    after: &[ContactLink],
    errors: &mut Vec<FieldError>,
) -> QueryResult<bool> {
    let touched = after
        .iter()
        .enumerate()
        .filter(|(_, link)| !before.contains(link))
        .map(|(index, link)| (format!("/links/{index}/customer_id"), link.customer_id));
    let removed = before
        .iter()
        .filter(|old| !after.iter().any(|new| new.customer_id == old.customer_id))
        .map(|old| ("/links".to_owned(), old.customer_id));
    let promoted: Vec<CustomerId> =
        after.iter().filter(|link| link.is_primary && !before.contains(link)).map(|link| link.customer_id).collect();
    let may_demote = !promoted.is_empty() && has_primary(tx, promoted)?;
    if may_demote {
        // Demoting writes other contacts: two that do it crosswise would wait for each other.
        tx.lock(Topic::PrimaryContacts)?;
    }
    let wanted: Vec<(String, CustomerId)> = touched.chain(removed).collect();
    if wanted.is_empty() {
        return Ok(may_demote);
    }
    let which = customers::visible(scope, false).and(Condition::any_of("customers.id", wanted.iter().map(|(_, id)| *id)));
    let known = Condition::sql("SELECT customers.id, COALESCE(").append(customers::changeable(scope)).then(", FALSE)");
    let known = known.then(" FROM customers WHERE ").append(which).giving::<(DbUuid, Bool)>();
    let known: HashMap<CustomerId, bool> = known.load::<(CustomerId, bool)>(tx.conn)?.into_iter().collect();
    for (pointer, id) in wanted {
        match known.get(&id) {
            None => errors.push(FieldError::new(pointer, Code::UnknownReference)),
            Some(false) => errors.push(FieldError::new(pointer, Code::NotOwner)),
            Some(true) => {}
        }
    }
    Ok(may_demote)
}

/// The contacts that something of a customer names must be seen by the caller, and be linked to that customer.
pub fn check_contacts(
    tx: &mut Tx<'_>,
    scope: &Scope,
    customer_id: CustomerId,
    named: &[(String, ContactId)],
    errors: &mut Vec<FieldError>,
) -> QueryResult<()> {
    if named.is_empty() {
        return Ok(());
    }
    let linked = "SELECT contacts.id, EXISTS (SELECT 1 FROM contact_links l WHERE l.workspace_id = contacts.workspace_id";
    let linked = Condition::sql(format!("{linked} AND l.contact_id = contacts.id AND l.customer_id = ")).bind(customer_id);
    let which = visible(scope, false).and(Condition::any_of("contacts.id", named.iter().map(|(_, id)| *id)));
    let known = linked.then(") FROM contacts WHERE ").append(which).giving::<(DbUuid, Bool)>();
    let known: HashMap<ContactId, bool> = known.load::<(ContactId, bool)>(tx.conn)?.into_iter().collect();
    for (pointer, id) in named {
        match known.get(id) {
            None => errors.push(FieldError::new(pointer, Code::UnknownReference)),
            Some(false) => errors.push(FieldError::new(pointer, Code::UnrelatedReference).with("of", "customer")),
            Some(true) => {}
        }
    }
    Ok(())
}

/// All links of a contact, whoever sees them: what the change log says.
pub fn whole(tx: &mut Tx<'_>, id: ContactId) -> QueryResult<Vec<ContactLink>> {
    let anywhere = Condition::sql("contact_links.workspace_id = ").bind(tx.actor.workspace_id);
    let links = of(tx.conn, anywhere, &[id])?.remove(&id).unwrap_or_default();
    Ok(links.into_iter().map(|(link, _)| link).collect())
}

/// The names of a customer's contacts, for its search document: of the newest ones, which are enough for any but a catch-all.
pub fn names(tx: &mut Tx<'_>, customer_id: CustomerId) -> QueryResult<Vec<String>> {
    contact_links::table
        .inner_join(
            contacts::table.on(contacts::workspace_id.eq(contact_links::workspace_id).and(contacts::id.eq(contact_links::contact_id))),
        )
        .filter(contact_links::workspace_id.eq(tx.actor.workspace_id).and(contact_links::customer_id.eq(customer_id)))
        .filter(contact_links::is_deleted.eq(false))
        .order(contact_links::contact_id.desc())
        .limit(MAX_NAMES)
        .select(contacts::name)
        .load(tx.conn)
}

/// Makes the contact's links to the customers of `before` and `after` those of `after`.
pub fn replace(tx: &mut Tx<'_>, id: ContactId, before: &[ContactLink], after: &[ContactLink], may_demote: bool) -> Result<(), Failure> {
    let workspace_id = tx.actor.workspace_id;
    for gone in before.iter().filter(|old| !after.iter().any(|new| new.customer_id == old.customer_id)) {
        diesel::delete(contact_links::table.find((workspace_id, id, gone.customer_id))).execute(tx.conn)?;
    }
    // In one order for everybody: two new primary contacts of the same customers then wait for each other instead of deadlocking.
    let mut ordered: Vec<(&ContactLink, i32)> = after.iter().zip(0_i32..).collect();
    ordered.sort_by_key(|(link, _)| link.customer_id);
    for (link, position) in ordered {
        let ContactLink { customer_id, role, is_primary, is_decision_maker, left_date } = link;
        if *is_primary {
            demote_primary(tx, *customer_id, id, may_demote)?;
        }
        let members = (
            contact_links::position.eq(position),
            contact_links::role.eq(role.as_deref()),
            contact_links::is_primary.eq(is_primary),
            contact_links::is_decision_maker.eq(is_decision_maker),
            contact_links::left_date.eq(left_date),
        );
        // Somebody else may make another contact primary at the same moment; whoever comes second runs again.
        let raced = |error| Failure::from(error).stale_on("contact_links.customer_id");
        if before.iter().any(|old| old.customer_id == *customer_id) {
            update_rows(tx.conn, contact_links::table.find((workspace_id, id, *customer_id)), members).map_err(raced)?;
        } else {
            let keys = (
                contact_links::workspace_id.eq(workspace_id),
                contact_links::contact_id.eq(id),
                contact_links::customer_id.eq(customer_id),
                contact_links::is_deleted.eq(false),
            );
            diesel::insert_into(contact_links::table).values((keys, members)).execute(tx.conn).map_err(raced)?;
        }
    }
    Ok(())
}

/// Takes the primary role from whoever has it, with a change of that contact's own.
fn demote_primary(tx: &mut Tx<'_>, customer_id: CustomerId, except: ContactId, may_demote: bool) -> Result<(), Failure> {
    let workspace_id = tx.actor.workspace_id;
    let Some((other, version)) = primary_of(tx, customer_id)?.filter(|(other, _)| *other != except) else { return Ok(()) };
    if !may_demote {
        // It has become one since the links were checked.
        return Err(Failure::Stale);
    }
    let before = whole(tx, other)?;
    update_rows(tx.conn, contact_links::table.find((workspace_id, other, customer_id)), contact_links::is_primary.eq(false))?;
    let written = update_rows(
        tx.conn,
        contacts::table.find((workspace_id, other)).filter(contacts::version.eq(version)),
        (contacts::version.eq(version + 1), contacts::updated_at.eq(tx.now)),
    )?;
    if written == 0 {
        return Err(Failure::Stale);
    }
    let after = whole(tx, other)?;
    let changed = Map::from_iter([("links".to_owned(), json!({ "from": before, "to": after }))]);
    record(tx, Operation::Updated, other, version + 1, changed)
}

/// Whether one of the customers has a primary contact, who would be demoted.
fn has_primary(tx: &mut Tx<'_>, customers: Vec<CustomerId>) -> QueryResult<bool> {
    let primary = Condition::sql("contact_links.workspace_id = ").bind(tx.actor.workspace_id);
    let primary = primary.then(" AND contact_links.is_primary AND NOT contact_links.is_deleted");
    let found = contact_links::table.filter(primary.and(Condition::any_of("contact_links.customer_id", customers)));
    found.select(contact_links::contact_id).first::<ContactId>(tx.conn).optional().map(|contact| contact.is_some())
}

/// The customer's primary contact and its version.
fn primary_of(tx: &mut Tx<'_>, customer_id: CustomerId) -> QueryResult<Option<(ContactId, i64)>> {
    contact_links::table
        .inner_join(
            contacts::table.on(contacts::workspace_id.eq(contact_links::workspace_id).and(contacts::id.eq(contact_links::contact_id))),
        )
        .filter(contact_links::workspace_id.eq(tx.actor.workspace_id).and(contact_links::customer_id.eq(customer_id)))
        .filter(contact_links::is_primary.eq(true).and(contact_links::is_deleted.eq(false)))
        .select((contacts::id, contacts::version))
        .first(tx.conn)
        .optional()
}

/// A deleted contact is nobody's primary contact; a restored one is again, unless another has become it.
pub fn mark_deleted(tx: &mut Tx<'_>, id: ContactId, is_deleted: bool) -> Result<(), Failure> {
    let own = contact_links::table.filter(contact_links::workspace_id.eq(tx.actor.workspace_id).and(contact_links::contact_id.eq(id)));
    if !is_deleted {
        let primary = own.filter(contact_links::is_primary.eq(true)).select(contact_links::customer_id).load::<CustomerId>(tx.conn)?;
        for customer_id in primary {
            if primary_of(tx, customer_id)?.is_some() {
                let link = contact_links::table.find((tx.actor.workspace_id, id, customer_id));
                update_rows(tx.conn, link, contact_links::is_primary.eq(false))?;
            }
        }
    }
    let marked = update_rows(tx.conn, own, contact_links::is_deleted.eq(is_deleted));
    marked.map(|_| ()).map_err(|error| Failure::from(error).stale_on("contact_links.customer_id"))
}
