//! A planned touch's row, and the way between it and what is answered.

use diesel::prelude::*;

use super::dto::{PlannedTouch, PlannedTouchFields, PlannedTouchStatus};
use crate::db::id::{ContactId, CustomerId, OpportunityId, PlannedTouchId, TouchRecordId, UserId, WorkspaceId};
use crate::db::schema::planned_touches;
use crate::db::types::{Instant, Named};
use crate::listing::fold::fold_compare;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = planned_touches, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct PlannedTouchRow {
    pub workspace_id: WorkspaceId,
    pub id: PlannedTouchId,
    pub version: i64,
    pub customer_id: CustomerId,
    pub contact_id: Option<ContactId>,
    pub opportunity_id: Option<OpportunityId>,
    pub touch_type: String,
    pub due_at: Instant,
    pub summary: String,
    pub summary_fold: String,
    pub assignee_id: UserId,
    pub status: Named<PlannedTouchStatus>,
    pub touch_record_id: Option<TouchRecordId>,
    pub cancelled_reason: Option<String>,
    pub completed_at: Option<Instant>,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by_id: Option<UserId>,
    pub is_deleted_with_customer: bool,
}

impl From<PlannedTouchRow> for PlannedTouch {
    #[rustfmt::skip]
    fn from(row: PlannedTouchRow) -> Self {
        let PlannedTouchRow {
            workspace_id: _, id, version, customer_id, contact_id, opportunity_id, touch_type, due_at, summary, summary_fold: _, assignee_id,
            status, touch_record_id, cancelled_reason, completed_at, created_at, updated_at, created_by_id, is_deleted_with_customer: _,
        } = row;
        let fields = PlannedTouchFields { contact_id, opportunity_id, touch_type, due_at, summary };
        Self {
            id, version, customer_id, assignee_id, fields, status: status.0, touch_record_id, completed_at, cancelled_reason, created_at,
            updated_at, created_by_id,
        }
    }
}

#[rustfmt::skip]
pub fn row_of(workspace_id: WorkspaceId, touch: &PlannedTouch) -> PlannedTouchRow {
    let PlannedTouch {
        id, version, customer_id, assignee_id, fields, status, touch_record_id, completed_at, cancelled_reason, created_at, updated_at,
        created_by_id,
    } = touch.clone();
    let PlannedTouchFields { contact_id, opportunity_id, touch_type, due_at, summary } = fields;
    PlannedTouchRow {
        workspace_id, id, version, customer_id, contact_id, opportunity_id, touch_type, due_at, summary_fold: fold_compare(&summary), summary,
        assignee_id, status: Named(status), touch_record_id, cancelled_reason, completed_at, created_at, updated_at, created_by_id,
        is_deleted_with_customer: false,
    }
}
