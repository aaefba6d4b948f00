//! Customers: organizations and persons, leads included. Private (an owner) or in a pool, never both.

mod dto;
mod fields;
mod hierarchy;
mod ownership;
pub mod routes;
mod rows;
mod rules;
pub mod store;

pub use dto::{Customer, CustomerKind};
pub use fields::visible;
