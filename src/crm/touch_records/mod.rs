//! Touch records (跟进 / 触达): what was said and done with a customer. They keep the customer's last and next touch right.

mod dto;
mod fields;
pub mod routes;
pub mod rows;
mod rules;
pub mod store;

use crate::crm::resource::{Create, Delete, Get, GetAll, Resource, Restore, Update};
use crate::db::id::TouchRecordId;

pub use dto::{CreateTouchRecord, Direction, Location, TouchRecord, TouchRecordFields};
pub use fields::{EXPANDED, TouchRecords, visible};
pub use rows::TouchRecordRow;

impl Resource for TouchRecords {
    type Create = CreateTouchRecord;
    type Fields = TouchRecordFields;
    type View = TouchRecord;

    const PATH: &'static str = "/api/v1/touch-records";
    const BELONGS_TO_CUSTOMER: bool = true;

    const KEY: fn(&TouchRecord) -> (TouchRecordId, i64) = |touch_record| (touch_record.id, touch_record.version);
    const GET: Get<Self> = store::get;
    const GET_ALL: GetAll<Self> = store::get_all;
    const CREATE: Create<Self> = store::create;
    const UPDATE: Update<Self> = store::update;
    const DELETE: Delete<Self> = store::delete;
    const RESTORE: Restore<Self> = store::restore;
}
