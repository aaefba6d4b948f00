//! Whose a customer is: with an owner, or in a pool, never both. Everything that moves one goes through `move_to`.

pub mod collaborators;
mod dto;
mod expiry;
mod history;
mod lock;
pub mod many;
mod release;
pub mod routes;
mod transfer;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::{Map, json};

use super::dto::{Customer, Holding};
use super::store;
use crate::auth::{Reach, Scope};
use crate::changes::{Operation, record_each};
use crate::crm::notifications::notify;
use crate::crm::org_units::reach;
use crate::crm::pools::store::{check_place, default_pool, matching_all};
use crate::crm::{holding_caps, recycling, references};
use crate::db::id::{CustomerId, OrgUnitId, PoolId, UserId};
use crate::db::schema::users;
use crate::db::types::DbUuid;
use crate::db::{Condition, Failure, Hold, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::FieldError;

pub use dto::{Collaborator, HowToTransfer, KeepPreviousAs, LockCustomer, OwnershipEventType, SetCollaborators};
pub use expiry::END_COLLABORATIONS;
pub use lock::lock;
pub use transfer::transfer;

/// Where a customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Owner(UserId),
    Pool(PoolId),
}

/// Where a new customer goes: exactly one of owner and pool. A rep creates for itself.
pub fn first_place(
    tx: &mut Tx<'_>,
    scope: &Scope,
    owner_id: Option<UserId>,
    pool_id: Option<PoolId>,
    errors: &mut Vec<FieldError>,
) -> Result<Place, Failure> {
    if owner_id.is_some() && pool_id.is_some() {
        errors.push(FieldError::new("/pool_id", Code::ExclusiveFields).with("fields", vec!["owner_id", "pool_id"]));
    }
    references::check_user(tx, "/owner_id", owner_id, errors)?;
    if owner_id.is_some() && !reach::may_change(tx.conn, scope, owner_id)? {
        errors.push(FieldError::new("/owner_id", Code::NotOwner));
    }
    if let Some(pool_id) = pool_id {
        check_place(tx, "/pool_id", pool_id, errors)?;
    }
    let place = match (owner_id, pool_id) {
        (Some(owner_id), _) => Place::Owner(owner_id),
        (None, Some(pool_id)) => Place::Pool(pool_id),
        (None, None) if scope.changes == Reach::Own => Place::Owner(scope.user_id),
        (None, None) => Place::Pool(default_pool(tx.conn, scope.workspace_id)?),
    };
    if let (Place::Owner(owner_id), true) = (place, errors.is_empty()) {
        holding_caps::hold(tx, owner_id, &[])?.check(1)?;
    }
    Ok(place)
}

/// The customer at its new place, where its time begins anew.
pub fn put(tx: &mut Tx<'_>, customer: Customer, place: Place) -> Result<Customer, Failure> {
    let since = Some(tx.now);
    let placed = match place {
        Place::Pool(pool_id) => {
            let holding = Holding { pooled_at: since, ..Holding::default() };
            Customer { owner_id: None, pool_id: Some(pool_id), org_unit_id: None, holding, ..customer }
        }
        Place::Owner(owner_id) => {
            // Nobody may disable its new owner at the same moment.
            tx.hold("users", owner_id, Hold::ToRead)?;
            let owner = users::table.find((tx.actor.workspace_id, owner_id)).select((users::is_active, users::org_unit_id));
            let (is_active, org_unit_id): (bool, Option<OrgUnitId>) = owner.first(tx.conn)?;
            if !is_active {
                return Err(Failure::Stale);
            }
            let home_pool_id = match customer.pool_id.or(customer.holding.home_pool_id) {
                None => matching_all(tx)?,
                known => known,
            };
            let holding = Holding { claimed_at: since, home_pool_id, ..Holding::default() };
            Customer { owner_id: Some(owner_id), pool_id: None, org_unit_id, holding, ..customer }
        }
    };
    recycling::set_due(tx, placed)
}

/// Moves a customer to another place, as the operation that the change log and the ownership history tell; nothing when it is there.
/// A previous owner may stay as a collaborator.
pub fn move_to(
    tx: &mut Tx<'_>,
    scope: &Scope,
    before: &Customer,
    place: Place,
    operation: Operation,
    facts: &[(&str, Option<String>)],
    stays: Option<UserId>,
) -> Result<Customer, Failure> {
    let is_there = match place {
        Place::Owner(owner_id) => before.owner_id == Some(owner_id),
        Place::Pool(pool_id) => before.pool_id == Some(pool_id),
    };
    if is_there {
        return Ok(before.clone());
    }
    let after = put(tx, before.clone(), place)?;
    let after = store::save_with(tx, scope, before, after, operation, facts)?;
    let after = collaborators::settle(tx, after, stays)?;
    let reason = facts.iter().find(|(name, _)| *name == "reason").and_then(|(_, reason)| reason.as_deref());
    tell_owner(tx, &after, reason)?;
    Ok(after)
}

/// Tells a customer's new owner of it, unless the owner did it itself.
pub fn tell_owner(tx: &mut Tx<'_>, customer: &Customer, reason: Option<&str>) -> Result<(), Failure> {
    let Some(owner_id) = customer.owner_id.filter(|owner_id| tx.actor.user_id != Some(*owner_id)) else { return Ok(()) };
    let told = [("name", json!(customer.fields.name)), ("assigned_by_id", json!(tx.actor.user_id)), ("reason", json!(reason))];
    let told = told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    notify(tx, owner_id, "customer.assigned", customer.id, told, None)
}

/// Its customers follow a user to another unit.
pub fn follow(tx: &mut Tx<'_>, user_id: UserId, from: Option<OrgUnitId>, to: Option<OrgUnitId>) -> Result<(), Failure> {
    let update = Condition::sql("UPDATE customers SET version = version + 1, updated_at = ").bind(tx.now).then(", org_unit_id = ");
    let update = to.map_or_else(|| update.clone().then("NULL"), |to| update.clone().bind(to));
    let update = update.then(" WHERE workspace_id = ").bind(tx.actor.workspace_id).then(" AND owner_id = ").bind(user_id);
    let moved: Vec<(CustomerId, i64)> = update.then(" RETURNING id, version").giving::<(DbUuid, BigInt)>().load(tx.conn)?;
    let changed: Map<_, _> = [("org_unit_id".to_owned(), json!({ "from": from, "to": to }))].into_iter().collect();
    record_each(tx, Operation::Moved, moved.into_iter().map(|(id, version)| (id, version, changed.clone())).collect())
}
