//! What can end a unit of work, and what a database error means to the caller.

use diesel::result::{DatabaseErrorKind, Error};

use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// Why a unit of work did not finish.
#[derive(Debug)]
pub enum Failure {
    /// A refusal that the caller is told.
    Problem(Problem),
    /// A database error, not yet interpreted.
    Database(Error),
    /// Someone else changed the row between our read and our write: the work runs again.
    Stale,
    /// The work panicked; everything it did is rolled back.
    Panic,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

/// A database error in the terms that matter, the same for both databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// A unique or check rule refused it, named `table.column` (without `workspace_id`).
    Conflict(String),
    /// Deadlock or serialization failure: the same work may succeed at once.
    Retry,
    /// The database cannot be reached, or is starting, stopping or busy.
    Unavailable,
    /// The disk is full; nothing was written.
    Full,
    /// A defect or an unknown condition.
    Other,
}

pub fn classify(error: &Error) -> Class {
    match error {
        Error::DatabaseError(kind, information) => {
            let message = information.message();
            match kind {
                DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::CheckViolation => {
                    Class::Conflict(information.constraint_name().map_or_else(|| sqlite_rule(message), str::to_owned))
                }
                DatabaseErrorKind::SerializationFailure => Class::Retry,
                DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => Class::Unavailable,
                _ => by_message(message),
            }
        }
        Error::BrokenTransactionManager => Class::Unavailable,
        Error::RollbackErrorOnCommit { commit_error, .. } => classify(commit_error),
        _ => Class::Other,
    }
}

/// SQLite says `UNIQUE constraint failed: users.workspace_id, users.email_key`; PostgreSQL gives the index's name, which the
/// migrations spell the same way as what this makes of it: `users.email_key`.
fn sqlite_rule(message: &str) -> String {
    let columns = message.rsplit("failed: ").next().unwrap_or(message);
    let mut named = columns.split(", ").filter(|column| !column.ends_with(".workspace_id"));
    let first = named.next().unwrap_or(columns).to_owned();
    named.fold(first, |rule, column| format!("{rule},{}", column.rsplit('.').next().unwrap_or(column)))
}

fn by_message(message: &str) -> Class {
    const AWAY: [&str; 11] = [
        "terminating connection",
        "the database system is",
        "server closed the connection",
        "connection not open",
        "no connection to the server",
        "could not connect",
        "SSL connection has been closed",
        "database is locked",
        "canceling statement",
        "disk I/O error",
        // SQLite rolled back more than the statement that failed.
        "no such savepoint",
    ];
    if message.contains("database or disk is full") || message.contains("No space left on device") {
        Class::Full
    } else if message.contains("deadlock detected") {
        Class::Retry
    } else if AWAY.iter().any(|text| message.contains(text)) || message.contains("lock timeout") {
        Class::Unavailable
    } else {
        Class::Other
    }
}

/// Whether a guarded statement met its row: none is a lost race, and the work runs again.
pub fn written(rows: usize) -> Result<(), Failure> {
    if rows == 0 { Err(Failure::Stale) } else { Ok(()) }
}

impl Failure {
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::Database(error) => Some(classify(error)),
            _ => None,
        }
    }

    /// What the caller is told. Inner text goes to the log only.
    pub fn into_problem(self) -> Problem {
        match self {
            Self::Problem(problem) => problem,
            Self::Stale => Problem::new(Code::Overloaded),
            Self::Panic => Problem::new(Code::InternalError),
            Self::Database(error) => match classify(&error) {
                Class::Conflict(rule) => {
                    tracing::info!(rule, "a database rule refused a write");
                    Problem::new(Code::Conflict)
                }
                Class::Retry => Problem::new(Code::Overloaded),
                Class::Unavailable => {
                    tracing::warn!(%error, "the database is unavailable");
                    Problem::new(Code::DatabaseUnavailable).retry_after(2)
                }
                Class::Full => Problem::new(Code::StorageFull).retry_after(30),
                Class::Other => {
                    tracing::error!(%error, "a database error");
                    Problem::new(Code::InternalError)
                }
            },
        }
    }

    /// A violated rule that only a race can violate: the work runs again and sees what the other did.
    #[must_use]
    pub fn stale_on(self, rule: &str) -> Self {
        match self.class() {
            Some(Class::Conflict(violated)) if violated == rule => Self::Stale,
            _ => self,
        }
    }

    /// Names the problem that a violated rule stands for; other failures stay what they are.
    #[must_use]
    pub fn on_conflict(self, rule: &str, problem: impl FnOnce() -> Problem) -> Self {
        match self.class() {
            Some(Class::Conflict(violated)) if violated == rule => Self::Problem(problem()),
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_rules_have_the_names_of_the_migrations() {
        for (message, rule) in [
            ("UNIQUE constraint failed: users.workspace_id, users.email_key", "users.email_key"),
            (
                "UNIQUE constraint failed: external_refs.workspace_id, external_refs.resource_type, external_refs.system",
                "external_refs.resource_type,system",
            ),
            ("CHECK constraint failed: customers.owner_or_pool", "customers.owner_or_pool"),
        ] {
            assert_eq!(sqlite_rule(message), rule);
        }
    }
}
