//! Reading the log as a feed that loses nothing.
//!
//! On PostgreSQL a transaction may commit a lower `seq` after a higher one was seen. So a `seq` is served only when every
//! transaction that could hold a lower one has ended: the sequence's last value is read first, then, in a later statement, a
//! transaction id of our own. Whoever took a `seq` up to that value had a lower transaction id by then (the change row is
//! written last), and is done once the oldest running transaction is not below ours. A snapshot's `xmax` would not do in
//! its place: it counts completed transactions only, and a running one may stand at or above it. On SQLite the single writer
//! commits in order, and what is visible is complete.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde_json::{Map, Value};

use crate::db::condition::AnyId;
use crate::db::id::{ChangeId, UserId, WorkspaceId};
use crate::db::schema::changes;
use crate::db::types::{Instant, Json};
use crate::db::{DbConnection, on_backend};

/// Horizons that wait for a running transaction; more are not worth remembering.
const MAX_WAITING: usize = 256;

/// A row of the log.
#[derive(Debug, Queryable)]
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

/// Remembers up to where the log is complete.
#[derive(Clone, Default)]
pub struct Feed(Arc<Mutex<Horizon>>);

#[derive(Default)]
struct Horizon {
    /// Up to this `seq` nothing can appear any more.
    complete: i64,
    /// Sequence values and the transaction id that has to be reached for each.
    waiting: VecDeque<(i64, i64)>,
}

impl Horizon {
    /// Takes a sequence value, a transaction id taken after it was read, and the oldest running one after that.
    fn observe(&mut self, last_seq: i64, own: i64, oldest: i64) -> i64 {
        if self.waiting.back().is_none_or(|(seq, _)| *seq < last_seq) && self.waiting.len() < MAX_WAITING {
            self.waiting.push_back((last_seq, own));
        }
        while let Some((seq, until)) = self.waiting.front().copied() {
            if until > oldest {
                break;
            }
            self.complete = self.complete.max(seq);
            self.waiting.pop_front();
        }
        self.complete
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// A page of the feed.
pub struct Batch {
    pub rows: Vec<ChangeRow>,
    /// Where the next page begins.
    pub next: i64,
    /// Whether rows were held back because an earlier transaction still runs.
    pub is_held: bool,
}

impl Feed {
    pub fn read(&self, conn: &mut DbConnection, workspace_id: WorkspaceId, after: i64, limit: i64) -> QueryResult<Batch> {
        let (complete, last) = self.complete(conn)?;
        let rows = changes::table
            .filter(changes::workspace_id.eq(workspace_id).and(changes::seq.gt(after)).and(changes::seq.le(complete)))
            .order(changes::seq.asc())
            .limit(limit)
            .select((
                changes::seq,
                changes::id,
                changes::kind,
                changes::object_type,
                changes::object_id,
                changes::object_version,
                changes::changed,
                changes::actor_id,
                changes::request_id,
                changes::at,
            ))
            .load::<ChangeRow>(conn)?;
        let next = rows.last().map_or(after, |row| row.seq);
        Ok(Batch { rows, next, is_held: complete < last })
    }

    fn complete(&self, conn: &mut DbConnection) -> QueryResult<(i64, i64)> {
        on_backend!(conn,
            // Sequences and snapshots are PostgreSQL's own.
            postgres: |pg| {
                let mut number = |query: &str| diesel::sql_query(query).get_result::<Number>(pg).map(|row| row.value);
                let last = number("SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS value FROM changes_seq_seq")?;
                if last <= self.horizon().complete {
                    return Ok((last, last));
                }
                let own = number("SELECT pg_current_xact_id()::text::bigint AS value")?;
                let oldest = number("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS value")?;
                Ok((self.horizon().observe(last, own, oldest), last))
            },
            sqlite: |_lite| Ok((i64::MAX, i64::MAX)),
        )
    }

    fn horizon(&self) -> MutexGuard<'_, Horizon> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_transaction_holds_back_what_came_after_it() {
        let mut horizon = Horizon::default();
        assert_eq!(horizon.observe(5, 100, 101), 5, "nothing runs");
        assert_eq!(horizon.observe(8, 103, 102), 5, "102 still runs and may hold 6, 7 or 8");
        assert_eq!(horizon.observe(9, 104, 102), 5, "still");
        assert_eq!(horizon.observe(9, 105, 104), 9, "all below 104 are done, and 104 is ours");
        assert_eq!(horizon.observe(11, 107, 106), 9, "106 may hold 10 or 11");
        assert_eq!(horizon.observe(12, 109, 108), 11);
    }
}
