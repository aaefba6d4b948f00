//! What touch records are listed by, and who sees them.

use crate::auth::{Reach, Scope};
use crate::crm::customers;
use crate::db::Condition;
use crate::db::id::TouchRecordKind;
use crate::listing::rows::rows;
use crate::listing::{Field, FieldType, Listed};

/// The list of touch records.
pub struct TouchRecords;

const CONTACTS: (&str, &str) =
    ("touch_records.id IN (SELECT c.touch_record_id FROM touch_record_contacts c WHERE c.workspace_id = ", " AND ");

impl Listed for TouchRecords {
    type Kind = TouchRecordKind;
    const TABLE: &'static str = "touch_records";
    const HAS_DELETED: bool = true;
    const FIELDS: &'static [Field] = &[
        Field::new("customer_id", FieldType::Id("cus"), "touch_records.customer_id"),
        Field::new("contact_ids", FieldType::Id("con"), "c.contact_id").through(CONTACTS.0, CONTACTS.1),
        Field::new("opportunity_id", FieldType::Id("opp"), "touch_records.opportunity_id").nullable(),
        Field::new("type", FieldType::CODE, "touch_records.type"),
        Field::new("direction", FieldType::Enum(&["inbound", "outbound", "none"]), "touch_records.direction"),
        Field::new("occurred_at", FieldType::Instant, "touch_records.occurred_at").range().sortable(),
        Field::new("summary", FieldType::Text, "touch_records.summary_fold"),
        Field::new("outcome", FieldType::CODE, "touch_records.outcome").nullable(),
        Field::new("next_touch_at", FieldType::Instant, "touch_records.next_touch_at").range().sortable().nullable(),
        Field::new("author_id", FieldType::Id("usr"), "touch_records.author_id"),
        Field::external_ref(),
        Field::new("created_at", FieldType::Instant, "touch_records.created_at").range().sortable(),
        Field::new("updated_at", FieldType::Instant, "touch_records.updated_at").range().sortable(),
        Field::new("created_by_id", FieldType::Id("usr"), "touch_records.created_by_id").nullable(),
    ];
}

/// The touch records that a caller sees: those of customers it sees.
pub fn visible(scope: &Scope, is_deleted: bool) -> Condition {
    let all = rows::<TouchRecords>(scope.workspace_id, is_deleted);
    match scope.sees {
        Reach::All => all,
        Reach::Own => all.and(customers::belonging_to("touch_records", customers::visible(scope, false))),
        Reach::Nothing => Condition::sql("1 = 0"),
    }
}
