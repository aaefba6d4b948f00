//! Opportunities (商机): what may be sold to a customer, on its way through the stages of a pipeline.

mod dto;
mod fields;
mod moves;
pub mod routes;
pub mod rows;
pub mod rules;
pub mod search;
pub mod stage_moves;
pub mod store;
mod transfers;

use crate::crm::resource::{Create, Delete, Get, GetAll, Resource, Restore, Update};
use crate::db::id::OpportunityId;

pub use dto::{CreateOpportunity, MoveOpportunity, Opportunity, OpportunityFields};
pub use fields::{EXPANDED, Opportunities, visible};
pub use moves::{close_lost, move_opportunity};
pub use transfers::{give, open_of, transfer_open};

impl Resource for Opportunities {
    type Create = CreateOpportunity;
    type Fields = OpportunityFields;
    type View = Opportunity;

    const PATH: &'static str = "/api/v1/opportunities";
    const BELONGS_TO_CUSTOMER: bool = true;

    const KEY: fn(&Opportunity) -> (OpportunityId, i64) = |opportunity| (opportunity.id, opportunity.version);
    const GET: Get<Self> = store::get;
    const GET_ALL: GetAll<Self> = store::get_all;
    const CREATE: Create<Self> = store::create;
    const UPDATE: Update<Self> = store::update;
    const DELETE: Delete<Self> = store::delete;
    const RESTORE: Restore<Self> = store::restore;
}
