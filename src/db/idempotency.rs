//! Requests that may be sent again: the answer to a write is stored under its key in the same transaction, and given again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::StatusCode;
use chrono::Duration;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::failure::{Failure, written};
use super::id::WorkspaceId;
use super::schema::idempotency_keys;
use super::tx::{Actor, Tx};
use super::types::Instant;
use super::{Condition, DbConnection, columns, on_backend};
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::idempotency::Idempotency;
use crate::http::problem::Problem;

/// How long an answer is given again.
const KEPT: Duration = Duration::days(7);

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = idempotency_keys, primary_key(workspace_id, key_hash))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
struct Row {
    workspace_id: WorkspaceId,
    key_hash: Vec<u8>,
    fingerprint: Vec<u8>,
    status: i32,
    location: Option<String>,
    etag: Option<String>,
    body: Vec<u8>,
    created_at: Instant,
}

/// Runs the work of a request; when it has a key, only if no request with that key was answered before.
pub fn once(tx: &mut Tx<'_>, work: &dyn Fn(&mut Tx<'_>) -> Result<Answer, Failure>) -> Result<Answer, Failure> {
    let actor = tx.actor;
    let Some(request) = &actor.idempotency else { return work(tx) };
    hold(tx, request)?;
    if let Some(answer) = find(tx.conn, actor.workspace_id, request, tx.now)? {
        return Ok(answer);
    }
    let answer = work(tx)?;
    if answer.status.is_success() {
        store(tx, request, &answer)?;
    }
    Ok(answer)
}

/// Refuses while another transaction runs the same request, on whichever server.
fn hold(tx: &mut Tx<'_>, request: &Idempotency) -> Result<(), Failure> {
    // An advisory lock, which ends with the transaction; SQLite has one server, and `Running`.
    let is_held = tx.conn.is_sqlite() || {
        let key = i64::from_be_bytes(request.key_hash.first_chunk().copied().unwrap_or_default());
        Condition::sql("SELECT pg_try_advisory_xact_lock(").bind(key).then(")").giving::<Bool>().get_result(tx.conn)?
    };
    if is_held { Ok(()) } else { Err(in_progress().into()) }
}

/// The answer that was given to the same request before.
pub fn find(conn: &mut DbConnection, workspace_id: WorkspaceId, request: &Idempotency, now: Instant) -> Result<Option<Answer>, Failure> {
    let kept = idempotency_keys::table.find((workspace_id, request.key_hash.as_slice()));
    let kept = kept.filter(idempotency_keys::created_at.gt(now.plus(-KEPT)));
    let Some(row) = kept.select(columns::<Row>()).first(conn).optional()? else { return Ok(None) };
    if row.fingerprint != request.fingerprint {
        return Err(Problem::new(Code::IdempotencyKeyReused).into());
    }
    let status = u16::try_from(row.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or_else(|| Problem::new(Code::InternalError))?;
    Ok(Some(Answer::replayed(status, row.location, row.etag, row.body)))
}

fn store(tx: &mut Tx<'_>, request: &Idempotency, answer: &Answer) -> Result<(), Failure> {
    use diesel::query_dsl::methods::FilterDsl;

    let row = Row {
        workspace_id: tx.actor.workspace_id,
        key_hash: request.key_hash.to_vec(),
        fingerprint: request.fingerprint.to_vec(),
        status: answer.status.as_u16().into(),
        location: answer.location.clone(),
        etag: answer.etag.clone(),
        body: answer.body_to_repeat().to_vec(),
        created_at: tx.now,
    };
    // Conflicts are what the portable connection cannot. `DO UPDATE` would not stay prepared, and is seldom needed: a row that is too old
    // to be given again makes room, and no other.
    let rows = on_backend!(tx.conn,
        postgres: |pg| {
            let insert = diesel::insert_into(idempotency_keys::table).values(&row);
            match insert.on_conflict_do_nothing().execute(pg)? {
                0 => {
                    let key = (idempotency_keys::workspace_id, idempotency_keys::key_hash);
                    let upsert = insert.on_conflict(key).do_update().set(&row);
                    upsert.filter(idempotency_keys::created_at.le(tx.now.plus(-KEPT))).execute(pg)?
                }
                written => written,
            }
        },
        // The one writer has just seen that there is no other.
        sqlite: |lite| diesel::replace_into(idempotency_keys::table).values(&row).execute(lite)?,
    );
    written(rows)
}

/// Clears rows away that are too old to be given again.
pub fn purge(tx: &mut Tx<'_>, rows: i64) -> QueryResult<usize> {
    let old = || Condition::sql("created_at <= ").bind(tx.now.plus(-KEPT));
    let some = Condition::sql("SELECT workspace_id, key_hash FROM idempotency_keys WHERE ").append(old());
    let some = some.then(format!(" ORDER BY created_at LIMIT {rows}"));
    // Looked at again: somebody may have used the key anew in the meantime.
    let gone = Condition::sql("DELETE FROM idempotency_keys WHERE (workspace_id, key_hash) IN (").append(some).then(") AND ");
    gone.append(old()).execute(tx.conn)
}

fn in_progress() -> Problem {
    Problem::new(Code::IdempotencyInProgress).retry_after(1)
}

/// The requests that wait for SQLite's writer or run there. They are done once without it, because the writer takes one after the
/// other; this spares the queue their repetitions.
#[derive(Debug, Clone, Default)]
pub struct Running(Arc<Mutex<HashSet<[u8; 32]>>>);

impl Running {
    /// Refuses a request that is on its way already.
    pub fn enter(&self, actor: &Actor) -> Result<Option<Entered>, Problem> {
        let Some(Idempotency { key_hash, .. }) = actor.idempotency else { return Ok(None) };
        let is_first = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key_hash);
        if is_first { Ok(Some(Entered { running: self.clone(), key_hash })) } else { Err(in_progress()) }
    }
}

/// Leaves however the request ends: answered, failed, or given up by its caller.
#[derive(Debug)]
pub struct Entered {
    running: Running,
    key_hash: [u8; 32],
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key_hash);
    }
}

/// Keeps the answers to requests with a key back for ever, for the test that kills a server between commit and answer. Builds for
/// production cannot do that.
pub async fn wait_after_commit() {
    if cfg!(debug_assertions) && std::env::var_os("TEST_WAIT_AFTER_COMMIT").is_some() {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_leaves_when_it_ends() {
        let request = |byte| Some(Idempotency { key_hash: [byte; 32], fingerprint: [0; 32] });
        let actor = |byte| Actor { idempotency: request(byte), ..Actor::system(WorkspaceId::new()) };
        let running = Running::default();
        let first = running.enter(&actor(1));
        assert!(running.enter(&actor(1)).is_err(), "it is on its way");
        assert!(running.enter(&actor(2)).is_ok_and(|entered| entered.is_some()));
        assert!(running.enter(&Actor::system(WorkspaceId::new())).is_ok_and(|entered| entered.is_none()), "without a key");
        drop(first);
        assert!(running.enter(&actor(1)).is_ok());
    }
}
