//! What opportunities are listed by, and who sees them.

use crate::auth::{Reach, Scope};
use crate::crm::contacts::{self, Contacts};
use crate::crm::custom_fields;
use crate::crm::customers::{self, Customers};
use crate::crm::org_units::reach;
use crate::crm::pipelines;
use crate::crm::resource::expanded;
use crate::crm::touch_records::{self, TouchRecords};
use crate::crm::users::{self, Users};
use crate::db::Condition;
use crate::db::id::OpportunityKind;
use crate::listing::custom::Definitions;
use crate::listing::rows::rows;
use crate::listing::{Expansion, Field, FieldType, Listed, Relation, Target};

/// The list of opportunities.
pub struct Opportunities;

const CATEGORIES: FieldType = FieldType::Enum(&[
    ("pipeline", "跟进中", "Pipeline"),
    ("best_case", "乐观预期", "Best case"),
    ("commit", "承诺", "Commit"),
    ("closed", "已成交", "Closed"),
    ("omitted", "不计入", "Omitted"),
]);
const STAGE_KINDS: FieldType =
    FieldType::Enum(&[("open", "进行中", "Open"), ("won", "赢单", "Won"), ("lost", "输单", "Lost"), ("void", "作废", "Void")]);

impl Listed for Opportunities {
    type Kind = OpportunityKind;
    const SCHEMA: &'static str = "Opportunity";
    const TABLE: &'static str = "opportunities";
    const HAS_DELETED: bool = true;
    const CUSTOM: Option<Definitions> = Some(custom_fields::store::definitions);
    const SEARCHED: Option<&'static str> = Some("name and remarks");
    const RELATIONS: &'static [Relation] = &[
        Relation::one::<Customers>(
            "customer",
            "customers:read",
            "customers.workspace_id = opportunities.workspace_id AND customers.id = opportunities.customer_id",
            |scope| customers::visible(scope, false),
        ),
        Relation::one::<Contacts>(
            "contact",
            "contacts:read",
            "contacts.workspace_id = opportunities.workspace_id AND contacts.id = opportunities.contact_id",
            |scope| contacts::visible(scope, false),
        ),
        Relation::one::<Users>(
            "owner",
            "users:read",
            "users.workspace_id = opportunities.workspace_id AND users.id = opportunities.owner_id",
            users::visible,
        ),
        Relation::many::<TouchRecords>(
            "touch_records",
            "touch_records:read",
            "touch_records.workspace_id = opportunities.workspace_id AND touch_records.opportunity_id = opportunities.id",
            |scope| touch_records::visible(scope, false),
        ),
    ];
    const EXPANSIONS: &'static [Expansion] = &[
        Expansion::one("customer", "customer_id", &customers::EXPANDED),
        Expansion::one("contact", "contact_id", &contacts::EXPANDED),
        Expansion::one("owner", "owner_id", &users::EXPANDED),
        Expansion::one("stage", "stage_id", &pipelines::EXPANDED_STAGE),
        Expansion::one("pipeline", "pipeline_id", &pipelines::EXPANDED),
        Expansion::one("created_by", "created_by_id", &users::EXPANDED),
    ];
    const JOINED_PARTS: fn(&Scope) -> Vec<Condition> = parts;
    const FIELDS: &'static [Field] = &[
        Field::new("name", FieldType::Text, "opportunities.name_fold").sortable(),
        Field::new("customer_id", FieldType::Id("cus"), "opportunities.customer_id"),
        Field::new("contact_id", FieldType::Id("con"), "opportunities.contact_id").nullable(),
        Field::new("pipeline_id", FieldType::Id("pip"), "opportunities.pipeline_id"),
        Field::new("stage_id", FieldType::Id("stg"), "opportunities.stage_id"),
        Field::new("stage_kind", STAGE_KINDS, "opportunities.stage_kind"),
        Field::new("stage_entered_at", FieldType::Instant, "opportunities.stage_entered_at").range().sortable(),
        Field::new("amount", FieldType::Amount, "opportunities.amount").range().sortable().in_unit_of("amount_currency"),
        Field::new("amount_currency", FieldType::CODE, "opportunities.amount_currency").nullable(),
        Field::new("probability", FieldType::Integer, "opportunities.probability").range().nullable(),
        Field::new("forecast_category", CATEGORIES, "opportunities.forecast_category").nullable(),
        Field::new("expected_close_date", FieldType::Day, "opportunities.expected_close_date").range().sortable().nullable(),
        Field::new("closed_at", FieldType::Instant, "opportunities.closed_at").range().sortable().nullable(),
        Field::new("close_reason_code", FieldType::CODE, "opportunities.close_reason_code").nullable().coded("close_reason"),
        Field::new("owner_id", FieldType::Id("usr"), "opportunities.owner_id"),
        Field::new("source", FieldType::CODE, "opportunities.source").nullable().coded("source"),
        Field::external_ref(),
        Field::created_at("opportunities.created_at"),
        Field::new("updated_at", FieldType::Instant, "opportunities.updated_at").range().sortable(),
        Field::new("created_by_id", FieldType::Id("usr"), "opportunities.created_by_id").nullable(),
    ];
}

/// Opportunities where other objects name them.
pub const EXPANDED: Target = Target {
    schema: Opportunities::SCHEMA,
    scope: "opportunities:read",
    load: expanded::<Opportunities>,
    expansions: || Opportunities::EXPANSIONS,
};

/// The opportunities that a caller sees: its own, and those of customers it sees.
pub fn visible(scope: &Scope, is_deleted: bool) -> Condition {
    let all = rows::<Opportunities>(scope.workspace_id, is_deleted);
    match scope.sees {
        Reach::All => all,
        Reach::Own | Reach::Unit => all.and(owned(scope).or(customers::belonging_to("opportunities", customers::visible(scope, false)))),
        Reach::Nothing => Condition::sql("1 = 0"),
    }
}

fn parts(scope: &Scope) -> Vec<Condition> {
    let own = Condition::sql("SELECT opportunities.id AS id FROM opportunities WHERE opportunities.workspace_id = ");
    let own = own.bind(scope.workspace_id).then(" AND ").append(owned(scope));
    customers::parts_below(scope, "opportunities.id", "opportunities").into_iter().chain([own]).collect()
}

/// Those that the caller owns, or the members of its unit and of those below it.
fn owned(scope: &Scope) -> Condition {
    match scope.sees {
        Reach::Unit => Condition::sql("opportunities.owner_id IN ").append(reach::members(scope)),
        _ => Condition::sql("opportunities.owner_id = ").bind(scope.user_id),
    }
}
