//! What the server clears away by itself: what has expired and is read by nobody any more.

use chrono::Duration;
use diesel::QueryResult;
use serde_json::json;

use super::work::{STEP_ROWS, Step, Task, Work};
use crate::auth::purge::purge_sessions;
use crate::changes;
use crate::db::{Condition, Failure, Tx, idempotency};

/// How long a job is kept after its end.
const JOBS_KEPT: Duration = Duration::days(30);

pub const CHORES: [Work; 4] = [
    Work::new("purge_changes", |tx, task| Ok(step(task, changes::purge(tx, STEP_ROWS)?))).every(Duration::hours(1)),
    Work::new("purge_idempotency_keys", |tx, task| Ok(step(task, idempotency::purge(tx, STEP_ROWS)?))).every_for_all(Duration::hours(1)),
    Work::new("purge_sessions", |tx, task| Ok(step(task, purge_sessions(tx, STEP_ROWS)?))).every_for_all(Duration::hours(1)),
    Work::new("purge_jobs", purge_jobs).every_for_all(Duration::hours(6)),
];

/// Goes on as long as there is something.
fn step(task: &mut Task, purged: usize) -> Step {
    task.done += i64::try_from(purged).unwrap_or_default();
    if purged == 0 { Step::Done(json!({ "purged": task.done })) } else { Step::More }
}

fn purge_jobs(tx: &mut Tx<'_>, task: &mut Task) -> Result<Step, Failure> {
    Ok(step(task, old_jobs(tx)?))
}

fn old_jobs(tx: &mut Tx<'_>) -> QueryResult<usize> {
    let old = Condition::sql("finished_at <= ").bind(tx.now.plus(-JOBS_KEPT));
    let some =
        Condition::sql("SELECT workspace_id, id FROM jobs WHERE ").append(old).then(format!(" ORDER BY finished_at LIMIT {STEP_ROWS}"));
    Condition::sql("DELETE FROM jobs WHERE (workspace_id, id) IN (").append(some).then(")").execute(tx.conn)
}
