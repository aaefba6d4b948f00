//! Planned touches in the database. Every query starts from `visible`; every write holds the customer first.

use diesel::insert_into;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::{Map, json};

use super::dto::{
    CancelPlannedTouch, CompletePlannedTouch, CreatePlannedTouch, PlannedTouch, PlannedTouchFields, PlannedTouchStatus,
    ReassignPlannedTouch, UpdatePlannedTouch,
};
use super::fields::{PlannedTouches, visible};
use super::rows::{PlannedTouchRow, row_of};
use crate::auth::{Reach, Scope};
use crate::changes::{Operation, add_facts, diff, record, record_each};
use crate::crm::customers::{self, Customer};
use crate::crm::notifications::notify;
use crate::crm::org_units::reach;
use crate::crm::references::{self, CodeUse};
use crate::crm::touch_records::{self, CreateTouchRecord};
use crate::crm::{contacts, opportunities};
use crate::db::id::{CustomerId, PlannedTouchId, UserId};
use crate::db::schema::planned_touches;
use crate::db::types::DbUuid;
use crate::db::{Condition, DbConnection, Failure, Tx, columns, insert, update_rows, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::listing::List;
use crate::listing::rows::{with_id, with_ids};

pub fn get(conn: &mut DbConnection, scope: &Scope, id: PlannedTouchId) -> Result<PlannedTouch, Failure> {
    let which = with_id::<PlannedTouches>(visible(scope, false), id);
    let found = planned_touches::table.filter(which).select(columns::<PlannedTouchRow>()).first(conn).optional()?;
    found.map(PlannedTouch::from).ok_or_else(|| Problem::not_found().into())
}

pub fn get_all(conn: &mut DbConnection, scope: &Scope, ids: &[PlannedTouchId]) -> Result<Vec<PlannedTouch>, Failure> {
    let which = with_ids::<PlannedTouches>(visible(scope, false), ids);
    let rows = planned_touches::table.filter(which).select(columns::<PlannedTouchRow>()).load(conn)?;
    Ok(rows.into_iter().map(PlannedTouch::from).collect())
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<PlannedTouches>) -> Result<Page<PlannedTouch>, Failure> {
    let seen = visible(scope, list.is_deleted);
    list.load_page(conn, scope, &seen, |conn, which, order| {
        let found = planned_touches::table.filter(which).order(order).limit(list.rows());
        Ok(found.select(columns::<PlannedTouchRow>()).load(conn)?.into_iter().map(PlannedTouch::from).collect())
    })
}

pub fn create(tx: &mut Tx<'_>, scope: &Scope, input: &CreatePlannedTouch) -> Result<PlannedTouch, Failure> {
    let CreatePlannedTouch { customer_id, assignee_id, fields } = input.clone();
    let mut errors = Vec::new();
    let customer = customers::store::hold(tx, scope, customer_id, &mut errors)?;
    check_assignee(tx, scope, assignee_id, &mut errors)?;
    check_references(tx, scope, customer_id, None, &fields, &mut errors)?;
    Problem::check(errors)?;
    let Some(customer) = customer else { return Err(Problem::new(Code::InternalError).into()) };
    let touch = PlannedTouch {
        id: tx.new_id(),
        version: 1,
        customer_id,
        assignee_id: assignee_id.unwrap_or(scope.user_id),
        fields,
        status: PlannedTouchStatus::Planned,
        touch_record_id: None,
        completed_at: None,
        cancelled_reason: None,
        created_at: tx.now,
        updated_at: tx.now,
        created_by_id: tx.actor.user_id,
    };
    insert(tx.conn, &[&insert_into(planned_touches::table).values(&row_of(scope.workspace_id, &touch))])?;
    record(tx, Operation::Created, touch.id, touch.version, diff(None, Some(&touch))?)?;
    tell_assignee(tx, &customer, &touch, None)?;
    Ok(touch)
}

pub fn update(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: PlannedTouchId,
    if_match: &IfMatch,
    patch: &UpdatePlannedTouch,
) -> Result<PlannedTouch, Failure> {
    let (before, _) = get_for_change(tx, scope, id, if_match, PlannedTouchStatus::Planned)?;
    let after = PlannedTouch { fields: patch.apply(&before.fields)?, ..before.clone() };
    let mut errors = Vec::new();
    check_references(tx, scope, before.customer_id, Some(&before.fields), &after.fields, &mut errors)?;
    Problem::check(errors)?;
    save(tx, &before, after, Operation::Updated, &[])
}

/// Records what was done, in the same transaction.
pub fn complete(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: PlannedTouchId,
    if_match: &IfMatch,
    input: &CompletePlannedTouch,
) -> Result<PlannedTouch, Failure> {
    let (before, _) = get_for_change(tx, scope, id, if_match, PlannedTouchStatus::Done)?;
    // Who is only assigned to it may have lost the customer, and records nothing there.
    customers::store::get_for_change(tx.conn, scope, before.customer_id)?;
    let done = CreateTouchRecord { customer_id: before.customer_id, fields: input.fields.clone() };
    let done = touch_records::store::create(tx, scope, &done)?;
    let after = PlannedTouch {
        status: PlannedTouchStatus::Done,
        touch_record_id: Some(done.id),
        completed_at: Some(done.fields.occurred_at),
        ..before.clone()
    };
    save(tx, &before, after, Operation::Completed, &[])
}

pub fn cancel(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: PlannedTouchId,
    if_match: &IfMatch,
    input: &CancelPlannedTouch,
) -> Result<PlannedTouch, Failure> {
    let (before, _) = get_for_change(tx, scope, id, if_match, PlannedTouchStatus::Cancelled)?;
    let (status, cancelled_reason) = (PlannedTouchStatus::Cancelled, Some(input.reason.clone()));
    let after = PlannedTouch { status, cancelled_reason, ..before.clone() };
    save(tx, &before, after, Operation::Cancelled, &[])
}

pub fn reassign(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: PlannedTouchId,
    if_match: &IfMatch,
    input: &ReassignPlannedTouch,
) -> Result<PlannedTouch, Failure> {
    let (before, customer) = get_for_change(tx, scope, id, if_match, PlannedTouchStatus::Planned)?;
    let ReassignPlannedTouch { assignee_id, reason } = input;
    if before.assignee_id == *assignee_id {
        return Ok(before);
    }
    let mut errors = Vec::new();
    check_assignee(tx, scope, Some(*assignee_id), &mut errors)?;
    Problem::check(errors)?;
    let after = PlannedTouch { assignee_id: *assignee_id, ..before.clone() };
    let after = save(tx, &before, after, Operation::Reassigned, &[("reason", reason.clone())])?;
    tell_assignee(tx, &customer, &after, reason.as_deref())?;
    Ok(after)
}

/// Cancels all that is still planned with a customer, whose row is held.
pub fn cancel_all(tx: &mut Tx<'_>, customer_id: CustomerId, reason: &str) -> Result<(), Failure> {
    let update = Condition::sql("UPDATE planned_touches SET status = 'cancelled', cancelled_reason = ").bind(reason);
    let update = update.then(", version = version + 1, updated_at = ").bind(tx.now).then(" WHERE workspace_id = ");
    let update = update.bind(tx.actor.workspace_id).then(" AND customer_id = ").bind(customer_id);
    let update = update.then(" AND status = 'planned' AND deleted_at IS NULL RETURNING id, version");
    let mut cancelled: Vec<(PlannedTouchId, i64)> = update.giving::<(DbUuid, BigInt)>().load(tx.conn)?;
    cancelled.sort_unstable();
    let changed = [
        ("status", json!({ "from": PlannedTouchStatus::Planned, "to": PlannedTouchStatus::Cancelled })),
        ("cancelled_reason", json!({ "from": null, "to": reason })),
    ];
    let changed: Map<_, _> = changed.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    record_each(tx, Operation::Cancelled, cancelled.into_iter().map(|(id, version)| (id, version, changed.clone())).collect())
}

/// One that is planned still, with its customer, whose row is held: 404 when the caller does not see it, 403 when it only sees it, 409
/// when it is too late for the status that it is to have.
fn get_for_change(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: PlannedTouchId,
    if_match: &IfMatch,
    to: PlannedTouchStatus,
) -> Result<(PlannedTouch, Customer), Failure> {
    let touch = get(tx.conn, scope, id)?;
    let is_assignee = scope.changes != Reach::Nothing && touch.assignee_id == scope.user_id;
    if !is_assignee {
        customers::store::get_for_change(tx.conn, scope, touch.customer_id)?;
    }
    if_match.check(touch.version)?;
    let customer = customers::store::hold_any(tx, touch.customer_id)?;
    match touch.status {
        PlannedTouchStatus::Planned => Ok((touch, customer)),
        from => Err(Problem::new(Code::InvalidTransition).with("from", from.as_ref()).with("to", to.as_ref()).into()),
    }
}

/// Writes what changed, as the next version; nothing when nothing changed.
fn save(
    tx: &mut Tx<'_>,
    before: &PlannedTouch,
    mut after: PlannedTouch,
    operation: Operation,
    facts: &[(&str, Option<String>)],
) -> Result<PlannedTouch, Failure> {
    let mut changed = diff(Some(before), Some(&after))?;
    if changed.is_empty() {
        return Ok(after);
    }
    add_facts(&mut changed, facts);
    (after.version, after.updated_at) = (before.version + 1, tx.now.max(before.updated_at));
    let row = row_of(tx.actor.workspace_id, &after);
    let guarded = planned_touches::version.eq(before.version).and(planned_touches::deleted_at.is_null());
    written(update_rows(tx.conn, planned_touches::table.find((row.workspace_id, row.id)).filter(guarded), &row)?)?;
    record(tx, operation, after.id, after.version, changed)?;
    Ok(after)
}

/// Tells whoever is to do it, unless it planned that itself.
fn tell_assignee(tx: &mut Tx<'_>, customer: &Customer, touch: &PlannedTouch, reason: Option<&str>) -> Result<(), Failure> {
    if tx.actor.user_id == Some(touch.assignee_id) {
        return Ok(());
    }
    let told = [
        ("customer_id", json!(customer.id)),
        ("name", json!(customer.fields.name)),
        ("summary", json!(touch.fields.summary)),
        ("due_at", json!(touch.fields.due_at)),
        ("assigned_by_id", json!(tx.actor.user_id)),
        ("reason", json!(reason)),
    ];
    let told = told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    notify(tx, touch.assignee_id, "planned_touch.assigned", touch.id, told, None)
}

fn check_assignee(tx: &mut Tx<'_>, scope: &Scope, id: Option<UserId>, errors: &mut Vec<FieldError>) -> Result<(), Failure> {
    references::check_user(tx, "/assignee_id", id, errors)?;
    if id.is_some() && !reach::may_change(tx.conn, scope, id)? {
        errors.push(FieldError::new("/assignee_id", Code::NotOwner));
    }
    Ok(())
}

/// Contact and opportunity that are new must be the customer's; a type that is new must be known.
fn check_references(
    tx: &mut Tx<'_>,
    scope: &Scope,
    customer_id: CustomerId,
    before: Option<&PlannedTouchFields>,
    after: &PlannedTouchFields,
    errors: &mut Vec<FieldError>,
) -> Result<(), Failure> {
    let contact = after.contact_id.filter(|id| before.is_none_or(|before| before.contact_id != Some(*id)));
    let named: Vec<_> = contact.into_iter().map(|id| ("/contact_id".to_owned(), id)).collect();
    contacts::links::check_contacts(tx, scope, customer_id, &named, errors)?;
    let opportunity_id = after.opportunity_id.filter(|id| before.is_none_or(|before| before.opportunity_id != Some(*id)));
    opportunities::store::check_of_customer(tx, scope, customer_id, opportunity_id, errors)?;
    let used = |fields: &PlannedTouchFields| {
        vec![CodeUse { dictionary: "touch_type", pointer: "/type".to_owned(), code: fields.touch_type.clone() }]
    };
    references::check_codes(tx, &used(after), &before.map(used).unwrap_or_default(), errors)?;
    Ok(())
}
