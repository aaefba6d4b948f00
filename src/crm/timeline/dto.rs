//! The timeline on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use crate::crm::customers::events::{LifecycleChange, OwnerChange, TierChange};
use crate::crm::touch_records::TouchRecord;
use crate::db::id::{OpportunityId, StageId, UserId};
use crate::db::money::Money;
use crate::db::types::Instant;

/// What an entry tells; the member of this name has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryType {
    TouchRecord,
    StageMove,
    OwnerChange,
    TierChange,
    LifecycleChange,
}

/// Something that happened. Of the last five members, the one that `type` names is there and the others are null.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TimelineEntry {
    #[schema(example = "tch_01jd9xq3v8e6ft2m4k7w0zr5ya")]
    pub id: String,
    #[serde(rename = "type")]
    pub kind: EntryType,
    /// When it happened: of a touch record, `occurred_at`.
    pub at: Instant,
    /// Who did it; null for the system.
    pub by_id: Option<UserId>,
    pub touch_record: Option<TouchRecord>,
    pub stage_move: Option<StageMove>,
    pub owner_change: Option<OwnerChange>,
    pub tier_change: Option<TierChange>,
    pub lifecycle_change: Option<LifecycleChange>,
}

/// An opportunity of the customer came into a stage.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StageMove {
    pub opportunity_id: OpportunityId,
    /// The opportunity's name today.
    pub opportunity_name: String,
    /// Null when the opportunity began there.
    pub from_stage_id: Option<StageId>,
    pub to_stage_id: StageId,
    /// What it was worth then.
    pub amount: Option<Money>,
    /// In percent.
    pub probability: i32,
    /// Code of the dictionary `close_reason`.
    pub reason_code: Option<String>,
    pub note: Option<String>,
}

/// A page of the timeline, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TimelinePage {
    pub data: Vec<TimelineEntry>,
    /// Whether there is a next page.
    pub has_more: bool,
    /// Send it as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}
