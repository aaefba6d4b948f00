//! Planned touches: what is to be done with a customer, by whom and when. Completing one records what was done as a touch record.

mod dto;
mod fields;
pub mod routes;
mod rows;
pub mod store;
mod transfers;

use crate::crm::resource::dto::BatchOp;
use crate::crm::resource::{Create, Get, GetAll, Resource, Update};
use crate::db::id::PlannedTouchId;

pub use dto::{CompletePlannedTouch, CreatePlannedTouch, PlannedTouch, PlannedTouchFields};
pub use fields::{PlannedTouches, visible};
pub use transfers::{planned_with, transfer_planned};

impl Resource for PlannedTouches {
    type Create = CreatePlannedTouch;
    type Fields = PlannedTouchFields;
    type View = PlannedTouch;

    const PATH: &'static str = "/api/v1/planned-touches";
    const BELONGS_TO_CUSTOMER: bool = true;
    /// It has no external references, and is cancelled instead of deleted.
    const OPERATIONS: &'static [BatchOp] = &[BatchOp::Create, BatchOp::Update];

    const KEY: fn(&PlannedTouch) -> (PlannedTouchId, i64) = |touch| (touch.id, touch.version);
    const GET: Get<Self> = store::get;
    const GET_ALL: GetAll<Self> = store::get_all;
    const CREATE: Create<Self> = store::create;
    const UPDATE: Update<Self> = store::update;
}
