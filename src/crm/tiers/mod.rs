//! Tiers (客户等级): how much a customer matters, and what it gets for that.

mod dto;
mod fields;
pub mod routes;
mod rows;
pub mod store;

use crate::crm::resource::{Create, Delete, Get, GetAll, Resource, Restore, Update};
use crate::db::Topic;
use crate::db::id::TierId;

pub use dto::{CreateTier, Tier, TierFields};
pub use fields::{EXPANDED, Tiers};

impl Resource for Tiers {
    type Create = CreateTier;
    type Fields = TierFields;
    type View = Tier;

    const PATH: &'static str = "/api/v1/tiers";
    const TOPIC: Option<(Topic, &str)> = Some((Topic::DefaultTier, "is_default"));

    const KEY: fn(&Tier) -> (TierId, i64) = |tier| (tier.id, tier.version);
    const GET: Get<Self> = |conn, scope, id| store::get(conn, scope, id, false);
    const GET_ALL: GetAll<Self> = store::get_all;
    const CREATE: Create<Self> = store::create;
    const UPDATE: Update<Self> = store::update;
    const DELETE: Delete<Self> = store::delete;
    const RESTORE: Restore<Self> = store::restore;
}
