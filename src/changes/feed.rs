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

use super::sight::Shown;
use super::waiting::Waiting;
use crate::db::{Condition, DbConnection};

/// Horizons that wait for a running transaction; more are not worth remembering.
const MAX_WAITING: usize = 256;

/// Remembers up to where the log is complete, and who waits for more.
#[derive(Clone)]
pub struct Feed {
    /// The types of objects that are shown.
    pub(super) shown: &'static [Shown],
    horizon: Arc<Mutex<Horizon>>,
    pub(super) waiting: Arc<Waiting>,
}

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

/// Up to where the log can be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub complete: i64,
    /// Whether rows behind it are held back, because an earlier transaction still runs.
    pub is_held: bool,
}

impl Feed {
    pub fn new(shown: &'static [Shown]) -> Self {
        Self { shown, horizon: Arc::default(), waiting: Arc::default() }
    }

    /// How many requests wait for a change.
    pub fn waiting(&self) -> usize {
        self.waiting.count()
    }

    pub(super) fn end(&self, conn: &mut DbConnection) -> QueryResult<End> {
        let is_sqlite = conn.is_sqlite();
        let mut number = |query: &str| Condition::sql(query).giving::<BigInt>().get_result::<i64>(conn);
        if is_sqlite {
            let last = number("SELECT coalesce(max(seq), 0) FROM changes")?;
            return Ok(End { complete: last, is_held: false });
        }
        // Sequences and snapshots are PostgreSQL's own.
        let last = number("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM changes_seq_seq")?;
        if last <= self.horizon().complete {
            return Ok(End { complete: last, is_held: false });
        }
        let own = number("SELECT pg_current_xact_id()::text::bigint")?;
        let oldest = number("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")?;
        let complete = self.horizon().observe(last, own, oldest);
        Ok(End { complete, is_held: complete < last })
    }

    fn horizon(&self) -> MutexGuard<'_, Horizon> {
        self.horizon.lock().unwrap_or_else(PoisonError::into_inner)
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
