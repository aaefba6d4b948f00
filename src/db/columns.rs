//! The columns of a row as one text. Diesel writes its SQL anew for each statement, several times over with two databases, and most of
//! that are the columns, which never change.

use std::any::TypeId;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{LazyLock, PoisonError, RwLock};

use diesel::backend::Backend;
use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::expression::{AppearsOnTable, Expression, Selectable, SelectableExpression, ValidGrouping};
use diesel::pg::{Pg, PgQueryBuilder};
use diesel::query_builder::{AstPass, QueryBuilder, QueryFragment, QueryId};
use diesel::{QueryResult, SelectableHelper};

use super::{Condition, MultiBackend, Statement};

type AnyQueryBuilder = <MultiBackend as Backend>::QueryBuilder;

/// Made once in a process for each type of row. SQLite reads PostgreSQL's quotes, too.
static TEXTS: LazyLock<RwLock<HashMap<TypeId, &'static str>>> = LazyLock::new(RwLock::default);

/// What `Row::as_select()` selects.
#[derive(Debug)]
pub struct Columns<Row>(PhantomData<fn() -> Row>);

pub fn columns<Row: Selectable<MultiBackend>>() -> Columns<Row> {
    Columns(PhantomData)
}

impl<Row> Clone for Columns<Row> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Row> Copy for Columns<Row> {}

impl<Row> Expression for Columns<Row>
where
    Row: Selectable<MultiBackend>,
    AsSelect<Row, MultiBackend>: Expression,
{
    type SqlType = <AsSelect<Row, MultiBackend> as Expression>::SqlType;
}

impl<Row, From> AppearsOnTable<From> for Columns<Row>
where
    Row: Selectable<MultiBackend>,
    Self: Expression,
    AsSelect<Row, MultiBackend>: AppearsOnTable<From>,
{
}

impl<Row, From> SelectableExpression<From> for Columns<Row>
where
    Row: Selectable<MultiBackend>,
    Self: AppearsOnTable<From>,
    AsSelect<Row, MultiBackend>: SelectableExpression<From>,
{
}

impl<Row, GroupBy> ValidGrouping<GroupBy> for Columns<Row>
where
    Row: Selectable<MultiBackend>,
    AsSelect<Row, MultiBackend>: ValidGrouping<GroupBy>,
{
    type IsAggregate = <AsSelect<Row, MultiBackend> as ValidGrouping<GroupBy>>::IsAggregate;
}

impl<Row: 'static> QueryId for Columns<Row> {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Row> QueryFragment<MultiBackend> for Columns<Row>
where
    Row: Selectable<MultiBackend> + 'static,
    AsSelect<Row, MultiBackend>: QueryFragment<MultiBackend>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_sql(text::<Row>()?);
        Ok(())
    }
}

/// The rows of `from` of which this is true; `rest` is what stands behind that, such as the order.
pub fn select<Row>(from: &str, which: Condition, rest: Condition) -> QueryResult<Statement<SqlTypeOf<AsSelect<Row, MultiBackend>>>>
where
    Row: Selectable<MultiBackend> + 'static,
    AsSelect<Row, MultiBackend>: Expression + QueryFragment<MultiBackend>,
{
    Ok(Condition::sql(format!("SELECT {} FROM {from} WHERE ", text::<Row>()?))
        .append(if which.is_empty() { Condition::sql("1 = 1") } else { which })
        .append(rest)
        .giving())
}

fn text<Row>() -> QueryResult<&'static str>
where
    Row: Selectable<MultiBackend> + 'static,
    AsSelect<Row, MultiBackend>: QueryFragment<MultiBackend>,
{
    let row = TypeId::of::<Row>();
    if let Some(text) = TEXTS.read().unwrap_or_else(PoisonError::into_inner).get(&row) {
        return Ok(text);
    }
    let mut written = AnyQueryBuilder::Postgres(PgQueryBuilder::default());
    Row::as_select().to_sql(&mut written, &MultiBackend::Postgres(Pg))?;
    let text: &'static str = Box::leak(written.finish().into_boxed_str());
    TEXTS.write().unwrap_or_else(PoisonError::into_inner).insert(row, text);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;
    use diesel::sqlite::{Sqlite, query_builder::SqliteQueryBuilder};

    use super::*;

    diesel::table! {
        ponds { id -> Integer, order -> Text }
    }

    #[derive(Queryable, Selectable)]
    #[diesel(table_name = ponds)]
    #[expect(dead_code, reason = "only its columns count")]
    struct Pond {
        id: i32,
        order: String,
    }

    #[test]
    fn it_is_quoted_as_both_databases_read_it() {
        let written = || {
            let mut written = AnyQueryBuilder::Sqlite(SqliteQueryBuilder::new());
            columns::<Pond>().to_sql(&mut written, &MultiBackend::Sqlite(Sqlite)).expect("SQL");
            written.finish()
        };
        assert_eq!(written(), r#""ponds"."id", "ponds"."order""#);
        assert_eq!(written(), written());
    }
}
