//! Customers in the database. Every query starts from `visible`.

use diesel::prelude::*;
use serde_json::{Map, json};

use super::dto::{CreateCustomer, Customer, CustomerFields, MoveLifecycle, UpdateCustomer};
use super::fields::{Customers, visible};
use super::rows::{CustomerRow, ProfileRow, rows_of};
use super::{hierarchy, ownership, rules};
use crate::auth::Scope;
use crate::changes::{Operation, diff, record};
use crate::crm::RESTORABLE;
use crate::crm::lookup_keys::{self, KeyKind};
use crate::crm::references::{self, CodeUse};
use crate::crm::{external_refs, phones};
use crate::db::condition::AnyId;
use crate::db::id::CustomerId;
use crate::db::schema::{customer_profiles, customers};
use crate::db::{Condition, DbConnection, Failure, Tx};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::listing::{List, counted};

/// A customer is two rows.
#[diesel::dsl::auto_type(no_type_alias)]
fn whole() -> _ {
    let same = customer_profiles::workspace_id.eq(customers::workspace_id).and(customer_profiles::customer_id.eq(customers::id));
    customers::table.inner_join(customer_profiles::table.on(same))
}

fn load(conn: &mut DbConnection, which: Condition) -> QueryResult<Option<Customer>> {
    let both = (CustomerRow::as_select(), ProfileRow::as_select());
    let found = whole().filter(which).select(both).first::<(CustomerRow, ProfileRow)>(conn).optional()?;
    Ok(found.map(Customer::from))
}

fn one(scope: &Scope, id: CustomerId, is_deleted: bool) -> Condition {
    visible(scope, is_deleted).then(" AND customers.id = ").bind(id)
}

/// Whether the caller sees it.
fn sees(scope: &Scope) -> impl Fn(&mut DbConnection, AnyId) -> QueryResult<bool> {
    let scope = *scope;
    move |conn, id| {
        let which = visible(&scope, false).then(" AND customers.id = ").bind(id);
        customers::table.filter(which).select(customers::id).first::<AnyId>(conn).optional().map(|found| found.is_some())
    }
}

pub fn get(conn: &mut DbConnection, scope: &Scope, id: CustomerId) -> Result<Customer, Failure> {
    load(conn, one(scope, id, false))?.ok_or_else(|| Problem::not_found().into())
}

/// A customer that the caller means to change: 404 when it does not see it, 403 when it only sees it.
pub fn get_for_change(conn: &mut DbConnection, scope: &Scope, id: CustomerId) -> Result<Customer, Failure> {
    let customer = get(conn, scope, id)?;
    if scope.may_change(customer.owner_id) { Ok(customer) } else { Err(Problem::new(Code::NotOwner).into()) }
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<Customers>) -> Result<Page<Customer>, Failure> {
    let seen = || whole().filter(visible(scope, list.is_deleted));
    let rows = seen()
        .filter(list.page_filter(scope.workspace_id)?)
        .order(list.order())
        .limit(list.rows())
        .select((CustomerRow::as_select(), ProfileRow::as_select()))
        .load::<(CustomerRow, ProfileRow)>(conn)?;
    let total = list.total(|limit| seen().filter(list.filter(scope.workspace_id)).select(counted()).limit(limit).load::<i32>(conn))?;
    Ok(list.page(scope.workspace_id, rows.into_iter().map(Customer::from).collect(), total)?)
}

pub fn create(tx: &mut Tx<'_>, scope: &Scope, input: &CreateCustomer) -> Result<Customer, Failure> {
    let CreateCustomer { kind, lifecycle_stage, owner_id, pool_id, tier_id, fields } = input.clone();
    let fields = fields.tidy();
    let mut errors = rules::check(kind, &fields);
    let (owner_id, pool_id) = ownership::place(tx, scope, owner_id, pool_id, &mut errors)?;
    references::check_tier(tx, "/tier_id", tier_id, &mut errors)?;
    check_references(tx, scope, None, &fields, &mut errors)?;
    let id = CustomerId::new();
    hierarchy::check(tx, scope, id, None, fields.parent_id, &mut errors)?;
    Problem::check(errors)?;
    let customer = Customer {
        id,
        version: 1,
        kind,
        lifecycle_stage,
        owner_id,
        pool_id,
        tier_id,
        fields,
        last_touch_at: None,
        next_touch_at: None,
        touch_count: 0,
        created_at: tx.now,
        updated_at: tx.now,
        created_by_id: tx.actor.user_id,
    };
    let (row, profile) = rows_of(scope.workspace_id, &customer);
    diesel::insert_into(customers::table).values(&row).execute(tx.conn)?;
    diesel::insert_into(customer_profiles::table).values(&profile).execute(tx.conn)?;
    external_refs::add(tx, id, &customer.fields.external_refs, &sees(scope))?;
    lookup_keys::add(tx, id, &keys(&customer.fields))?;
    record(tx, Operation::Created, id, customer.version, diff(None, Some(&customer))?)?;
    Ok(customer)
}

pub fn update(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, if_match: &IfMatch, patch: &UpdateCustomer) -> Result<Customer, Failure> {
    let before = get_for_change(tx.conn, scope, id)?;
    if_match.check(before.version)?;
    let mut after = before.clone();
    after.fields = patch.apply(&before.fields)?.tidy();
    let mut errors = rules::check(before.kind, &after.fields);
    check_references(tx, scope, Some(&before.fields), &after.fields, &mut errors)?;
    hierarchy::check(tx, scope, id, before.fields.parent_id, after.fields.parent_id, &mut errors)?;
    Problem::check(errors)?;
    save(tx, scope, &before, after, Operation::Updated)
}

/// Moves the customer in its lifecycle.
pub fn move_lifecycle(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, if_match: &IfMatch, to: &MoveLifecycle) -> Result<Customer, Failure> {
    let before = get_for_change(tx.conn, scope, id)?;
    if_match.check(before.version)?;
    let mut errors = Vec::new();
    if let Some(code) = &to.reason_code {
        let used = CodeUse { dictionary: "close_reason", pointer: "/reason_code".to_owned(), code: code.clone() };
        references::check_codes(tx, &[used], &[], &mut errors)?;
    }
    Problem::check(errors)?;
    if !rules::may_move(before.lifecycle_stage, to.stage) {
        let refused = Problem::new(Code::InvalidTransition).with("from", before.lifecycle_stage.as_ref()).with("to", to.stage.as_ref());
        return Err(refused.into());
    }
    let after = Customer { lifecycle_stage: to.stage, ..before.clone() };
    save_with(tx, scope, &before, after, Operation::LifecycleChanged, &[("reason_code", to.reason_code.clone())])
}

/// Writes what changed, as the next version; nothing when nothing changed.
pub fn save(tx: &mut Tx<'_>, scope: &Scope, before: &Customer, after: Customer, operation: Operation) -> Result<Customer, Failure> {
    save_with(tx, scope, before, after, operation, &[])
}

/// Like `save`, with facts of the operation that are no members of the customer, such as a reason.
pub fn save_with(
    tx: &mut Tx<'_>,
    scope: &Scope,
    before: &Customer,
    mut after: Customer,
    operation: Operation,
    facts: &[(&str, Option<String>)],
) -> Result<Customer, Failure> {
    let mut changed = diff(Some(before), Some(&after))?;
    if changed.is_empty() {
        return Ok(before.clone());
    }
    for (name, value) in facts.iter().filter(|(_, value)| value.is_some()) {
        changed.insert((*name).to_owned(), json!({ "from": null, "to": value }));
    }
    (after.version, after.updated_at) = (before.version + 1, tx.now);
    let (row, profile) = rows_of(tx.actor.workspace_id, &after);
    let written = diesel::update(
        customers::table
            .find((row.workspace_id, row.id))
            .filter(customers::version.eq(before.version).and(customers::deleted_at.is_null())),
    )
    .set(&row)
    .execute(tx.conn)?;
    if written == 0 {
        return Err(Failure::Stale);
    }
    if rows_of(tx.actor.workspace_id, before).1 != profile {
        diesel::update(customer_profiles::table.find((profile.workspace_id, profile.customer_id))).set(&profile).execute(tx.conn)?;
    }
    if before.fields.external_refs != after.fields.external_refs {
        external_refs::replace(tx, after.id, &after.fields.external_refs, &sees(scope))?;
    }
    if keys(&before.fields) != keys(&after.fields) {
        lookup_keys::replace(tx, after.id, &keys(&after.fields))?;
    }
    record(tx, operation, after.id, after.version, changed)?;
    Ok(after)
}

pub fn delete(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, if_match: &IfMatch) -> Result<(), Failure> {
    let customer = get_for_change(tx.conn, scope, id)?;
    if_match.check(customer.version)?;
    mark(tx, &customer, true)?;
    external_refs::remove(tx, id)?;
    lookup_keys::remove(tx, id)?;
    record(tx, Operation::Deleted, id, customer.version + 1, Map::new())
}

pub fn restore(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, if_match: &IfMatch) -> Result<Customer, Failure> {
    let restorable = one(scope, id, true).then(" AND customers.deleted_at > ").bind(tx.now.plus(-RESTORABLE));
    let mut customer = load(tx.conn, restorable)?.ok_or_else(Problem::not_found)?;
    if !scope.may_change(customer.owner_id) {
        return Err(Problem::new(Code::NotOwner).into());
    }
    if_match.check(customer.version)?;
    mark(tx, &customer, false)?;
    (customer.version, customer.updated_at) = (customer.version + 1, tx.now);
    external_refs::add(tx, id, &customer.fields.external_refs, &sees(scope))?;
    lookup_keys::add(tx, id, &keys(&customer.fields))?;
    record(tx, Operation::Restored, id, customer.version, Map::new())?;
    Ok(customer)
}

/// Sets or clears the mark of deletion, as the next version.
fn mark(tx: &mut Tx<'_>, customer: &Customer, is_deleted: bool) -> Result<(), Failure> {
    let written =
        diesel::update(customers::table.find((tx.actor.workspace_id, customer.id)).filter(customers::version.eq(customer.version)))
            .set((
                customers::version.eq(customer.version + 1),
                customers::updated_at.eq(tx.now),
                customers::deleted_at.eq(is_deleted.then_some(tx.now)),
            ))
            .execute(tx.conn)?;
    if written == 0 { Err(Failure::Stale) } else { Ok(()) }
}

fn check_references(
    tx: &mut Tx<'_>,
    scope: &Scope,
    before: Option<&CustomerFields>,
    after: &CustomerFields,
    errors: &mut Vec<FieldError>,
) -> Result<(), Failure> {
    if before.is_none_or(|before| before.service_rep_id != after.service_rep_id) {
        references::check_user(tx, "/service_rep_id", after.service_rep_id, errors)?;
    }
    if let Some(parent_id) = after.parent_id.filter(|parent| before.is_none_or(|before| before.parent_id != Some(*parent)))
        && load(tx.conn, one(scope, parent_id, false))?.is_none()
    {
        errors.push(FieldError::new("/parent_id", Code::UnknownReference));
    }
    let had = before.map(rules::codes).unwrap_or_default();
    references::check_codes(tx, &rules::codes(after), &had, errors)?;
    Ok(())
}

fn keys(fields: &CustomerFields) -> Vec<(KeyKind, String)> {
    let industries = fields.industries.iter().map(|code| (KeyKind::Industry, code.clone()));
    let domain = fields.website.as_deref().and_then(lookup_keys::domain_of).map(|domain| (KeyKind::Domain, domain));
    let credit_code = fields.unified_social_credit_code.clone().map(|code| (KeyKind::CreditCode, code));
    phones::keys(&fields.phones).chain(industries).chain(domain).chain(credit_code).collect()
}
