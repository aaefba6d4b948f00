//! What a user has to do now: planned touches that are due, customers that have waited too long for a touch, and customers that are about
//! to go back to their pool.

mod cadence;
mod dto;
pub mod routes;
mod store;
mod summary;
