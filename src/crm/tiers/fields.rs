//! What tiers are listed by.

use crate::crm::custom_fields;
use crate::crm::customers::{self, Customers};
use crate::crm::resource::expanded;
use crate::crm::users;
use crate::db::id::TierKind;
use crate::listing::custom::Definitions;
use crate::listing::{Expansion, Field, FieldType, Listed, Relation, Target};

/// The list of tiers.
pub struct Tiers;

pub const INCLUDE_COUNTS: &str = "include_counts";

impl Listed for Tiers {
    type Kind = TierKind;
    const SCHEMA: &'static str = "Tier";
    const TABLE: &'static str = "tiers";
    const HAS_DELETED: bool = true;
    const CUSTOM: Option<Definitions> = Some(custom_fields::store::definitions);
    const OPTIONS: &'static [(&'static str, &'static str)] = &[(INCLUDE_COUNTS, "Adds `customer_count`.")];
    const RELATIONS: &'static [Relation] = &[Relation::many::<Customers>(
        "customers",
        "customers:read",
        "customers.workspace_id = tiers.workspace_id AND customers.tier_id = tiers.id",
        |scope| customers::visible(scope, false),
    )];
    const EXPANSIONS: &'static [Expansion] = &[Expansion::one("created_by", "created_by_id", &users::EXPANDED)];
    const FIELDS: &'static [Field] = &[
        Field::new("code", FieldType::CODE, "tiers.code"),
        Field::new("name", FieldType::Text, "tiers.name_fold"),
        Field::new("rank", FieldType::Integer, "tiers.rank").range().sortable(),
        Field::new("is_default", FieldType::Boolean, "tiers.is_default"),
        Field::new("is_active", FieldType::Boolean, "tiers.is_active"),
        Field::external_ref(),
        Field::new("created_at", FieldType::Instant, "tiers.created_at").range().sortable(),
        Field::new("updated_at", FieldType::Instant, "tiers.updated_at").range().sortable(),
        Field::new("created_by_id", FieldType::Id("usr"), "tiers.created_by_id").nullable(),
    ];
}

/// Tiers where other objects name them.
pub const EXPANDED: Target =
    Target { schema: Tiers::SCHEMA, scope: "tiers:read", load: expanded::<Tiers>, expansions: || Tiers::EXPANSIONS };
