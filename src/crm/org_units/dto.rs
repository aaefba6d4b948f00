//! Organisation units on the wire.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;
use validator::Validate;

use super::fields::OrgUnits;
use crate::crm::external_refs::ExternalRef;
use crate::crm::resource::upsert::Upsert;
use crate::db::id::{OrgUnitId, UserId};
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};

/// What a unit is in its organisation; it has no consequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OrgUnitType {
    Company,
    Branch,
    Department,
    Team,
}

/// The members of a unit that are set at creation and changed by PATCH.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, Validate)]
pub struct OrgUnitFields {
    #[schema(min_length = 1, max_length = 100, example = "华南大区")]
    pub name: String,
    #[serde(rename = "type")]
    pub kind: OrgUnitType,
    /// Identifiers in other systems.
    #[serde(default)]
    #[schema(value_type = BTreeSet<ExternalRef>, max_items = 10)]
    pub external_refs: Vec<ExternalRef>,
}

impl Patchable for OrgUnitFields {
    const PATCH_SCHEMA: &'static str = "UpdateOrgUnit";
}

pub type UpdateOrgUnit = Patch<OrgUnitFields>;

pub type UpsertOrgUnit = Upsert<OrgUnits>;

/// A new unit.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CreateOrgUnit {
    /// The unit above it; at the top without one.
    pub parent_id: Option<OrgUnitId>,
    #[serde(flatten)]
    pub fields: OrgUnitFields,
}

/// A unit of the organisation.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OrgUnit {
    pub id: OrgUnitId,
    /// Grows by one with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
    /// The unit above it; null at the top.
    pub parent_id: Option<OrgUnitId>,
    #[serde(flatten)]
    pub fields: OrgUnitFields,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}

/// Another place in the tree.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct MoveOrgUnit {
    /// Null moves it to the top.
    #[schema(required = true)]
    pub parent_id: Option<OrgUnitId>,
}
