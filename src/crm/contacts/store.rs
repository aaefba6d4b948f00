//! Contacts in the database. Every query starts from `visible`.

use diesel::insert_into;
use diesel::prelude::*;
use serde_json::json;

use super::dto::{Contact, ContactFields, ContactLink, CreateContact, UpdateContact};
use super::fields::{Contacts, changeable, visible};
use super::rows::{ContactRow, row_of};
use super::{links, rules, search};
use crate::auth::{Reach, Scope};
use crate::changes::{HiddenMembers, Operation, diff, record};
use crate::crm::custom_fields::written::{self, Values};
use crate::crm::lookup_keys::{self, KeyKind};
use crate::crm::pools::masks::{Hidden, Masks};
use crate::crm::{customers, external_refs, objects, phones, references};
use crate::db::condition::AnyId;
use crate::db::id::{ContactId, PoolId};
use crate::db::schema::contacts;
use crate::db::{Condition, DbConnection, Failure, Topic, Tx, columns, insert, update_rows, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::http::validation;
use crate::listing::List;
use crate::listing::rows::{exists, with_id, with_ids};

fn load(conn: &mut DbConnection, scope: &Scope, which: Condition) -> Result<Option<Contact>, Failure> {
    let row = contacts::table.filter(which).select(columns::<ContactRow>()).first(conn).optional()?;
    Ok(match row {
        Some(row) => with_links(conn, scope, vec![row])?.pop(),
        None => None,
    })
}

/// Rows with those of their links that the caller sees, and without what is hidden at all of these.
fn with_links(conn: &mut DbConnection, scope: &Scope, rows: Vec<ContactRow>) -> Result<Vec<Contact>, Failure> {
    let ids: Vec<ContactId> = rows.iter().map(|row| row.id).collect();
    let mut links = links::of(conn, customers::visible(scope, false), &ids)?;
    let masks = Masks::of(conn, scope, links.values().flatten().filter_map(|(_, pool_id)| *pool_id))?;
    let whole = rows.into_iter().map(|row| {
        let own = links.remove(&row.id).unwrap_or_default();
        let hidden = own.iter().map(|(_, pool_id)| masks.on(*pool_id)).reduce(Hidden::and).unwrap_or_default();
        row.with_links(own.into_iter().map(|(link, _)| link).collect()).masked(hidden)
    });
    Ok(whole.collect())
}

fn one(scope: &Scope, id: ContactId, is_deleted: bool) -> Condition {
    with_id::<Contacts>(visible(scope, is_deleted), id)
}

pub fn get(conn: &mut DbConnection, scope: &Scope, id: ContactId) -> Result<Contact, Failure> {
    load(conn, scope, one(scope, id, false))?.ok_or_else(|| Problem::not_found().into())
}

pub fn get_all(conn: &mut DbConnection, scope: &Scope, ids: &[ContactId]) -> Result<Vec<Contact>, Failure> {
    let which = with_ids::<Contacts>(visible(scope, false), ids);
    let rows = contacts::table.filter(which).select(columns::<ContactRow>()).load(conn)?;
    with_links(conn, scope, rows)
}

/// Of these contacts the members that are hidden from the caller at all of their customers that it sees.
pub fn hidden_members(conn: &mut DbConnection, scope: &Scope, ids: &[AnyId]) -> QueryResult<HiddenMembers> {
    let ids: Vec<ContactId> = ids.iter().map(|id| ContactId::from_uuid(id.uuid())).collect();
    let links = links::of(conn, customers::visible(scope, false).or(customers::visible(scope, true)), &ids)?;
    let masks = Masks::of(conn, scope, links.values().flatten().filter_map(|(_, pool_id)| *pool_id))?;
    let members = |own: &[(ContactLink, Option<PoolId>)]| {
        let hidden = own.iter().map(|(_, pool_id)| masks.on(*pool_id)).reduce(Hidden::and).unwrap_or_default();
        let of_phones = ["phones", "wechat", "social_accounts"].into_iter().filter(move |_| hidden.phones);
        of_phones.chain(hidden.email.then_some("email")).collect()
    };
    Ok(links.iter().map(|(id, own)| (AnyId::from_uuid(id.uuid()), members(own))).collect())
}

/// A contact that the caller means to change: 404 when it does not see it, 403 when it only sees it.
fn get_for_change(conn: &mut DbConnection, scope: &Scope, id: ContactId, is_deleted: bool) -> Result<Contact, Failure> {
    let contact = load(conn, scope, one(scope, id, is_deleted))?.ok_or_else(Problem::not_found)?;
    let is_own = scope.changes == Reach::All || exists::<Contacts>(conn, one(scope, id, is_deleted).and(changeable(scope)))?;
    if is_own { Ok(contact) } else { Err(Problem::new(Code::NotOwner).into()) }
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<Contacts>) -> Result<Page<Contact>, Failure> {
    let seen = visible(scope, list.is_deleted);
    list.load_page(conn, scope, &seen, |conn, which, order| {
        let found = contacts::table.filter(which).order(order).limit(list.rows());
        let rows = found.select(columns::<ContactRow>()).load(conn)?;
        with_links(conn, scope, rows)
    })
}

pub fn create(tx: &mut Tx<'_>, scope: &Scope, input: &CreateContact) -> Result<Contact, Failure> {
    let mut fields = input.fields.clone();
    let (may_demote, values) = check(tx, scope, None, &mut fields)?;
    let id: ContactId = tx.new_id();
    let contact = Contact { id, version: 1, fields, created_at: tx.now, updated_at: tx.now, created_by_id: tx.actor.user_id };
    insert(tx.conn, &[&insert_into(contacts::table).values(&row_of(scope.workspace_id, &contact))])?;
    links::replace(tx, id, &[], &contact.fields.links, may_demote)?;
    external_refs::add::<Contacts>(tx, &visible(scope, false), id, &contact.fields.external_refs)?;
    lookup_keys::add(tx, id, &keys(&contact.fields))?;
    values.write::<Contacts>(tx, &visible(scope, false), id)?;
    search::index_customers(tx, &contact.fields.links)?;
    search::index_written(tx, &contact)?;
    record(tx, Operation::Created, id, contact.version, diff(None, Some(&contact))?)?;
    Ok(contact)
}

pub fn update(tx: &mut Tx<'_>, scope: &Scope, id: ContactId, if_match: &IfMatch, patch: &UpdateContact) -> Result<Contact, Failure> {
    let before = get_for_change(tx.conn, scope, id, false)?;
    if_match.check(before.version)?;
    let mut after = Contact { fields: patch.apply(&before.fields)?, ..before.clone() };
    let (may_demote, values) = check(tx, scope, Some(&before.fields), &mut after.fields)?;
    let mut changed = diff(Some(&before), Some(&after))?;
    if changed.is_empty() {
        return Ok(before);
    }
    (after.version, after.updated_at) = (before.version + 1, tx.now.max(before.updated_at));
    let row = row_of(scope.workspace_id, &after);
    let guarded = contacts::version.eq(before.version).and(contacts::deleted_at.is_null());
    written(update_rows(tx.conn, contacts::table.find((row.workspace_id, row.id)).filter(guarded), &row)?)?;
    if before.fields.links != after.fields.links {
        let old = links::whole(tx, id)?;
        links::replace(tx, id, &before.fields.links, &after.fields.links, may_demote)?;
        changed.insert("links".to_owned(), json!({ "from": old, "to": links::whole(tx, id)? }));
    }
    if before.fields.external_refs != after.fields.external_refs {
        external_refs::replace::<Contacts>(tx, &visible(scope, false), id, &after.fields.external_refs)?;
    }
    if before.fields.phones != after.fields.phones {
        lookup_keys::replace(tx, id, &keys(&after.fields))?;
    }
    values.write::<Contacts>(tx, &visible(scope, false), id)?;
    index_changed(tx, &before, &after)?;
    record(tx, Operation::Updated, id, after.version, changed)?;
    Ok(after)
}

/// Its own document, and those of customers that it is newly, no longer or otherwise named at.
fn index_changed(tx: &mut Tx<'_>, before: &Contact, after: &Contact) -> Result<(), Failure> {
    let (old, new) = (&before.fields.links, &after.fields.links);
    let among = |link: &ContactLink, links: &[ContactLink]| links.iter().any(|other| other.customer_id == link.customer_id);
    let gone = old.iter().filter(|link| !among(link, new));
    let come = new.iter().filter(|link| !among(link, old));
    let moved: Vec<&ContactLink> = gone.chain(come).collect();
    // Customers first, as whoever moves them does.
    match before.fields.name == after.fields.name {
        true => search::index_customers(tx, moved.iter().copied())?,
        false => search::index_all_customers(tx, after.id, old)?,
    }
    if !moved.is_empty() || search::texts(&before.fields, Hidden::default()) != search::texts(&after.fields, Hidden::default()) {
        search::index_written(tx, after)?;
    }
    Ok(())
}

pub fn delete(tx: &mut Tx<'_>, scope: &Scope, id: ContactId, if_match: &IfMatch) -> Result<(), Failure> {
    let contact = get_for_change(tx.conn, scope, id, false)?;
    if_match.check(contact.version)?;
    links::mark_deleted(tx, id, true)?;
    objects::delete::<Contacts>(tx, id, contact.version)?;
    search::index_all_customers(tx, id, &[])
}

pub fn restore(tx: &mut Tx<'_>, scope: &Scope, id: ContactId, if_match: &IfMatch) -> Result<Contact, Failure> {
    let deleted = objects::restorable::<Contacts>(tx, one(scope, id, true));
    if !exists::<Contacts>(tx.conn, deleted)? {
        return Err(Problem::not_found().into());
    }
    let contact = get_for_change(tx.conn, scope, id, true)?;
    if_match.check(contact.version)?;
    tx.lock(Topic::PrimaryContacts)?;
    links::mark_deleted(tx, id, false)?;
    let ContactFields { external_refs, custom, .. } = &contact.fields;
    objects::restore::<Contacts>(tx, &visible(scope, false), id, contact.version, external_refs, &keys(&contact.fields), custom)?;
    search::index_all_customers(tx, id, &[])?;
    let restored = get(tx.conn, scope, id)?;
    // Somebody else may have become a customer's primary contact in the meantime.
    record(tx, Operation::Restored, id, restored.version, diff(Some(&contact), Some(&restored))?)?;
    Ok(restored)
}

/// Gives whether others may be demoted, and what becomes of the custom values.
fn check(tx: &mut Tx<'_>, scope: &Scope, before: Option<&ContactFields>, after: &mut ContactFields) -> Result<(bool, Values), Failure> {
    let mut errors = validation::errors(after);
    let had = before.map(|before| before.links.as_slice()).unwrap_or_default();
    let may_demote = links::check(tx, scope, had, &after.links, &mut errors)?;
    references::check_codes(tx, &rules::codes(after), &before.map(rules::codes).unwrap_or_default(), &mut errors)?;
    let values = written::check::<Contacts>(tx, scope, before.map(|before| &before.custom), &mut after.custom, &mut errors)?;
    Problem::check(errors)?;
    Ok((may_demote, values))
}

/// What it is looked up by.
pub fn keys(fields: &ContactFields) -> Vec<(KeyKind, String)> {
    phones::keys(&fields.phones).collect()
}
