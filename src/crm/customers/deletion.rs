//! Deleting a customer with what belongs to it, and bringing both back.

use diesel::prelude::*;
use serde_json::Map;

use super::dto::Customer;
use super::fields::{Customers, visible};
use super::store::{get_for_move, keys, load, one, save};
use crate::auth::Scope;
use crate::changes::{Operation, record};
use crate::crm::customers::ownership::{Place, move_to};
use crate::crm::objects;
use crate::crm::opportunities::{self, Opportunities};
use crate::crm::org_units::reach;
use crate::crm::planned_touches::PlannedTouches;
use crate::crm::pools::store::{default_pool, matching};
use crate::crm::recycling;
use crate::crm::tiers::Tiers;
use crate::crm::touch_records::{self, TouchRecords};
use crate::db::id::CustomerId;
use crate::db::schema::users;
use crate::db::{Failure, Hold, Tx};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::problem::Problem;
use crate::listing::rows::{exists, rows, with_id};

/// Its opportunities, touch records and planned touches go with it; contacts stay.
pub fn delete(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, if_match: &IfMatch) -> Result<(), Failure> {
    let customer = get_for_move(tx.conn, scope, id)?;
    if_match.check(customer.version)?;
    objects::delete::<Customers>(tx, id, customer.version)?;
    objects::delete_with_customer::<Opportunities>(tx, id)?;
    objects::delete_with_customer::<TouchRecords>(tx, id)?;
    objects::hide_with_customer::<PlannedTouches>(tx, id)
}

/// What was deleted with it comes back; what had been deleted before stays deleted.
pub fn restore(tx: &mut Tx<'_>, scope: &Scope, id: CustomerId, if_match: &IfMatch) -> Result<Customer, Failure> {
    let deleted = objects::restorable::<Customers>(tx, one(scope, id, true));
    let mut customer = load(tx.conn, deleted)?.ok_or_else(Problem::not_found)?;
    if let Some(owner_id) = customer.owner_id {
        tx.hold("users", owner_id, Hold::ToRead)?;
    }
    if !reach::may_change(tx.conn, scope, customer.owner_id)? {
        return Err(Problem::new(Code::NotOwner).into());
    }
    if_match.check(customer.version)?;
    objects::restore::<Customers>(
        tx,
        &visible(scope, false),
        id,
        customer.version,
        &customer.fields.external_refs,
        &keys(&customer.fields),
        &customer.fields.custom,
    )?;
    (customer.version, customer.updated_at) = (customer.version + 1, tx.now);
    record(tx, Operation::Restored, id, customer.version, Map::new())?;
    objects::restore_with_customer::<Opportunities>(tx, &opportunities::visible(scope, false), id)?;
    objects::restore_with_customer::<TouchRecords>(tx, &touch_records::visible(scope, false), id)?;
    objects::show_with_customer::<PlannedTouches>(tx, id)?;
    let customer = take_from_disabled(tx, scope, customer)?;
    let timed = recycling::set_due(tx, customer.clone())?;
    let customer = save(tx, scope, &customer, timed, Operation::Updated)?;
    let Some(tier_id) = customer.tier_id else { return Ok(customer) };
    // Its tier may have been deleted in the meantime, and must not be at this moment.
    tx.hold("tiers", tier_id, Hold::ToRead)?;
    if exists::<Tiers>(tx.conn, with_id::<Tiers>(rows::<Tiers>(scope.workspace_id, false), tier_id))? {
        return Ok(customer);
    }
    let without = Customer { tier_id: None, ..customer.clone() };
    save(tx, scope, &customer, without, Operation::TierChanged)
}

/// Who was disabled in the meantime holds nothing: the customer goes where its owner would have released it to.
fn take_from_disabled(tx: &mut Tx<'_>, scope: &Scope, customer: Customer) -> Result<Customer, Failure> {
    let Some(owner_id) = customer.owner_id else { return Ok(customer) };
    if users::table.find((scope.workspace_id, owner_id)).select(users::is_active).first(tx.conn)? {
        return Ok(customer);
    }
    let pool_id = match matching(tx, scope, customer.id)? {
        Some(pool_id) => pool_id,
        None => default_pool(tx.conn, scope.workspace_id)?,
    };
    let facts = [("reason", Some("its owner had been disabled".to_owned()))];
    move_to(tx, scope, &customer, Place::Pool(pool_id), Operation::Released, &facts, None)
}
