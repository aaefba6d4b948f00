//! Handing over what somebody leaves: customers, open opportunities, what is planned, and what it worked on with others. A job goes
//! through the customers by their ids, and moves at once all that the user has at each.

mod dto;
pub mod routes;
mod rules;
mod store;
pub mod work;

pub use dto::HandoverTo;
pub use store::{begin, check_none_held};
