//! Deleting and restoring, alike for every resource: the mark, the references and keys that become free and are taken
//! again, and what is hidden with a customer.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::Map;

use super::RESTORABLE;
use super::custom_fields::Custom;
use super::custom_fields::written::{self, Values};
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
    written::remove(tx, id)?;
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
    custom: &Custom,
) -> Result<(), Failure> {
    // First, since whoever deletes a field holds it before the objects.
    let values = Values::of::<R>(tx, custom)?;
    mark::<R>(tx, id, version, Condition::sql("deleted_at = NULL"))?;
    external_refs::add::<R>(tx, visible, id, refs)?;
    lookup_keys::add(tx, id, keys)?;
    values.write::<R>(tx, visible, id)
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

/// Deletes what belongs to a customer together with it, and has no references and no values.
pub fn hide_with_customer<R: Listed>(tx: &mut Tx<'_>, customer_id: CustomerId) -> Result<(), Failure> {
    let ids = hide_all::<R>(tx, customer_id)?;
    record_all(tx, Operation::Deleted, &ids)
}

/// Brings it back.
pub fn show_with_customer<R: Listed>(tx: &mut Tx<'_>, customer_id: CustomerId) -> Result<(), Failure> {
    let ids = show_all::<R>(tx, customer_id)?;
    record_all(tx, Operation::Restored, &ids)
}

/// Deletes what belongs to a customer together with it.
pub fn delete_with_customer<R: Listed>(tx: &mut Tx<'_>, customer_id: CustomerId) -> Result<(), Failure> {
    let ids = hide_all::<R>(tx, customer_id)?;
    for table in ["external_refs", "custom_values"] {
        let own = Condition::sql(format!("DELETE FROM {table} WHERE workspace_id = ")).bind(tx.actor.workspace_id);
        let own = own.then(format!(" AND object_id IN (SELECT id FROM {} WHERE workspace_id = ", R::TABLE)).bind(tx.actor.workspace_id);
        own.then(" AND customer_id = ").bind(customer_id).then(" AND deleted_at = ").bind(tx.now).then(")").execute(tx.conn)?;
    }
    record_all(tx, Operation::Deleted, &ids)
}

/// What is found by references and values.
type Found<R> = (Id<<R as Listed>::Kind>, Json<Vec<ExternalRef>>, Json<Custom>);

/// Restores what was deleted together with a customer.
pub fn restore_with_customer<R: Listed>(tx: &mut Tx<'_>, visible: &Condition, customer_id: CustomerId) -> Result<(), Failure> {
    let ids = show_all::<R>(tx, customer_id)?;
    let found = Condition::sql(format!("SELECT id, external_refs, custom FROM {} WHERE workspace_id = ", R::TABLE));
    let found = found.bind(tx.actor.workspace_id).then(" AND customer_id = ").bind(customer_id).then(" AND deleted_at IS NULL");
    let found = found.then(" AND (CAST(external_refs AS TEXT) <> '[]' OR CAST(custom AS TEXT) <> '{}') ORDER BY id");
    let found: Vec<Found<R>> = found.giving::<(DbUuid, DbJson, DbJson)>().load(tx.conn)?;
    for (id, refs, custom) in found {
        if ids.binary_search_by_key(&id, |(restored, _)| *restored).is_ok() {
            external_refs::add::<R>(tx, visible, id, &refs.0)?;
            Values::of::<R>(tx, &custom.0)?.write::<R>(tx, visible, id)?;
        }
    }
    record_all(tx, Operation::Restored, &ids)
}

type Versions<R> = Vec<(Id<<R as Listed>::Kind>, i64)>;

fn hide_all<R: Listed>(tx: &mut Tx<'_>, customer_id: CustomerId) -> QueryResult<Versions<R>> {
    let set = Condition::sql("is_deleted_with_customer = ").bind(true).then(", deleted_at = ").bind(tx.now);
    mark_all::<R>(tx, customer_id, set, "deleted_at IS NULL")
}

fn show_all<R: Listed>(tx: &mut Tx<'_>, customer_id: CustomerId) -> QueryResult<Versions<R>> {
    let set = Condition::sql("is_deleted_with_customer = ").bind(false).then(", deleted_at = NULL");
    mark_all::<R>(tx, customer_id, set, "is_deleted_with_customer")
}

/// Sets members of a customer's rows, as the next version of each; gives their ids and versions.
fn mark_all<R: Listed>(tx: &mut Tx<'_>, customer_id: CustomerId, set: Condition, which: &str) -> QueryResult<Versions<R>> {
    let update =
        Condition::sql(format!("UPDATE {} SET version = version + 1, updated_at = ", R::TABLE)).bind(tx.now).then(", ").append(set);
    let update = update.then(" WHERE workspace_id = ").bind(tx.actor.workspace_id).then(" AND customer_id = ").bind(customer_id);
    let update = update.then(format!(" AND {which} RETURNING id, version"));
    let mut ids: Versions<R> = update.giving::<(DbUuid, BigInt)>().load(tx.conn)?;
    ids.sort_unstable();
    Ok(ids)
}
