//! Migrations are part of the binary and run at its start, under a lock, never on a schema that is newer than it.

use std::collections::HashSet;
use std::fmt;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::migration::{MigrationSource, MigrationVersion};
use diesel::{PgConnection, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::backup::BackupError;
use super::{DbConnection, on_backend};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number; the same in every process that migrates or seeds.
const LOCK: i64 = 0x6669_7368_706f_6e64;

#[derive(Debug)]
pub enum MigrateError {
    /// The database was migrated by a newer binary.
    Newer(Vec<String>),
    /// Nothing was changed.
    NotCopied(BackupError),
    Failed(String),
}

impl fmt::Display for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer(versions) => write!(
                f,
                "the database was migrated by a newer fishpond (unknown migrations: {}): run that version, or restore a backup",
                versions.join(", ")
            ),
            Self::NotCopied(error) => write!(
                f,
                "{error}\nThe database is copied before its schema changes, and was left as it is: make room, or back it up yourself and set \
                 migration_backup to off"
            ),
            Self::Failed(text) => write!(f, "the migration failed: {text}"),
        }
    }
}

impl std::error::Error for MigrateError {}

impl From<diesel::result::Error> for MigrateError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Runs what is pending, then `after` (the first seeding) under the same lock; gives the versions that were run. `before` is told of the
/// first version that changes a database which is not new.
pub fn run<T>(
    conn: &mut DbConnection,
    before: impl FnOnce(&str) -> Result<(), BackupError>,
    after: impl FnOnce(&mut DbConnection) -> T,
) -> Result<(Vec<String>, T), MigrateError> {
    lock(conn, true)?;
    let outcome = pending(conn, before).map(|versions| (versions, after(conn)));
    lock(conn, false)?;
    outcome
}

/// PostgreSQL: an advisory lock of the session. SQLite: the write lock of one transaction around everything.
fn lock(conn: &mut DbConnection, take: bool) -> Result<(), MigrateError> {
    on_backend!(conn,
        postgres: |pg| {
            let call = if take { "pg_advisory_lock" } else { "pg_advisory_unlock" };
            // Whoever waits here waits for another process's migration, however long that takes.
            pg.batch_execute(&format!("SET lock_timeout = 0; SET statement_timeout = 0; SELECT {call}({LOCK})"))?;
        },
        sqlite: |lite| {
            if take {
                AnsiTransactionManager::begin_transaction_sql(lite, "BEGIN IMMEDIATE")?;
            } else {
                AnsiTransactionManager::commit_transaction(lite)?;
            }
        },
    );
    Ok(())
}

fn pending(conn: &mut DbConnection, before: impl FnOnce(&str) -> Result<(), BackupError>) -> Result<Vec<String>, MigrateError> {
    on_backend!(conn,
        postgres: |pg| run_with::<diesel::pg::Pg, PgConnection>(pg, POSTGRES, before),
        sqlite: |lite| run_with::<diesel::sqlite::Sqlite, SqliteConnection>(lite, SQLITE, before),
    )
}

fn run_with<DB, C>(
    conn: &mut C,
    source: EmbeddedMigrations,
    before: impl FnOnce(&str) -> Result<(), BackupError>,
) -> Result<Vec<String>, MigrateError>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| MigrateError::Failed(error.to_string());
    let known: HashSet<String> = MigrationSource::<DB>::migrations(&source)
        .map_err(failed)?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    let applied: HashSet<String> = conn.applied_migrations().map_err(failed)?.iter().map(MigrationVersion::to_string).collect();
    let unknown: Vec<String> = applied.difference(&known).cloned().collect();
    if !unknown.is_empty() {
        return Err(MigrateError::Newer(unknown));
    }
    if let (false, Some(first)) = (applied.is_empty(), known.difference(&applied).min()) {
        before(first).map_err(MigrateError::NotCopied)?;
    }
    let versions = conn.run_pending_migrations(source).map_err(failed)?;
    Ok(versions.iter().map(ToString::to_string).collect())
}

/// Takes everything down again; for the test that proves the down scripts.
pub fn revert_all(conn: &mut DbConnection) -> Result<(), MigrateError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| MigrateError::Failed(error.to_string());
    on_backend!(conn,
        postgres: |pg| pg.revert_all_migrations(POSTGRES).map(|_| ()),
        sqlite: |lite| lite.revert_all_migrations(SQLITE).map(|_| ()),
    )
    .map_err(failed)
}
