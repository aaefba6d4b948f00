//! The public sea (公海): pools hold the customers that nobody owns, and say who may claim them and how many. Every workspace has a
//! default one from its first day.

pub mod claims;
mod dto;
mod fields;
pub mod masks;
pub mod members;
mod outlook;
pub mod routes;
mod rows;
mod rules;
pub mod store;
pub mod work;

use crate::crm::resource::{Create, Delete, Get, GetAll, Resource, Restore, Update};
use crate::db::id::PoolId;

pub use dto::{CreatePool, OnRecycle, OnRecycleOpportunities, OnRecyclePlannedTouches, Pool, PoolFields, PoolMember};
pub use fields::{EXPANDED, Pools};
pub use members::open_to;

impl Resource for Pools {
    type Create = CreatePool;
    type Fields = PoolFields;
    type View = Pool;

    const PATH: &'static str = "/api/v1/pools";

    const KEY: fn(&Pool) -> (PoolId, i64) = |pool| (pool.id, pool.version);
    const GET: Get<Self> = store::get;
    const GET_ALL: GetAll<Self> = store::get_all;
    const CREATE: Create<Self> = store::create;
    const UPDATE: Update<Self> = store::update;
    const DELETE: Delete<Self> = store::delete;
    const RESTORE: Restore<Self> = store::restore;
}
