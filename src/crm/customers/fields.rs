//! What customers are listed by, and who sees them.

use crate::auth::{Reach, Scope};
use crate::crm::contacts::{self, Contacts};
use crate::crm::custom_fields;
use crate::crm::opportunities::{self, Opportunities};
use crate::crm::org_units::{self, OrgUnits, reach};
use crate::crm::phones;
use crate::crm::planned_touches::{self, PlannedTouches};
use crate::crm::pools::{self, masks};
use crate::crm::resource::expanded;
use crate::crm::tiers::{self, Tiers};
use crate::crm::touch_records::{self, TouchRecords};
use crate::crm::users::{self, Users};
use crate::db::Condition;
use crate::db::id::CustomerKind;
use crate::listing::custom::Definitions;
use crate::listing::rows::rows;
use crate::listing::{Expansion, Field, FieldType, Listed, Relation, Target};

/// The list of customers.
pub struct Customers;

const LIFECYCLE: FieldType = FieldType::Enum(&[
    ("lead", "线索", "Lead"),
    ("prospect", "潜在客户", "Prospect"),
    ("customer", "客户", "Customer"),
    ("loyal", "忠诚客户", "Loyal customer"),
    ("churned", "流失客户", "Churned"),
]);

impl Listed for Customers {
    type Kind = CustomerKind;
    const SCHEMA: &'static str = "Customer";
    const TABLE: &'static str = "customers";
    const FROM: &'static str = "customers JOIN customer_profiles ON customer_profiles.workspace_id = customers.workspace_id \
                                AND customer_profiles.customer_id = customers.id \
                                JOIN customer_holdings ON customer_holdings.workspace_id = customers.workspace_id \
                                AND customer_holdings.customer_id = customers.id";
    const HAS_DELETED: bool = true;
    const CUSTOM: Option<Definitions> = Some(custom_fields::store::definitions);
    const SEARCHED: Option<&'static str> = Some("name, phones, e-mail, remarks and contacts' names");
    const RELATIONS: &'static [Relation] = &[
        Relation::one::<Tiers>(
            "tier",
            "tiers:read",
            "tiers.workspace_id = customers.workspace_id AND tiers.id = customers.tier_id",
            |scope| rows::<Tiers>(scope.workspace_id, false),
        ),
        Relation::one::<Users>(
            "owner",
            "users:read",
            "users.workspace_id = customers.workspace_id AND users.id = customers.owner_id",
            users::visible,
        ),
        Relation::one::<OrgUnits>(
            "org_unit",
            "org_units:read",
            "org_units.workspace_id = customers.workspace_id AND org_units.id = customers.org_unit_id",
            |scope| rows::<OrgUnits>(scope.workspace_id, false),
        ),
        Relation::many::<Contacts>(
            "contacts",
            "contacts:read",
            "links.workspace_id = customers.workspace_id AND links.customer_id = customers.id \
             AND contacts.workspace_id = links.workspace_id AND contacts.id = links.contact_id",
            |scope| contacts::visible(scope, false),
        )
        .through("contact_links links CROSS JOIN "),
        Relation::many::<Opportunities>(
            "opportunities",
            "opportunities:read",
            "opportunities.workspace_id = customers.workspace_id AND opportunities.customer_id = customers.id",
            |scope| opportunities::visible(scope, false),
        ),
        Relation::many::<TouchRecords>(
            "touch_records",
            "touch_records:read",
            "touch_records.workspace_id = customers.workspace_id AND touch_records.customer_id = customers.id",
            |scope| touch_records::visible(scope, false),
        ),
        Relation::many::<PlannedTouches>(
            "planned_touches",
            "touch_records:read",
            "planned_touches.workspace_id = customers.workspace_id AND planned_touches.customer_id = customers.id",
            |scope| planned_touches::visible(scope, false),
        ),
    ];
    const EXPANSIONS: &'static [Expansion] = &[
        Expansion::one("owner", "owner_id", &users::EXPANDED),
        Expansion::one("pool", "pool_id", &pools::EXPANDED),
        Expansion::one("org_unit", "org_unit_id", &org_units::EXPANDED),
        Expansion::one("tier", "tier_id", &tiers::EXPANDED),
        Expansion::one("parent", "parent_id", &EXPANDED),
        Expansion::one("service_rep", "service_rep_id", &users::EXPANDED),
        Expansion::one("created_by", "created_by_id", &users::EXPANDED),
    ];
    const PARTS: fn(&Scope) -> Vec<Condition> = parts;
    const FIELDS: &'static [Field] = &[
        Field::new("name", FieldType::Text, "customers.name_fold").sortable(),
        Field::new("kind", FieldType::Enum(&[("organization", "组织", "Organization"), ("person", "个人", "Person")]), "customers.kind"),
        Field::new("lifecycle_stage", LIFECYCLE, "customers.lifecycle_stage"),
        Field::new(
            "status",
            FieldType::Enum(&[("active", "正常", "Active"), ("inactive", "停用", "Inactive"), ("blocked", "禁止往来", "Blocked")]),
            "customers.status",
        ),
        Field::new("owner_id", FieldType::Id("usr"), "customers.owner_id").nullable(),
        Field::new("pool_id", FieldType::Id("pool"), "customers.pool_id").nullable(),
        Field::new("org_unit_id", FieldType::Id("org"), "customers.org_unit_id").nullable(),
        Field::new("tier_id", FieldType::Id("tier"), "customers.tier_id").nullable(),
        Field::new("parent_id", FieldType::Id("cus"), "customers.parent_id").nullable(),
        Field::new("service_rep_id", FieldType::Id("usr"), "customers.service_rep_id").nullable(),
        Field::new("source", FieldType::CODE, "customers.source").nullable().coded("source"),
        Field::new("source_detail", FieldType::CODE, "customers.source_detail").nullable(),
        Field::key("industries", "industry", FieldType::CODE).coded("industry"),
        Field::new("ownership_type", FieldType::CODE, "customers.ownership_type").nullable().coded("ownership_type"),
        Field::new("trade_type", FieldType::CODE, "customers.trade_type").nullable().coded("trade_type"),
        Field::new("location_type", FieldType::CODE, "customers.location_type").nullable().coded("location_type"),
        Field::new("region", FieldType::CODE, "customers.region").nullable().coded("region"),
        Field::new(
            "intent_level",
            FieldType::Enum(&[("none", "无", "None"), ("low", "低", "Low"), ("medium", "中", "Medium"), ("high", "高", "High")]),
            "customers.intent_level",
        ),
        Field::new("email", FieldType::LOWER_CASE, "customers.email_key").nullable().shown_if(masks::email_shown),
        Field::key("phone", "phone", FieldType::Key(phones::key, "a phone number")).shown_if(masks::phones_shown),
        Field::new("country", FieldType::CODE, "customer_profiles.country").nullable(),
        Field::new("city", FieldType::CODE, "customer_profiles.city").nullable(),
        Field::new("employee_count", FieldType::Integer, "customers.employee_count").range().nullable(),
        Field::new("last_touch_at", FieldType::Instant, "customers.last_touch_at").range().sortable().nullable(),
        Field::new("next_touch_at", FieldType::Instant, "customers.next_touch_at").range().sortable().nullable(),
        Field::new("touch_count", FieldType::Integer, "customers.touch_count").range(),
        Field::new("locked_until", FieldType::Instant, "customer_holdings.locked_until").range().nullable(),
        Field::new("recycle_due_at", FieldType::Instant, "customer_holdings.recycle_due_at").range().nullable(),
        Field::external_ref(),
        Field::created_at("customers.created_at"),
        Field::new("updated_at", FieldType::Instant, "customers.updated_at").range().sortable(),
        Field::new("created_by_id", FieldType::Id("usr"), "customers.created_by_id").nullable(),
    ];
}

/// Customers where other objects name them.
pub const EXPANDED: Target =
    Target { schema: Customers::SCHEMA, scope: "customers:read", load: expanded::<Customers>, expansions: || Customers::EXPANSIONS };

/// The customers that a caller sees: what every query of this feature starts from.
pub fn visible(scope: &Scope, is_deleted: bool) -> Condition {
    let all = rows::<Customers>(scope.workspace_id, is_deleted);
    match scope.sees {
        Reach::All => all,
        Reach::Own | Reach::Unit => all.and(shares(scope).into_iter().fold(Condition::default(), Condition::or)),
        Reach::Nothing => Condition::sql("1 = 0"),
    }
}

/// What is true of the customers that a caller sees who does not see all: one of these. Each is found by an index of its own, and a
/// customer may be in several.
fn shares(scope: &Scope) -> [Condition; 3] {
    let held = match scope.sees {
        Reach::Unit => Condition::sql("customers.org_unit_id IN ").append(reach::below(scope)),
        _ => Condition::sql("customers.owner_id = ").bind(scope.user_id),
    };
    // What is not null has a small index of its own.
    let pooled = Condition::sql("customers.pool_id IS NOT NULL AND customers.pool_id IN ").append(pools::open_to(scope));
    // Who helped an owner does not see it in a pool that is closed to it.
    [held, pooled, Condition::sql("customers.owner_id IS NOT NULL AND ").append(collaborating(scope))]
}

/// The customers that a caller collaborates on.
fn collaborating(scope: &Scope) -> Condition {
    let own = Condition::sql("customers.id IN (SELECT c.customer_id FROM customer_collaborators c WHERE c.workspace_id = ");
    let own = own.bind(scope.workspace_id).then(" AND c.user_id = ").bind(scope.user_id);
    own.then(" AND (c.expires_at IS NULL OR c.expires_at > ").bind(scope.now).then("))")
}

/// The customers that a caller may change: those whose owner's work is in its reach, and those that it collaborates on.
pub fn changeable(scope: &Scope) -> Condition {
    let rows = rows::<Customers>(scope.workspace_id, false);
    match scope.changes {
        Reach::All => rows,
        Reach::Unit => {
            let held = Condition::sql("customers.owner_id IN ").append(reach::members(scope));
            let own = Condition::sql("customers.owner_id = ").bind(scope.user_id);
            rows.and(own.or(held).or(collaborating(scope)))
        }
        Reach::Own => rows.and(Condition::sql("customers.owner_id = ").bind(scope.user_id).or(collaborating(scope))),
        Reach::Nothing => Condition::sql("1 = 0"),
    }
}

fn parts(scope: &Scope) -> Vec<Condition> {
    let of = |share| {
        let rows = Condition::sql("SELECT customers.id AS id FROM customers WHERE customers.workspace_id = ");
        rows.bind(scope.workspace_id).then(" AND ").append(share)
    };
    shares(scope).map(of).into()
}

/// The ids of rows that belong to the customers that a caller sees who does not see all: `id` is theirs, in a table that names them
/// by `customer_id`.
pub fn parts_below(scope: &Scope, id: &str, table: &str) -> Vec<Condition> {
    let below = format!("{table}.workspace_id = customers.workspace_id AND {table}.customer_id = customers.id");
    let of = |share| {
        // The customers come first, and what is theirs one after the other.
        let sqlite = format!("SELECT {id} AS id FROM customers CROSS JOIN {table} WHERE {below} AND customers.workspace_id = ");
        let postgres = format!(
            "SELECT own.id FROM customers CROSS JOIN LATERAL (SELECT {id} AS id FROM {table} WHERE {below} OFFSET 0) AS own \
             WHERE customers.workspace_id = "
        );
        let rows = Condition::either(Condition::sql(sqlite), Condition::sql(postgres));
        rows.bind(scope.workspace_id).then(" AND ").append(share)
    };
    shares(scope).map(of).into()
}

/// Rows of another table that belong to a customer of which this is true. The outer id that is not null keeps PostgreSQL from making
/// a table of all such customers to look a page up in.
pub fn belonging_to(table: &str, customer: Condition) -> Condition {
    let own = format!("EXISTS (SELECT 1 FROM customers WHERE customers.workspace_id = {table}.workspace_id");
    let own = format!("{own} AND customers.id = {table}.customer_id AND {table}.id IS NOT NULL AND ");
    Condition::sql(own).append(customer).then(")")
}
