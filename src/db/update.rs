//! Updates that stay prepared. Diesel prepares its own anew each time, because which columns they set may depend on the values: that is
//! another round trip on PostgreSQL, and the time of the one writer on SQLite. Here a statement is known by its text.

use diesel::associations::HasTable;
use diesel::pg::Pg;
use diesel::query_builder::{AsChangeset, AstPass, IntoUpdateTarget, QueryFragment, QueryId, UpdateTarget};
use diesel::sqlite::Sqlite;
use diesel::{Connection, QueryResult, QuerySource, RunQueryDsl};

use super::DbConnection;

/// Like `diesel::update(which).set(values)`, with values that always set something; how many rows it met.
pub fn update_rows<T, V>(conn: &mut DbConnection, which: T, values: V) -> QueryResult<usize>
where
    T: IntoUpdateTarget,
    V: AsChangeset<Target = T::Table>,
    <<T as HasTable>::Table as QuerySource>::FromClause: OnBoth,
    V::Changeset: OnBoth,
    T::WhereClause: OnBoth,
{
    let UpdateTarget { table, where_clause } = which.into_update_target();
    let update = Update { table: table.from_clause(), values: values.as_changeset(), which: where_clause };
    match conn {
        DbConnection::Postgres(conn) => update.execute(conn),
        DbConnection::Sqlite(conn) => update.execute(conn),
    }
}

/// What both databases can be told.
pub trait OnBoth: QueryFragment<Pg> + QueryFragment<Sqlite> {}

impl<T: QueryFragment<Pg> + QueryFragment<Sqlite>> OnBoth for T {}

struct Update<T, V, W> {
    table: T,
    values: V,
    which: W,
}

impl<T, V, W, C: Connection> RunQueryDsl<C> for Update<T, V, W> {}

impl<T, V, W> QueryId for Update<T, V, W> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T, V, W, DB> QueryFragment<DB> for Update<T, V, W>
where
    DB: diesel::backend::Backend,
    T: QueryFragment<DB>,
    V: QueryFragment<DB>,
    W: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        self.table.walk_ast(out.reborrow())?;
        out.push_sql(" SET ");
        self.values.walk_ast(out.reborrow())?;
        self.which.walk_ast(out)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use diesel::connection::{InstrumentationEvent, SimpleConnection};
    use diesel::{ExpressionMethods, QueryDsl, SqliteConnection};

    use super::*;

    diesel::table! {
        things (id) {
            id -> Integer,
            name -> Text,
        }
    }

    #[test]
    fn an_update_stays_prepared() {
        let mut conn = SqliteConnection::establish(":memory:").expect("a database");
        conn.batch_execute("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO things VALUES (1, 'a')").expect("a row");
        let kept = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&kept);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::CacheQuery { .. } = event {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut conn = DbConnection::Sqlite(conn);
        for (id, met) in [(1, 1), (2, 0), (1, 1)] {
            assert_eq!(update_rows(&mut conn, things::table.find(id), things::name.eq("b")), Ok(met));
        }
        assert_eq!(kept.load(Ordering::Relaxed), 1);
        assert_eq!(diesel::update(things::table.find(1)).set(things::name.eq("c")).execute(&mut conn), Ok(1));
        assert_eq!(kept.load(Ordering::Relaxed), 1, "Diesel's own does not, or this module can go");
    }
}
