//! Tiers on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::fields::Tiers;
use crate::crm::custom_fields::{Custom, CustomValues};
use crate::crm::external_refs::ExternalRef;
use crate::crm::resource::batch_get::Wanted;
use crate::crm::resource::upsert::Upsert;
use crate::db::id::{TierId, UserId};
use crate::db::money::Money;
use crate::db::percent::Percent;
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};
use crate::listing::Search;

/// The members of a tier that are set at creation and changed by PATCH.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, Validate)]
pub struct TierFields {
    #[schema(min_length = 1, max_length = 100, example = "金牌客户")]
    pub name: String,
    /// Higher is better; unique among the tiers.
    #[schema(minimum = -1_000_000, maximum = 1_000_000, example = 30)]
    pub rank: i32,
    #[schema(pattern = "^#[0-9a-f]{6}$", example = "#d4af37")]
    pub color: Option<String>,
    /// One tier at most is the default: setting it takes it from the tier that had it.
    #[serde(default)]
    #[schema(default = false)]
    pub is_default: bool,
    #[schema(max_length = 2000)]
    pub benefits: Option<String>,
    #[validate(nested)]
    pub credit_limit: Option<Money>,
    /// Days until an invoice is due.
    #[schema(minimum = 0, maximum = 36_500)]
    pub payment_terms_days: Option<i32>,
    /// Days within which a customer is to be touched again.
    #[schema(minimum = 0, maximum = 36_500)]
    pub cadence_days: Option<i32>,
    /// Days without a touch after which a customer goes back to its pool: what counts for it in a `no_touch` rule that has no days of this tier itself. A change gives these rules three days' grace.
    #[schema(minimum = 0, maximum = 36_500)]
    pub recycle_days: Option<i32>,
    pub discount_percent: Option<Percent>,
    /// A tier that is not active stays with its customers and cannot be newly given.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub is_active: bool,
    /// Identifiers in other systems.
    #[serde(default)]
    #[schema(value_type = BTreeSet<ExternalRef>, max_items = 10)]
    pub external_refs: Vec<ExternalRef>,
    /// Values of the workspace's own fields (`/fields`), by their keys. In a patch each key stands for itself: null clears it.
    #[serde(default)]
    #[schema(value_type = CustomValues, example = json!({ "contract_level": "gold" }))]
    pub custom: Custom,
}

const fn yes() -> bool {
    true
}

impl TierFields {
    /// As it will be read back.
    #[must_use]
    pub fn tidy(self) -> Self {
        Self { credit_limit: self.credit_limit.map(Money::tidy), ..self }
    }
}

impl Patchable for TierFields {
    const PATCH_SCHEMA: &'static str = "UpdateTier";
}

pub type UpdateTier = Patch<TierFields>;

pub type UpsertTier = Upsert<Tiers>;
pub type TierSearch = Search<Tiers>;
pub type TierBatchGetRequest = Wanted<Tiers>;

/// A new tier.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CreateTier {
    /// Unique among the tiers; it never changes.
    #[schema(pattern = "^[a-z0-9_]{1,32}$", example = "gold")]
    pub code: String,
    #[serde(flatten)]
    pub fields: TierFields,
}

/// A tier.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Tier {
    pub id: TierId,
    /// Grows by one with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
    pub code: String,
    #[serde(flatten)]
    pub fields: TierFields,
    /// How many customers that you see have it; null without `include_counts=true`.
    pub customer_count: Option<i64>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}
