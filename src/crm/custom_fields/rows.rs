//! A custom field's row, and the way between it and what is answered.

use diesel::prelude::*;
use serde_json::Value;

use super::dto::{CustomField, CustomFieldFields, FieldKind, FieldOption, FieldResource};
use crate::crm::dictionaries::Label;
use crate::db::id::{CustomFieldId, UserId, WorkspaceId};
use crate::db::schema::custom_fields;
use crate::db::types::{Instant, Json, Named};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = custom_fields, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct FieldRow {
    pub workspace_id: WorkspaceId,
    pub id: CustomFieldId,
    pub version: i64,
    pub resource: Named<FieldResource>,
    pub key: String,
    pub kind: Named<FieldKind>,
    pub label: Json<Label>,
    pub is_required: bool,
    pub is_unique: bool,
    pub options: Json<Vec<FieldOption>>,
    pub default_value: Option<Json<Value>>,
    pub min: Option<Json<Value>>,
    pub max: Option<Json<Value>>,
    pub pattern: Option<String>,
    pub retired_at: Option<Instant>,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by_id: Option<UserId>,
}

impl From<FieldRow> for CustomField {
    #[rustfmt::skip]
    fn from(row: FieldRow) -> Self {
        let FieldRow {
            workspace_id: _, id, version, resource, key, kind, label, is_required, is_unique, options, default_value, min, max, pattern,
            retired_at, created_at, updated_at, created_by_id,
        } = row;
        let fields = CustomFieldFields {
            label: label.0, is_required, is_unique, options: options.0, default: default_value.map(|value| value.0),
            min: min.map(|value| value.0), max: max.map(|value| value.0), pattern,
        };
        Self {
            id, version, resource: resource.0, key, kind: kind.0, fields, is_active: retired_at.is_none(), retired_at, created_at,
            updated_at, created_by_id,
        }
    }
}

#[rustfmt::skip]
pub fn row_of(workspace_id: WorkspaceId, field: &CustomField) -> FieldRow {
    let CustomField {
        id, version, resource, key, kind, fields, is_active: _, retired_at, created_at, updated_at, created_by_id,
    } = field.clone();
    let CustomFieldFields { label, is_required, is_unique, options, default, min, max, pattern } = fields;
    FieldRow {
        workspace_id, id, version, resource: Named(resource), key, kind: Named(kind), label: Json(label), is_required, is_unique,
        options: Json(options), default_value: default.map(Json), min: min.map(Json), max: max.map(Json), pattern, retired_at,
        created_at, updated_at, created_by_id,
    }
}
