//! Holding caps on the wire.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;

use crate::auth::privileges::Role;
use crate::db::id::{HoldingCapId, OrgUnitId, TierId, UserId};
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};

/// Whose cap it is; what is narrower comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CapScope {
    User,
    Role,
    OrgUnit,
    Workspace,
}

/// The customers that do not count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapExclude {
    /// Those with a won opportunity.
    #[serde(default)]
    pub won: bool,
    /// Those that are locked.
    #[serde(default)]
    pub locked: bool,
    /// Those of these tiers.
    #[serde(default)]
    #[schema(value_type = BTreeSet<TierId>, max_items = 50)]
    pub tier_ids: Vec<TierId>,
}

/// The members of a cap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HoldingCapFields {
    pub scope: CapScope,
    /// With the scope `user`.
    pub user_id: Option<UserId>,
    /// With the scope `role`: each user of this role.
    pub role: Option<Role>,
    /// With the scope `org_unit`: each user of this unit and of those below it.
    pub org_unit_id: Option<OrgUnitId>,
    #[schema(minimum = 0, maximum = 10_000_000, example = 200)]
    pub cap: i32,
    #[serde(default)]
    pub exclude: CapExclude,
}

impl Patchable for HoldingCapFields {
    const PATCH_SCHEMA: &'static str = "UpdateHoldingCap";
}

pub type UpdateHoldingCap = Patch<HoldingCapFields>;

/// A new cap.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CreateHoldingCap {
    #[serde(flatten)]
    pub fields: HoldingCapFields,
}

/// A cap of the customers that one user may hold.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HoldingCap {
    pub id: HoldingCapId,
    /// Grows by one with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
    #[serde(flatten)]
    pub fields: HoldingCapFields,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}

/// All caps, narrowest scope first.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldingCaps {
    pub data: Vec<HoldingCap>,
}
