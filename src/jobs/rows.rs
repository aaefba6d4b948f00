//! Jobs in the database.

use diesel::prelude::*;
use serde_json::{Map, Value, json};

use super::dto::{Job, JobError, Progress, Status};
use crate::changes::{Operation, record};
use crate::db::condition::AnyId;
use crate::db::id::{JobId, UserId, WorkspaceId};
use crate::db::schema::jobs;
use crate::db::types::{Instant, Json, Named};
use crate::db::{Actor, Failure, Tx, update_rows, written};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = jobs, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct JobRow {
    pub workspace_id: WorkspaceId,
    pub id: JobId,
    pub version: i64,
    pub kind: String,
    pub status: Named<Status>,
    pub is_scheduled: bool,
    pub args: Json<Value>,
    pub state: Json<Value>,
    pub done: i64,
    pub total: Option<i64>,
    pub result: Option<Json<Value>>,
    pub error: Option<Json<JobError>>,
    pub errors_url: Option<String>,
    pub attempts: i32,
    pub run_at: Instant,
    pub lease_token: Option<AnyId>,
    pub is_cancel_requested: bool,
    pub request_id: String,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by_id: Option<UserId>,
    pub started_at: Option<Instant>,
    pub finished_at: Option<Instant>,
}

impl JobRow {
    pub fn new(tx: &Tx<'_>, workspace_id: WorkspaceId, kind: &str) -> Self {
        Self {
            workspace_id,
            id: JobId::new(),
            version: 1,
            kind: kind.to_owned(),
            status: Named(Status::Queued),
            is_scheduled: false,
            args: Json(json!({})),
            state: Json(json!({})),
            done: 0,
            total: None,
            result: None,
            error: None,
            errors_url: None,
            attempts: 0,
            run_at: tx.now,
            lease_token: None,
            is_cancel_requested: false,
            request_id: tx.actor.request_id.clone(),
            created_at: tx.now,
            updated_at: tx.now,
            created_by_id: tx.actor.user_id,
            started_at: None,
            finished_at: None,
        }
    }

    /// Writes a new job. Of what is scheduled nobody is told.
    pub fn insert(&self, tx: &mut Tx<'_>) -> Result<(), Failure> {
        diesel::insert_into(jobs::table).values(self).execute(tx.conn)?;
        let created = [("kind", json!(self.kind)), ("status", json!(self.status.0))];
        self.record(tx, Operation::Created, created.map(|(name, to)| (name.to_owned(), json!({ "from": null, "to": to }))))
    }

    /// Writes what has become of it, as its next version.
    pub fn save(&mut self, tx: &mut Tx<'_>) -> Result<(), Failure> {
        let known = jobs::table.find((self.workspace_id, self.id)).filter(jobs::version.eq(self.version));
        (self.version, self.updated_at) = (self.version + 1, tx.now.max(self.updated_at));
        written(update_rows(tx.conn, known, &*self)?)
    }

    /// The same, and notes the change of its status.
    pub fn save_as(&mut self, tx: &mut Tx<'_>, status: Status) -> Result<(), Failure> {
        let from = std::mem::replace(&mut self.status.0, status);
        self.save(tx)?;
        self.record(tx, Operation::Updated, [("status".to_owned(), json!({ "from": from, "to": status }))])
    }

    fn record<const N: usize>(&self, tx: &mut Tx<'_>, operation: Operation, changed: [(String, Value); N]) -> Result<(), Failure> {
        if self.is_scheduled {
            return Ok(());
        }
        // Whoever takes jobs takes those of all workspaces.
        let actor = Actor { workspace_id: self.workspace_id, ..tx.actor.clone() };
        let mut tx = Tx { conn: &mut *tx.conn, actor: &actor, now: tx.now };
        record(&mut tx, operation, self.id, self.version, Map::from_iter(changed))
    }
}

impl From<JobRow> for Job {
    fn from(row: JobRow) -> Self {
        let JobRow { id, version, kind, status, done, total, result, error, errors_url, .. } = row;
        let JobRow { created_at, created_by_id, started_at, finished_at, .. } = row;
        let result = result.and_then(|Json(result)| match result {
            Value::Object(members) => Some(members),
            _ => None,
        });
        Self {
            id,
            version,
            kind,
            status: status.0,
            progress: Progress { done, total },
            result,
            errors_url,
            error: error.map(|error| error.0),
            created_at,
            started_at,
            finished_at,
            created_by_id,
        }
    }
}
