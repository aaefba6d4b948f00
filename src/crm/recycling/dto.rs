//! Recycle rules on the wire.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;

use crate::db::id::{CustomerId, PoolId, RecycleRuleId, TierId, UserId};
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};

/// What a rule counts from, and what ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RecycleKind {
    /// From the claim; a counting touch begins anew, or extends by `extend_days`.
    NoTouch,
    /// From the claim; an open or won opportunity made since ends it.
    NoOpportunity,
    /// From the claim; an opportunity won since ends it.
    NoDeal,
    /// From the last won opportunity; a new one begins anew.
    AfterLastDeal,
    /// From the claim; nothing ends or extends it.
    MaxHold,
}

/// What extends a rule's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExtendOn {
    /// A touch that resets recycling, by the owner or a collaborator, that says something.
    CountingTouch,
    /// An opportunity moved to a later stage.
    StageAdvance,
}

/// The customers that a rule leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecycleExclude {
    /// Those with a won opportunity.
    #[serde(default)]
    pub won: bool,
    /// Those with an open opportunity.
    #[serde(default)]
    pub open_opportunity: bool,
    /// Those of these tiers.
    #[serde(default)]
    #[schema(value_type = BTreeSet<TierId>, max_items = 50)]
    pub tier_ids: Vec<TierId>,
}

/// The days of a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TierDays {
    pub tier_id: TierId,
    #[schema(minimum = 1, maximum = 3650, example = 60)]
    pub days: i32,
}

/// The members of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecycleRuleFields {
    pub kind: RecycleKind,
    /// Days of the workspace, up to the end of the last one.
    #[schema(minimum = 1, maximum = 3650, example = 30)]
    pub days: i32,
    /// Other days for customers of a tier; of two for one tier the first counts. For tiers that are not here `no_touch` takes the tier's own `recycle_days`.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub tier_days: Vec<TierDays>,
    #[serde(default = "touches")]
    #[schema(value_type = BTreeSet<ExtendOn>, max_items = 2, default = json!(["counting_touch"]))]
    pub extend_on: Vec<ExtendOn>,
    /// Days after what extends until which the customer is safe at least; not of `max_hold`. Without it, a counting touch begins the days of `no_touch` anew.
    #[schema(minimum = 1, maximum = 3650)]
    pub extend_days: Option<i32>,
    #[serde(default)]
    pub exclude: RecycleExclude,
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub is_active: bool,
}

const fn yes() -> bool {
    true
}

fn touches() -> Vec<ExtendOn> {
    vec![ExtendOn::CountingTouch]
}

impl Patchable for RecycleRuleFields {
    const PATCH_SCHEMA: &'static str = "UpdateRecycleRule";
}

pub type UpdateRecycleRule = Patch<RecycleRuleFields>;

/// A new rule.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CreateRecycleRule {
    #[serde(flatten)]
    pub fields: RecycleRuleFields,
}

/// When customers go back to a pool. Of a pool's rules the one that is due first counts.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecycleRule {
    pub id: RecycleRuleId,
    /// Grows by one with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
    pub pool_id: PoolId,
    #[serde(flatten)]
    pub fields: RecycleRuleFields,
    /// When it was last changed in a way that counts: nobody becomes due by it for three days after.
    pub changed_at: Instant,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}

/// All rules of a pool.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecycleRules {
    pub data: Vec<RecycleRule>,
}

/// Rules to try out.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct SimulateRecycling {
    /// Instead of the pool's rules; these without it.
    #[schema(max_items = 20)]
    pub rules: Option<Vec<CreateRecycleRule>>,
    /// How far to look ahead. Default: 30.
    #[schema(minimum = 1, maximum = 365)]
    pub within_days: Option<i32>,
}

/// What rules would do, if nothing else happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecyclingForecast {
    /// Customers that the pool's rules apply to.
    pub considered: usize,
    /// Customers that would go back within the days.
    pub total: usize,
    /// By day, earliest first.
    pub days: Vec<RecyclingDay>,
    /// By owner, most first.
    pub owners: Vec<RecyclingOwner>,
    /// The first 20.
    pub sample: Vec<RecyclingSample>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RecyclingDay {
    pub date: NaiveDate,
    pub count: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RecyclingOwner {
    pub owner_id: UserId,
    pub count: usize,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RecyclingSample {
    pub customer_id: CustomerId,
    pub owner_id: UserId,
    /// The last day on which it is its owner's.
    pub due_date: NaiveDate,
    /// Place of the rule among those tried.
    pub rule: usize,
}

/// The caller's customers that go back to their pool soon, earliest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyRecycling {
    pub data: Vec<RecyclingCustomer>,
    /// Whether there are more than the 200 that are shown.
    pub has_more: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RecyclingCustomer {
    pub customer_id: CustomerId,
    pub name: String,
    pub recycle_due_at: Instant,
    pub recycle_rule_id: RecycleRuleId,
    /// The rule's kind.
    pub kind: RecycleKind,
    /// Whole days of the workspace until then; 0 is today.
    pub days_left: i64,
}
