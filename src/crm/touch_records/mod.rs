//! Touch records (跟进 / 触达): what was said and done with a customer. They keep the customer's last and next touch right.

mod dto;
mod fields;
pub mod routes;
mod rows;
mod rules;
pub mod store;

pub use dto::{CreateTouchRecord, Direction, Location, TouchRecord, TouchRecordFields};
pub use fields::{TouchRecords, visible};
pub use rows::TouchRecordRow;
