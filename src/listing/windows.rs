//! The rest of what `q` finds, when it is found sooner than by walking along the index of the words: among the few rows that an index of
//! the filter gives, or, on PostgreSQL, among the first rows of the list.

use diesel::RunQueryDsl;
use diesel::sql_types::{BigInt, Bool, Text};

use super::field::Listed;
use super::relevance::{Position, SearchText, Step};
use super::request::List;
use crate::auth::Scope;
use crate::db::condition::{AnyId, Bind};
use crate::db::types::DbUuid;
use crate::db::{Condition, DbConnection, Failure};

/// How many rows are looked at for a text.
const WINDOWS: [i64; 2] = [1_000, 30_000];
/// Fewer than these in a window, and a bigger one is not worth it.
const FEW: usize = 3;

/// A row that a text finds: id and folded name.
pub(super) type Found = (AnyId, String);

impl<R: Listed> List<R> {
    /// The rest, newest first, if it is among the few rows that an index of the filter gives, or looking at rows one by one finds it.
    pub(super) fn look_for_rest(
        &self,
        conn: &mut DbConnection,
        scope: &Scope,
        seen: &Condition,
        search: &SearchText,
        after: Option<&Position>,
        room: i64,
    ) -> Result<Option<Vec<Position>>, Failure> {
        let behind = after.map(|at| Condition::sql(format!("{}.id < ", R::TABLE)).bind(Bind::Uuid(AnyId::from_uuid(at.id))));
        let rows = seen.clone().and(self.filter(scope)).and(behind.unwrap_or_default());
        let position = |(id, name): Found| Position { step: Step::Rest, name, id: id.uuid() };
        let asked = rows.clone().and(search.of_row::<R>(scope.workspace_id, search.is_other()));
        for source in self.sources(scope) {
            if let Some(found) = self.among(conn, scope, &asked, &source, self.effort.few)? {
                let few = usize::try_from(room).unwrap_or_default();
                return Ok(Some(found.into_iter().take(few).map(|id| position((id, String::new()))).collect()));
            }
        }
        let found = self.look(conn, scope, search, &rows, search.is_other(), room)?;
        Ok(found.map(|found| found.into_iter().map(position).collect()))
    }

    /// The first `room` of these rows that the text finds and of which `others` is true, if looking at rows one by one finds them.
    fn look(
        &self,
        conn: &mut DbConnection,
        scope: &Scope,
        text: &SearchText,
        rows: &Condition,
        others: Condition,
        room: i64,
    ) -> Result<Option<Vec<Found>>, Failure> {
        // FTS5 has the newest first, and takes as long for a row as for all.
        if conn.is_sqlite() {
            return Ok(None);
        }
        for window in WINDOWS {
            let looked = self.window(scope, text, rows, &others, window, room).giving::<(DbUuid, Text, Bool, BigInt)>();
            let looked: Vec<(AnyId, String, bool, i64)> = looked.load(conn)?;
            // The window's last row is always among them: without it there is nothing behind the window.
            let has_more = looked.iter().any(|(.., place)| *place == window);
            let mut found: Vec<Found> = looked.into_iter().filter(|(.., is_found, _)| *is_found).map(|(id, name, ..)| (id, name)).collect();
            let is_page = i64::try_from(found.len()).unwrap_or_default() >= room;
            if is_page || !has_more {
                found.truncate(usize::try_from(room).unwrap_or_default());
                return Ok(Some(found));
            }
            if found.len() < FEW {
                break;
            }
        }
        Ok(None)
    }

    /// The rows that are found among the first ones, and the window's last row in any case; each with its place.
    fn window(&self, scope: &Scope, text: &SearchText, rows: &Condition, others: &Condition, window: i64, room: i64) -> Condition {
        let found = || Condition::sql("COALESCE(").append(text.is_found::<R>(scope.workspace_id).and(others.clone())).then(", FALSE)");
        let order = |table: &str| self.keys_of(&self.sort, table).1;
        let (columns, own) = (self.keys_of(&self.sort, "head").0, format!("{}.id", R::TABLE));
        let head = Condition::sql(format!("(SELECT {own} AS id{columns} FROM {} WHERE ", self.from())).append(rows.clone());
        let head = head.then(format!(" ORDER BY {} LIMIT {window}) AS head", self.order_by(&self.sort)));
        let listed = Condition::sql(format!("(SELECT head.*, row_number() OVER (ORDER BY {}) AS place FROM ", order("head")));
        let asked = Condition::sql("SELECT listed.id, COALESCE(search_docs.name, ''), ").append(found());
        let asked = asked.then(", listed.place FROM ").append(listed.append(head)).then(") AS listed LEFT JOIN search_docs");
        let asked = asked.then(" ON search_docs.id = listed.id AND search_docs.workspace_id = ").bind(scope.workspace_id);
        let asked = asked.then(" WHERE ").append(found()).then(format!(" OR listed.place = {window} ORDER BY {}", order("listed")));
        asked.then(format!(" LIMIT {}", room + 1)).planned_anew()
    }
}
