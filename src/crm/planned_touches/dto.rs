//! Planned touches on the wire.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;

use super::fields::PlannedTouches;
use crate::crm::resource::batch::Batch;
use crate::crm::resource::batch_get::Wanted;
use crate::crm::touch_records::TouchRecordFields;
use crate::db::id::{ContactId, CustomerId, OpportunityId, PlannedTouchId, TouchRecordId, UserId};
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};
use crate::listing::Search;

/// What has become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PlannedTouchStatus {
    Planned,
    Done,
    Cancelled,
}

/// The members of a planned touch that are set at creation and changed by PATCH.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlannedTouchFields {
    /// A contact of the customer.
    pub contact_id: Option<ContactId>,
    /// An opportunity of the customer.
    pub opportunity_id: Option<OpportunityId>,
    /// Code of the dictionary `touch_type`.
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 64, example = "call")]
    pub touch_type: String,
    pub due_at: Instant,
    /// What for.
    #[schema(min_length = 1, max_length = 500, example = "跟进报价")]
    pub summary: String,
}

impl Patchable for PlannedTouchFields {
    const PATCH_SCHEMA: &'static str = "UpdatePlannedTouch";
}

pub type UpdatePlannedTouch = Patch<PlannedTouchFields>;

pub type PlannedTouchSearch = Search<PlannedTouches>;
pub type PlannedTouchBatchRequest = Batch<PlannedTouches>;
pub type PlannedTouchBatchGetRequest = Wanted<PlannedTouches>;

/// A new planned touch.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CreatePlannedTouch {
    pub customer_id: CustomerId,
    /// Who is to do it: the caller, when nobody is named. A rep can only name itself, a manager the members of its unit.
    pub assignee_id: Option<UserId>,
    #[serde(flatten)]
    pub fields: PlannedTouchFields,
}

/// A planned touch.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlannedTouch {
    pub id: PlannedTouchId,
    /// Grows by one with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
    pub customer_id: CustomerId,
    /// Changed by `POST /planned-touches/{id}/reassign`.
    pub assignee_id: UserId,
    #[serde(flatten)]
    pub fields: PlannedTouchFields,
    pub status: PlannedTouchStatus,
    /// What was done. Null while nothing was, and when that touch record was removed for good.
    pub touch_record_id: Option<TouchRecordId>,
    /// When the touch took place, as its record said when it was completed.
    pub completed_at: Option<Instant>,
    pub cancelled_reason: Option<String>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}

/// What was done: a new touch record of the planned touch's customer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CompletePlannedTouch {
    #[serde(flatten)]
    pub fields: TouchRecordFields,
}

/// Why it is not to be done any more.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CancelPlannedTouch {
    #[schema(min_length = 1, max_length = 500, example = "客户出差")]
    pub reason: String,
}

/// Who is to do it instead.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct ReassignPlannedTouch {
    /// A rep can only name itself, a manager the members of its unit.
    pub assignee_id: UserId,
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}
