//! How a page is loaded: which rows it has is found out first.

use super::cursor::Cursor;
use super::field::Listed;
use super::request::List;
use crate::auth::Scope;
use crate::db::condition::AnyId;
use crate::db::{Condition, DbConnection, Failure};

/// Where the next page begins.
#[derive(Debug, Clone)]
pub enum Next {
    /// Behind the last row, if more were loaded than the page holds.
    AfterLastRow,
    Known(Option<Cursor>),
}

/// How a page is loaded: which rows, in which order.
#[derive(Debug, Clone)]
pub struct Plan {
    pub which: Condition,
    pub order: Condition,
    pub next: Next,
}

impl<R: Listed> List<R> {
    /// How this page is loaded from the rows that are `seen`. In the order of relevance it is found out first which rows they are.
    pub fn plan(&self, conn: &mut DbConnection, scope: &Scope, seen: &Condition) -> Result<Plan, Failure> {
        self.resolve(conn, scope)?;
        let Some(search) = self.text.as_ref().filter(|_| !self.is_sorted()) else {
            return Ok(Plan { which: self.walk(conn, scope, seen)?, order: self.order(), next: Next::AfterLastRow });
        };
        let limit = usize::try_from(self.rows() - 1).unwrap_or_default();
        let mut found = self.find(conn, scope, seen, search)?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        let cursor = found.last().filter(|_| has_more).map(|last| last.cursor(self.hash(scope)));
        let id_column = format!("{}.id", R::TABLE);
        let which = Condition::any_of(&id_column, found.iter().map(|position| AnyId::from_uuid(position.id)));
        let order = found.iter().zip(0_i64..).fold(Condition::sql("CASE"), |order, (position, place)| {
            order.then(format!(" WHEN {id_column} = ")).bind(AnyId::from_uuid(position.id)).then(format!(" THEN {place}"))
        });
        let order = if found.is_empty() { Condition::sql(id_column) } else { order.then(" END") };
        Ok(Plan { which, order, next: Next::Known(cursor) })
    }
}
