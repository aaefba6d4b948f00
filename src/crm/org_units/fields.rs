//! What organisation units are listed by.

use crate::crm::resource::expanded;
use crate::crm::users;
use crate::db::id::OrgUnitKind;
use crate::listing::{Expansion, Field, FieldType, Listed, Target};

/// The list of units.
pub struct OrgUnits;

const TYPES: FieldType = FieldType::Enum(&[
    ("company", "公司", "Company"),
    ("branch", "分支机构", "Branch"),
    ("department", "部门", "Department"),
    ("team", "小组", "Team"),
]);

impl Listed for OrgUnits {
    type Kind = OrgUnitKind;
    const SCHEMA: &'static str = "OrgUnit";
    const TABLE: &'static str = "org_units";
    const HAS_DELETED: bool = true;
    const EXPANSIONS: &'static [Expansion] =
        &[Expansion::one("parent", "parent_id", &EXPANDED), Expansion::one("created_by", "created_by_id", &users::EXPANDED)];
    const FIELDS: &'static [Field] = &[
        Field::new("name", FieldType::Text, "org_units.name_fold").sortable(),
        Field::new("type", TYPES, "org_units.type"),
        Field::new("parent_id", FieldType::Id("org"), "org_units.parent_id").nullable(),
        Field::external_ref(),
        Field::new("created_at", FieldType::Instant, "org_units.created_at").range(),
        Field::new("updated_at", FieldType::Instant, "org_units.updated_at").range(),
        Field::new("created_by_id", FieldType::Id("usr"), "org_units.created_by_id").nullable(),
    ];
}

/// Units where other objects name them.
pub const EXPANDED: Target =
    Target { schema: OrgUnits::SCHEMA, scope: "org_units:read", load: expanded::<OrgUnits>, expansions: || OrgUnits::EXPANSIONS };
