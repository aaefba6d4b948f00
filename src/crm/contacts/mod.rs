//! Contacts: people at customers, linked to one or more of them. Each customer has at most one primary contact.

mod dto;
mod fields;
pub mod links;
pub mod routes;
mod rows;
mod rules;
pub mod search;
pub mod store;

pub use dto::{ContactFields, ContactLink, CreateContact};
pub use fields::{Contacts, EXPANDED, visible};
