//! Holding caps: how many customers one user may hold. The narrowest cap counts: a user's own, then its role's, then its unit's
//! (the nearest), then the workspace's; of several, the smallest.

pub mod capacity;
mod dto;
pub mod routes;
pub mod store;

pub use capacity::{Capacity, hold};
pub use dto::{CapExclude, CapScope, CreateHoldingCap, HoldingCap, HoldingCapFields};
