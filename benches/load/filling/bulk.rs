//! What makes a database take many rows: no index but those that keep rows unique, no references to check, and no waiting for
//! the disk. Whoever fills a database for a test can do so again.

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use fishpond::db::{DbConnection, Failure};

pub fn begin(conn: &mut DbConnection) -> Result<(), Failure> {
    let settings = match conn {
        DbConnection::Sqlite(_) => {
            "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -400000; PRAGMA temp_store = FILE;"
        }
        // References can be left unchecked by a superuser only; for others it takes longer.
        DbConnection::Postgres(_) => {
            "SET statement_timeout = 0; SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; \
             DO $$ BEGIN SET session_replication_role = replica; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"
        }
    };
    execute(conn, settings)
}

/// What a database that has run for a while has: PostgreSQL's statistics and visibility map.
pub fn end(conn: &mut DbConnection) -> Result<(), Failure> {
    match conn {
        DbConnection::Sqlite(_) => execute(conn, "PRAGMA wal_checkpoint(TRUNCATE)"),
        DbConnection::Postgres(_) => execute(conn, "VACUUM ANALYZE"),
    }
}

/// Drops the indexes that only find rows; gives what makes them again, with what the planner of SQLite is to believe of them.
pub fn take_indexes(conn: &mut DbConnection) -> Result<Vec<String>, Failure> {
    let known = match conn {
        DbConnection::Sqlite(_) => "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE INDEX%'",
        DbConnection::Postgres(_) => {
            "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND indexdef LIKE 'CREATE INDEX%'"
        }
    };
    let indexes: Vec<(String, String)> = fishpond::db::Condition::sql(known).giving::<(Text, Text)>().load(conn)?;
    let is_sqlite = matches!(conn, DbConnection::Sqlite(_));
    if is_sqlite {
        execute(conn, "CREATE TEMP TABLE believed AS SELECT * FROM sqlite_stat1")?;
    }
    for (name, _) in &indexes {
        execute(conn, &format!("DROP INDEX \"{name}\""))?;
    }
    let again = is_sqlite.then(|| "DELETE FROM sqlite_stat1; INSERT INTO sqlite_stat1 SELECT * FROM believed".to_owned());
    Ok(indexes.into_iter().map(|(_, statement)| statement).chain(again).collect())
}

pub fn execute(conn: &mut DbConnection, statements: &str) -> Result<(), Failure> {
    Ok(conn.batch_execute(statements)?)
}
