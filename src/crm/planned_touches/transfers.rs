//! Giving what is planned with a customer to somebody else, along with the customer.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::{Map, json};

use crate::changes::{Operation, add_facts, record_each};
use crate::db::id::{CustomerId, PlannedTouchId, UserId};
use crate::db::types::DbUuid;
use crate::db::{Condition, Failure, Tx};

/// What is still planned with these customers, whose rows are held, for one user goes to another, who is told of the customers and not
/// of each touch. Gives how many there were.
pub fn transfer_planned(
    tx: &mut Tx<'_>,
    customer_ids: &[CustomerId],
    from: UserId,
    to: UserId,
    reason: Option<&str>,
) -> Result<usize, Failure> {
    let update = Condition::sql("UPDATE planned_touches SET assignee_id = ").bind(to).then(", version = version + 1, updated_at = ");
    let update = update.bind(tx.now).then(" WHERE ").append(planned(tx, customer_ids, from)).then(" RETURNING id, version");
    let mut moved: Vec<(PlannedTouchId, i64)> = update.giving::<(DbUuid, BigInt)>().load(tx.conn)?;
    moved.sort_unstable();
    let mut changed: Map<_, _> = [("assignee_id".to_owned(), json!({ "from": from, "to": to }))].into_iter().collect();
    add_facts(&mut changed, &[("reason", reason.map(str::to_owned))]);
    let count = moved.len();
    record_each(tx, Operation::Reassigned, moved.into_iter().map(|(id, version)| (id, version, changed.clone())).collect())?;
    Ok(count)
}

/// The customers among these with which something is still planned for a user.
pub fn planned_with(tx: &mut Tx<'_>, customer_ids: &[CustomerId], assignee_id: UserId) -> QueryResult<Vec<CustomerId>> {
    let found = Condition::sql("SELECT DISTINCT customer_id FROM planned_touches WHERE ").append(planned(tx, customer_ids, assignee_id));
    found.giving::<DbUuid>().load(tx.conn)
}

fn planned(tx: &Tx<'_>, customer_ids: &[CustomerId], assignee_id: UserId) -> Condition {
    let own = Condition::sql("workspace_id = ").bind(tx.actor.workspace_id).then(" AND assignee_id = ").bind(assignee_id);
    own.and(Condition::any_of("customer_id", customer_ids.iter().copied())).then(" AND status = 'planned' AND deleted_at IS NULL")
}
