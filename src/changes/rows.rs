//! Rows of the log. What decides whether a row is shown is read without what changed, which may be long.

use diesel::prelude::*;
use serde_json::{Map, Value};

use crate::db::condition::AnyId;
use crate::db::id::{ChangeId, UserId, WorkspaceId};
use crate::db::schema::changes;
use crate::db::types::{Instant, Json};
use crate::db::{Condition, DbConnection, columns};

/// A row of the log.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = changes)]
pub struct ChangeRow {
    pub seq: i64,
    pub id: ChangeId,
    pub kind: String,
    pub object_type: String,
    pub object_id: AnyId,
    pub object_version: i64,
    pub changed: Json<Map<String, Value>>,
    pub actor_id: Option<UserId>,
    pub request_id: String,
    pub at: Instant,
}

/// What a row is about.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = changes)]
pub struct Head {
    pub seq: i64,
    pub kind: String,
    pub object_type: String,
    pub object_id: AnyId,
    pub at: Instant,
}

/// The rows of a workspace's log from behind `after` up to `until`. Of a workspace with few rows none of the others' are looked at:
/// PostgreSQL is kept from the primary key by comparing rows, and SQLite, which is bad at that, by its statistics.
fn range(workspace_id: WorkspaceId, after: i64, until: i64) -> Condition {
    let sqlite = Condition::sql("changes.workspace_id = ").bind(workspace_id);
    let sqlite = sqlite.then(" AND changes.seq > ").bind(after).then(" AND changes.seq <= ").bind(until);
    let row = "(changes.workspace_id, changes.seq)";
    let postgres = Condition::sql(format!("{row} > (")).bind(workspace_id).then(", ").bind(after);
    let postgres = postgres.then(format!(") AND {row} <= (")).bind(workspace_id).then(", ").bind(until).then(")");
    Condition::either(sqlite, postgres)
}

/// The oldest rows of a workspace's log from behind `after` up to `until`.
pub fn heads(conn: &mut DbConnection, workspace_id: WorkspaceId, after: i64, until: i64, limit: i64) -> QueryResult<Vec<Head>> {
    let rows = changes::table.filter(range(workspace_id, after, until)).order((changes::workspace_id.asc(), changes::seq.asc()));
    rows.limit(limit).select(columns::<Head>()).load(conn)
}

/// The newest rows of which this is true.
pub fn newest(conn: &mut DbConnection, which: Condition, limit: i64) -> QueryResult<Vec<Head>> {
    changes::table.filter(which).order((changes::at.desc(), changes::seq.desc())).limit(limit).select(columns::<Head>()).load(conn)
}

/// The whole rows with these places, in the order of these.
pub fn whole(conn: &mut DbConnection, places: &[i64]) -> QueryResult<Vec<ChangeRow>> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let named = Condition::any_of("changes.seq", places.iter().copied());
    let mut rows: Vec<ChangeRow> = changes::table.filter(named).order(changes::seq.asc()).select(columns::<ChangeRow>()).load(conn)?;
    if !places.is_sorted() {
        rows.reverse();
        // The order of the audit is that of instants, which is not always the log's.
        rows.sort_by_key(|row| std::cmp::Reverse((row.at, row.seq)));
    }
    Ok(rows)
}

/// The end of a workspace's log, as far as it is complete.
pub fn end(conn: &mut DbConnection, workspace_id: WorkspaceId, until: i64) -> QueryResult<i64> {
    let rows = changes::table.filter(range(workspace_id, 0, until)).order((changes::workspace_id.desc(), changes::seq.desc()));
    Ok(rows.select(changes::seq).first(conn).optional()?.unwrap_or(0))
}

/// Up to where the workspace's log was purged.
pub fn floor(conn: &mut DbConnection, workspace_id: WorkspaceId) -> QueryResult<i64> {
    use crate::db::schema::change_floors::dsl;
    Ok(dsl::change_floors.filter(dsl::workspace_id.eq(workspace_id)).select(dsl::seq).first(conn).optional()?.unwrap_or(0))
}

/// The workspaces that have rows from behind `after` up to `until`.
pub fn workspaces(conn: &mut DbConnection, after: i64, until: i64) -> QueryResult<Vec<WorkspaceId>> {
    let new = changes::table.filter(changes::seq.gt(after).and(changes::seq.le(until)));
    new.select(changes::workspace_id).distinct().load(conn)
}
