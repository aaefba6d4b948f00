//! Customers in the database. Every query starts from `visible`.

use diesel::insert_into;
use diesel::prelude::*;

use super::dto::{CreateCustomer, Customer, CustomerFields, Holding, UpdateCustomer};
use super::fields::{Customers, changeable, visible};
use super::rows::{Rows, rows_of};
use super::{events, hierarchy, ownership, rules, search};
use crate::auth::{Reach, Scope};
use crate::changes::{HiddenMembers, Operation, add_facts, diff, record};
use crate::crm::custom_fields::{self, written};
use crate::crm::lookup_keys::{self, KeyKind};
use crate::crm::org_units::reach;
use crate::crm::pools::masks::{Hidden, Masks};
use crate::crm::{external_refs, notifications, phones, recycling, references};
use crate::db::condition::AnyId;
use crate::db::id::{CustomerId, PoolId};
use crate::db::schema::{customer_holdings, customer_profiles, customers};
use crate::db::{Condition, DbConnection, Failure, Hold, Topic, Tx, insert, select, update_rows, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::listing::rows::{exists, rows, with_id, with_ids};
use crate::listing::{List, Listed};

/// A customer is three rows.
const WHOLE: &str = "customers \
    INNER JOIN customer_profiles ON customer_profiles.workspace_id = customers.workspace_id AND customer_profiles.customer_id = customers.id \
    INNER JOIN customer_holdings ON customer_holdings.workspace_id = customers.workspace_id AND customer_holdings.customer_id = customers.id";

pub fn load(conn: &mut DbConnection, which: Condition) -> QueryResult<Option<Customer>> {
    Ok(select::<Rows>(WHOLE, which, Condition::default())?.get_result(conn).optional()?.map(Customer::from))
}

pub fn load_all(conn: &mut DbConnection, which: Condition) -> QueryResult<Vec<Customer>> {
    load_page(conn, which, Condition::default())
}

fn load_page(conn: &mut DbConnection, which: Condition, order: Condition) -> QueryResult<Vec<Customer>> {
    Ok(select::<Rows>(WHOLE, which, order)?.load(conn)?.into_iter().map(Customer::from).collect())
}

pub fn one(scope: &Scope, id: CustomerId, is_deleted: bool) -> Condition {
    with_id::<Customers>(visible(scope, is_deleted), id)
}

/// As the caller sees it.
pub fn get(conn: &mut DbConnection, scope: &Scope, id: CustomerId) -> Result<Customer, Failure> {
    let found = load(conn, one(scope, id, false))?.into_iter().collect();
    masked(conn, scope, found)?.pop().ok_or_else(|| Problem::not_found().into())
}

pub fn get_all(conn: &mut DbConnection, scope: &Scope, ids: &[CustomerId]) -> Result<Vec<Customer>, Failure> {
    let found = load_all(conn, with_ids::<Customers>(visible(scope, false), ids))?;
    Ok(masked(conn, scope, found)?)
}

/// Without what their pools hide from the caller. Nothing is hidden from whoever may change them.
fn masked(conn: &mut DbConnection, scope: &Scope, mut customers: Vec<Customer>) -> QueryResult<Vec<Customer>> {
    let masks = Masks::of(conn, scope, customers.iter().filter_map(|customer| customer.pool_id))?;
    for customer in &mut customers {
        let hidden = masks.on(customer.pool_id);
        hidden.mask(&mut customer.fields.phones, &mut customer.fields.email);
        if let (true, Some(address)) = (hidden.address, &mut customer.fields.address) {
            (address.street, address.postal_code) = (None, None);
        }
    }
    Ok(customers)
}

/// Of these customers, deleted or not, the members that their pools hide something of from the caller.
pub fn hidden_members(conn: &mut DbConnection, scope: &Scope, ids: &[AnyId]) -> QueryResult<HiddenMembers> {
    let pooled = customers::table.filter(customers::workspace_id.eq(scope.workspace_id).and(customers::pool_id.is_not_null()));
    let pooled = pooled.filter(Condition::any_of("customers.id", ids.iter().copied()));
    let pooled: Vec<(CustomerId, Option<PoolId>)> = pooled.select((customers::id, customers::pool_id)).load(conn)?;
    let masks = Masks::of(conn, scope, pooled.iter().filter_map(|(_, pool_id)| *pool_id))?;
    let members = |hidden: Hidden| {
        let all = [(hidden.phones, "phones"), (hidden.email, "email"), (hidden.address, "address")];
        all.into_iter().filter_map(|(is_hidden, member)| is_hidden.then_some(member)).collect()
    };
    Ok(pooled.into_iter().map(|(id, pool_id)| (AnyId::from_uuid(id.uuid()), members(masks.on(pool_id)))).collect())
}

/// A customer that the caller means to change: 404 when it does not see it, 403 when it only sees it.
pub fn get_for_change(conn: &mut DbConnection, scope: &Scope, id: CustomerId) -> Result<Customer, Failure> {
    let customer = get(conn, scope, id)?;
    if may_change(conn, scope, &customer)? { Ok(customer) } else { Err(Problem::new(Code::NotOwner).into()) }
}

/// Whether the caller may change it: whoever its owner's work is in reach of, and who collaborates on it.
fn may_change(conn: &mut DbConnection, scope: &Scope, customer: &Customer) -> QueryResult<bool> {
    if scope.changes == Reach::All || (scope.changes != Reach::Nothing && customer.owner_id == Some(scope.user_id)) {
        return Ok(true);
    }
    exists::<Customers>(conn, with_id::<Customers>(changeable(scope), customer.id))
}

/// A customer that the caller means to give away or to delete, which collaborators may not.
pub fn get_for_move(conn: &mut DbConnection, scope: &Scope, id: CustomerId) -> Result<Customer, Failure> {
    let customer = get(conn, scope, id)?;
    if reach::may_change(conn, scope, customer.owner_id)? { Ok(customer) } else { Err(Problem::new(Code::NotOwner).into()) }
}

/// The customer that something new is to belong to, held so that it stays: a field error when the caller does not see it or may
/// not change it.
pub fn hold(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, errors: &mut Vec<FieldError>) -> Result<Option<Customer>, Failure> {
    tx.hold("customers", id, Hold::ToWrite)?;
    let customer = load(tx.conn, one(scope, id, false))?;
    match &customer {
        None => errors.push(FieldError::new("/customer_id", Code::UnknownReference)),
        Some(customer) if !may_change(tx.conn, scope, customer)? => errors.push(FieldError::new("/customer_id", Code::NotOwner)),
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
    list.load_page(conn, scope, &seen, |conn, which, order| {
        let order = Condition::sql(" ORDER BY ").append(order).then(" LIMIT ").bind(list.rows());
        let rows = load_page(conn, which, order)?;
        Ok(masked(conn, scope, rows)?)
    })
}

pub fn create(tx: &mut Tx<'_>, scope: &Scope, input: &CreateCustomer) -> Result<Customer, Failure> {
    let CreateCustomer { kind, lifecycle_stage, owner_id, pool_id, tier_id, fields } = input.clone();
    let mut fields = fields.tidy();
    let mut errors = rules::check(kind, &fields);
    let place = ownership::first_place(tx, scope, owner_id, pool_id, &mut errors)?;
    references::check_tier(tx, "/tier_id", tier_id, &mut errors)?;
    check_references(tx, scope, None, &fields, &mut errors)?;
    let values = written::check::<Customers>(tx, scope, None, &mut fields.custom, &mut errors)?;
    let id: CustomerId = tx.new_id();
    hierarchy::check(tx, scope, id, None, fields.parent_id, &mut errors)?;
    Problem::check(errors)?;
    let customer = Customer {
        id,
        version: 1,
        kind,
        lifecycle_stage,
        owner_id: None,
        pool_id: None,
        org_unit_id: None,
        tier_id,
        fields,
        last_touch_at: None,
        next_touch_at: None,
        touch_count: 0,
        holding: Holding::default(),
        created_at: tx.now,
        updated_at: tx.now,
        created_by_id: tx.actor.user_id,
    };
    let customer = ownership::put(tx, customer, place)?;
    let (row, profile, holding) = rows_of(scope.workspace_id, &customer);
    let (profile, holding) =
        (insert_into(customer_profiles::table).values(&profile), insert_into(customer_holdings::table).values(&holding));
    let document = search::of_new(tx, &customer)?;
    insert(tx.conn, &[&insert_into(customers::table).values(&row), &profile, &holding, &document])?;
    let customer = recycling::adopt(tx, scope, customer)?;
    external_refs::add::<Customers>(tx, &visible(scope, false), id, &customer.fields.external_refs)?;
    lookup_keys::add(tx, id, &keys(&customer.fields))?;
    values.write::<Customers>(tx, &visible(scope, false), id)?;
    record(tx, Operation::Created, id, customer.version, diff(None, Some(&customer))?)?;
    ownership::tell_owner(tx, &customer, None)?;
    Ok(customer)
}

pub fn update(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, if_match: &IfMatch, patch: &UpdateCustomer) -> Result<Customer, Failure> {
    // Of two at once, the second waits here and sees what the first did. What is held before any row comes first.
    if patch.names("parent_id") {
        tx.lock(Topic::Hierarchy)?;
    }
    if patch.names("custom") {
        custom_fields::store::held(tx, Customers::TABLE)?;
    }
    tx.hold("customers", id, Hold::ToWrite)?;
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
    let (row, profile, holding) = rows_of(tx.actor.workspace_id, &after);
    let guarded = customers::version.eq(before.version).and(customers::deleted_at.is_null());
    written(update_rows(tx.conn, customers::table.find((row.workspace_id, row.id)).filter(guarded), &row)?)?;
    let (_, profile_before, holding_before) = rows_of(tx.actor.workspace_id, before);
    if profile_before != profile {
        update_rows(tx.conn, customer_profiles::table.find((profile.workspace_id, profile.customer_id)), &profile)?;
    }
    if holding_before != holding {
        update_rows(tx.conn, customer_holdings::table.find((holding.workspace_id, holding.customer_id)), &holding)?;
    }
    if before.fields.external_refs != after.fields.external_refs {
        external_refs::replace::<Customers>(tx, &visible(scope, false), after.id, &after.fields.external_refs)?;
    }
    if keys(&before.fields) != keys(&after.fields) {
        lookup_keys::replace(tx, after.id, &keys(&after.fields))?;
    }
    search::index_written(tx, before, &after)?;
    if before.holding.recycle_due_at.is_some() && before.holding.recycle_due_at != after.holding.recycle_due_at {
        // Reminders of the day that it was, which nobody has read.
        notifications::withdraw(tx, &format!("recycle:{}:", after.id))?;
    }
    record(tx, operation, after.id, after.version, changed)?;
    events::record(tx, before, &after, operation, facts)?;
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
