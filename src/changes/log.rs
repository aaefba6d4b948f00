//! Writing the log.

use diesel::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::db::condition::AnyId;
use crate::db::id::{ChangeId, Id, Kind};
use crate::db::schema::changes;
use crate::db::types::Json;
use crate::db::{Failure, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// What was done; with the object's kind it is the change's type: `customer.updated`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::AsRefStr)]
#[strum(serialize_all = "snake_case")]
pub enum Operation {
    Created,
    Updated,
    Deleted,
    Restored,
    Transferred,
    LifecycleChanged,
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

/// Records a change. Call it after the object's own row was written: its `seq` is then taken under the row's lock, so that
/// an object's changes stand in version order.
pub fn record<K: Kind>(tx: &mut Tx<'_>, operation: Operation, id: Id<K>, version: i64, changed: Map<String, Value>) -> Result<(), Failure> {
    diesel::insert_into(changes::table)
        .values((
            changes::workspace_id.eq(tx.actor.workspace_id),
            changes::id.eq(ChangeId::new()),
            changes::kind.eq(format!("{}.{}", K::NAME, operation.as_ref())),
            changes::object_type.eq(K::NAME),
            changes::object_id.eq(AnyId::from_uuid(Uuid::from_bytes(*id.uuid().as_bytes()))),
            changes::object_version.eq(version),
            changes::changed.eq(Json(changed)),
            changes::actor_id.eq(tx.actor.user_id),
            changes::request_id.eq(tx.actor.request_id.as_str()),
            changes::at.eq(tx.now),
        ))
        .execute(tx.conn)?;
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
