//! Values in a write: checked against the fields in the transaction, kept in the object's row, and in `custom_values` to be found.

use diesel::prelude::*;
use serde_json::Value;

use super::dto::{CustomField, FieldKind};
use super::keys::{Key, keys};
use super::store;
use super::values::{self, Custom};
use crate::auth::Scope;
use crate::crm::customers::{self, Customers};
use crate::crm::references;
use crate::db::condition::AnyId;
use crate::db::id::{CustomFieldId, Id, Kind, UserId, WorkspaceId};
use crate::db::schema::custom_values;
use crate::db::types::DbUuid;
use crate::db::{Condition, Failure, Tx, on_backend};
use crate::http::catalogue::Code;
use crate::http::problem::{FieldError, Problem};
use crate::http::schemas::nearest;
use crate::listing::{Listed, rows};

/// What becomes of an object's rows in `custom_values`.
#[derive(Debug, Default)]
pub struct Values {
    /// Fields that had a value, which is no longer the one.
    gone: Vec<CustomFieldId>,
    come: Vec<Found>,
}

/// By what an object is found.
#[derive(Debug)]
struct Found {
    field_id: CustomFieldId,
    name: String,
    position: i32,
    key: Key,
    is_unique: bool,
}

#[derive(Insertable)]
#[diesel(table_name = custom_values, treat_none_as_default_value = false)]
struct Row {
    workspace_id: WorkspaceId,
    object_id: AnyId,
    field_id: CustomFieldId,
    position: i32,
    text_value: Option<String>,
    number_value: Option<i64>,
    unique_value: Option<String>,
}

/// Checks what differs from `before` (nothing, for a new object, which gets its defaults) and gives it its one form.
pub fn check<R: Listed>(
    tx: &mut Tx<'_>,
    scope: &Scope,
    before: Option<&Custom>,
    after: &mut Custom,
    errors: &mut Vec<FieldError>,
) -> Result<Values, Failure> {
    // No choice at all is no value.
    after.retain(|_, value| value.as_array().is_none_or(|items| !items.is_empty()));
    if before == Some(after) {
        return Ok(Values::default());
    }
    let fields = store::held(tx, R::TABLE)?;
    for key in after.keys().filter(|key| fields.iter().all(|field| field.key != **key)) {
        let known = fields.iter().filter(|field| field.is_active).map(|field| field.key.as_str());
        let meant = nearest(key, known).map(str::to_owned);
        errors.push(FieldError::new(at(key), Code::UnknownField).with("field", key.as_str()).with("did_you_mean", meant));
    }
    let mut values = Values::default();
    for field in &fields {
        let old = before.and_then(|before| before.get(&field.key));
        if before.is_none() && field.is_active && !after.contains_key(&field.key) {
            after.extend(field.fields.default.clone().map(|default| (field.key.clone(), default)));
        }
        match after.get(&field.key) {
            None => {
                let is_touched = before.is_none() || old.is_some();
                if is_touched && field.is_active && field.fields.is_required {
                    errors.push(FieldError::new(at(&field.key), Code::Required));
                }
                values.gone.extend(old.map(|_| field.id));
            }
            Some(new) if old == Some(new) => {}
            Some(_) if !field.is_active => {
                errors.push(FieldError::new(at(&field.key), Code::RetiredField).with("field", format!("custom.{}", field.key)));
            }
            Some(new) => {
                let Some(new) = values::read(field.kind, &field.fields, old, new, &at(&field.key), errors) else { continue };
                check_reference(tx, scope, field, &new, errors)?;
                if old != Some(&new) {
                    values.gone.extend(old.map(|_| field.id));
                    values.come.extend(found(field, &new));
                }
                after.insert(field.key.clone(), new);
            }
        }
    }
    Ok(values)
}

fn at(key: &str) -> String {
    format!("/custom/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Users must be active, and customers seen, as everywhere.
fn check_reference(
    tx: &mut Tx<'_>,
    scope: &Scope,
    field: &CustomField,
    value: &Value,
    errors: &mut Vec<FieldError>,
) -> Result<(), Failure> {
    let Some(id) = value.as_str() else { return Ok(()) };
    match field.kind {
        FieldKind::User => references::check_user(tx, &at(&field.key), id.parse::<UserId>().ok(), errors)?,
        FieldKind::Customer => {
            let seen = customers::visible(scope, false);
            let is_seen = match id.parse() {
                Ok(id) => rows::exists::<Customers>(tx.conn, rows::with_id::<Customers>(seen, id))?,
                Err(_) => false,
            };
            if !is_seen {
                errors.push(FieldError::new(at(&field.key), Code::UnknownReference));
            }
        }
        _ => {}
    }
    Ok(())
}

fn found(field: &CustomField, value: &Value) -> impl Iterator<Item = Found> {
    let (field_id, name, is_unique) = (field.id, format!("custom.{}", field.key), field.fields.is_unique);
    let keys = keys(field.kind, value).into_iter().zip(0..);
    keys.map(move |(key, position)| Found { field_id, name: name.clone(), position, key, is_unique })
}

impl Values {
    /// Of an object that comes back: all of its values.
    pub fn of<R: Listed>(tx: &mut Tx<'_>, custom: &Custom) -> QueryResult<Self> {
        if custom.is_empty() {
            return Ok(Self::default());
        }
        let fields = store::held(tx, R::TABLE)?;
        let come = fields.iter().filter_map(|field| custom.get(&field.key).map(|value| found(field, value))).flatten();
        Ok(Self { gone: Vec::new(), come: come.collect() })
    }

    /// Makes the table say it. A unique value that another object has is 409, which names that one when it is `visible`.
    pub fn write<R: Listed>(self, tx: &mut Tx<'_>, visible: &Condition, id: Id<R::Kind>) -> Result<(), Failure> {
        let (workspace_id, object_id) = (tx.actor.workspace_id, AnyId::from_uuid(id.uuid()));
        if !self.gone.is_empty() {
            let gone = Condition::sql("DELETE FROM custom_values WHERE workspace_id = ").bind(workspace_id);
            let gone = gone.then(" AND object_id = ").bind(object_id).then(" AND ");
            gone.append(Condition::any_of("field_id", self.gone)).execute(tx.conn)?;
        }
        check_unique::<R>(tx, visible, &self.come)?;
        let row = |Found { field_id, position, key, is_unique, .. }: Found| {
            let unique_value = if is_unique { key.unique() } else { None };
            Row { workspace_id, object_id, field_id, position, text_value: key.text, number_value: key.number, unique_value }
        };
        let rows: Vec<Row> = self.come.into_iter().map(row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        // Several rows in one statement: the portable connection cannot.
        let inserted: QueryResult<usize> = on_backend!(tx.conn,
            postgres: |pg| diesel::insert_into(custom_values::table).values(&rows).execute(pg),
            sqlite: |lite| diesel::insert_into(custom_values::table).values(&rows).execute(lite),
        );
        // Somebody may take a unique value at this very moment; whoever comes second runs again.
        inserted.map(|_| ()).map_err(|error| Failure::from(error).stale_on("custom_values.field_id,unique_value"))
    }
}

fn check_unique<R: Listed>(tx: &mut Tx<'_>, visible: &Condition, come: &[Found]) -> Result<(), Failure> {
    let unique = come.iter().filter(|found| found.is_unique).filter_map(|found| Some((found, found.key.unique()?)));
    let taken = unique.map(|(Found { field_id, .. }, value)| {
        Condition::sql("(field_id = ").bind(*field_id).then(" AND unique_value = ").bind(value.as_str()).then(")")
    });
    let Some(taken) = taken.reduce(Condition::or) else { return Ok(()) };
    let holders = Condition::sql("SELECT field_id, object_id FROM custom_values WHERE workspace_id = ").bind(tx.actor.workspace_id);
    let holders = holders.then(" AND ").append(taken).then(" ORDER BY field_id LIMIT 1").giving::<(DbUuid, DbUuid)>();
    let Some((field_id, holder)) = holders.get_result::<(CustomFieldId, Id<R::Kind>)>(tx.conn).optional()? else { return Ok(()) };
    let name = come.iter().find(|found| found.field_id == field_id).map(|found| found.name.clone());
    let is_seen = rows::exists::<R>(tx.conn, rows::with_id::<R>(visible.clone(), holder))?;
    let taken = Problem::new(Code::ValueTaken).with("field", name);
    Err(taken.with("existing_id", is_seen.then(|| holder.to_string())).into())
}

/// Frees the values of a deleted object, and takes it out of what is filtered.
pub fn remove<K: Kind>(tx: &mut Tx<'_>, id: Id<K>) -> QueryResult<()> {
    let own = custom_values::workspace_id.eq(tx.actor.workspace_id).and(custom_values::object_id.eq(AnyId::from_uuid(id.uuid())));
    diesel::delete(custom_values::table.filter(own)).execute(tx.conn).map(|_| ())
}
