//! Organisation units (机构): a tree of any depth. Users belong to a unit, customers to that of their owner, and managers see
//! what is below theirs.

mod dto;
mod fields;
pub mod reach;
pub mod routes;
mod rows;
pub mod store;

use crate::crm::resource::{Create, Delete, Get, GetAll, Resource, Restore, Update};
use crate::db::id::OrgUnitId;

pub use dto::{CreateOrgUnit, OrgUnit, OrgUnitFields, OrgUnitType};
pub use fields::{EXPANDED, OrgUnits};

impl Resource for OrgUnits {
    type Create = CreateOrgUnit;
    type Fields = OrgUnitFields;
    type View = OrgUnit;

    const PATH: &'static str = "/api/v1/org-units";

    const KEY: fn(&OrgUnit) -> (OrgUnitId, i64) = |unit| (unit.id, unit.version);
    const GET: Get<Self> = store::get;
    const GET_ALL: GetAll<Self> = store::get_all;
    const CREATE: Create<Self> = store::create;
    const UPDATE: Update<Self> = store::update;
    const DELETE: Delete<Self> = store::delete;
    const RESTORE: Restore<Self> = store::restore;
}
