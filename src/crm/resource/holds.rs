//! Two batches about the same rows in different orders would wait for each other for ever, so a batch holds its rows first, in
//! the order of their ids; customers before what belongs to them, as all writes do. And what is held before any row is held before
//! these as well.

use diesel::QueryResult;

use super::Resource;
use super::dto::{BatchOp, BatchOperation};
use crate::crm::custom_fields;
use crate::db::id::{CustomerId, Id, Kind};
use crate::db::{Bind, Condition, Tx};

pub fn hold_all<R: Resource>(tx: &mut Tx<'_>, operations: &[BatchOperation]) -> QueryResult<()> {
    // SQLite has one writer anyway.
    if tx.conn.is_sqlite() {
        return Ok(());
    }
    if let Some((topic, member)) = R::TOPIC {
        let is_meant = |operation: &BatchOperation| match &operation.data {
            Some(data) => data.contains_key(member),
            None => operation.op == BatchOp::Restore,
        };
        if operations.iter().any(is_meant) {
            tx.lock(topic)?;
        }
    }
    custom_fields::store::held(tx, R::TABLE)?;
    let ids = operations.iter().filter_map(|operation| operation.id.as_deref()?.parse::<Id<R::Kind>>().ok());
    let refs = operations.iter().filter_map(|operation| operation.external_ref.as_ref());
    let refs = Condition::any_of("(system, value)", refs.map(|one| Bind::Pair(one.system.clone(), one.value.clone())));
    let referred = Condition::sql("id IN (SELECT object_id FROM external_refs WHERE workspace_id = ").bind(tx.actor.workspace_id);
    let referred = referred.then(format!(" AND resource_type = '{}' AND ", R::Kind::NAME)).append(refs).then(")");
    let own = Condition::any_of("id", ids).or(referred);
    if R::BELONGS_TO_CUSTOMER {
        let named =
            operations.iter().filter_map(|operation| operation.data.as_ref()?.get("customer_id")?.as_str()?.parse::<CustomerId>().ok());
        let theirs = Condition::sql(format!("id IN (SELECT customer_id FROM {} WHERE workspace_id = ", R::TABLE));
        let theirs = theirs.bind(tx.actor.workspace_id).then(" AND ").append(own.clone()).then(")");
        hold(tx, "customers", Condition::any_of("id", named).or(theirs))?;
    }
    hold(tx, R::TABLE, own)
}

fn hold(tx: &mut Tx<'_>, table: &str, which: Condition) -> QueryResult<()> {
    let rows = Condition::sql(format!("SELECT 1 FROM {table} WHERE workspace_id = ")).bind(tx.actor.workspace_id);
    rows.then(" AND ").append(which).then(" ORDER BY id FOR NO KEY UPDATE").execute(tx.conn).map(|_| ())
}
