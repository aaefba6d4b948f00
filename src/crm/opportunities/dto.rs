//! Opportunities on the wire.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::fields::Opportunities;
use crate::crm::custom_fields::{Custom, CustomValues};
use crate::crm::external_refs::ExternalRef;
use crate::crm::pipelines::{ForecastCategory, StageKind};
use crate::crm::resource::batch_get::Wanted;
use crate::crm::resource::upsert::Upsert;
use crate::db::id::{ContactId, CustomerId, OpportunityId, PipelineId, StageId, UserId};
use crate::db::money::Money;
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};
use crate::listing::Search;

/// The members of an opportunity that are set at creation and changed by PATCH.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, Validate)]
pub struct OpportunityFields {
    #[schema(min_length = 1, max_length = 200, example = "ERP 升级项目")]
    pub name: String,
    /// A contact of the customer.
    pub contact_id: Option<ContactId>,
    #[validate(nested)]
    pub amount: Option<Money>,
    /// In percent; null while the stage's applies.
    #[schema(minimum = 0, maximum = 100)]
    pub probability: Option<i32>,
    /// Null while the stage's applies.
    pub forecast_category: Option<ForecastCategory>,
    pub expected_close_date: Option<NaiveDate>,
    /// Code of the dictionary `source`.
    #[schema(max_length = 64, example = "exhibition")]
    pub source: Option<String>,
    #[schema(max_length = 200)]
    pub competitor: Option<String>,
    #[schema(max_length = 2000)]
    pub needs: Option<String>,
    #[schema(max_length = 5000)]
    pub remarks: Option<String>,
    /// Identifiers in other systems.
    #[serde(default)]
    #[schema(value_type = BTreeSet<ExternalRef>, max_items = 10)]
    pub external_refs: Vec<ExternalRef>,
    /// Values of the workspace's own fields (`/fields`), by their keys. In a patch each key stands for itself: null clears it.
    #[serde(default)]
    #[schema(value_type = CustomValues, example = json!({ "contract_level": "gold" }))]
    pub custom: Custom,
}

impl OpportunityFields {
    /// As it will be read back.
    #[must_use]
    pub fn tidy(self) -> Self {
        Self { amount: self.amount.map(Money::tidy), ..self }
    }
}

impl Patchable for OpportunityFields {
    const PATCH_SCHEMA: &'static str = "UpdateOpportunity";
}

pub type UpdateOpportunity = Patch<OpportunityFields>;

pub type UpsertOpportunity = Upsert<Opportunities>;
pub type OpportunitySearch = Search<Opportunities>;
pub type OpportunityBatchGetRequest = Wanted<Opportunities>;

/// A new opportunity.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CreateOpportunity {
    pub customer_id: CustomerId,
    /// The default pipeline when none is named.
    pub pipeline_id: Option<PipelineId>,
    /// An open stage of the pipeline; the first one when none is named.
    pub stage_id: Option<StageId>,
    /// The customer's owner when nobody is named, and the caller when it has none. A rep can only name itself.
    pub owner_id: Option<UserId>,
    #[serde(flatten)]
    pub fields: OpportunityFields,
}

/// An opportunity.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Opportunity {
    pub id: OpportunityId,
    /// Grows by one with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
    pub customer_id: CustomerId,
    pub pipeline_id: PipelineId,
    /// Changed by `POST /opportunities/{id}/move`.
    pub stage_id: StageId,
    pub stage_kind: StageKind,
    pub stage_entered_at: Instant,
    /// What the stage gives when the opportunity has no probability of its own.
    #[serde(skip)]
    #[schema(ignore)]
    pub stage_probability: i32,
    pub owner_id: UserId,
    #[serde(flatten)]
    pub fields: OpportunityFields,
    /// `amount` × probability, rounded half to even; a won one counts whole, a lost or void one nothing.
    pub weighted_amount: Option<Money>,
    /// Null while it is open.
    pub closed_at: Option<Instant>,
    /// Code of the dictionary `close_reason`.
    pub close_reason_code: Option<String>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}

/// A move to another stage of the same pipeline.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct MoveOpportunity {
    pub to_stage_id: StageId,
    /// Code of the dictionary `close_reason`; a lost opportunity needs one.
    #[schema(max_length = 64, example = "price")]
    pub reason_code: Option<String>,
    #[schema(max_length = 500)]
    pub note: Option<String>,
    /// When it was won, lost or void: now, unless this says otherwise. Not in the future; for closed stages only.
    pub closed_at: Option<Instant>,
}

/// Opportunities that get another owner.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct TransferOpportunities {
    #[schema(value_type = BTreeSet<OpportunityId>, min_items = 1, max_items = 200)]
    pub ids: Vec<OpportunityId>,
    pub to_user_id: UserId,
    #[schema(min_length = 1, max_length = 500, example = "territory change")]
    pub reason: String,
}

/// A stay in a stage, with what the opportunity was worth when it came there.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StageStay {
    pub stage_id: StageId,
    pub entered_at: Instant,
    /// Null where it is now.
    pub left_at: Option<Instant>,
    /// Who moved it there; null for the system.
    pub by_id: Option<UserId>,
    pub amount: Option<Money>,
    /// In percent.
    pub probability: i32,
}

/// The stays of an opportunity, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageHistory {
    pub data: Vec<StageStay>,
}
