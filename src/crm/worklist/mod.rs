//! What a user has to do now: planned touches that are due, customers that have waited too long for a touch, customers that are about to
//! go back to their pool, opportunities that are stale, and birthdays.

mod birthdays;
mod cadence;
mod dto;
mod opportunities;
pub mod routes;
mod store;
mod summary;
mod touches;
