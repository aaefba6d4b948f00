//! SQLite's one writer: a thread that takes every queued write, runs each in a savepoint inside one
//! `BEGIN IMMEDIATE`, commits once (`synchronous=FULL`), and only then answers them all.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, Connection, TransactionManager};
use diesel::result::QueryResult;
use tokio::sync::oneshot;

use super::DbConnection;
use super::clock::Clock;
use super::connection::Manager;
use super::failure::{Class, Failure};
use super::tx::{self, Actor, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// A group ends when it has so many writes as were configured, or has run this long.
const GROUP_TIME: Duration = Duration::from_millis(20);

/// Answers one caller, once it is known whether the group was committed.
type Finish = Box<dyn FnOnce(Result<(), Problem>) + Send>;
/// Runs one write in its savepoint. `Err` means that the whole group is lost (a full or failing disk).
type Job = Box<dyn FnOnce(&mut DbConnection) -> (Finish, Result<(), Problem>) + Send>;

/// The queue in front of the writer thread; the thread ends when the last clone is dropped.
#[derive(Clone)]
pub struct Writer {
    queue: SyncSender<Job>,
}

impl Writer {
    pub fn start(manager: Manager, queue: usize, group_size: usize) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(queue);
        std::thread::Builder::new().name("sqlite-writer".to_owned()).spawn(move || serve(&manager, &receiver, group_size))?;
        Ok(Self { queue: sender })
    }

    pub async fn run<T, F>(&self, actor: Actor, clock: Clock, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel::<Result<T, Failure>>();
        let job: Job = Box::new(move |conn| {
            if sender.is_closed() {
                return (Box::new(|_| ()), Ok(())); // the caller has gone
            }
            let outcome = tx::run(conn, &actor, clock.now(), &work);
            // SQLite may have rolled back the whole transaction: nobody of the group was written.
            let lost = match outcome.as_ref().err().and_then(Failure::class) {
                Some(Class::Full) => Err(Problem::new(Code::StorageFull).retry_after(30)),
                Some(Class::Unavailable) => Err(Problem::new(Code::DatabaseUnavailable).retry_after(2)),
                _ => Ok(()),
            };
            let finish: Finish = Box::new(move |committed| {
                // A receiver that is gone has nobody to tell.
                let _ = sender.send(match committed {
                    Err(problem) if outcome.is_ok() => Err(problem.into()),
                    _ => outcome,
                });
            });
            (finish, lost)
        });
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Problem::new(Code::Overloaded),
            TrySendError::Disconnected(_) => Problem::new(Code::ShuttingDown),
        })?;
        // Dropped without an answer: the writer could not open the database, and nothing was written.
        receiver.await.unwrap_or_else(|_| Err(Problem::new(Code::DatabaseUnavailable).retry_after(2).into()))
    }
}

fn serve(manager: &Manager, queue: &Receiver<Job>, group_size: usize) {
    let mut open: Option<DbConnection> = None;
    while let Ok(first) = queue.recv() {
        let began = open.take().map_or_else(|| manager.open().map_err(|error| error.to_string()), Ok).and_then(|mut conn| {
            begin(&mut conn).map_err(|error| error.to_string())?;
            Ok(conn)
        });
        match began {
            Ok(conn) => open = group(conn, first, queue, group_size),
            Err(error) => tracing::error!(error, "the writer cannot open the database or begin"),
        }
    }
}

/// One group: savepoints, one commit, answers. Gives the connection back unless it is spoilt.
fn group(mut conn: DbConnection, first: Job, queue: &Receiver<Job>, group_size: usize) -> Option<DbConnection> {
    let started = Instant::now();
    let mut finishes = Vec::new();
    let mut lost = Ok(());
    let mut next = Some(first);
    while let Some(job) = next {
        let (finish, outcome) = job(&mut conn);
        finishes.push(finish);
        if outcome.is_err() {
            lost = outcome;
            break;
        }
        next = if finishes.len() < group_size && started.elapsed() < GROUP_TIME { queue.try_recv().ok() } else { None };
    }
    let committed = lost.and_then(|()| {
        DbConnection::commit_transaction(&mut conn).map_err(|error| {
            tracing::error!(%error, "a group of writes was not committed");
            Failure::Database(error).into_problem()
        })
    });
    let keep = committed.is_ok();
    if !keep {
        drop(conn);
        finishes.into_iter().for_each(|finish| finish(committed.clone()));
        return None;
    }
    finishes.into_iter().for_each(|finish| finish(Ok(())));
    Some(conn)
}

/// `BEGIN IMMEDIATE` takes the write lock at once, so no statement of the group can meet "database is locked".
fn begin(conn: &mut DbConnection) -> QueryResult<()> {
    match conn {
        DbConnection::Sqlite(lite) => AnsiTransactionManager::begin_transaction_sql(lite, "BEGIN IMMEDIATE"),
        DbConnection::Postgres(pg) => <diesel::PgConnection as Connection>::TransactionManager::begin_transaction(pg),
    }
}
