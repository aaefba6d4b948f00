//! Rows of the tables whose own structs stay in their modules.

use chrono::NaiveDate;
use diesel::prelude::*;
use fishpond::db::condition::AnyId;
use fishpond::db::id::{ChangeId, ContactId, CustomFieldId, CustomerId, TouchRecordId, UserId, WorkspaceId};
use fishpond::db::schema::{changes, contact_links, custom_values, external_refs, lookup_keys, touch_record_contacts};
use fishpond::db::types::{Instant, Json};
use serde_json::{Map, Value};

#[derive(Insertable)]
#[diesel(table_name = contact_links, treat_none_as_default_value = false)]
pub(super) struct LinkRow {
    pub(super) workspace_id: WorkspaceId,
    pub(super) contact_id: ContactId,
    pub(super) customer_id: CustomerId,
    pub(super) position: i32,
    pub(super) role: Option<String>,
    pub(super) is_primary: bool,
    pub(super) is_decision_maker: bool,
    pub(super) left_date: Option<NaiveDate>,
    pub(super) is_deleted: bool,
}

#[derive(Insertable)]
#[diesel(table_name = external_refs, treat_none_as_default_value = false)]
pub(super) struct RefRow {
    pub(super) workspace_id: WorkspaceId,
    pub(super) resource_type: &'static str,
    pub(super) system: String,
    pub(super) value: String,
    pub(super) object_id: AnyId,
}

#[derive(Insertable)]
#[diesel(table_name = lookup_keys, treat_none_as_default_value = false)]
pub(super) struct KeyRow {
    pub(super) workspace_id: WorkspaceId,
    pub(super) resource_type: &'static str,
    pub(super) kind: &'static str,
    pub(super) value: String,
    pub(super) object_id: AnyId,
}

#[derive(Insertable)]
#[diesel(table_name = changes, treat_none_as_default_value = false)]
pub(super) struct ChangeRow {
    pub(super) workspace_id: WorkspaceId,
    pub(super) id: ChangeId,
    pub(super) kind: String,
    pub(super) object_type: &'static str,
    pub(super) object_id: AnyId,
    pub(super) object_version: i64,
    pub(super) changed: Json<Map<String, Value>>,
    pub(super) actor_id: Option<UserId>,
    pub(super) request_id: &'static str,
    pub(super) at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = touch_record_contacts, treat_none_as_default_value = false)]
pub(super) struct TouchContactRow {
    pub(super) workspace_id: WorkspaceId,
    pub(super) contact_id: ContactId,
    pub(super) touch_record_id: TouchRecordId,
}

#[derive(Insertable)]
#[diesel(table_name = custom_values, treat_none_as_default_value = false)]
pub(super) struct ValueRow {
    pub(super) workspace_id: WorkspaceId,
    pub(super) object_id: AnyId,
    pub(super) field_id: CustomFieldId,
    pub(super) position: i32,
    pub(super) text_value: Option<String>,
    pub(super) number_value: Option<i64>,
    pub(super) unique_value: Option<String>,
}
