//! Pools on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;

use super::masks::MaskedField;
use crate::db::id::{CustomerId, OrgUnitId, PoolId, UserId};
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};

/// Somebody who claims from a pool: a user, or everybody in a unit and in those below it. Exactly one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolMember {
    #[serde(default)]
    pub user_id: Option<UserId>,
    #[serde(default)]
    pub org_unit_id: Option<OrgUnitId>,
}

/// What becomes of a customer's open opportunities when it is recycled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OnRecycleOpportunities {
    /// A customer with open opportunities is not recycled.
    #[default]
    Block,
    /// They stay with their owners.
    Keep,
    /// They are closed as lost.
    CloseLost,
}

/// What becomes of a customer's planned touches when it is recycled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OnRecyclePlannedTouches {
    #[default]
    Cancel,
    Keep,
}

/// What becomes of what belongs to a customer when it is recycled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OnRecycle {
    #[serde(default)]
    pub opportunities: OnRecycleOpportunities,
    #[serde(default)]
    pub planned_touches: OnRecyclePlannedTouches,
}

/// The members of a pool that are set at creation and changed by PATCH.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PoolFields {
    #[schema(min_length = 1, max_length = 100, example = "华南公海")]
    pub name: String,
    /// Nobody claims from a pool that is not enabled, and nothing is released into it.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub is_enabled: bool,
    /// Everybody in the workspace is a member.
    #[serde(default)]
    #[schema(default = false)]
    pub is_open: bool,
    #[serde(default)]
    #[schema(value_type = BTreeSet<PoolMember>, max_items = 200)]
    pub members: Vec<PoolMember>,
    /// Who assigns customers to others, and claims without quiet hours, cool-down and daily limit.
    #[serde(default)]
    #[schema(value_type = BTreeSet<PoolMember>, max_items = 200)]
    pub admins: Vec<PoolMember>,
    /// The customers that are released here when no pool is named: a filter as in `POST /customers/search`; all without it. A patch is
    /// merged into it, so set it to null before another shape.
    #[schema(value_type = Option<Object>, example = json!({ "field": "region", "op": "eq", "value": "south" }))]
    pub filter: Option<Map<String, Value>>,
    /// Of the pools whose filter matches, the one with the highest priority is taken.
    #[serde(default)]
    #[schema(minimum = -1_000_000, maximum = 1_000_000, default = 0)]
    pub priority: i32,
    /// Claims per member and day of the workspace; customers that were released again count.
    #[serde(default = "twenty")]
    #[schema(minimum = 0, maximum = 100_000, default = 20)]
    pub daily_claim_limit: i32,
    /// Customers in one request.
    #[serde(default = "twenty")]
    #[schema(minimum = 1, maximum = 200, default = 20)]
    pub claim_batch_max: i32,
    /// Days after the end of a holding in which its owner may not claim the customer again.
    #[serde(default = "seven")]
    #[schema(minimum = 0, maximum = 3650, default = 7)]
    pub reclaim_cooldown_days: i32,
    /// Hours in which a customer that came into the pool cannot be claimed.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 8760, default = 0)]
    pub new_item_quiet_hours: i32,
    /// Days before a customer is recycled on which its owner is reminded.
    #[serde(default = "reminders")]
    #[schema(value_type = BTreeSet<DaysBefore>, max_items = 10, default = json!([7, 3, 1]))]
    pub remind_before_days: Vec<i32>,
    #[serde(default)]
    pub on_recycle: OnRecycle,
    /// What is shown only in part (`138****5678`) of the customers in the pool and of their contacts, not compared by filters and not
    /// found by `q`, until somebody has claimed them. The pool's administrators and whoever changes everything see it; by `q` only the
    /// latter find it.
    #[serde(default = "masked")]
    #[schema(value_type = BTreeSet<MaskedField>, max_items = 3, default = json!(["phones", "email", "address"]))]
    pub masked_fields: Vec<MaskedField>,
}

/// Days before something happens.
#[derive(ToSchema)]
#[schema(value_type = i32, minimum = 0, maximum = 365)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct DaysBefore(i32);

const fn yes() -> bool {
    true
}

const fn twenty() -> i32 {
    20
}

const fn seven() -> i32 {
    7
}

fn reminders() -> Vec<i32> {
    vec![7, 3, 1]
}

fn masked() -> Vec<MaskedField> {
    vec![MaskedField::Phones, MaskedField::Email, MaskedField::Address]
}

impl Patchable for PoolFields {
    const PATCH_SCHEMA: &'static str = "UpdatePool";
}

pub type UpdatePool = Patch<PoolFields>;

/// A new pool.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CreatePool {
    #[serde(flatten)]
    pub fields: PoolFields,
}

/// A pool of customers that nobody owns.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Pool {
    pub id: PoolId,
    /// Grows by one with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
    /// The workspace's default pool takes customers that are created without owner and pool. It stays enabled.
    pub is_default: bool,
    #[serde(flatten)]
    pub fields: PoolFields,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}

/// Whether what cannot be done keeps the rest from being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimMode {
    /// What can be claimed is claimed; limits are met one by one, in order.
    Partial,
    /// All or none.
    Atomic,
}

/// Customers to claim.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct ClaimCustomers {
    /// As many as the pool's `claim_batch_max`.
    #[schema(value_type = BTreeSet<CustomerId>, min_items = 1, max_items = 200)]
    pub ids: Vec<CustomerId>,
    pub mode: ClaimMode,
}

/// Customers to give to somebody.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct AssignCustomers {
    #[schema(value_type = BTreeSet<CustomerId>, min_items = 1, max_items = 200)]
    pub ids: Vec<CustomerId>,
    pub mode: ClaimMode,
    pub to_user_id: UserId,
    #[schema(max_length = 500, example = "key account of the region")]
    pub reason: Option<String>,
    /// Beyond the holding cap; needs a `reason`.
    #[serde(default)]
    #[schema(default = false)]
    pub override_cap: bool,
}
