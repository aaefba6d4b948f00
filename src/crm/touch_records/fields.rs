//! What touch records are listed by, and who sees them.

use crate::auth::{Reach, Scope};
use crate::crm::contacts::{self, Contacts};
use crate::crm::custom_fields;
use crate::crm::customers::{self, Customers};
use crate::crm::opportunities::{self, Opportunities};
use crate::crm::resource::expanded;
use crate::crm::users::{self, Users};
use crate::db::Condition;
use crate::db::id::TouchRecordKind;
use crate::listing::custom::Definitions;
use crate::listing::rows::rows;
use crate::listing::{Expansion, Field, FieldType, Listed, Relation, Target};

/// The list of touch records.
pub struct TouchRecords;

fn contacts(scope: &Scope) -> Condition {
    let rows = "SELECT c.touch_record_id AS id FROM touch_record_contacts c WHERE c.workspace_id = ";
    Condition::sql(rows).bind(scope.workspace_id).then(" AND ")
}

impl Listed for TouchRecords {
    type Kind = TouchRecordKind;
    const SCHEMA: &'static str = "TouchRecord";
    const TABLE: &'static str = "touch_records";
    const HAS_DELETED: bool = true;
    const CUSTOM: Option<Definitions> = Some(custom_fields::store::definitions);
    const RELATIONS: &'static [Relation] = &[
        Relation::one::<Customers>(
            "customer",
            "customers:read",
            "customers.workspace_id = touch_records.workspace_id AND customers.id = touch_records.customer_id",
            |scope| customers::visible(scope, false),
        ),
        Relation::one::<Opportunities>(
            "opportunity",
            "opportunities:read",
            "opportunities.workspace_id = touch_records.workspace_id AND opportunities.id = touch_records.opportunity_id",
            |scope| opportunities::visible(scope, false),
        ),
        Relation::one::<Users>(
            "author",
            "users:read",
            "users.workspace_id = touch_records.workspace_id AND users.id = touch_records.author_id",
            users::visible,
        ),
        Relation::many::<Contacts>(
            "contacts",
            "contacts:read",
            "links.workspace_id = touch_records.workspace_id AND links.touch_record_id = touch_records.id \
             AND contacts.workspace_id = links.workspace_id AND contacts.id = links.contact_id",
            |scope| contacts::visible(scope, false),
        )
        .through("touch_record_contacts links CROSS JOIN "),
    ];
    const EXPANSIONS: &'static [Expansion] = &[
        Expansion::one("customer", "customer_id", &customers::EXPANDED),
        Expansion::one("opportunity", "opportunity_id", &opportunities::EXPANDED),
        Expansion::many("contacts", "contact_ids", &contacts::EXPANDED),
        Expansion::one("author", "author_id", &users::EXPANDED),
        Expansion::one("created_by", "created_by_id", &users::EXPANDED),
    ];
    const JOINED_PARTS: fn(&Scope) -> Vec<Condition> = |scope| customers::parts_below(scope, "touch_records.id", "touch_records");
    const FIELDS: &'static [Field] = &[
        Field::new("customer_id", FieldType::Id("cus"), "touch_records.customer_id"),
        Field::new("contact_ids", FieldType::Id("con"), "c.contact_id").through(contacts),
        Field::new("opportunity_id", FieldType::Id("opp"), "touch_records.opportunity_id").nullable(),
        Field::new("type", FieldType::CODE, "touch_records.type").coded("touch_type"),
        Field::new(
            "direction",
            FieldType::Enum(&[("inbound", "对方发起", "Inbound"), ("outbound", "我方发起", "Outbound"), ("none", "无", "None")]),
            "touch_records.direction",
        )
        .unindexed(),
        Field::new("occurred_at", FieldType::Instant, "touch_records.occurred_at").range().sortable(),
        Field::new("summary", FieldType::Text, "touch_records.summary_fold").unindexed(),
        Field::new("outcome", FieldType::CODE, "touch_records.outcome").nullable().coded("touch_outcome"),
        Field::new("next_touch_at", FieldType::Instant, "touch_records.next_touch_at").range().sortable().nullable(),
        Field::new("author_id", FieldType::Id("usr"), "touch_records.author_id"),
        Field::external_ref(),
        Field::created_at("touch_records.created_at"),
        Field::new("updated_at", FieldType::Instant, "touch_records.updated_at").range().sortable(),
        Field::new("created_by_id", FieldType::Id("usr"), "touch_records.created_by_id").nullable(),
    ];
}

/// Touch records where other objects name them.
pub const EXPANDED: Target = Target {
    schema: TouchRecords::SCHEMA,
    scope: "touch_records:read",
    load: expanded::<TouchRecords>,
    expansions: || TouchRecords::EXPANSIONS,
};

/// The touch records that a caller sees: those of customers it sees.
pub fn visible(scope: &Scope, is_deleted: bool) -> Condition {
    let all = rows::<TouchRecords>(scope.workspace_id, is_deleted);
    match scope.sees {
        Reach::All => all,
        Reach::Own | Reach::Unit => all.and(customers::belonging_to("touch_records", customers::visible(scope, false))),
        Reach::Nothing => Condition::sql("1 = 0"),
    }
}
