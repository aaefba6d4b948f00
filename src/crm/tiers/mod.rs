//! Tiers (客户等级): how much a customer matters, and what it gets for that.

mod dto;
mod fields;
pub mod routes;
mod rows;
pub mod store;

pub use dto::{CreateTier, Tier, TierFields};
pub use fields::{EXPANDED, Tiers};
