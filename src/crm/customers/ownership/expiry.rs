//! Collaborations that are over. Nobody sees a customer by them from that moment on; this takes them away, so that the feed tells it.

use std::collections::BTreeSet;

use diesel::prelude::*;
use serde_json::json;

use super::super::fields::Customers;
use super::super::store;
use super::collaborators::end_expired;
use crate::db::id::CustomerId;
use crate::db::types::DbUuid;
use crate::db::{Condition, Failure, Tx};
use crate::jobs::{Step, Task, Work};
use crate::listing::rows::{rows, with_ids};

pub const END_COLLABORATIONS: Work = Work::new("end_collaborations", step).every(chrono::Duration::minutes(10));

/// Customers of one step: each writes more than a row.
const STEP: usize = 100;

fn step(tx: &mut Tx<'_>, task: &mut Task) -> Result<Step, Failure> {
    let workspace_id = tx.actor.workspace_id;
    let over = Condition::sql("SELECT o.customer_id FROM customer_collaborators o JOIN customers c");
    // A deleted customer keeps them: it may come back.
    let over = over.then(" ON c.workspace_id = o.workspace_id AND c.id = o.customer_id AND c.deleted_at IS NULL");
    let over = over.then(" WHERE o.workspace_id = ").bind(workspace_id).then(" AND o.expires_at <= ").bind(tx.now);
    let over = over.then(format!(" ORDER BY o.expires_at, o.customer_id LIMIT {STEP}")).giving::<DbUuid>();
    let found: Vec<CustomerId> = over.load(tx.conn)?;
    let ids: Vec<CustomerId> = found.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    tx.hold_all("customers", &ids)?;
    for customer in store::load_all(tx.conn, with_ids::<Customers>(rows::<Customers>(workspace_id, false), &ids))? {
        end_expired(tx, customer)?;
        task.done += 1;
    }
    Ok(if found.len() == STEP { Step::More } else { Step::Done(json!({ "customers": task.done })) })
}
