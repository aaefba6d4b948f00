//! Jobs on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;

use crate::db::id::{JobId, UserId};
use crate::db::types::Instant;

/// How a job is. The last four are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Waits for its turn, or for its next attempt.
    Queued,
    Running,
    Succeeded,
    /// It is over, and not everything could be done: see `result` and `errors_url`.
    PartiallySucceeded,
    Failed,
    /// What had been done by then stays done.
    Cancelled,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Progress {
    /// Rows done.
    pub done: i64,
    /// Rows to do; null while that is not known.
    pub total: Option<i64>,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobError {
    /// A problem code; `GET /problems/{code}` explains it.
    #[schema(example = "requester_inactive")]
    pub code: String,
    pub detail: String,
}

/// Work in the background.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Job {
    pub id: JobId,
    pub version: i64,
    /// What it does.
    #[schema(example = "transfer_customers")]
    pub kind: String,
    pub status: Status,
    pub progress: Progress,
    /// What came of it, as its kind says; null until it is over.
    pub result: Option<Map<String, Value>>,
    /// Where to read what could not be done; null when there is nothing to read.
    pub errors_url: Option<String>,
    /// Why it failed; while it waits for its next attempt, why the last one failed.
    pub error: Option<JobError>,
    pub created_at: Instant,
    /// Null until it has begun.
    pub started_at: Option<Instant>,
    /// Null until it is over.
    pub finished_at: Option<Instant>,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}
