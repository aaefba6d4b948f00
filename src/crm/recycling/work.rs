//! What the system does by itself: it recycles what is due, reminds the owners before, and brings due dates up to date when rules
//! have changed.

use chrono::Duration;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::run;
use crate::auth::Scope;
use crate::crm::calendar::{Calendar, later};
use crate::crm::notifications::{Once, notify};
use crate::db::id::{CustomerId, PoolId, UserId};
use crate::db::types::{DbInstant, DbJson, DbUuid, Instant, Json};
use crate::db::{Condition, Failure, Tx};
use crate::jobs::{STEP_ROWS, Step, Task, Work, enqueue_by_system, value};

pub const RECYCLE: Work = Work::new("recycle_due", recycle).every(Duration::minutes(10));
pub const REMIND: Work = Work::new("remind_of_recycling", remind).every(Duration::hours(1));
pub const RECOMPUTE: Work = Work::new("recompute_recycling", recompute);

fn recycle(tx: &mut Tx<'_>, task: &mut Task) -> Result<Step, Failure> {
    let done = run::step(tx, &Scope::system(tx.actor.workspace_id, tx.now))?;
    task.done += i64::try_from(done.moved).unwrap_or_default();
    Ok(if done.is_more { Step::More } else { Step::Done(value(&json!({ "recycled": task.done }))?) })
}

#[derive(Serialize, Deserialize)]
struct OfPool {
    pool_id: PoolId,
}

/// Where a step begins.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Behind {
    customer_id: Option<CustomerId>,
    due_at: Option<Instant>,
}

/// Has the due dates of a pool's customers brought up to date: by the system, whoever changed the rules.
pub fn recompute_later(tx: &mut Tx<'_>, pool_id: PoolId) -> Result<(), Failure> {
    enqueue_by_system(tx, &RECOMPUTE, &OfPool { pool_id }, None).map(|_| ())
}

fn recompute(tx: &mut Tx<'_>, task: &mut Task) -> Result<Step, Failure> {
    let (OfPool { pool_id }, Behind { customer_id, .. }) = (task.args()?, task.state()?);
    let scope = Scope::system(tx.actor.workspace_id, tx.now);
    let (looked, next) = run::recompute(tx, &scope, pool_id, customer_id)?;
    task.done += i64::try_from(looked).unwrap_or_default();
    let Some(next) = next else { return Ok(Step::Done(value(&json!({ "customers": task.done }))?)) };
    task.keep(&Behind { customer_id: Some(next), due_at: None })?;
    Ok(Step::More)
}

type Due = (CustomerId, UserId, String, Instant, Json<Vec<i32>>);

/// The farthest that anybody is reminded of.
const FARTHEST: i32 = 365;

/// Each owner is told once of each (due date, offset), however often this runs.
fn remind(tx: &mut Tx<'_>, task: &mut Task) -> Result<Step, Failure> {
    let calendar = Calendar::of(tx.conn, tx.actor.workspace_id)?;
    let today = calendar.day(tx.now);
    let behind: Behind = task.state()?;
    let soon = Condition::sql("SELECT c.id, c.owner_id, c.name, h.recycle_due_at, p.remind_before_days FROM customer_holdings h");
    let soon = soon.then(" JOIN customers c ON c.workspace_id = h.workspace_id AND c.id = h.customer_id AND c.deleted_at IS NULL");
    let soon = soon.then(" AND c.owner_id IS NOT NULL JOIN pools p ON p.workspace_id = h.workspace_id AND p.id = h.home_pool_id");
    let soon = soon.then(" WHERE h.workspace_id = ").bind(tx.actor.workspace_id).then(" AND h.recycle_due_at >= ").bind(tx.now);
    let soon = soon.then(" AND h.recycle_due_at <= ").bind(calendar.end(later(today, FARTHEST)));
    let soon = match (behind.due_at, behind.customer_id) {
        (Some(at), Some(id)) => soon.then(" AND (h.recycle_due_at, h.customer_id) > (").bind(at).then(", ").bind(id).then(")"),
        _ => soon,
    };
    let soon = soon.then(format!(" ORDER BY h.recycle_due_at, h.customer_id LIMIT {STEP_ROWS}"));
    let found: Vec<Due> = soon.giving::<(DbUuid, DbUuid, Text, DbInstant, DbJson)>().load(tx.conn)?;
    let is_more = i64::try_from(found.len()).unwrap_or_default() == STEP_ROWS;
    let mut last = None;
    for (customer_id, owner_id, name, due_at, Json(offsets)) in found {
        let due_date = calendar.day(due_at);
        let days_left = (due_date - today).num_days();
        last = Some(Behind { customer_id: Some(customer_id), due_at: Some(due_at) });
        // The nearest day of reminding that has come.
        let Some(offset) = offsets.into_iter().filter(|offset| i64::from(*offset) >= days_left).min() else { continue };
        let told = [("name", json!(name)), ("recycle_due_at", json!(due_at)), ("days_left", json!(days_left))];
        let told = told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let once = format!("recycle:{customer_id}:{due_date}:{offset}");
        notify(tx, owner_id, "customer.recycle_reminder", customer_id, told, Some(Once { key: &once, until: due_at }))?;
        task.done += 1;
    }
    match last.filter(|_| is_more) {
        Some(last) => {
            task.keep(&last)?;
            Ok(Step::More)
        }
        None => Ok(Step::Done(value(&json!({ "looked_at": task.done }))?)),
    }
}
