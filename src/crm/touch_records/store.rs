//! Touch records in the database, and what they make of their customer. Every query starts from `visible`.
//!
//! A write holds the customer's row first: so two touches of one customer come one after the other, and what the customer says
//! of its touches is always what they are.

use diesel::insert_into;
use diesel::prelude::*;
use diesel::sql_types::Nullable;
use serde_json::Map;

use super::dto::{CreateTouchRecord, TouchRecord, TouchRecordFields, UpdateTouchRecord};
use super::fields::{TouchRecords, visible};
use super::rows::{TouchRecordRow, row_of};
use super::rules;
use crate::auth::Scope;
use crate::changes::{Operation, diff, record};
use crate::crm::custom_fields::written;
use crate::crm::customers::Customer;
use crate::crm::org_units::reach;
use crate::crm::{contacts, customers, dictionaries, external_refs, objects, opportunities, recycling, references, users};
use crate::db::id::{CustomerId, TouchRecordId, UserId};
use crate::db::schema::{touch_record_contacts, touch_records};
use crate::db::types::{DbInstant, Instant};
use crate::db::{Condition, DbConnection, Failure, Tx, columns, insert, update_rows, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::listing::List;
use crate::listing::rows::{with_id, with_ids};

fn find(conn: &mut DbConnection, which: Condition) -> QueryResult<Option<TouchRecord>> {
    let found = touch_records::table.filter(which).select(columns::<TouchRecordRow>()).first(conn).optional()?;
    Ok(found.map(TouchRecord::from))
}

fn one(scope: &Scope, id: TouchRecordId, is_deleted: bool) -> Condition {
    with_id::<TouchRecords>(visible(scope, is_deleted), id)
}

pub fn get(conn: &mut DbConnection, scope: &Scope, id: TouchRecordId) -> Result<TouchRecord, Failure> {
    find(conn, one(scope, id, false))?.ok_or_else(|| Problem::not_found().into())
}

pub fn get_all(conn: &mut DbConnection, scope: &Scope, ids: &[TouchRecordId]) -> Result<Vec<TouchRecord>, Failure> {
    let which = with_ids::<TouchRecords>(visible(scope, false), ids);
    let rows = touch_records::table.filter(which).select(columns::<TouchRecordRow>()).load(conn)?;
    Ok(rows.into_iter().map(TouchRecord::from).collect())
}

/// A touch record is its author's to change.
fn changeable(conn: &mut DbConnection, scope: &Scope, touch: TouchRecord) -> Result<TouchRecord, Failure> {
    if reach::may_change(conn, scope, Some(touch.author_id))? { Ok(touch) } else { Err(Problem::new(Code::NotOwner).into()) }
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<TouchRecords>) -> Result<Page<TouchRecord>, Failure> {
    let seen = visible(scope, list.is_deleted);
    list.load_page(conn, scope, &seen, |conn, which, order| {
        let found = touch_records::table.filter(which).order(order).limit(list.rows());
        Ok(found.select(columns::<TouchRecordRow>()).load(conn)?.into_iter().map(TouchRecord::from).collect())
    })
}

pub fn create(tx: &mut Tx<'_>, scope: &Scope, input: &CreateTouchRecord) -> Result<TouchRecord, Failure> {
    let CreateTouchRecord { customer_id, mut fields } = input.clone();
    let mut errors = rules::check(&fields, tx.now);
    let customer = customers::store::hold(tx, scope, customer_id, &mut errors)?;
    check_references(tx, scope, customer_id, None, &fields, &mut errors)?;
    let values = written::check::<TouchRecords>(tx, scope, None, &mut fields.custom, &mut errors)?;
    Problem::check(errors)?;
    let Some(customer) = customer else { return Err(Problem::new(Code::InternalError).into()) };
    let (counts_as_touch, resets_recycle) = effects(tx, &customer, scope.user_id, &fields)?;
    let touch = TouchRecord {
        id: tx.new_id(),
        version: 1,
        customer_id,
        counts_as_touch,
        resets_recycle,
        fields,
        author_id: scope.user_id,
        created_at: tx.now,
        updated_at: tx.now,
        created_by_id: tx.actor.user_id,
    };
    insert(tx.conn, &[&insert_into(touch_records::table).values(&row_of(scope.workspace_id, &touch))])?;
    add_contacts(tx, &touch)?;
    external_refs::add::<TouchRecords>(tx, &visible(scope, false), touch.id, &touch.fields.external_refs)?;
    values.write::<TouchRecords>(tx, &visible(scope, false), touch.id)?;
    record(tx, Operation::Created, touch.id, touch.version, diff(None, Some(&touch))?)?;
    refresh(tx, scope, customer, i64::from(touch.counts_as_touch))?;
    Ok(touch)
}

pub fn update(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: TouchRecordId,
    if_match: &IfMatch,
    patch: &UpdateTouchRecord,
) -> Result<TouchRecord, Failure> {
    let before = get(tx.conn, scope, id)?;
    let before = changeable(tx.conn, scope, before)?;
    if_match.check(before.version)?;
    let mut after = TouchRecord { fields: patch.apply(&before.fields)?, ..before.clone() };
    let mut errors = rules::check(&after.fields, tx.now);
    let customer = customers::store::hold_any(tx, before.customer_id)?;
    check_references(tx, scope, before.customer_id, Some(&before.fields), &after.fields, &mut errors)?;
    let values = written::check::<TouchRecords>(tx, scope, Some(&before.fields.custom), &mut after.fields.custom, &mut errors)?;
    Problem::check(errors)?;
    let changed = diff(Some(&before), Some(&after))?;
    if changed.is_empty() {
        return Ok(before);
    }
    let (counts_as_touch, resets_recycle) = effects(tx, &customer, before.author_id, &after.fields)?;
    if before.fields.touch_type != after.fields.touch_type {
        after.counts_as_touch = counts_as_touch;
    }
    after.resets_recycle = resets_recycle;
    (after.version, after.updated_at) = (before.version + 1, tx.now.max(before.updated_at));
    let row = row_of(tx.actor.workspace_id, &after);
    let guarded = touch_records::version.eq(before.version).and(touch_records::deleted_at.is_null());
    written(update_rows(tx.conn, touch_records::table.find((row.workspace_id, row.id)).filter(guarded), &row)?)?;
    if before.fields.contact_ids != after.fields.contact_ids {
        let own = touch_record_contacts::workspace_id.eq(row.workspace_id).and(touch_record_contacts::touch_record_id.eq(id));
        diesel::delete(touch_record_contacts::table.filter(own)).execute(tx.conn)?;
        add_contacts(tx, &after)?;
    }
    if before.fields.external_refs != after.fields.external_refs {
        external_refs::replace::<TouchRecords>(tx, &visible(scope, false), id, &after.fields.external_refs)?;
    }
    values.write::<TouchRecords>(tx, &visible(scope, false), id)?;
    record(tx, Operation::Updated, id, after.version, changed)?;
    refresh(tx, scope, customer, i64::from(after.counts_as_touch) - i64::from(before.counts_as_touch))?;
    Ok(after)
}

pub fn delete(tx: &mut Tx<'_>, scope: &Scope, id: TouchRecordId, if_match: &IfMatch) -> Result<(), Failure> {
    let touch = get(tx.conn, scope, id)?;
    let touch = changeable(tx.conn, scope, touch)?;
    if_match.check(touch.version)?;
    let customer = customers::store::hold_any(tx, touch.customer_id)?;
    objects::delete::<TouchRecords>(tx, id, touch.version)?;
    refresh(tx, scope, customer, -i64::from(touch.counts_as_touch))
}

pub fn restore(tx: &mut Tx<'_>, scope: &Scope, id: TouchRecordId, if_match: &IfMatch) -> Result<TouchRecord, Failure> {
    let deleted = objects::restorable::<TouchRecords>(tx, one(scope, id, true));
    let touch = find(tx.conn, deleted)?.ok_or_else(Problem::not_found)?;
    let mut touch = changeable(tx.conn, scope, touch)?;
    if_match.check(touch.version)?;
    let customer = customers::store::hold_any(tx, touch.customer_id)?;
    let TouchRecordFields { external_refs, custom, .. } = &touch.fields;
    objects::restore::<TouchRecords>(tx, &visible(scope, false), id, touch.version, external_refs, &[], custom)?;
    (touch.version, touch.updated_at) = (touch.version + 1, tx.now);
    record(tx, Operation::Restored, id, touch.version, Map::new())?;
    refresh(tx, scope, customer, i64::from(touch.counts_as_touch))?;
    Ok(touch)
}

/// Makes the customer, whose row is held, say what its touches are: how many count, when the last one of these was, and what the
/// latest one with a plan plans.
fn refresh(tx: &mut Tx<'_>, scope: &Scope, before: Customer, counted: i64) -> Result<(), Failure> {
    let own = Condition::sql("workspace_id = ").bind(tx.actor.workspace_id).then(" AND customer_id = ").bind(before.id);
    let mut latest = |column: &str, which: &str| -> QueryResult<Option<Instant>> {
        let found = Condition::sql(format!("SELECT {column} FROM touch_records WHERE ")).append(own.clone());
        let found = found.then(format!(" AND {which} AND deleted_at IS NULL ORDER BY occurred_at DESC, id DESC LIMIT 1"));
        Ok(found.giving::<Nullable<DbInstant>>().get_result::<Option<Instant>>(tx.conn).optional()?.flatten())
    };
    let last_touch_at = latest("occurred_at", "counts_as_touch")?;
    let next_touch_at = latest("next_touch_at", "next_touch_at IS NOT NULL")?;
    let after = Customer { last_touch_at, next_touch_at, touch_count: before.touch_count + counted, ..before.clone() };
    let after = recycling::set_due(tx, after)?;
    customers::store::save(tx, scope, &before, after, Operation::Updated).map(|_| ())
}

/// Whether it counts as a touch, and whether it keeps the customer from being recycled: that takes a person who works on the
/// customer, and something that was said.
fn effects(tx: &mut Tx<'_>, customer: &Customer, author_id: UserId, fields: &TouchRecordFields) -> Result<(bool, bool), Failure> {
    let flags = dictionaries::store::touch_flags(tx.conn, tx.actor.workspace_id, &fields.touch_type)?;
    let Some(flags) = flags else { return Ok((false, false)) };
    let says_something = recycling::rules::says_something(&fields.summary, fields.duration_seconds);
    let resets = flags.resets_recycle
        && says_something
        && customers::ownership::collaborators::works_on(tx, customer, author_id)?
        && users::store::is_person(tx.conn, tx.actor.workspace_id, author_id)?;
    Ok((flags.counts_as_touch, resets))
}

fn add_contacts(tx: &mut Tx<'_>, touch: &TouchRecord) -> QueryResult<()> {
    for contact_id in &touch.fields.contact_ids {
        diesel::insert_into(touch_record_contacts::table)
            .values((
                touch_record_contacts::workspace_id.eq(tx.actor.workspace_id),
                touch_record_contacts::contact_id.eq(contact_id),
                touch_record_contacts::touch_record_id.eq(touch.id),
            ))
            .execute(tx.conn)?;
    }
    Ok(())
}

/// Contacts and opportunity that are new must be the customer's; codes that are new must be known.
fn check_references(
    tx: &mut Tx<'_>,
    scope: &Scope,
    customer_id: CustomerId,
    before: Option<&TouchRecordFields>,
    after: &TouchRecordFields,
    errors: &mut Vec<FieldError>,
) -> Result<(), Failure> {
    let had = before.map(|before| before.contact_ids.as_slice()).unwrap_or_default();
    let named = after.contact_ids.iter().enumerate().filter(|(_, id)| !had.contains(id));
    let named: Vec<_> = named.map(|(index, id)| (format!("/contact_ids/{index}"), *id)).collect();
    contacts::links::check_contacts(tx, scope, customer_id, &named, errors)?;
    let opportunity_id = after.opportunity_id.filter(|id| before.is_none_or(|before| before.opportunity_id != Some(*id)));
    opportunities::store::check_of_customer(tx, scope, customer_id, opportunity_id, errors)?;
    let had = before.map(rules::codes).unwrap_or_default();
    references::check_codes(tx, &rules::codes(after), &had, errors)?;
    Ok(())
}
