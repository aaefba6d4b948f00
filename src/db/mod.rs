//! The two databases as one: connection, pools, the read and write doors, column types, schema, migrations, clock.
//!
//! `db.read`, `db.look_up`, `db.write` and `db.answer` are the only ways in. Features never see a pool.

pub mod backup;
mod base32;
pub mod clock;
mod columns;
pub mod condition;
mod connection;
pub mod failure;
mod gate;
pub mod id;
pub mod idempotency;
mod insert;
mod kinds;
pub mod migrate;
pub mod money;
mod open;
pub mod percent;
pub mod schema;
mod tx;
pub mod types;
mod update;
mod writer;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use diesel::r2d2::{Pool, PooledConnection};
use tokio::sync::Notify;

pub use clock::Clock;
pub use columns::{Columns, columns, select};
pub use condition::{Bind, Condition, Statement};
pub(crate) use connection::on_backend;
pub use connection::{DbConnection, Manager, MultiBackend, Statements, Target, UnknownScheme};
pub use failure::{Failure, written};
pub use gate::Gate;
pub use insert::{Insert, insert};
pub use open::OpenError;
pub use tx::{Actor, Hold, Topic, Tx, savepoint, snapshot, transact, try_out};
pub use update::update_rows;

use connection::Pooled;
use failure::Class;
use idempotency::Running;
use types::Instant;
use writer::Writer;

use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// How often work that lost a race is run again before the caller is told to come back.
const ATTEMPTS: usize = 100;

/// How many connections and how much waiting.
#[derive(Debug, Clone)]
pub struct PoolOptions {
    pub connections: u32,
    /// Reads (and PostgreSQL writes) that may wait for a connection.
    pub read_queue: usize,
    /// SQLite writes that may wait for the writer.
    pub write_queue: usize,
    /// SQLite writes that are committed together at most. No setting: benchmarks show what it is worth.
    pub write_group: usize,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { connections: 8, read_queue: 128, write_queue: 1024, write_group: 256 }
    }
}

/// The doors. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool<Manager>,
    gate: Gate,
    /// `Some` on SQLite.
    writer: Option<Writer>,
    /// The requests with a key that the writer has.
    running: Running,
    statements: Arc<Statements>,
    /// Rings after each commit.
    committed: Arc<Notify>,
    clock: Clock,
    /// Refuses a second server on one SQLite file for as long as this value lives.
    _lock: Option<Arc<File>>,
}

impl Db {
    /// Opens pools and, for SQLite, the writer. `exclusive` is the server's: the command line may work beside it.
    pub fn open(target: &Target, options: &PoolOptions, clock: Clock, exclusive: bool) -> Result<Self, OpenError> {
        Self::prepare(target)?;
        let lock = match target.sqlite_path() {
            Some(path) if exclusive => Some(Arc::new(open::lock_file(path)?)),
            _ => None,
        };
        let statements = Arc::<Statements>::default();
        let manager = Manager::new(target.clone(), Arc::clone(&statements));
        let pool = Pool::builder()
            .max_size(options.connections)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(Duration::from_secs(2))
            .error_handler(Box::new(diesel::r2d2::LoggingErrorHandler))
            .build_unchecked(manager.clone());
        let writer = match target {
            Target::Sqlite(_) => Some(Writer::start(manager, options.write_queue, options.write_group)?),
            Target::Postgres(_) => None,
        };
        let gate = Gate::new(options.connections as usize, options.read_queue);
        Ok(Self { pool, gate, writer, running: Running::default(), statements, committed: Arc::default(), clock, _lock: lock })
    }

    /// The server's time. What a write stamps is its `Tx`'s `now`.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// SQL statements so far, in all connections of this process.
    pub fn statements(&self) -> &Statements {
        &self.statements
    }

    /// Ends when something was committed since it last did: for the one task that tells all others who wait.
    pub async fn committed(&self) {
        self.committed.notified().await;
    }

    /// Runs a read on a pooled connection. Each statement sees what is committed when it begins; `snapshot` lets several see the same.
    pub async fn read<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Failure> + Send + 'static,
    {
        self.with_connection(work).await
    }

    /// Runs a read of a few rows by their keys. SQLite has these sooner than another thread wakes up: it is read where the request is,
    /// when a connection is free. What is not in memory yet keeps the other requests of this thread waiting for the disk.
    pub async fn look_up<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Failure> + Send + 'static,
    {
        #[expect(clippy::disallowed_methods, reason = "this is the door")]
        if self.writer.is_some()
            && let Some(_place) = self.gate.try_enter()
            && let Some(pooled) = self.pool.try_get()
        {
            let outcome = catch_unwind(AssertUnwindSafe(|| run(pooled, work)));
            return outcome.unwrap_or_else(|_| Err(Failure::Panic.into_problem()));
        }
        self.read(work).await
    }

    /// Runs the write that answers a request, like `write`. When the request has an idempotency key, its answer is stored with the
    /// write, and what was stored before is given again. A handler does this once.
    pub async fn answer<F>(&self, actor: &Actor, work: F) -> Result<Answer, Problem>
    where
        F: Fn(&mut Tx<'_>) -> Result<Answer, Failure> + Send + 'static,
    {
        let _entered = if self.writer.is_some() { self.running.enter(actor)? } else { None };
        let answered = self.transact(actor, move |tx| idempotency::once(tx, &work)).await;
        if actor.idempotency.is_some() && answered.is_ok() {
            idempotency::wait_after_commit().await;
        }
        answered
    }

    /// The answer that was given to the same request before: for handlers with rules that do not hold a second time.
    pub async fn replay(&self, actor: &Actor) -> Result<Option<Answer>, Problem> {
        let (workspace_id, Some(request)) = (actor.workspace_id, actor.idempotency) else { return Ok(None) };
        let now = self.now();
        self.read(move |conn| idempotency::find(conn, workspace_id, &request, now)).await
    }

    /// Runs a unit of work in one transaction; acknowledged means durable. Work that lost a race runs again, so it
    /// must take all it needs from its arguments and from what it reads inside.
    pub async fn write<T, F>(&self, actor: &Actor, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
    {
        debug_assert!(actor.idempotency.is_none(), "what answers a request with a key goes through `answer`");
        self.transact(actor, work).await
    }

    async fn transact<T, F>(&self, actor: &Actor, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
    {
        let (actor, clock) = (actor.clone(), self.clock.clone());
        let outcome = match &self.writer {
            Some(writer) => writer.run(actor, clock, work).await.map_err(Failure::into_problem),
            None => {
                self.with_connection(move |conn| {
                    for _ in 0..ATTEMPTS {
                        match tx::run(conn, &actor, clock.now(), &work) {
                            Err(Failure::Stale) => {}
                            Err(failure) if failure.class() == Some(Class::Retry) => {}
                            outcome => return outcome,
                        }
                    }
                    Err(Failure::Stale)
                })
                .await
            }
        };
        if outcome.is_ok() {
            self.committed.notify_one();
        }
        outcome
    }

    async fn with_connection<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Failure> + Send + 'static,
    {
        let pool = self.pool.clone();
        let outcome = self.gate.run(move || {
            #[expect(clippy::disallowed_methods, reason = "this is the door")]
            let pooled = pool.get().map_err(|error| {
                tracing::warn!(%error, "no database connection");
                Problem::new(Code::DatabaseUnavailable).retry_after(2)
            })?;
            run(pooled, work)
        });
        outcome.await.flatten()
    }
}

/// A connection that lost its database, or on which work panicked, does not go back into the pool.
fn run<T>(mut pooled: PooledConnection<Manager>, work: impl FnOnce(&mut DbConnection) -> Result<T, Failure>) -> Result<T, Problem> {
    let Pooled { inner, broken } = &mut *pooled;
    let outcome = work(inner);
    *broken = matches!(&outcome, Err(failure) if failure.class() == Some(Class::Unavailable));
    outcome.map_err(Failure::into_problem)
}
