//! Notifications: what a user is told about its work, by other features, in the transaction of what is told.
//!
//! A notification keeps what was told when it was told: what has become of the object, and whether the user still sees it, is asked
//! of the object itself.

mod dto;
mod purge;
pub mod routes;
pub mod store;

pub use purge::PURGE_NOTIFICATIONS;
pub use store::{Once, notify, withdraw};
