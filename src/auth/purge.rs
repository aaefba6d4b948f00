//! Clearing sessions and refresh tokens away.

use chrono::Duration;
use diesel::QueryResult;

use super::store::SESSION_LIFE;
use crate::db::{Condition, Tx};

/// Clears sessions away that have long ended, and tokens that were used so long ago that no copy of them can work any more.
pub fn purge_sessions(tx: &mut Tx<'_>, rows: i64) -> QueryResult<usize> {
    // Whoever refreshes one at this moment is a day late.
    let ended = || Condition::sql("expires_at <= ").bind(tx.now.plus(-Duration::days(1)));
    let some = |columns: &str| {
        let some = Condition::sql(format!("SELECT {columns} FROM sessions WHERE ")).append(ended());
        some.then(format!(" ORDER BY expires_at LIMIT {rows}"))
    };
    let tokens = Condition::sql("DELETE FROM refresh_tokens WHERE (workspace_id, session_id) IN (").append(some("workspace_id, id"));
    let tokens = tokens.then(")").execute(tx.conn)?;
    let gone = Condition::sql("DELETE FROM sessions WHERE (workspace_id, id) IN (").append(some("workspace_id, id")).then(")");
    let gone = gone.execute(tx.conn)?;
    let used = Condition::sql("DELETE FROM refresh_tokens WHERE hash IN (SELECT hash FROM refresh_tokens WHERE used_at <= ");
    let used = used.bind(tx.now.plus(-SESSION_LIFE)).then(format!(" ORDER BY used_at LIMIT {rows})")).execute(tx.conn)?;
    Ok(tokens + gone + used)
}
