//! Deleting a retired field: first its values, object by object, and then the field itself.
//!
//! Each step is a transaction of its own, and each leaves everything in order: whoever is interrupted begins again.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::{Map, json};

use super::dto::{CustomField, FieldResource};
use super::store;
use super::values::Custom;
use crate::changes::{Operation, record_each};
use crate::crm::contacts::Contacts;
use crate::crm::customers::Customers;
use crate::crm::opportunities::Opportunities;
use crate::crm::tiers::Tiers;
use crate::crm::touch_records::TouchRecords;
use crate::db::condition::AnyId;
use crate::db::id::{CustomFieldId, Id};
use crate::db::types::{DbJson, DbUuid, Json};
use crate::db::{Condition, Failure, Tx};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::problem::Problem;
use crate::listing::Listed;

/// Objects that one step changes.
const STEP: usize = 200;

/// Where the next step begins; `None` when the field is gone.
pub type Next = Option<AnyId>;

/// Takes the value from the next objects behind `after`, deleted ones included, and the field itself when there are no more.
pub fn step(tx: &mut Tx<'_>, id: CustomFieldId, if_match: &IfMatch, after: Next) -> Result<Next, Failure> {
    let field = store::get_for_change(tx, id, if_match)?;
    if field.is_active {
        return Err(Problem::new(Code::NotRetired).into());
    }
    let next = match field.resource {
        FieldResource::Customers => clear::<Customers>(tx, &field, after, ("customer_profiles", "customer_id"))?,
        FieldResource::Contacts => clear::<Contacts>(tx, &field, after, (Contacts::TABLE, "id"))?,
        FieldResource::Opportunities => clear::<Opportunities>(tx, &field, after, (Opportunities::TABLE, "id"))?,
        FieldResource::Tiers => clear::<Tiers>(tx, &field, after, (Tiers::TABLE, "id"))?,
        FieldResource::TouchRecords => clear::<TouchRecords>(tx, &field, after, (TouchRecords::TABLE, "id"))?,
    };
    if next.is_none() {
        store::remove(tx, &field)?;
    }
    Ok(next)
}

/// `place` is the table that has `custom`, and what it calls the object's id.
fn clear<R: Listed>(tx: &mut Tx<'_>, field: &CustomField, after: Next, place: (&str, &str)) -> Result<Next, Failure> {
    let ((table, id_column), key) = (place, field.key.as_str());
    let own = |column: &str| Condition::sql(format!("{column} = ")).bind(tx.actor.workspace_id);
    let (workspace_id, now) = (tx.actor.workspace_id, tx.now);
    let behind = after.map(|id| Condition::sql(format!(" AND {id_column} > ")).bind(id)).unwrap_or(Condition::sql(""));
    // A key has nothing but letters, digits and `_`.
    let has_value = Condition::either(
        Condition::sql(format!(" AND json_type(custom, '$.{key}') IS NOT NULL")),
        Condition::sql(format!(" AND jsonb_exists(custom, '{key}')")),
    );
    let found = Condition::sql(format!("SELECT {id_column} FROM {table} WHERE ")).append(own("workspace_id")).append(behind);
    let found = found.append(has_value).then(format!(" ORDER BY {id_column} LIMIT {STEP}"));
    let ids: Vec<AnyId> = found.giving::<DbUuid>().load(tx.conn)?;
    let Some(last) = ids.last().copied() else { return Ok(None) };

    let these = || Condition::any_of(id_column, ids.iter().copied());
    let update = Condition::sql(format!("UPDATE {} SET version = version + 1, updated_at = ", R::TABLE)).bind(now);
    let update =
        update.then(" WHERE workspace_id = ").bind(workspace_id).then(" AND ").append(Condition::any_of("id", ids.iter().copied()));
    let mut versions: Vec<(Id<R::Kind>, i64)> = update.then(" RETURNING id, version").giving::<(DbUuid, BigInt)>().load(tx.conn)?;
    versions.sort_unstable();
    // The rows are held from here on: this is what stands.
    let stored = Condition::sql(format!("SELECT {id_column}, custom FROM {table} WHERE workspace_id = ")).bind(workspace_id);
    let stored = stored.then(" AND ").append(these()).then(format!(" ORDER BY {id_column}"));
    let stored: Vec<(Id<R::Kind>, Json<Custom>)> = stored.giving::<(DbUuid, DbJson)>().load(tx.conn)?;
    let set = Condition::either(
        Condition::sql(format!("UPDATE {table} SET custom = json_remove(custom, '$.{key}') WHERE workspace_id = ")).bind(workspace_id),
        Condition::sql(format!("UPDATE {table} SET custom = custom - '{key}' WHERE workspace_id = ")).bind(workspace_id),
    );
    set.then(" AND ").append(these()).execute(tx.conn)?;
    let values = Condition::sql("DELETE FROM custom_values WHERE workspace_id = ").bind(workspace_id);
    let values = values.then(" AND field_id = ").bind(field.id).then(" AND ");
    values.append(Condition::any_of("object_id", ids.iter().copied())).execute(tx.conn)?;
    let changes = versions.into_iter().zip(stored).map(|((id, version), (_, Json(from)))| {
        let mut to = from.clone();
        to.remove(key);
        (id, version, Map::from_iter([("custom".to_owned(), json!({ "from": from, "to": to }))]))
    });
    record_each(tx, Operation::Updated, changes.collect())?;
    Ok(Some(last))
}
