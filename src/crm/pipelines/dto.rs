//! Pipelines on the wire.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;
use validator::Validate;

use crate::crm::dictionaries::Label;
use crate::db::id::{PipelineId, StageId};
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};

/// What being in a stage means. `void` is outside of the win rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StageKind {
    Open,
    Won,
    Lost,
    Void,
}

/// How a forecast counts an opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ForecastCategory {
    Pipeline,
    BestCase,
    Commit,
    Closed,
    Omitted,
}

/// The members of a stage that administrators change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
pub struct StageFields {
    /// Days after which an opportunity that neither moves nor hears of us is stale. Null never; closed stages have none.
    #[schema(minimum = 1, maximum = 36_500)]
    pub stale_after_days: Option<i32>,
    /// Days within which the customer of an opportunity in this stage is to be touched again. Null leaves it to the customer's tier and the workspace; closed stages have none.
    #[schema(minimum = 1, maximum = 36_500)]
    pub cadence_days: Option<i32>,
}

impl Patchable for StageFields {
    const PATCH_SCHEMA: &'static str = "UpdateStage";
}

pub type UpdateStage = Patch<StageFields>;

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Stage {
    pub id: StageId,
    /// Grows by one with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
    #[schema(example = "proposal")]
    pub code: String,
    pub label: Label,
    /// Place in the pipeline; stages come sorted by it.
    pub order: i32,
    pub kind: StageKind,
    /// In percent; what an opportunity without a probability of its own has.
    #[schema(minimum = 0, maximum = 100)]
    pub probability: i32,
    /// What an opportunity without a forecast category of its own has.
    pub forecast_category: ForecastCategory,
    #[serde(flatten)]
    pub fields: StageFields,
}

/// The stages that opportunities go through.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Pipeline {
    pub id: PipelineId,
    pub version: i64,
    #[schema(example = "default")]
    pub code: String,
    pub label: Label,
    /// Whether opportunities go here when no pipeline is named.
    pub is_default: bool,
    /// In order.
    pub stages: Vec<Stage>,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// All pipelines of the workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct PipelineList {
    pub data: Vec<Pipeline>,
}
