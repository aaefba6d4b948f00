//! Customers in the database. Every query starts from `visible`.

use diesel::prelude::*;

use super::dto::{CreateCustomer, Customer, CustomerFields, UpdateCustomer};
use super::fields::{Customers, visible};
use super::rows::{CustomerRow, ProfileRow, rows_of};
use super::{events, hierarchy, ownership, rules, search};
use crate::auth::Scope;
use crate::changes::{Operation, add_facts, diff, record};
use crate::crm::custom_fields::written;
use crate::crm::lookup_keys::{self, KeyKind};
use crate::crm::{external_refs, phones, references};
use crate::db::id::CustomerId;
use crate::db::schema::{customer_profiles, customers};
use crate::db::{Condition, DbConnection, Failure, Hold, Tx, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::listing::rows::{rows, with_id, with_ids};
use crate::listing::{List, Plan};

/// A customer is two rows.
#[diesel::dsl::auto_type(no_type_alias)]
fn whole() -> _ {
    let same = customer_profiles::workspace_id.eq(customers::workspace_id).and(customer_profiles::customer_id.eq(customers::id));
    customers::table.inner_join(customer_profiles::table.on(same))
}

pub fn load(conn: &mut DbConnection, which: Condition) -> QueryResult<Option<Customer>> {
    let both = (CustomerRow::as_select(), ProfileRow::as_select());
    let found = whole().filter(which).select(both).first::<(CustomerRow, ProfileRow)>(conn).optional()?;
    Ok(found.map(Customer::from))
}

pub fn load_all(conn: &mut DbConnection, which: Condition) -> QueryResult<Vec<Customer>> {
    let both = (CustomerRow::as_select(), ProfileRow::as_select());
    Ok(whole().filter(which).select(both).load::<(CustomerRow, ProfileRow)>(conn)?.into_iter().map(Customer::from).collect())
}

pub fn one(scope: &Scope, id: CustomerId, is_deleted: bool) -> Condition {
    with_id::<Customers>(visible(scope, is_deleted), id)
}

pub fn get(conn: &mut DbConnection, scope: &Scope, id: CustomerId) -> Result<Customer, Failure> {
    load(conn, one(scope, id, false))?.ok_or_else(|| Problem::not_found().into())
}

pub fn get_all(conn: &mut DbConnection, scope: &Scope, ids: &[CustomerId]) -> Result<Vec<Customer>, Failure> {
    Ok(load_all(conn, with_ids::<Customers>(visible(scope, false), ids))?)
}

/// A customer that the caller means to change: 404 when it does not see it, 403 when it only sees it.
pub fn get_for_change(conn: &mut DbConnection, scope: &Scope, id: CustomerId) -> Result<Customer, Failure> {
    let customer = get(conn, scope, id)?;
    if scope.may_change(customer.owner_id) { Ok(customer) } else { Err(Problem::new(Code::NotOwner).into()) }
}

/// The customer that something new is to belong to, held so that it stays: a field error when the caller does not see it or may
/// not change it.
pub fn hold(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, errors: &mut Vec<FieldError>) -> Result<Option<Customer>, Failure> {
    tx.hold("customers", id, Hold::ToWrite)?;
    let customer = load(tx.conn, one(scope, id, false))?;
    match &customer {
        None => errors.push(FieldError::new("/customer_id", Code::UnknownReference)),
        Some(customer) if !scope.may_change(customer.owner_id) => errors.push(FieldError::new("/customer_id", Code::NotOwner)),
        Some(_) => {}
    }
    Ok(customer)
}

/// The customer that something belongs to, held, whoever sees it.
pub fn hold_any(tx: &mut Tx<'_>, id: CustomerId) -> Result<Customer, Failure> {
    tx.hold("customers", id, Hold::ToWrite)?;
    let customer = load(tx.conn, with_id::<Customers>(rows::<Customers>(tx.actor.workspace_id, false), id))?;
    customer.ok_or_else(|| Problem::new(Code::CustomerDeleted).into())
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<Customers>) -> Result<Page<Customer>, Failure> {
    let seen = visible(scope, list.is_deleted);
    let Plan { which, order, next } = list.plan(conn, scope, &seen)?;
    let rows = whole()
        .filter(seen.clone())
        .filter(which)
        .order(order)
        .limit(list.rows())
        .select((CustomerRow::as_select(), ProfileRow::as_select()))
        .load::<(CustomerRow, ProfileRow)>(conn)?;
    let total = list.total(conn, scope, seen)?;
    Ok(list.page_with(scope, rows.into_iter().map(Customer::from).collect(), total, next)?)
}

pub fn create(tx: &mut Tx<'_>, scope: &Scope, input: &CreateCustomer) -> Result<Customer, Failure> {
    let CreateCustomer { kind, lifecycle_stage, owner_id, pool_id, tier_id, fields } = input.clone();
    let mut fields = fields.tidy();
    let mut errors = rules::check(kind, &fields);
    let (owner_id, pool_id) = ownership::place(tx, scope, owner_id, pool_id, &mut errors)?;
    references::check_tier(tx, "/tier_id", tier_id, &mut errors)?;
    check_references(tx, scope, None, &fields, &mut errors)?;
    let values = written::check::<Customers>(tx, scope, None, &mut fields.custom, &mut errors)?;
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
    external_refs::add::<Customers>(tx, &visible(scope, false), id, &customer.fields.external_refs)?;
    lookup_keys::add(tx, id, &keys(&customer.fields))?;
    values.write::<Customers>(tx, &visible(scope, false), id)?;
    crate::crm::search::index(tx, id, &search::texts(&customer.fields), &[])?;
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
    let values = written::check::<Customers>(tx, scope, Some(&before.fields.custom), &mut after.fields.custom, &mut errors)?;
    hierarchy::check(tx, scope, id, before.fields.parent_id, after.fields.parent_id, &mut errors)?;
    Problem::check(errors)?;
    let after = save(tx, scope, &before, after, Operation::Updated)?;
    values.write::<Customers>(tx, &visible(scope, false), id)?;
    Ok(after)
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
    add_facts(&mut changed, facts);
    (after.version, after.updated_at) = (before.version + 1, tx.now.max(before.updated_at));
    let (row, profile) = rows_of(tx.actor.workspace_id, &after);
    let guarded = customers::version.eq(before.version).and(customers::deleted_at.is_null());
    written(diesel::update(customers::table.find((row.workspace_id, row.id)).filter(guarded)).set(&row).execute(tx.conn)?)?;
    if rows_of(tx.actor.workspace_id, before).1 != profile {
        diesel::update(customer_profiles::table.find((profile.workspace_id, profile.customer_id))).set(&profile).execute(tx.conn)?;
    }
    if before.fields.external_refs != after.fields.external_refs {
        external_refs::replace::<Customers>(tx, &visible(scope, false), after.id, &after.fields.external_refs)?;
    }
    if keys(&before.fields) != keys(&after.fields) {
        lookup_keys::replace(tx, after.id, &keys(&after.fields))?;
    }
    if search::texts(&before.fields) != search::texts(&after.fields) {
        search::index_written(tx, &after)?;
    }
    record(tx, operation, after.id, after.version, changed)?;
    events::record(tx, before, &after, facts)?;
    Ok(after)
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

/// What it is looked up by.
pub fn keys(fields: &CustomerFields) -> Vec<(KeyKind, String)> {
    let industries = fields.industries.iter().map(|code| (KeyKind::Industry, code.clone()));
    let domain = fields.website.as_deref().and_then(lookup_keys::domain_of).map(|domain| (KeyKind::Domain, domain));
    let credit_code = fields.unified_social_credit_code.clone().map(|code| (KeyKind::CreditCode, code));
    phones::keys(&fields.phones).chain(industries).chain(domain).chain(credit_code).collect()
}
