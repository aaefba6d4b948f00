//! How a page is loaded: which rows it has is found out first.

use serde::Serialize;

use super::cursor::Cursor;
use super::field::Listed;
use super::request::List;
use crate::auth::Scope;
use crate::db::condition::AnyId;
use crate::db::{Condition, DbConnection, Failure, snapshot};
use crate::http::page::Page;

/// Where the next page begins.
pub(super) enum Next {
    /// Behind the last row, if more were loaded than the page holds.
    AfterLastRow,
    Known(Option<Cursor>),
}

/// How a page is loaded: which rows, in which order.
struct Plan {
    which: Condition,
    order: Condition,
    next: Next,
}

impl<R: Listed> List<R> {
    /// The page of the rows that are `seen`. `load` gives those of which something is true, in an order, `rows()` at most.
    pub fn load_page<T: Serialize>(
        &self,
        conn: &mut DbConnection,
        scope: &Scope,
        seen: &Condition,
        load: impl FnOnce(&mut DbConnection, Condition, Condition) -> Result<Vec<T>, Failure>,
    ) -> Result<Page<T>, Failure> {
        self.resolve(conn, scope)?;
        let read = |conn: &mut DbConnection| {
            let Plan { which, order, next } = self.plan(conn, scope, seen)?;
            let data = load(conn, seen.clone().and(which), order)?;
            let total = self.total(conn, scope, seen.clone())?;
            Ok(self.page_with(scope, data, total, next)?)
        };
        // A row that changes after it was found would make the page end too soon, or the next one begin too late.
        if self.is_one_walk(scope) && self.text.is_none() { read(conn) } else { snapshot(conn, read) }
    }

    fn plan(&self, conn: &mut DbConnection, scope: &Scope, seen: &Condition) -> Result<Plan, Failure> {
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
