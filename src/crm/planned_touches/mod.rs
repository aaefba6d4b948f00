//! Planned touches: what is to be done with a customer, by whom and when. Completing one records what was done as a touch record.

mod dto;
mod fields;
pub mod routes;
mod rows;
pub mod store;
mod transfers;

pub use fields::{PlannedTouches, visible};
pub use transfers::{planned_with, transfer_planned};
