//! Worklists on the wire.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::id::{ContactId, CustomerId, OpportunityId, PlannedTouchId};
use crate::db::types::Instant;

/// Why something is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkReason {
    /// A touch was planned for a day before today.
    PlannedTouchOverdue,
    /// A touch is planned for today.
    PlannedTouchDue,
    /// The customer goes back to its pool within seven days, if nothing happens.
    RecyclingSoon,
    /// The customer was to be touched before today, by the cadence of its opportunity's stage, of its tier or of the workspace.
    CadenceOverdue,
    /// The customer is to be touched today.
    CadenceDue,
    /// The opportunity has neither moved nor heard of us for longer than its stage allows.
    StaleOpportunity,
    /// The customer or a contact of it has its birthday, today or on a day off before the next working day.
    Birthday,
}

/// The customer that something is to be done with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkCustomer {
    pub id: CustomerId,
    pub name: String,
}

/// The opportunity that something is to be done for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkOpportunity {
    pub id: OpportunityId,
    pub name: String,
}

/// The contact that something is to be done with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkContact {
    pub id: ContactId,
    pub name: String,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkItem {
    /// How urgent it is: 1 goes back to the pool today or tomorrow, 2 is overdue by more than a week, 3 by four to seven days, 4 by up to
    /// three, 5 is due today or a birthday, 6 goes back to the pool within seven days.
    #[schema(minimum = 1, maximum = 6)]
    pub rank: i32,
    pub reason: WorkReason,
    pub customer: WorkCustomer,
    /// The planned touch that is due.
    pub planned_touch_id: Option<PlannedTouchId>,
    /// The opportunity that is stale.
    pub opportunity: Option<WorkOpportunity>,
    /// The contact whose birthday it is; null when it is the customer's own.
    pub contact: Option<WorkContact>,
    /// When the planned touch is due, or the customer goes back. Null for what knows days only.
    pub due_at: Option<Instant>,
    /// The same as a day of the workspace: of a stale opportunity the last day in time, of a birthday the day itself.
    pub due_date: NaiveDate,
    /// Days since then; 0 when it is not overdue.
    pub overdue_days: i64,
    /// 1 when it is overdue by up to three days, 2 by up to seven, 3 by more; null when it is not overdue.
    pub level: Option<i32>,
}

/// What the caller has to do, most urgent first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Worklist {
    pub data: Vec<WorkItem>,
    /// Whether there is more than what was asked for.
    pub has_more: bool,
}

/// How a plan was kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorklistSummary {
    pub plan: PlanKept,
}

/// Plan against done: of the touches that were planned for the 30 days before today and were not cancelled, those that took place on the
/// planned day, the day before or the day after.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanKept {
    /// The first day that counts.
    pub from_date: NaiveDate,
    /// The last one: yesterday.
    pub to_date: NaiveDate,
    /// Those that were made in time.
    pub numerator: i64,
    /// All that were planned.
    pub denominator: i64,
    /// The one by the other, with four decimal places; null when nothing was planned.
    #[schema(minimum = 0, maximum = 1)]
    pub ratio: Option<f64>,
}
