//! What the system does after a pool has changed.

use std::collections::BTreeSet;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::crm::customers::Customers;
use crate::crm::{contacts, customers};
use crate::db::id::{CustomerId, PoolId};
use crate::db::types::DbUuid;
use crate::db::{Condition, Failure, Tx};
use crate::jobs::{Step, Task, Work, enqueue_by_system, value};
use crate::listing::rows::rows;

/// Makes the search documents of a pool's customers anew, after what it hides has changed.
pub const REINDEX: Work = Work::new("reindex_pool", reindex);

/// Customers of one step; each has contacts.
const STEP: usize = 100;

#[derive(Serialize, Deserialize)]
struct OfPool {
    pool_id: PoolId,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Behind {
    customer_id: Option<CustomerId>,
}

/// By the system, whoever changed the pool.
pub fn reindex_later(tx: &mut Tx<'_>, pool_id: PoolId) -> Result<(), Failure> {
    enqueue_by_system(tx, &REINDEX, &OfPool { pool_id }, None).map(|_| ())
}

fn reindex(tx: &mut Tx<'_>, task: &mut Task) -> Result<Step, Failure> {
    let (OfPool { pool_id }, Behind { customer_id }) = (task.args()?, task.state()?);
    let some = Condition::sql("SELECT customers.id FROM customers WHERE ").append(rows::<Customers>(tx.actor.workspace_id, false));
    let some = some.then(" AND customers.pool_id = ").bind(pool_id);
    let some = customer_id.map_or_else(|| some.clone(), |last| some.clone().then(" AND customers.id > ").bind(last));
    let some = some.then(format!(" ORDER BY customers.id LIMIT {STEP}")).giving::<DbUuid>();
    let ids: BTreeSet<CustomerId> = some.load::<CustomerId>(tx.conn)?.into_iter().collect();
    customers::search::index(tx, &ids)?;
    contacts::search::index_of(tx, &ids)?;
    task.done += i64::try_from(ids.len()).unwrap_or_default();
    if ids.len() < STEP {
        return Ok(Step::Done(value(&json!({ "customers": task.done }))?));
    }
    task.keep(&Behind { customer_id: ids.last().copied() })?;
    Ok(Step::More)
}
