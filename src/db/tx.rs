//! A unit of work: one transaction (or savepoint), one caller, one `now`.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::result::Error;
use diesel::{Connection, QueryResult};

use super::clock;
use super::condition::Condition;
use super::failure::Failure;
use super::id::{Id, Kind, UserId, WorkspaceId};
use super::types::Instant;
use super::{DbConnection, on_backend};
use crate::http::idempotency::Idempotency;

/// Who acts, and in which request. What the change log records.
#[derive(Debug, Clone)]
pub struct Actor {
    pub workspace_id: WorkspaceId,
    /// `None` for the system itself.
    pub user_id: Option<UserId>,
    pub request_id: String,
    /// What the request is known by, when it may be sent again.
    pub idempotency: Option<Idempotency>,
}

impl Actor {
    /// The system's own work, outside of any request.
    pub fn system(workspace_id: WorkspaceId) -> Self {
        Self { workspace_id, user_id: None, request_id: "system".to_owned(), idempotency: None }
    }
}

/// What the work of a write is given.
pub struct Tx<'a> {
    pub conn: &'a mut DbConnection,
    pub actor: &'a Actor,
    /// One instant for everything that this unit of work stamps.
    pub now: Instant,
}

/// What only one transaction of a workspace may do at a time.
#[derive(Debug, Clone, Copy)]
pub enum Topic {
    Hierarchy = 1,
    PrimaryContacts = 2,
    DefaultTier = 3,
    CustomFields = 4,
    OrgUnits = 5,
}

/// What a row is held for.
#[derive(Debug, Clone, Copy)]
pub enum Hold {
    /// Nobody else may hold it.
    ToWrite,
    /// Others may hold it to read as well.
    ToRead,
}

impl Tx<'_> {
    /// Waits until no other transaction of the workspace holds the topic, and holds it to the end of this one; SQLite has one writer
    /// anyway. Take it before any row is written: whoever holds rows while waiting may be waited for.
    pub fn lock(&mut self, topic: Topic) -> QueryResult<()> {
        if self.conn.is_sqlite() {
            return Ok(());
        }
        let workspace = i64::from_be_bytes(self.actor.workspace_id.uuid().as_bytes().last_chunk().copied().unwrap_or_default());
        let key = workspace.wrapping_add(topic as i64);
        Condition::sql("SELECT pg_advisory_xact_lock(").bind(key).then(")").execute(self.conn).map(|_| ())
    }
}

impl Tx<'_> {
    /// The identifier of a new object, made at the same instant as everything else: `created_at` can be told from it.
    pub fn new_id<K: Kind>(&self) -> Id<K> {
        Id::made_at(self.now)
    }

    /// Keeps others from writing a row until the end of this transaction, and waits for whoever does so now. What is read after
    /// that is what stands. Several rows are held in the order of their ids. SQLite has one writer anyway.
    pub fn hold<K: Kind>(&mut self, table: &'static str, id: Id<K>, mode: Hold) -> QueryResult<()> {
        if self.conn.is_sqlite() {
            return Ok(());
        }
        let strength = match mode {
            Hold::ToWrite => "NO KEY UPDATE",
            Hold::ToRead => "SHARE",
        };
        let row = Condition::sql(format!("SELECT 1 FROM {table} WHERE workspace_id = ")).bind(self.actor.workspace_id);
        row.then(" AND id = ").bind(id).then(format!(" FOR {strength}")).execute(self.conn).map(|_| ())
    }
}

impl Tx<'_> {
    /// Holds several rows, in the order of their ids: two who do so then wait for each other instead of deadlocking.
    pub fn hold_all<K: Kind>(&mut self, table: &'static str, ids: &[Id<K>]) -> QueryResult<()> {
        if ids.is_empty() || self.conn.is_sqlite() {
            return Ok(());
        }
        let rows = Condition::sql(format!("SELECT 1 FROM {table} WHERE workspace_id = ")).bind(self.actor.workspace_id).then(" AND ");
        let rows = rows.append(Condition::any_of("id", ids.iter().copied())).then(" ORDER BY id FOR NO KEY UPDATE");
        rows.execute(self.conn).map(|_| ())
    }
}

/// A unit of work outside of any server: on the command line, at the first start.
pub fn transact<T>(conn: &mut DbConnection, actor: &Actor, work: &dyn Fn(&mut Tx<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    run(conn, actor, clock::now(), work)
}

/// Runs a read of several statements that all see the same: what was committed when the first of them began.
pub fn snapshot<T>(conn: &mut DbConnection, work: impl FnOnce(&mut DbConnection) -> Result<T, Failure>) -> Result<T, Failure> {
    on_backend!(&mut *conn,
        // By itself it shows to each statement what is committed when that begins.
        postgres: |pg| AnsiTransactionManager::begin_transaction_sql(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"),
        sqlite: |lite| AnsiTransactionManager::begin_transaction_sql(lite, "BEGIN"),
    )?;
    let outcome = work(conn);
    // Nothing was written; what fails here leaves a connection that cannot be used again.
    DbConnection::rollback_transaction(conn)?;
    outcome
}

/// Runs `work` in a transaction of its own, or in a savepoint when one is open. A panic rolls back like an error.
pub fn run<T>(
    conn: &mut DbConnection,
    actor: &Actor,
    now: Instant,
    work: &dyn Fn(&mut Tx<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    conn.transaction(|conn| {
        let depth = depth(conn);
        match catch_unwind(AssertUnwindSafe(|| work(&mut Tx { conn: &mut *conn, actor, now }))) {
            Ok(outcome) => outcome,
            Err(_) => {
                // Savepoints that the panic left open would make Diesel believe it is deeper than it is.
                while self::depth(conn) > depth {
                    DbConnection::rollback_transaction(conn)?;
                }
                Err(Failure::Panic)
            }
        }
    })
}

/// Runs `work` in a savepoint: when it fails, only what it did itself is undone.
pub fn savepoint<T>(tx: &mut Tx<'_>, work: &dyn Fn(&mut Tx<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    run(tx.conn, tx.actor, tx.now, work)
}

/// Runs `work` and takes back what it wrote, for what it finds out.
pub fn try_out<T>(tx: &mut Tx<'_>, work: &dyn Fn(&mut Tx<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    let found = RefCell::new(None);
    let taken_back = savepoint(tx, &|tx| -> Result<(), Failure> {
        found.replace(Some(work(tx)?));
        Err(Error::RollbackTransaction.into())
    });
    match (taken_back, found.into_inner()) {
        (Err(Failure::Database(Error::RollbackTransaction)), Some(found)) => Ok(found),
        (Err(failure), _) => Err(failure),
        (Ok(()), _) => Err(Failure::Panic),
    }
}

fn depth(conn: &mut DbConnection) -> u32 {
    DbConnection::transaction_manager_status_mut(conn).transaction_depth().ok().flatten().map_or(0, std::num::NonZeroU32::get)
}
