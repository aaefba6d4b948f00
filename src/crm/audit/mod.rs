//! The audit: who did what to which object, for administrators. It is read from the log of changes.

mod dto;
pub mod routes;
mod store;
