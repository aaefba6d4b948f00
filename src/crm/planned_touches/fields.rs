//! What planned touches are listed by, and who sees them.

use crate::auth::{Reach, Scope};
use crate::crm::contacts::{self, Contacts};
use crate::crm::customers::{self, Customers};
use crate::crm::opportunities::{self, Opportunities};
use crate::crm::touch_records::{self, TouchRecords};
use crate::crm::users::{self, Users};
use crate::db::Condition;
use crate::db::id::PlannedTouchKind;
use crate::listing::rows::rows;
use crate::listing::{Expansion, Field, FieldType, Listed, Relation};

/// The list of planned touches.
pub struct PlannedTouches;

const STATUSES: FieldType =
    FieldType::Enum(&[("planned", "计划中", "Planned"), ("done", "已完成", "Done"), ("cancelled", "已取消", "Cancelled")]);

impl Listed for PlannedTouches {
    type Kind = PlannedTouchKind;
    const SCHEMA: &'static str = "PlannedTouch";
    const TABLE: &'static str = "planned_touches";
    const HAS_DELETED: bool = true;
    const RELATIONS: &'static [Relation] = &[
        Relation::one::<Customers>(
            "customer",
            "customers:read",
            "customers.workspace_id = planned_touches.workspace_id AND customers.id = planned_touches.customer_id",
            |scope| customers::visible(scope, false),
        ),
        Relation::one::<Contacts>(
            "contact",
            "contacts:read",
            "contacts.workspace_id = planned_touches.workspace_id AND contacts.id = planned_touches.contact_id",
            |scope| contacts::visible(scope, false),
        ),
        Relation::one::<Opportunities>(
            "opportunity",
            "opportunities:read",
            "opportunities.workspace_id = planned_touches.workspace_id AND opportunities.id = planned_touches.opportunity_id",
            |scope| opportunities::visible(scope, false),
        ),
        Relation::one::<Users>(
            "assignee",
            "users:read",
            "users.workspace_id = planned_touches.workspace_id AND users.id = planned_touches.assignee_id",
            users::visible,
        ),
        Relation::one::<TouchRecords>(
            "touch_record",
            "touch_records:read",
            "touch_records.workspace_id = planned_touches.workspace_id AND touch_records.id = planned_touches.touch_record_id",
            |scope| touch_records::visible(scope, false),
        ),
    ];
    const EXPANSIONS: &'static [Expansion] = &[
        Expansion::one("customer", "customer_id", &customers::EXPANDED),
        Expansion::one("contact", "contact_id", &contacts::EXPANDED),
        Expansion::one("opportunity", "opportunity_id", &opportunities::EXPANDED),
        Expansion::one("assignee", "assignee_id", &users::EXPANDED),
        Expansion::one("touch_record", "touch_record_id", &touch_records::EXPANDED),
        Expansion::one("created_by", "created_by_id", &users::EXPANDED),
    ];
    const JOINED_PARTS: fn(&Scope) -> Vec<Condition> = |scope| customers::parts_below(scope, "planned_touches.id", "planned_touches");
    const FIELDS: &'static [Field] = &[
        Field::new("customer_id", FieldType::Id("cus"), "planned_touches.customer_id"),
        Field::new("contact_id", FieldType::Id("con"), "planned_touches.contact_id").nullable(),
        Field::new("opportunity_id", FieldType::Id("opp"), "planned_touches.opportunity_id").nullable(),
        Field::new("type", FieldType::CODE, "planned_touches.type").coded("touch_type"),
        Field::new("due_at", FieldType::Instant, "planned_touches.due_at").range().sortable(),
        Field::new("summary", FieldType::Text, "planned_touches.summary_fold").unindexed(),
        Field::new("status", STATUSES, "planned_touches.status"),
        Field::new("assignee_id", FieldType::Id("usr"), "planned_touches.assignee_id"),
        Field::new("touch_record_id", FieldType::Id("tch"), "planned_touches.touch_record_id").nullable(),
        Field::new("completed_at", FieldType::Instant, "planned_touches.completed_at").range().nullable(),
        Field::created_at("planned_touches.created_at"),
        Field::new("updated_at", FieldType::Instant, "planned_touches.updated_at").range().sortable(),
        Field::new("created_by_id", FieldType::Id("usr"), "planned_touches.created_by_id").nullable(),
    ];
}

/// The planned touches that a caller sees: those of customers it sees.
pub fn visible(scope: &Scope, is_deleted: bool) -> Condition {
    let all = rows::<PlannedTouches>(scope.workspace_id, is_deleted);
    match scope.sees {
        Reach::All => all,
        Reach::Own | Reach::Unit => all.and(customers::belonging_to("planned_touches", customers::visible(scope, false))),
        Reach::Nothing => Condition::sql("1 = 0"),
    }
}
