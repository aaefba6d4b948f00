//! A touch record's row, and the way between it and what is answered.

use diesel::prelude::*;

use super::dto::{Direction, Location, TouchRecord, TouchRecordFields};
use crate::crm::custom_fields::Custom;
use crate::crm::external_refs::ExternalRef;
use crate::db::id::{ContactId, CustomerId, OpportunityId, TouchRecordId, UserId, WorkspaceId};
use crate::db::schema::touch_records;
use crate::db::types::{Instant, Json, Named};
use crate::listing::fold::fold_compare;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = touch_records, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct TouchRecordRow {
    pub workspace_id: WorkspaceId,
    pub id: TouchRecordId,
    pub version: i64,
    pub customer_id: CustomerId,
    pub contact_ids: Json<Vec<ContactId>>,
    pub opportunity_id: Option<OpportunityId>,
    pub touch_type: String,
    pub counts_as_touch: bool,
    pub direction: Named<Direction>,
    pub occurred_at: Instant,
    pub duration_seconds: Option<i64>,
    pub summary: String,
    pub summary_fold: String,
    pub content: Option<String>,
    pub outcome: Option<String>,
    pub location: Option<Json<Location>>,
    pub next_touch_at: Option<Instant>,
    pub author_id: UserId,
    pub external_refs: Json<Vec<ExternalRef>>,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by_id: Option<UserId>,
    pub is_deleted_with_customer: bool,
    pub custom: Json<Custom>,
    pub resets_recycle: bool,
}

impl From<TouchRecordRow> for TouchRecord {
    #[rustfmt::skip]
    fn from(row: TouchRecordRow) -> Self {
        let TouchRecordRow {
            workspace_id: _, id, version, customer_id, contact_ids, opportunity_id, touch_type, counts_as_touch, direction, occurred_at,
            duration_seconds, summary, summary_fold: _, content, outcome, location, next_touch_at, author_id, external_refs, created_at,
            updated_at, created_by_id, is_deleted_with_customer: _, custom, resets_recycle,
        } = row;
        let fields = TouchRecordFields {
            contact_ids: contact_ids.0, opportunity_id, touch_type, direction: direction.0, occurred_at, duration_seconds, summary, content,
            outcome, location: location.map(|location| location.0), next_touch_at, external_refs: external_refs.0,
            custom: custom.0,
        };
        Self { id, version, customer_id, fields, counts_as_touch, resets_recycle, author_id, created_at, updated_at, created_by_id }
    }
}

#[rustfmt::skip]
pub fn row_of(workspace_id: WorkspaceId, touch: &TouchRecord) -> TouchRecordRow {
    let TouchRecord { id, version, customer_id, fields, counts_as_touch, resets_recycle, author_id, created_at, updated_at, created_by_id } =
        touch.clone();
    let TouchRecordFields {
        contact_ids, opportunity_id, touch_type, direction, occurred_at, duration_seconds, summary, content, outcome, location,
        next_touch_at, external_refs, custom,
    } = fields;
    TouchRecordRow {
        workspace_id, id, version, customer_id, contact_ids: Json(contact_ids), opportunity_id, touch_type, counts_as_touch,
        direction: Named(direction), occurred_at, duration_seconds, summary_fold: fold_compare(&summary), summary, content, outcome,
        location: location.map(Json), next_touch_at, author_id, external_refs: Json(external_refs), created_at, updated_at, created_by_id,
        is_deleted_with_customer: false, custom: Json(custom), resets_recycle,
    }
}
