//! Custom fields in the database. Everybody in the workspace sees all of them.

use diesel::insert_into;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::Map;

use super::dto::{CreateCustomField, CustomField, FieldKind, FieldOption, FieldResource, UpdateCustomField};
use super::rows::{FieldRow, row_of};
use super::rules;
use crate::auth::Scope;
use crate::changes::{Operation, diff, record};
use crate::crm::phones;
use crate::db::condition::AnyId;
use crate::db::id::{CustomFieldId, CustomFieldKind, CustomerId, UserId, WorkspaceId};
use crate::db::schema::custom_fields;
use crate::db::{Condition, DbConnection, Failure, Hold, Topic, Tx, columns, insert, select, update_rows, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::listing::{Field, FieldType, List, Listed};

/// Fields of a resource that are not retired.
const MAX_FIELDS: i64 = 100;

/// The list of custom fields.
pub struct CustomFields;

impl Listed for CustomFields {
    type Kind = CustomFieldKind;
    const SCHEMA: &'static str = "CustomField";
    const TABLE: &'static str = "custom_fields";
    const HAS_DELETED: bool = false;
    const FIELDS: &'static [Field] = &[
        Field::new(
            "resource",
            FieldType::Enum(&[
                ("customers", "客户", "Customers"),
                ("contacts", "联系人", "Contacts"),
                ("opportunities", "商机", "Opportunities"),
                ("tiers", "客户等级", "Tiers"),
                ("touch_records", "触达记录", "Touch records"),
            ]),
            "custom_fields.resource",
        ),
        Field::new("key", FieldType::CODE, "custom_fields.key").sortable(),
        Field::new("type", FieldType::CODE, "custom_fields.type"),
        Field::new("is_active", FieldType::Boolean, "(custom_fields.retired_at IS NULL)"),
    ];
}

fn own(workspace_id: WorkspaceId) -> Condition {
    Condition::sql("custom_fields.workspace_id = ").bind(workspace_id)
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<CustomFields>) -> Result<Page<CustomField>, Failure> {
    let rows = custom_fields::table
        .filter(own(scope.workspace_id))
        .filter(list.page_filter(scope)?)
        .order(list.order())
        .limit(list.rows())
        .select(columns::<FieldRow>())
        .load(conn)?;
    let total = list.total(conn, scope, own(scope.workspace_id))?;
    Ok(list.page(scope, rows.into_iter().map(CustomField::from).collect(), total)?)
}

pub fn get(conn: &mut DbConnection, workspace_id: WorkspaceId, id: CustomFieldId) -> Result<CustomField, Failure> {
    let row = custom_fields::table.find((workspace_id, id)).select(columns::<FieldRow>()).first(conn).optional()?;
    row.map(CustomField::from).ok_or_else(|| Problem::not_found().into())
}

/// A resource's fields, retired ones included.
pub fn of(conn: &mut DbConnection, workspace_id: WorkspaceId, resource: &str) -> QueryResult<Vec<CustomField>> {
    load(conn, workspace_id, resource, Condition::sql(""))
}

/// The same, for a write of values: until its end nobody changes what it goes by. PostgreSQL holds the rows; SQLite has one writer.
pub fn held(tx: &mut Tx<'_>, resource: &str) -> QueryResult<Vec<CustomField>> {
    load(tx.conn, tx.actor.workspace_id, resource, Condition::either(Condition::sql(""), Condition::sql(" FOR SHARE")))
}

fn load(conn: &mut DbConnection, workspace_id: WorkspaceId, resource: &str, hold: Condition) -> QueryResult<Vec<CustomField>> {
    let which = own(workspace_id).then(" AND resource = ").bind(resource);
    let rows = select::<FieldRow>("custom_fields", which, Condition::sql(" ORDER BY key").append(hold))?;
    Ok(rows.load(conn)?.into_iter().map(CustomField::from).collect())
}

/// What a resource's list compares custom fields by.
pub fn definitions(conn: &mut DbConnection, workspace_id: WorkspaceId, resource: &'static str) -> QueryResult<Vec<(String, Field)>> {
    Ok(of(conn, workspace_id, resource)?.into_iter().map(|field| (field.key.clone(), compared(&field))).collect())
}

/// How a field is compared.
pub fn compared(field: &CustomField) -> Field {
    const USER: FieldType = FieldType::Key(|text| text.parse::<UserId>().ok().map(|id| id.to_string()), "an id that begins with usr_");
    const CUSTOMER: FieldType =
        FieldType::Key(|text| text.parse::<CustomerId>().ok().map(|id| id.to_string()), "an id that begins with cus_");
    let id = AnyId::from_uuid(field.id.uuid());
    let text = |kind| Field::custom(kind, "v.text_value", id);
    let number = |kind| Field::custom(kind, "v.number_value", id);
    match field.kind {
        FieldKind::Text | FieldKind::Url => text(FieldType::Text),
        FieldKind::LongText => text(FieldType::Presence),
        FieldKind::Select | FieldKind::MultiSelect => text(FieldType::CODE),
        FieldKind::Email => text(FieldType::LOWER_CASE),
        FieldKind::Phone => text(FieldType::Key(phones::key, "a phone number")),
        FieldKind::User => text(USER),
        FieldKind::Customer => text(CUSTOMER),
        FieldKind::Boolean => number(FieldType::Boolean),
        FieldKind::Integer => number(FieldType::Integer).range(),
        FieldKind::Decimal => number(FieldType::Amount).range(),
        FieldKind::Date => number(FieldType::Day).range(),
        FieldKind::Datetime => number(FieldType::Instant).range(),
    }
}

pub fn create(tx: &mut Tx<'_>, input: &CreateCustomField) -> Result<CustomField, Failure> {
    let CreateCustomField { resource, key, kind, mut fields } = input.clone();
    Problem::check(rules::check(kind, &mut fields))?;
    tx.lock(Topic::CustomFields)?;
    let known = of(tx.conn, tx.actor.workspace_id, resource.as_ref())?;
    if let Some(holder) = known.iter().find(|field| field.key == key) {
        return Err(Problem::new(Code::ValueTaken).with("field", "key").with("existing_id", holder.id.to_string()).into());
    }
    check_room(tx, resource)?;
    let (created_at, updated_at, created_by_id) = (tx.now, tx.now, tx.actor.user_id);
    let field = CustomField {
        id: CustomFieldId::new(),
        version: 1,
        resource,
        key,
        kind,
        fields,
        is_active: true,
        retired_at: None,
        created_at,
        updated_at,
        created_by_id,
    };
    insert(tx.conn, &[&insert_into(custom_fields::table).values(&row_of(tx.actor.workspace_id, &field))])?;
    record(tx, Operation::Created, field.id, field.version, diff(None, Some(&field))?)?;
    Ok(field)
}

fn check_room(tx: &mut Tx<'_>, resource: FieldResource) -> Result<(), Failure> {
    let live = own(tx.actor.workspace_id).then(" AND resource = ").bind(resource.as_ref()).then(" AND retired_at IS NULL");
    let counted = Condition::sql("SELECT count(*) FROM custom_fields WHERE ").append(live);
    let live: i64 = counted.giving::<BigInt>().get_result(tx.conn)?;
    if live >= MAX_FIELDS { Err(Problem::new(Code::TooManyFields).with("max", MAX_FIELDS).into()) } else { Ok(()) }
}

/// A field that is to be changed: nobody writes values by what it was.
pub fn get_for_change(tx: &mut Tx<'_>, id: CustomFieldId, if_match: &IfMatch) -> Result<CustomField, Failure> {
    tx.hold("custom_fields", id, Hold::ToWrite)?;
    let field = get(tx.conn, tx.actor.workspace_id, id)?;
    if_match.check(field.version)?;
    Ok(field)
}

pub fn update(tx: &mut Tx<'_>, id: CustomFieldId, if_match: &IfMatch, patch: &UpdateCustomField) -> Result<CustomField, Failure> {
    let before = get_for_change(tx, id, if_match)?;
    let mut after = before.clone();
    after.fields = patch.apply(&before.fields)?;
    retire_left_out(&before.fields.options, &mut after.fields.options);
    Problem::check(rules::check(before.kind, &mut after.fields))?;
    if before.fields.is_unique != after.fields.is_unique {
        index_unique(tx, id, after.fields.is_unique)?;
    }
    save(tx, &before, after)
}

/// Objects may hold an option that is left out: it is retired, not removed.
fn retire_left_out(before: &[FieldOption], after: &mut Vec<FieldOption>) {
    let left_out: Vec<FieldOption> = before.iter().filter(|option| after.iter().all(|kept| kept.code != option.code)).cloned().collect();
    after.extend(left_out.into_iter().map(|option| FieldOption { is_active: false, ..option }));
}

/// Makes what objects have unique, if it is; or takes that back.
fn index_unique(tx: &mut Tx<'_>, id: CustomFieldId, is_unique: bool) -> Result<(), Failure> {
    let values = Condition::sql(" WHERE workspace_id = ").bind(tx.actor.workspace_id).then(" AND field_id = ").bind(id);
    if !is_unique {
        Condition::sql("UPDATE custom_values SET unique_value = NULL").append(values).execute(tx.conn)?;
        return Ok(());
    }
    let groups = Condition::sql("SELECT count(*) FROM (SELECT 1 FROM custom_values").append(values.clone());
    let groups = groups.then(" GROUP BY text_value, number_value HAVING count(*) > 1) AS several");
    let count: i64 = groups.giving::<BigInt>().get_result(tx.conn)?;
    if count > 0 {
        return Err(Problem::new(Code::DuplicateValues).with("count", count).into());
    }
    let set = "UPDATE custom_values SET unique_value = COALESCE(text_value, CAST(number_value AS TEXT))";
    Condition::sql(set).append(values).execute(tx.conn)?;
    Ok(())
}

/// Of a retired field nothing can be newly set.
pub fn retire(tx: &mut Tx<'_>, id: CustomFieldId, if_match: &IfMatch) -> Result<CustomField, Failure> {
    let before = get_for_change(tx, id, if_match)?;
    if !before.is_active {
        return Ok(before);
    }
    let after = CustomField { is_active: false, retired_at: Some(tx.now), ..before.clone() };
    save(tx, &before, after)
}

pub fn reactivate(tx: &mut Tx<'_>, id: CustomFieldId, if_match: &IfMatch) -> Result<CustomField, Failure> {
    tx.lock(Topic::CustomFields)?;
    let before = get_for_change(tx, id, if_match)?;
    if before.is_active {
        return Ok(before);
    }
    check_room(tx, before.resource)?;
    let after = CustomField { is_active: true, retired_at: None, ..before.clone() };
    save(tx, &before, after)
}

/// Writes what changed, as the next version; nothing when nothing changed.
fn save(tx: &mut Tx<'_>, before: &CustomField, mut after: CustomField) -> Result<CustomField, Failure> {
    let changed = diff(Some(before), Some(&after))?;
    if changed.is_empty() {
        return Ok(after);
    }
    (after.version, after.updated_at) = (before.version + 1, tx.now.max(before.updated_at));
    let row = row_of(tx.actor.workspace_id, &after);
    let guarded = custom_fields::table.find((row.workspace_id, row.id)).filter(custom_fields::version.eq(before.version));
    written(update_rows(tx.conn, guarded, &row)?)?;
    record(tx, Operation::Updated, after.id, after.version, changed)?;
    Ok(after)
}

/// Takes the definition away, when no object has a value of it any more.
pub fn remove(tx: &mut Tx<'_>, field: &CustomField) -> Result<(), Failure> {
    diesel::delete(custom_fields::table.find((tx.actor.workspace_id, field.id))).execute(tx.conn)?;
    record(tx, Operation::Deleted, field.id, field.version + 1, Map::new())
}
