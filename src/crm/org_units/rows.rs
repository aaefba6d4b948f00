//! A unit's row, and the way between it and what is answered.

use diesel::prelude::*;

use super::dto::{OrgUnit, OrgUnitFields, OrgUnitType};
use crate::crm::external_refs::ExternalRef;
use crate::db::id::{OrgUnitId, UserId, WorkspaceId};
use crate::db::schema::org_units;
use crate::db::types::{Instant, Json, Named};
use crate::listing::fold::fold_compare;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = org_units, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct OrgUnitRow {
    pub workspace_id: WorkspaceId,
    pub id: OrgUnitId,
    pub version: i64,
    pub name: String,
    pub name_fold: String,
    pub kind: Named<OrgUnitType>,
    pub parent_id: Option<OrgUnitId>,
    pub external_refs: Json<Vec<ExternalRef>>,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by_id: Option<UserId>,
}

impl From<OrgUnitRow> for OrgUnit {
    #[rustfmt::skip]
    fn from(row: OrgUnitRow) -> Self {
        let OrgUnitRow {
            workspace_id: _, id, version, name, name_fold: _, kind, parent_id, external_refs, created_at, updated_at, created_by_id,
        } = row;
        let fields = OrgUnitFields { name, kind: kind.0, external_refs: external_refs.0 };
        Self { id, version, parent_id, fields, created_at, updated_at, created_by_id }
    }
}

#[rustfmt::skip]
pub fn row_of(workspace_id: WorkspaceId, unit: &OrgUnit) -> OrgUnitRow {
    let OrgUnit { id, version, parent_id, fields, created_at, updated_at, created_by_id } = unit.clone();
    let OrgUnitFields { name, kind, external_refs } = fields;
    OrgUnitRow {
        workspace_id, id, version, name_fold: fold_compare(&name), name, kind: Named(kind), parent_id, external_refs: Json(external_refs),
        created_at, updated_at, created_by_id,
    }
}
