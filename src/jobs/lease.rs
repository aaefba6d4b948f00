//! Who runs a job. A job is free when `run_at` has come; whoever takes it moves `run_at` on to the end of the lease and leaves a
//! token. Each step holds the row, looks for its token, and moves the end of the lease on. A token that is still there when
//! `run_at` has come is that of somebody who is gone.

use chrono::Duration;
use diesel::prelude::*;
use serde_json::{Value, json};

use super::dto::{JobError, Status};
use super::rows::JobRow;
use super::work::{Step, Task, Work};
use crate::auth::{Scope, store as auth};
use crate::db::condition::AnyId;
use crate::db::id::{JobId, WorkspaceId};
use crate::db::schema::jobs;
use crate::db::types::{DbUuid, Instant, Json};
use crate::db::{Actor, Condition, DbConnection, Failure, Hold, Tx, columns};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// How long a job stays with somebody who is not heard of.
pub const LEASE: Duration = Duration::seconds(30);
/// How often a step is tried before the job has failed.
const MAX_ATTEMPTS: i32 = 8;
/// The first pause between two attempts; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::seconds(5);
const LONGEST_PAUSE: Duration = Duration::minutes(30);

/// Whoever holds leases is known to be gone: their jobs need not wait for the end of them.
pub fn end_leases(conn: &mut DbConnection, now: Instant) -> QueryResult<usize> {
    let held = Condition::sql("UPDATE jobs SET run_at = ").bind(now).then(" WHERE finished_at IS NULL AND lease_token IS NOT NULL");
    held.execute(conn)
}

/// The right to run a job.
#[derive(Debug, Clone)]
pub struct Lease {
    pub id: JobId,
    pub work: Work,
    token: AnyId,
    /// In whose name its steps are done.
    pub actor: Actor,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    More,
    /// It will be tried again.
    Retried,
    Ended(Status),
    /// Somebody else has the job.
    Lost,
}

/// Those that are free, the longest waiting first.
fn due(works: &[Work], now: Instant) -> Condition {
    let due = Condition::sql("FROM jobs WHERE finished_at IS NULL AND run_at <= ").bind(now).then(" AND ");
    due.append(Condition::any_of("kind", works.iter().map(|work| work.name)))
}

/// Whether there is a job to take, without asking for the right to write.
pub fn is_due(conn: &mut DbConnection, works: &[Work], now: Instant) -> QueryResult<bool> {
    let found = Condition::sql("SELECT EXISTS (SELECT 1 ").append(due(works, now)).then(")");
    found.giving::<diesel::sql_types::Bool>().get_result(conn)
}

/// Takes the job that has waited longest. Kinds that this program does not know are left to others.
pub fn claim(tx: &mut Tx<'_>, works: &[Work]) -> Result<Option<Lease>, Failure> {
    loop {
        let first = Condition::sql("SELECT workspace_id, id ").append(due(works, tx.now)).then(" ORDER BY run_at, id LIMIT 1");
        // What somebody else is just taking, or has in a step, is passed over.
        let first = first.append(Condition::either(Condition::sql(""), Condition::sql(" FOR UPDATE SKIP LOCKED")));
        let key: Option<(WorkspaceId, JobId)> = first.giving::<(DbUuid, DbUuid)>().get_result(tx.conn).optional()?;
        let Some(key) = key else { return Ok(None) };
        let mut row = jobs::table.find(key).select(columns::<JobRow>()).first(tx.conn)?;
        let Some(work) = works.iter().find(|work| work.name == row.kind) else { return Ok(None) };
        if row.is_cancel_requested {
            finish(tx, work, &mut row, Status::Cancelled)?;
            continue;
        }
        // Whoever had it did not give it back: perhaps it was the job that ended it.
        row.attempts += i32::from(row.lease_token.is_some());
        if row.attempts >= MAX_ATTEMPTS {
            row.error = Some(Json(told(&Problem::new(Code::JobInterrupted))));
            finish(tx, work, &mut row, Status::Failed)?;
            continue;
        }
        let token = AnyId::new();
        (row.lease_token, row.run_at) = (Some(token), tx.now.plus(LEASE));
        row.started_at = row.started_at.or(Some(tx.now));
        if row.status.0 == Status::Running {
            row.save(tx)?
        } else {
            row.save_as(tx, Status::Running)?
        }
        let actor = Actor { user_id: row.created_by_id, request_id: row.request_id, ..Actor::system(row.workspace_id) };
        return Ok(Some(Lease { id: row.id, work: *work, token, actor }));
    }
}

/// The job, if the lease still counts.
fn held(tx: &mut Tx<'_>, lease: &Lease) -> Result<Option<JobRow>, Failure> {
    tx.hold("jobs", lease.id, Hold::ToWrite)?;
    let own = jobs::table.find((tx.actor.workspace_id, lease.id)).filter(jobs::lease_token.eq(lease.token));
    Ok(own.select(columns::<JobRow>()).first(tx.conn).optional()?)
}

/// Does the next step, notes how far the job is, and moves the end of the lease on: all of it or nothing.
pub fn step(tx: &mut Tx<'_>, lease: &Lease) -> Result<Outcome, Failure> {
    let Some(mut row) = held(tx, lease)? else { return Ok(Outcome::Lost) };
    if row.is_cancel_requested {
        return finish(tx, &lease.work, &mut row, Status::Cancelled);
    }
    let scope = scope(tx, &row)?;
    let JobRow { id, done, total, .. } = row;
    let (args, state, errors_url) = (row.args.0.clone(), std::mem::take(&mut row.state.0), row.errors_url.take());
    let mut task = Task { id, args, state, done, total, errors_url, scope };
    let step = (lease.work.step)(tx, &mut task)?;
    let Task { state, done, total, errors_url, .. } = task;
    (row.state, row.done, row.total, row.errors_url) = (Json(state), done, total, errors_url);
    (row.attempts, row.error) = (0, None);
    let mut end = |tx: &mut Tx<'_>, result: Value, status| {
        row.result = Some(Json(result));
        finish(tx, &lease.work, &mut row, status)
    };
    match step {
        Step::Done(result) => end(tx, result, Status::Succeeded),
        Step::Partly(result) => end(tx, result, Status::PartiallySucceeded),
        Step::More => {
            row.run_at = tx.now.plus(LEASE);
            row.save(tx)?;
            Ok(Outcome::More)
        }
    }
}

/// What the one who asked for it may do by now.
fn scope(tx: &mut Tx<'_>, row: &JobRow) -> Result<Option<Scope>, Failure> {
    let Some(user_id) = row.created_by_id else { return Ok(None) };
    Ok(Some(auth::scope_by_now(tx, user_id)?.ok_or_else(|| Problem::new(Code::RequesterInactive))?))
}

/// A step was refused or broke: it is tried again later, unless that would not change anything.
pub fn fail(tx: &mut Tx<'_>, lease: &Lease, problem: &Problem) -> Result<Outcome, Failure> {
    let Some(mut row) = held(tx, lease)? else { return Ok(Outcome::Lost) };
    row.attempts += 1;
    row.error = Some(Json(told(problem)));
    if !problem.status().is_server_error() || row.attempts >= MAX_ATTEMPTS {
        return finish(tx, &lease.work, &mut row, Status::Failed);
    }
    row.lease_token = None;
    row.run_at = tx.now.plus(pause(row.attempts, lease.token));
    row.save_as(tx, Status::Queued)?;
    Ok(Outcome::Retried)
}

fn told(problem: &Problem) -> JobError {
    JobError { code: problem.code().name().to_owned(), detail: problem.to_string() }
}

/// Up to a quarter longer, so that what failed together does not come back together.
fn pause(attempts: i32, token: AnyId) -> Duration {
    let doubled = FIRST_PAUSE * 2_i32.saturating_pow(u32::try_from(attempts - 1).unwrap_or_default().min(20));
    let pause = doubled.min(LONGEST_PAUSE);
    pause + pause * i32::from(token.uuid().as_bytes().last().copied().unwrap_or_default()) / 1024
}

/// Gives a job back that is not over: to whoever has waited longer, or because the server stops.
pub fn release(tx: &mut Tx<'_>, lease: &Lease) -> Result<(), Failure> {
    let Some(mut row) = held(tx, lease)? else { return Ok(()) };
    (row.lease_token, row.run_at) = (None, tx.now);
    row.save(tx)
}

/// The end. What is scheduled waits for its next time instead.
fn finish(tx: &mut Tx<'_>, work: &Work, row: &mut JobRow, status: Status) -> Result<Outcome, Failure> {
    row.lease_token = None;
    match work.schedule.filter(|_| row.is_scheduled) {
        Some(schedule) => {
            (row.status.0, row.run_at) = (Status::Queued, tx.now.plus(schedule.every));
            (row.state, row.done, row.total, row.attempts) = (Json(json!({})), 0, None, 0);
            row.save(tx)?;
        }
        None => {
            row.finished_at = Some(tx.now);
            row.save_as(tx, status)?;
        }
    }
    Ok(Outcome::Ended(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_an_hour() {
        let token = AnyId::from_uuid(uuid::Uuid::nil());
        let seconds: Vec<i64> = [1, 2, 3, 9, 10, 40].into_iter().map(|attempts| pause(attempts, token).num_seconds()).collect();
        assert_eq!(seconds, [5, 10, 20, 1280, 1800, 1800]);
        let longest = pause(1, AnyId::from_uuid(uuid::Uuid::max()));
        assert!((6200..6250).contains(&longest.num_milliseconds()), "{longest}");
    }
}
