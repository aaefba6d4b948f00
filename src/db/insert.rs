//! Rows that are inserted together: on PostgreSQL by one statement, since each is a round trip.
//!
//! On the database's own connection Diesel also knows a statement by its type; through the portable one it writes its text
//! anew, twice, each time.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, InsertStatement, QueryFragment, QueryId};
use diesel::query_dsl::methods::ExecuteDsl;
use diesel::{QueryResult, QuerySource, RunQueryDsl, SqliteConnection};

use super::DbConnection;

/// `diesel::insert_into(table).values(&row)`, or what knows its own statement.
pub trait Insert {
    fn on_postgres(&self) -> &dyn QueryFragment<Pg>;
    fn on_sqlite(&self, conn: &mut SqliteConnection) -> QueryResult<usize>;
}

impl<T, V> Insert for InsertStatement<T, V>
where
    T: QuerySource,
    Self: QueryFragment<Pg> + ExecuteDsl<SqliteConnection> + Copy,
{
    fn on_postgres(&self) -> &dyn QueryFragment<Pg> {
        self
    }

    fn on_sqlite(&self, conn: &mut SqliteConnection) -> QueryResult<usize> {
        ExecuteDsl::execute(*self, conn)
    }
}

/// Inserts these rows in a transaction, one after the other; later ones may refer to earlier ones.
pub fn insert(conn: &mut DbConnection, rows: &[&dyn Insert]) -> QueryResult<()> {
    match conn {
        DbConnection::Postgres(_) if rows.is_empty() => Ok(()),
        DbConnection::Postgres(conn) => Together(rows).execute(conn).map(|_| ()),
        DbConnection::Sqlite(conn) => rows.iter().try_for_each(|row| row.on_sqlite(conn).map(|_| ())),
    }
}

/// `WITH row0 AS (INSERT …), row1 AS (INSERT …) INSERT …`
struct Together<'a>(&'a [&'a dyn Insert]);

impl RunQueryDsl<diesel::PgConnection> for Together<'_> {}

impl QueryId for Together<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Together<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Some((last, others)) = self.0.split_last() else { return Ok(()) };
        for (place, row) in others.iter().enumerate() {
            out.push_sql(if place == 0 { "WITH row" } else { ", row" });
            out.push_sql(&place.to_string());
            out.push_sql(" AS (");
            row.on_postgres().walk_ast(out.reborrow())?;
            out.push_sql(")");
        }
        if !others.is_empty() {
            out.push_sql(" ");
        }
        last.on_postgres().walk_ast(out)
    }
}
