//! Touch records on the wire.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;

use super::fields::TouchRecords;
use crate::crm::custom_fields::{Custom, CustomValues};
use crate::crm::external_refs::ExternalRef;
use crate::crm::resource::batch_get::Wanted;
use crate::crm::resource::upsert::Upsert;
use crate::db::id::{ContactId, CustomerId, OpportunityId, TouchRecordId, UserId};
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};
use crate::listing::Search;

/// Who began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Direction {
    Inbound,
    Outbound,
    #[default]
    None,
}

/// Where it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Degrees north (WGS 84).
    #[schema(minimum = -90, maximum = 90, example = 22.65)]
    pub lat: f64,
    /// Degrees east (WGS 84).
    #[schema(minimum = -180, maximum = 180, example = 114.06)]
    pub lng: f64,
    /// Radius in metres.
    #[schema(minimum = 0, maximum = 10_000_000, example = 12)]
    pub accuracy_m: Option<f64>,
}

/// The members of a touch record that are set at creation and changed by PATCH.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TouchRecordFields {
    /// Contacts of the customer.
    #[serde(default)]
    #[schema(value_type = BTreeSet<ContactId>, max_items = 20)]
    pub contact_ids: Vec<ContactId>,
    /// An opportunity of the customer.
    pub opportunity_id: Option<OpportunityId>,
    /// Code of the dictionary `touch_type`; its flags say whether it counts.
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 64, example = "call")]
    pub touch_type: String,
    #[serde(default)]
    pub direction: Direction,
    /// Not in the future, but for five minutes that clocks may differ by.
    pub occurred_at: Instant,
    #[schema(minimum = 0, maximum = 31_536_000)]
    pub duration_seconds: Option<i64>,
    #[schema(min_length = 1, max_length = 500, example = "确认了报价，下周签约")]
    pub summary: String,
    #[schema(max_length = 20_000)]
    pub content: Option<String>,
    /// Code of the dictionary `touch_outcome`.
    #[schema(max_length = 64)]
    pub outcome: Option<String>,
    pub location: Option<Location>,
    /// When the customer is to be touched again.
    pub next_touch_at: Option<Instant>,
    /// Identifiers in other systems.
    #[serde(default)]
    #[schema(value_type = BTreeSet<ExternalRef>, max_items = 10)]
    pub external_refs: Vec<ExternalRef>,
    /// Values of the workspace's own fields (`/fields`), by their keys. In a patch each key stands for itself: null clears it.
    #[serde(default)]
    #[schema(value_type = CustomValues, example = json!({ "contract_level": "gold" }))]
    pub custom: Custom,
}

impl Patchable for TouchRecordFields {
    const PATCH_SCHEMA: &'static str = "UpdateTouchRecord";
}

pub type UpdateTouchRecord = Patch<TouchRecordFields>;

pub type UpsertTouchRecord = Upsert<TouchRecords>;
pub type TouchRecordSearch = Search<TouchRecords>;
pub type TouchRecordBatchGetRequest = Wanted<TouchRecords>;

/// A new touch record.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CreateTouchRecord {
    pub customer_id: CustomerId,
    #[serde(flatten)]
    pub fields: TouchRecordFields,
}

/// A touch record.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TouchRecord {
    pub id: TouchRecordId,
    /// Grows by one with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
    pub customer_id: CustomerId,
    #[serde(flatten)]
    pub fields: TouchRecordFields,
    /// Whether its type counted when it was given.
    #[serde(skip)]
    #[schema(ignore)]
    pub counts_as_touch: bool,
    /// Whether it kept the customer from being recycled when it was written.
    #[serde(skip)]
    #[schema(ignore)]
    pub resets_recycle: bool,
    /// Who recorded it.
    pub author_id: UserId,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}
