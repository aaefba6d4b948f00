//! The log is kept for a while. How far it has been cleared away is noted (`change_floors`): whoever asks for what came before that
//! has to begin anew.

use chrono::Duration;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::db::types::{DbInstant, Instant};
use crate::db::{Condition, Failure, Tx};

/// How long a change is kept.
pub const KEPT: Duration = Duration::days(30);

/// Clears the oldest changes of the workspace away, if they are old enough, and moves the floor up to the last of them.
pub fn purge(tx: &mut Tx<'_>, rows: i64) -> Result<usize, Failure> {
    let own = |sql: &str| Condition::sql(sql).bind(tx.actor.workspace_id);
    let oldest = own("SELECT seq, at FROM changes WHERE workspace_id = ").then(format!(" ORDER BY seq LIMIT {rows}"));
    let oldest: Vec<(i64, Instant)> = oldest.giving::<(BigInt, DbInstant)>().load(tx.conn)?;
    let until = tx.now.plus(-KEPT);
    // From the front only: what stays has no gaps.
    let Some((last, _)) = oldest.into_iter().take_while(|(_, at)| *at <= until).last() else { return Ok(0) };
    let floor = own("INSERT INTO change_floors (workspace_id, seq) VALUES (").then(", ").bind(last);
    let raised = "ON CONFLICT (workspace_id) DO UPDATE SET seq = excluded.seq WHERE change_floors.seq < excluded.seq";
    let (floor, old) =
        (floor.then(format!(") {raised}")), own("DELETE FROM changes WHERE workspace_id = ").then(" AND seq <= ").bind(last));
    floor.execute(tx.conn)?;
    Ok(old.execute(tx.conn)?)
}
