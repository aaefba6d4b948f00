//! What contacts are listed by, and who sees them.

use crate::auth::{Reach, Scope};
use crate::crm::phones;
use crate::db::Condition;
use crate::listing::{Field, FieldType, Listed};

/// The list of contacts.
pub struct Contacts;

const EXTERNAL_REFS: (&str, &str) =
    ("contacts.id IN (SELECT r.object_id FROM external_refs r WHERE r.workspace_id = ", " AND r.resource_type = 'contact' AND ");
const PHONES: (&str, &str) = (
    "contacts.id IN (SELECT k.object_id FROM lookup_keys k WHERE k.workspace_id = ",
    " AND k.resource_type = 'contact' AND k.kind = 'phone' AND ",
);
const LINKS: (&str, &str) = ("contacts.id IN (SELECT l.contact_id FROM contact_links l WHERE l.workspace_id = ", " AND ");

impl Listed for Contacts {
    const NAME: &'static str = "contacts";
    const TABLE: &'static str = "contacts";
    const HAS_DELETED: bool = true;
    const FIELDS: &'static [Field] = &[
        Field::new("name", FieldType::Text, "contacts.name_fold").sortable(),
        Field::new("title", FieldType::Text, "contacts.title_fold").nullable(),
        Field::new("email", FieldType::LOWER_CASE, "contacts.email_key").nullable(),
        Field::new("phone", FieldType::Key(phones::key, "a phone number"), "k.value").through(PHONES.0, PHONES.1),
        Field::new("preferred_channel", FieldType::Enum(&["phone", "email", "sms", "wechat", "visit"]), "contacts.preferred_channel")
            .nullable(),
        Field::new("customer_id", FieldType::Id("cus"), "l.customer_id").through(LINKS.0, LINKS.1),
        Field::new("external_ref", FieldType::ExternalRef, "(r.system, r.value)").through(EXTERNAL_REFS.0, EXTERNAL_REFS.1),
        Field::new("created_at", FieldType::Instant, "contacts.created_at").range().sortable(),
        Field::new("updated_at", FieldType::Instant, "contacts.updated_at").range().sortable(),
        Field::new("created_by_id", FieldType::Id("usr"), "contacts.created_by_id").nullable(),
    ];
}

/// The contacts that a caller sees: those of customers it sees, and those it made that belong to nobody.
pub fn visible(scope: &Scope, is_deleted: bool) -> Condition {
    let alive = if is_deleted { " AND contacts.deleted_at IS NOT NULL" } else { " AND contacts.deleted_at IS NULL" };
    let own = Condition::sql("contacts.workspace_id = ").bind(scope.workspace_id).then(alive);
    match scope.sees {
        Reach::All => own,
        Reach::Own => own.and(linked(crate::crm::customers::visible(scope, false)).or(made_by(scope))),
        Reach::Nothing => Condition::sql("1 = 0"),
    }
}

/// The contacts that a caller may change, among those it sees.
pub fn changeable(scope: &Scope) -> Condition {
    match scope.changes {
        Reach::All => Condition::default(),
        Reach::Own => {
            let owned = Condition::sql("customers.workspace_id = ").bind(scope.workspace_id);
            let owned = owned.then(" AND customers.deleted_at IS NULL AND customers.owner_id = ").bind(scope.user_id);
            linked(owned).or(made_by(scope))
        }
        Reach::Nothing => Condition::sql("1 = 0"),
    }
}

/// Linked to a customer of which this is true.
pub fn linked(customer: Condition) -> Condition {
    Condition::sql(
        "EXISTS (SELECT 1 FROM contact_links l JOIN customers ON customers.workspace_id = l.workspace_id AND customers.id = l.customer_id \
         WHERE l.workspace_id = contacts.workspace_id AND l.contact_id = contacts.id AND ",
    )
    .append(customer)
    .then(")")
}

fn made_by(scope: &Scope) -> Condition {
    Condition::sql("(contacts.created_by_id = ").bind(scope.user_id).then(
        " AND NOT EXISTS (SELECT 1 FROM contact_links l JOIN customers ON customers.workspace_id = l.workspace_id AND customers.id = l.customer_id \
         WHERE l.workspace_id = contacts.workspace_id AND l.contact_id = contacts.id AND customers.deleted_at IS NULL))",
    )
}
