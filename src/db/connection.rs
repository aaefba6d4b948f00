//! One connection type over both databases, and the manager that opens it by the URL's scheme.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use diesel::{PgConnection, SqliteConnection};

/// Either database. Queries are written once against it (`MultiBackend`).
#[derive(diesel::MultiConnection)]
pub enum DbConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl DbConnection {
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}

/// Runs one block with the concrete connection, for what the portable connection cannot say
/// (`ON CONFLICT`, advisory locks). Each use says why it needs it.
macro_rules! on_backend {
    ($conn:expr, postgres: |$pg:ident| $pg_block:expr, sqlite: |$lite:ident| $lite_block:expr $(,)?) => {
        match $conn {
            $crate::db::DbConnection::Postgres($pg) => $pg_block,
            $crate::db::DbConnection::Sqlite($lite) => $lite_block,
        }
    };
}
pub(crate) use on_backend;

/// Which database, told by the URL's scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Sqlite(PathBuf),
    Postgres(String),
}

/// The URL names no database that this binary knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownScheme(pub String);

impl std::fmt::Display for UnknownScheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown database URL scheme {:?}: use sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME", self.0)
    }
}

impl std::error::Error for UnknownScheme {}

impl Target {
    /// `postgres://…` and `postgresql://…` are PostgreSQL; `sqlite://path`, `sqlite:path` and a bare path are SQLite.
    pub fn parse(url: &str) -> Result<Self, UnknownScheme> {
        match url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(url.to_owned())),
            Some(("sqlite", rest)) if !rest.trim_start_matches("//").is_empty() => {
                Ok(Self::Sqlite(PathBuf::from(rest.strip_prefix("//").unwrap_or(rest))))
            }
            None if !url.is_empty() => Ok(Self::Sqlite(PathBuf::from(url))),
            Some((scheme, _)) => Err(UnknownScheme(scheme.to_owned())),
            None => Err(UnknownScheme(String::new())),
        }
    }

    pub fn sqlite_path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

/// A pooled connection. `broken` is set when the database has gone away under it, so that the pool drops it.
pub struct Pooled {
    pub inner: DbConnection,
    pub broken: bool,
}

/// How many statements there were on all connections of a manager.
#[derive(Debug, Default)]
pub struct Statements {
    pub run: AtomicU64,
    /// Each is kept for as long as its connection.
    pub prepared: AtomicU64,
}

/// Opens connections for r2d2 and counts the statements that run on them.
#[derive(Debug, Clone)]
pub struct Manager {
    target: Target,
    statements: Arc<Statements>,
}

impl Manager {
    pub fn new(target: Target, statements: Arc<Statements>) -> Self {
        Self { target, statements }
    }

    pub fn open(&self) -> Result<DbConnection, diesel::ConnectionError> {
        let mut conn = match &self.target {
            Target::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
                conn.batch_execute(
                    "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                     PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY;",
                )
                .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                DbConnection::Sqlite(conn)
            }
            Target::Postgres(url) => {
                let mut conn = PgConnection::establish(url).map_err(explain)?;
                conn.batch_execute(
                    "SET TIME ZONE 'UTC'; SET statement_timeout = '30s'; SET lock_timeout = '10s'; SET application_name = 'fishpond'",
                )
                .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                DbConnection::Postgres(conn)
            }
        };
        let statements = Arc::clone(&self.statements);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            let counted = match event {
                InstrumentationEvent::StartQuery { .. } => &statements.run,
                InstrumentationEvent::CacheQuery { .. } => &statements.prepared,
                _ => return,
            };
            counted.fetch_add(1, Ordering::Relaxed);
        });
        Ok(conn)
    }
}

/// libpq without TLS says only that `sslmode` is invalid; say what to do about it.
fn explain(error: diesel::ConnectionError) -> diesel::ConnectionError {
    match error {
        diesel::ConnectionError::BadConnection(text) if text.contains("sslmode") => diesel::ConnectionError::BadConnection(format!(
            "{}: this binary was built with a libpq without TLS; build it with --no-default-features to use the system's libpq",
            text.trim()
        )),
        other => other,
    }
}

impl diesel::r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Pooled, Self::Error> {
        let inner = self.open().map_err(diesel::r2d2::Error::ConnectionError)?;
        Ok(Pooled { inner, broken: false })
    }

    fn is_valid(&self, conn: &mut Pooled) -> Result<(), Self::Error> {
        conn.inner.batch_execute("SELECT 1").map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, conn: &mut Pooled) -> bool {
        conn.broken || std::thread::panicking() || diesel::r2d2::R2D2Connection::is_broken(&mut conn.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_decides() {
        assert_eq!(Target::parse("data/x.db"), Ok(Target::Sqlite("data/x.db".into())));
        assert_eq!(Target::parse("sqlite://data/x.db"), Ok(Target::Sqlite("data/x.db".into())));
        assert_eq!(Target::parse("sqlite:///srv/x.db"), Ok(Target::Sqlite("/srv/x.db".into())));
        assert!(matches!(Target::parse("postgres://h/db"), Ok(Target::Postgres(_))));
        assert_eq!(Target::parse("mysql://h/db"), Err(UnknownScheme("mysql".into())));
        assert!(Target::parse("").is_err());
        assert!(Target::parse("sqlite://").is_err());
    }
}
