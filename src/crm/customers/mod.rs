//! Customers: organizations and persons, leads included. Private (an owner) or in a pool, never both.

mod deletion;
mod dto;
pub mod events;
mod fields;
mod hierarchy;
mod moves;
mod ownership;
pub mod routes;
mod rows;
mod rules;
pub mod search;
pub mod store;

pub use dto::{
    Address, CreateCustomer, Customer, CustomerFields, CustomerKind, IntentLevel, LifecycleStage, MoveLifecycle, SetTier, TransferCustomers,
};
pub use fields::{Customers, EXPANDED, belonging_to, visible};
pub use moves::{move_lifecycle, set_tier};
pub use ownership::transfer;
