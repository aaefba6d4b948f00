//! What pools are listed by.

use crate::crm::resource::expanded;
use crate::crm::users;
use crate::db::id::PoolKind;
use crate::listing::{Expansion, Field, FieldType, Listed, Target};

/// The list of pools.
pub struct Pools;

impl Listed for Pools {
    type Kind = PoolKind;
    const SCHEMA: &'static str = "Pool";
    const TABLE: &'static str = "pools";
    const HAS_DELETED: bool = true;
    const EXPANSIONS: &'static [Expansion] = &[Expansion::one("created_by", "created_by_id", &users::EXPANDED)];
    const FIELDS: &'static [Field] = &[
        Field::new("name", FieldType::Text, "pools.name_fold"),
        Field::new("is_enabled", FieldType::Boolean, "pools.is_enabled"),
        Field::new("is_open", FieldType::Boolean, "pools.is_open"),
        Field::new("is_default", FieldType::Boolean, "pools.is_default"),
        Field::new("priority", FieldType::Integer, "pools.priority").range(),
        Field::new("created_at", FieldType::Instant, "pools.created_at").range(),
        Field::new("updated_at", FieldType::Instant, "pools.updated_at").range(),
    ];
}

/// Pools where other objects name them.
pub const EXPANDED: Target =
    Target { schema: Pools::SCHEMA, scope: "pools:read", load: expanded::<Pools>, expansions: || Pools::EXPANSIONS };
