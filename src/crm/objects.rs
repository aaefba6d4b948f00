//! Deleting and restoring, alike for every resource: the mark, the references and keys that become free and are taken
//! again, and what is hidden with a customer.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::Map;

use super::RESTORABLE;
use super::external_refs::{self, ExternalRef};
use super::lookup_keys::{self, KeyKind};
use crate::changes::{Operation, record, record_all};
use crate::db::id::{CustomerId, Id};
use crate::db::types::{DbJson, DbUuid, Json};
use crate::db::{Condition, Failure, Tx, written};
use crate::listing::Listed;

/// Marks an object as deleted, as its next version. Its references and keys become free.
pub fn delete<R: Listed>(tx: &mut Tx<'_>, id: Id<R::Kind>, version: i64) -> Result<(), Failure> {
    let deleted_at = Condition::sql("deleted_at = ").bind(tx.now);
    mark::<R>(tx, id, version, deleted_at)?;
    external_refs::remove(tx, id)?;
    lookup_keys::remove(tx, id)?;
    record(tx, Operation::Deleted, id, version + 1, Map::new())
}

/// Takes the mark away, as the next version; references that others have taken meanwhile are 409.
pub fn restore<R: Listed>(
    tx: &mut Tx<'_>,
    visible: &Condition,
    id: Id<R::Kind>,
    version: i64,
    refs: &[ExternalRef],
    keys: &[(KeyKind, String)],
) -> Result<(), Failure> {
    mark::<R>(tx, id, version, Condition::sql("deleted_at = NULL"))?;
    external_refs::add::<R>(tx, visible, id, refs)?;
    Ok(lookup_keys::add(tx, id, keys)?)
}

/// Among deleted rows, those that can still be restored.
pub fn restorable<R: Listed>(tx: &Tx<'_>, deleted: Condition) -> Condition {
    deleted.then(format!(" AND {}.deleted_at > ", R::TABLE)).bind(tx.now.plus(-RESTORABLE))
}

fn mark<R: Listed>(tx: &mut Tx<'_>, id: Id<R::Kind>, version: i64, set: Condition) -> Result<(), Failure> {
    let update = Condition::sql(format!("UPDATE {} SET version = ", R::TABLE)).bind(version + 1).then(", updated_at = ").bind(tx.now);
    let update = update.then(", ").append(set).then(" WHERE workspace_id = ").bind(tx.actor.workspace_id);
    let update = update.then(" AND id = ").bind(id).then(" AND version = ").bind(version);
    written(update.execute(tx.conn)?)
}

/// Deletes what belongs to a customer together with it.
pub fn delete_with_customer<R: Listed>(tx: &mut Tx<'_>, customer_id: CustomerId) -> Result<(), Failure> {
    let set = Condition::sql("is_deleted_with_customer = ").bind(true).then(", deleted_at = ").bind(tx.now);
    let ids = mark_all::<R>(tx, customer_id, set, "deleted_at IS NULL")?;
    let own = Condition::sql("DELETE FROM external_refs WHERE workspace_id = ").bind(tx.actor.workspace_id);
    let own = own.then(format!(" AND object_id IN (SELECT id FROM {} WHERE workspace_id = ", R::TABLE)).bind(tx.actor.workspace_id);
    own.then(" AND customer_id = ").bind(customer_id).then(" AND deleted_at = ").bind(tx.now).then(")").execute(tx.conn)?;
    record_all(tx, Operation::Deleted, &ids)
}

/// Restores what was deleted together with a customer.
pub fn restore_with_customer<R: Listed>(tx: &mut Tx<'_>, visible: &Condition, customer_id: CustomerId) -> Result<(), Failure> {
    let set = Condition::sql("is_deleted_with_customer = ").bind(false).then(", deleted_at = NULL");
    let ids = mark_all::<R>(tx, customer_id, set, "is_deleted_with_customer")?;
    let with_refs = Condition::sql(format!("SELECT id, external_refs FROM {} WHERE workspace_id = ", R::TABLE));
    let with_refs = with_refs.bind(tx.actor.workspace_id).then(" AND customer_id = ").bind(customer_id);
    let with_refs = with_refs.then(" AND deleted_at IS NULL AND CAST(external_refs AS TEXT) <> '[]' ORDER BY id");
    for (id, refs) in with_refs.giving::<(DbUuid, DbJson)>().load::<(Id<R::Kind>, Json<Vec<ExternalRef>>)>(tx.conn)? {
        if ids.binary_search_by_key(&id, |(restored, _)| *restored).is_ok() {
            external_refs::add::<R>(tx, visible, id, &refs.0)?;
        }
    }
    record_all(tx, Operation::Restored, &ids)
}

/// Sets members of a customer's rows, as the next version of each; gives their ids and versions.
fn mark_all<R: Listed>(tx: &mut Tx<'_>, customer_id: CustomerId, set: Condition, which: &str) -> QueryResult<Vec<(Id<R::Kind>, i64)>> {
    let update =
        Condition::sql(format!("UPDATE {} SET version = version + 1, updated_at = ", R::TABLE)).bind(tx.now).then(", ").append(set);
    let update = update.then(" WHERE workspace_id = ").bind(tx.actor.workspace_id).then(" AND customer_id = ").bind(customer_id);
    let update = update.then(format!(" AND {which} RETURNING id, version"));
    let mut ids: Vec<(Id<R::Kind>, i64)> = update.giving::<(DbUuid, BigInt)>().load(tx.conn)?;
    ids.sort_unstable();
    Ok(ids)
}
