//! Pipelines on the wire.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;

use crate::crm::dictionaries::Label;
use crate::db::id::{PipelineId, StageId};
use crate::db::types::Instant;

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

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Stage {
    pub id: StageId,
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
