//! Clearing away what users were told long ago.

use chrono::Duration;
use serde_json::json;

use crate::db::{Condition, Failure, Tx};
use crate::jobs::{STEP_ROWS, Step, Task, Work};

/// How long a notification is kept after it was read, and how long in any case.
const READ_KEPT: Duration = Duration::days(30);
const KEPT: Duration = Duration::days(90);

pub const PURGE_NOTIFICATIONS: Work = Work::new("purge_notifications", step).every_for_all(Duration::days(1));

fn step(tx: &mut Tx<'_>, task: &mut Task) -> Result<Step, Failure> {
    let mut purged = 0;
    for (column, kept) in [("read_at", READ_KEPT), ("created_at", KEPT)] {
        let old = Condition::sql(format!("SELECT workspace_id, id FROM notifications WHERE {column} <= ")).bind(tx.now.plus(-kept));
        // What is told once would otherwise be told again.
        let old =
            old.then(" AND (dedup_until IS NULL OR dedup_until <= ").bind(tx.now).then(format!(") ORDER BY {column} LIMIT {STEP_ROWS}"));
        purged += Condition::sql("DELETE FROM notifications WHERE (workspace_id, id) IN (").append(old).then(")").execute(tx.conn)?;
    }
    task.done += i64::try_from(purged).unwrap_or_default();
    Ok(if purged == 0 { Step::Done(json!({ "purged": task.done })) } else { Step::More })
}
