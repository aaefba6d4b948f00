//! What contacts are listed by, and who sees them.

use crate::auth::{Reach, Scope};
use crate::crm::custom_fields;
use crate::crm::customers::{self, Customers};
use crate::crm::opportunities::{self, Opportunities};
use crate::crm::phones;
use crate::crm::pools::masks;
use crate::crm::resource::expanded;
use crate::crm::touch_records::{self, TouchRecords};
use crate::crm::users;
use crate::db::Condition;
use crate::db::id::ContactKind;
use crate::listing::custom::Definitions;
use crate::listing::rows::rows;
use crate::listing::{Expansion, Field, FieldType, Listed, Relation, Target};

/// The list of contacts.
pub struct Contacts;

/// The contacts' links to customers that the caller sees: others must not be found by asking for them.
fn links(scope: &Scope) -> Condition {
    let seen = customers::visible(scope, false);
    Condition::sql(
        "SELECT l.contact_id AS id FROM contact_links l JOIN customers ON customers.workspace_id = l.workspace_id \
         AND customers.id = l.customer_id WHERE l.workspace_id = ",
    )
    .bind(scope.workspace_id)
    .then(" AND ")
    .append(seen)
    .then(" AND ")
}

const CHANNELS: FieldType = FieldType::Enum(&[
    ("phone", "电话", "Phone"),
    ("email", "邮件", "E-mail"),
    ("sms", "短信", "SMS"),
    ("wechat", "微信", "WeChat"),
    ("visit", "拜访", "Visit"),
]);

impl Listed for Contacts {
    type Kind = ContactKind;
    const SCHEMA: &'static str = "Contact";
    const TABLE: &'static str = "contacts";
    const HAS_DELETED: bool = true;
    const CUSTOM: Option<Definitions> = Some(custom_fields::store::definitions);
    const SEARCHED: Option<&'static str> = Some("name, phones, e-mail and remarks");
    const RELATIONS: &'static [Relation] = &[
        Relation::many::<Customers>(
            "customers",
            "customers:read",
            "links.workspace_id = contacts.workspace_id AND links.contact_id = contacts.id \
             AND customers.workspace_id = links.workspace_id AND customers.id = links.customer_id",
            |scope| customers::visible(scope, false),
        )
        .through("contact_links links CROSS JOIN "),
        Relation::many::<Opportunities>(
            "opportunities",
            "opportunities:read",
            "opportunities.workspace_id = contacts.workspace_id AND opportunities.contact_id = contacts.id",
            |scope| opportunities::visible(scope, false),
        ),
        Relation::many::<TouchRecords>(
            "touch_records",
            "touch_records:read",
            "links.workspace_id = contacts.workspace_id AND links.contact_id = contacts.id \
             AND touch_records.workspace_id = links.workspace_id AND touch_records.id = links.touch_record_id",
            |scope| touch_records::visible(scope, false),
        )
        .through("touch_record_contacts links CROSS JOIN "),
    ];
    const EXPANSIONS: &'static [Expansion] = &[
        Expansion::many("links.customer", "customer_id", &customers::EXPANDED),
        Expansion::one("created_by", "created_by_id", &users::EXPANDED),
    ];
    const JOINED_PARTS: fn(&Scope) -> Vec<Condition> = parts;
    const FIELDS: &'static [Field] = &[
        Field::new("name", FieldType::Text, "contacts.name_fold").sortable(),
        Field::new("title", FieldType::Text, "contacts.title_fold").nullable(),
        Field::new("email", FieldType::LOWER_CASE, "contacts.email_key")
            .nullable()
            .shown_if(|scope| shown(masks::email_shown(scope)?, scope)),
        Field::key("phone", "phone", FieldType::Key(phones::key, "a phone number"))
            .shown_if(|scope| shown(masks::phones_shown(scope)?, scope)),
        Field::new("preferred_channel", CHANNELS, "contacts.preferred_channel").nullable(),
        Field::new("customer_id", FieldType::Id("cus"), "l.customer_id").through(links),
        Field::external_ref(),
        Field::created_at("contacts.created_at"),
        Field::new("updated_at", FieldType::Instant, "contacts.updated_at").range().sortable(),
        Field::new("created_by_id", FieldType::Id("usr"), "contacts.created_by_id").nullable(),
    ];
}

/// Contacts where other objects name them.
pub const EXPANDED: Target =
    Target { schema: Contacts::SCHEMA, scope: "contacts:read", load: expanded::<Contacts>, expansions: || Contacts::EXPANSIONS };

/// The contacts that a caller sees: those of customers it sees, and those it made that belong to nobody.
pub fn visible(scope: &Scope, is_deleted: bool) -> Condition {
    let own = rows::<Contacts>(scope.workspace_id, is_deleted);
    match scope.sees {
        Reach::All => own,
        Reach::Own | Reach::Unit => own.and(linked(customers::visible(scope, false)).or(made_by(scope))),
        Reach::Nothing => Condition::sql("1 = 0"),
    }
}

fn parts(scope: &Scope) -> Vec<Condition> {
    let made = Condition::sql("SELECT contacts.id AS id FROM contacts WHERE contacts.workspace_id = ").bind(scope.workspace_id);
    let made = made.then(" AND contacts.created_by_id = ").bind(scope.user_id);
    customers::parts_below(scope, "contact_links.contact_id", "contact_links").into_iter().chain([made]).collect()
}

/// The contacts that a caller may change, among those it sees.
pub fn changeable(scope: &Scope) -> Condition {
    match scope.changes {
        Reach::All => Condition::default(),
        Reach::Own | Reach::Unit => linked(customers::changeable(scope)).or(made_by(scope)),
        Reach::Nothing => Condition::sql("1 = 0"),
    }
}

/// Linked to a customer of which this is true. The outer id that is not null keeps PostgreSQL from making a table of all links to
/// look a page up in.
pub fn linked(customer: Condition) -> Condition {
    Condition::sql(
        "EXISTS (SELECT 1 FROM contact_links l JOIN customers ON customers.workspace_id = l.workspace_id AND customers.id = l.customer_id \
         WHERE l.workspace_id = contacts.workspace_id AND l.contact_id = contacts.id AND contacts.id IS NOT NULL AND ",
    )
    .append(customer)
    .then(")")
}

/// Contacts of a customer that the caller sees and that hides nothing, and those of no customer that it sees.
fn shown(customer: Condition, scope: &Scope) -> Option<Condition> {
    let seen = || customers::visible(scope, false);
    Some(linked(seen().and(customer)).or(linked(seen()).negated()))
}

fn made_by(scope: &Scope) -> Condition {
    Condition::sql("(contacts.created_by_id = ").bind(scope.user_id).then(
        " AND NOT EXISTS (SELECT 1 FROM contact_links l JOIN customers ON customers.workspace_id = l.workspace_id AND customers.id = l.customer_id \
         WHERE l.workspace_id = contacts.workspace_id AND l.contact_id = contacts.id AND contacts.id IS NOT NULL \
         AND customers.deleted_at IS NULL))",
    )
}
