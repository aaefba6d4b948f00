//! Customers: organizations and persons, leads included. Private (an owner) or in a pool, never both.

mod deletion;
mod dto;
pub mod events;
mod fields;
mod hierarchy;
mod moves;
pub mod ownership;
pub mod routes;
pub mod rows;
mod rules;
pub mod search;
pub mod store;

use crate::crm::resource::{Create, Delete, Get, GetAll, Resource, Restore, Update};
use crate::db::Topic;
use crate::db::id::CustomerId;

pub use dto::{
    Address, CreateCustomer, Customer, CustomerFields, CustomerKind, CustomerStatus, Holding, IntentLevel, LifecycleStage, MoveLifecycle,
    SetTier,
};
pub use fields::{Customers, EXPANDED, belonging_to, changeable, parts_below, visible};
pub use moves::{move_lifecycle, set_tier};
pub use ownership::{HowToTransfer, KeepPreviousAs, follow, transfer};

impl Resource for Customers {
    type Create = CreateCustomer;
    type Fields = CustomerFields;
    type View = Customer;

    const PATH: &'static str = "/api/v1/customers";
    const TOPIC: Option<(Topic, &str)> = Some((Topic::Hierarchy, "parent_id"));

    const KEY: fn(&Customer) -> (CustomerId, i64) = |customer| (customer.id, customer.version);
    const GET: Get<Self> = store::get;
    const GET_ALL: GetAll<Self> = store::get_all;
    const CREATE: Create<Self> = store::create;
    const UPDATE: Update<Self> = store::update;
    const DELETE: Delete<Self> = deletion::delete;
    const RESTORE: Restore<Self> = deletion::restore;
}
