//! Writing the log.

use diesel::insert_into;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::db::condition::AnyId;
use crate::db::id::{ChangeId, Id, Kind, UserId, WorkspaceId};
use crate::db::schema::changes;
use crate::db::types::{Instant, Json};
use crate::db::{Failure, Tx, insert, on_backend};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// How many changes one statement writes; SQLite binds at most 32,766 values.
const ROWS_PER_STATEMENT: usize = 1000;

/// What was done; with the object's kind it is the change's type: `customer.updated`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::AsRefStr)]
#[strum(serialize_all = "snake_case")]
pub enum Operation {
    Created,
    Updated,
    Deleted,
    Restored,
    /// To another place in a tree.
    Moved,
    Claimed,
    Assigned,
    Released,
    Recycled,
    Transferred,
    HandedOver,
    Locked,
    Unlocked,
    CollaboratorsChanged,
    LifecycleChanged,
    TierChanged,
    StageMoved,
    Completed,
    Cancelled,
    Reassigned,
    Revoked,
    PasswordChanged,
}

/// The members that differ, each with its old and new value. The version and its instant always do, and say nothing.
pub fn diff<T: Serialize>(before: Option<&T>, after: Option<&T>) -> Result<Map<String, Value>, Problem> {
    let members = |object: Option<&T>| match object.map(serde_json::to_value) {
        None => Ok(Map::new()),
        Some(Ok(Value::Object(members))) => Ok(members),
        Some(_) => Err(Problem::new(Code::InternalError)),
    };
    let (mut old, new) = (members(before)?, members(after)?);
    let mut changed = Map::new();
    for (name, to) in new {
        let from = old.remove(&name).unwrap_or(Value::Null);
        if from != to && !matches!(name.as_str(), "version" | "updated_at") {
            changed.insert(name, json!({ "from": from, "to": to }));
        }
    }
    Ok(changed)
}

/// Adds facts of the operation that are no members of the object, such as a reason.
pub fn add_facts(changed: &mut Map<String, Value>, facts: &[(&str, Option<String>)]) {
    for (name, value) in facts.iter().filter(|(_, value)| value.is_some()) {
        changed.insert((*name).to_owned(), json!({ "from": null, "to": value }));
    }
}

/// Records a change. Call it after the object's own row was written: its `seq` is then taken under the row's lock, so that
/// an object's changes stand in version order.
pub fn record<K: Kind>(tx: &mut Tx<'_>, operation: Operation, id: Id<K>, version: i64, changed: Map<String, Value>) -> Result<(), Failure> {
    Ok(insert(tx.conn, &[&insert_into(changes::table).values(&row(tx, operation, id, version, changed))])?)
}

#[derive(Insertable)]
#[diesel(table_name = changes, treat_none_as_default_value = false)]
struct Row {
    workspace_id: WorkspaceId,
    id: ChangeId,
    kind: String,
    object_type: &'static str,
    object_id: AnyId,
    object_version: i64,
    changed: Json<Map<String, Value>>,
    actor_id: Option<UserId>,
    request_id: String,
    at: Instant,
}

fn row<K: Kind>(tx: &Tx<'_>, operation: Operation, id: Id<K>, version: i64, changed: Map<String, Value>) -> Row {
    Row {
        workspace_id: tx.actor.workspace_id,
        id: ChangeId::new(),
        kind: format!("{}.{}", K::NAME, operation.as_ref()),
        object_type: K::NAME,
        object_id: AnyId::from_uuid(id.uuid()),
        object_version: version,
        changed: Json(changed),
        actor_id: tx.actor.user_id,
        request_id: tx.actor.request_id.clone(),
        at: tx.now,
    }
}

/// Records the same of many objects at once, without members. Call it after their rows were written.
pub fn record_all<K: Kind>(tx: &mut Tx<'_>, operation: Operation, ids: &[(Id<K>, i64)]) -> Result<(), Failure> {
    record_each(tx, operation, ids.iter().map(|(id, version)| (*id, *version, Map::new())).collect())
}

/// The same, with what differs of each.
pub fn record_each<K: Kind>(
    tx: &mut Tx<'_>,
    operation: Operation,
    mut objects: Vec<(Id<K>, i64, Map<String, Value>)>,
) -> Result<(), Failure> {
    while !objects.is_empty() {
        let some = objects.drain(..objects.len().min(ROWS_PER_STATEMENT));
        let rows: Vec<_> = some.map(|(id, version, changed)| row(tx, operation, id, version, changed)).collect();
        // Several rows in one statement: the portable connection cannot.
        on_backend!(tx.conn,
            postgres: |pg| diesel::insert_into(changes::table).values(&rows).execute(pg)?,
            sqlite: |lite| diesel::insert_into(changes::table).values(&rows).execute(lite)?,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_listed() {
        let before = json!({"version": 1, "name": "a", "tags": [1]});
        let after = json!({"version": 2, "name": "b", "tags": [1], "email": "x"});
        let changed = diff(Some(&before), Some(&after)).expect("objects");
        assert_eq!(Value::Object(changed), json!({"name": {"from": "a", "to": "b"}, "email": {"from": null, "to": "x"}}));
    }
}
