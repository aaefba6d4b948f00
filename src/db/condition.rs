//! A piece of SQL with its values, made at run time: what filters, cursors and row scopes are built of; and whole statements
//! made of such pieces, for what must work on a table by its name.
//!
//! Column names come from our own tables of fields; whatever a caller sends is always a bound value.

use std::marker::PhantomData;

use chrono::NaiveDate;
use diesel::connection::Connection;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Date, Text};
use diesel::{QueryResult, RunQueryDsl};

use super::id::{Id, Kind};
use super::types::{DbInstant, DbUuid, Instant};
use super::{DbConnection, MultiBackend};

/// A bound value.
#[derive(Debug, Clone, PartialEq)]
pub enum Bind {
    Text(String),
    /// Two texts, compared with a row of two columns.
    Pair(String, String),
    Uuid(AnyId),
    Integer(i64),
    Boolean(bool),
    Instant(Instant),
    Day(NaiveDate),
}

/// An id whose kind does not matter any more.
pub type AnyId = Id<AnyKind>;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AnyKind {}

impl Kind for AnyKind {
    const PREFIX: &'static str = "id";
    const NAME: &'static str = "any";
    const SCHEMA: &'static str = "AnyId";
}

impl<K> From<Id<K>> for Bind {
    fn from(id: Id<K>) -> Self {
        Self::Uuid(AnyId::from_uuid(id.uuid()))
    }
}

impl From<&str> for Bind {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Instant> for Bind {
    fn from(at: Instant) -> Self {
        Self::Instant(at)
    }
}

impl From<i64> for Bind {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Bind {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Sql(String),
    Bind(Bind),
    Either { sqlite: Condition, postgres: Condition },
}

/// A boolean SQL expression. Empty means true.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Condition {
    parts: Vec<Part>,
    /// Its text or its best plan varies with its values (the length of an `IN` list): not worth a prepared statement.
    varies: bool,
}

impl Condition {
    pub fn sql(text: impl Into<String>) -> Self {
        Self::default().then(text)
    }

    #[must_use]
    pub fn then(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Sql(text.into()));
        self
    }

    #[must_use]
    pub fn bind(mut self, value: impl Into<Bind>) -> Self {
        self.parts.push(Part::Bind(value.into()));
        self
    }

    /// `column IN (…)`; no values match nothing. Several are not prepared.
    pub fn any_of(column: &str, values: impl IntoIterator<Item = impl Into<Bind>>) -> Self {
        let mut list = Self::sql(format!("{column} IN ("));
        let mut count = 0;
        for value in values {
            if count > 0 {
                list = list.then(", ");
            }
            list = list.bind(value);
            count += 1;
        }
        list.varies = count > 1;
        if count == 0 { Self::sql("1 = 0") } else { list.then(")") }
    }

    /// What each database says in its own words.
    pub fn either(sqlite: Self, postgres: Self) -> Self {
        Self { varies: sqlite.varies || postgres.varies, parts: vec![Part::Either { sqlite, postgres }] }
    }

    /// Its best plan depends on the values: not one plan for all of them.
    #[must_use]
    pub fn planned_anew(mut self) -> Self {
        self.varies = true;
        self
    }

    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    #[must_use]
    pub fn append(mut self, other: Self) -> Self {
        self.varies |= other.varies;
        self.parts.extend(other.parts);
        self
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.joined(" AND ", other)
    }

    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.joined(" OR ", other)
    }

    #[must_use]
    pub fn negated(self) -> Self {
        Self::sql("NOT (").append(self).then(")")
    }

    fn joined(self, word: &str, other: Self) -> Self {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => other,
            (_, true) => self,
            _ => Self::sql("(").append(self).then(word).append(other).then(")"),
        }
    }
}

impl Expression for Condition {
    type SqlType = Bool;
}

impl<QS> AppearsOnTable<QS> for Condition {}
impl<QS> SelectableExpression<QS> for Condition {}

impl ValidGrouping<()> for Condition {
    type IsAggregate = is_aggregate::Never;
}

impl QueryId for Condition {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<MultiBackend> for Condition {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        if self.varies {
            out.unsafe_to_cache_prepared();
        }
        if self.is_empty() {
            out.push_sql("1 = 1");
        }
        let is_sqlite = matches!(out.backend(), MultiBackend::Sqlite(_));
        for part in &self.parts {
            match part {
                Part::Sql(text) => out.push_sql(text),
                Part::Either { sqlite, .. } if is_sqlite => sqlite.walk_ast(out.reborrow())?,
                Part::Either { postgres, .. } => postgres.walk_ast(out.reborrow())?,
                Part::Bind(Bind::Text(value)) => out.push_bind_param::<Text, _>(value)?,
                Part::Bind(Bind::Pair(left, right)) => {
                    out.push_sql("(");
                    out.push_bind_param::<Text, _>(left)?;
                    out.push_sql(", ");
                    out.push_bind_param::<Text, _>(right)?;
                    out.push_sql(")");
                }
                Part::Bind(Bind::Uuid(value)) => out.push_bind_param::<DbUuid, _>(value)?,
                Part::Bind(Bind::Integer(value)) => out.push_bind_param::<BigInt, _>(value)?,
                Part::Bind(Bind::Boolean(value)) => out.push_bind_param::<Bool, _>(value)?,
                Part::Bind(Bind::Instant(value)) => out.push_bind_param::<DbInstant, _>(value)?,
                Part::Bind(Bind::Day(value)) => out.push_bind_param::<Date, _>(value)?,
            }
        }
        Ok(())
    }
}

impl Condition {
    /// Runs it as a statement that gives no rows; how many it wrote.
    pub fn execute(self, conn: &mut DbConnection) -> QueryResult<usize> {
        self.giving::<Bool>().execute(conn)
    }

    /// It as a whole statement, whose columns have these SQL types.
    pub fn giving<ST>(self) -> Statement<ST> {
        Statement(self, PhantomData)
    }
}

/// A whole statement made at run time.
#[derive(Debug, Clone)]
pub struct Statement<ST>(Condition, PhantomData<fn() -> ST>);

impl<ST> Query for Statement<ST> {
    type SqlType = ST;
}

impl<ST, C: Connection> RunQueryDsl<C> for Statement<ST> {}

impl<ST: 'static> QueryId for Statement<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> QueryFragment<MultiBackend> for Statement<ST> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}
