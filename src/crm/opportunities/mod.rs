//! Opportunities (商机): what may be sold to a customer, on its way through the stages of a pipeline.

mod dto;
mod fields;
mod moves;
pub mod routes;
mod rows;
mod rules;
pub mod search;
pub mod stage_moves;
pub mod store;
mod transfers;

pub use dto::{CreateOpportunity, MoveOpportunity, Opportunity, OpportunityFields};
pub use fields::{EXPANDED, Opportunities, visible};
pub use moves::move_opportunity;
pub use transfers::transfer_open;
