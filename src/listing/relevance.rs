//! `q`: which rows it finds, and in which order when no other is asked for: the exact name, then names that begin with it, then
//! the rest, newest first.
//!
//! These are three steps, and each walks along one index until the page is full: a frequent word costs no more than a rare one.
//! First the ids of the page are found, then the rows are loaded by them. `search_docs` has a row for each object; the tokens
//! are in an FTS5 table on SQLite (`search_tokens`, walked newest first), and in a column under a GIN index on PostgreSQL, which
//! decides by its statistics between that index and a walk along the primary key.

use diesel::RunQueryDsl;
use diesel::sql_types::Text;
use serde_json::json;
use uuid::Uuid;

use super::cursor::Cursor;
use super::field::Listed;
use super::fold::fold_search;
use super::request::List;
use super::tokens::{Query, space};
use super::windows::Found;
use crate::auth::Scope;
use crate::db::condition::{AnyId, Bind};
use crate::db::id::{Kind, WorkspaceId};
use crate::db::types::DbUuid;
use crate::db::{Condition, DbConnection, Failure};
use crate::http::catalogue::Code;
use crate::http::problem::{FieldError, Problem};
use crate::http::query::invalid;

/// Characters of `q`.
pub const MAX_TEXT: usize = 512;
/// Characters of a name that are kept for the first two steps.
const MAX_NAME: usize = 256;
/// Stands behind every character that a name may go on with.
const LAST: char = char::MAX;

/// A name as it is compared with `q`.
pub fn name_key(name: &str) -> String {
    let words: Vec<String> = fold_search(name).split_whitespace().map(str::to_owned).collect();
    words.join(" ").chars().take(MAX_NAME).collect()
}

/// What `q` asks for.
#[derive(Debug, Clone)]
pub struct SearchText {
    /// What names are compared with; longer text is no name.
    name: Option<String>,
    query: Query,
}

impl SearchText {
    /// What is asked of `R`, if it can be searched.
    pub fn parse<R: Listed>(text: &str) -> Result<Self, Problem> {
        if R::SEARCHED.is_none() {
            return Err(Problem::new(Code::UnknownParameter).with("parameter", "q"));
        }
        let query = Query::parse(text);
        if query.is_empty() || text.chars().count() > MAX_TEXT {
            return Err(invalid("q", &format!("up to {MAX_TEXT} characters with at least one letter or digit")));
        }
        let name = name_key(text);
        Ok(Self { name: Some(name).filter(|name| name.chars().count() < MAX_NAME), query })
    }

    /// For somebody from whom nothing is hidden.
    pub const fn find_hidden(&mut self) {
        self.query.find_hidden();
    }

    /// What `q` of a search asks for; its fault is that of a member.
    pub fn of_search<R: Listed>(text: &str) -> Result<Self, Problem> {
        let fault = FieldError::new("/q", Code::InvalidFormat).with("format", "a letter or digit");
        Self::parse::<R>(text).map_err(|_| Problem::fields(vec![fault]))
    }

    /// That a row of `R` is found and this is true of its document, for one row at a time.
    pub(super) fn of_row<R: Listed>(&self, workspace_id: WorkspaceId, others: Condition) -> Condition {
        let own = Condition::sql("search_docs.workspace_id = ").bind(workspace_id).then(format!(" AND search_docs.id = {}.id", R::TABLE));
        let own = Condition::sql(" FROM search_docs WHERE ").append(own.and(others)).then(")");
        let space = space(workspace_id, R::Kind::NAME);
        let found = Condition::sql(" IN (SELECT search_tokens.rowid FROM search_tokens WHERE search_tokens MATCH ");
        Condition::either(
            // The numbers of all documents that are found, made once.
            Condition::sql("(SELECT search_docs.number")
                .append(own.clone())
                .append(found)
                .bind(self.query.for_sqlite(&space).as_str())
                .then(")"),
            Condition::sql("COALESCE((SELECT ").append(self.is_found::<R>(workspace_id)).append(own).then(", FALSE)"),
        )
    }

    /// That a row of `R` is found, for all rows at once.
    pub(super) fn condition<R: Listed>(&self, workspace_id: WorkspaceId) -> Condition {
        let found = Condition::sql(format!("{}.id IN (SELECT search_docs.id FROM ", R::TABLE)).append(Self::docs());
        found.then(" WHERE ").append(self.matches::<R>(workspace_id)).then(")")
    }

    /// The ids of all rows of `R` that are found.
    pub(super) fn source<R: Listed>(&self, workspace_id: WorkspaceId) -> Condition {
        let found = Condition::sql("SELECT search_docs.id AS id FROM ")
            .append(Self::docs())
            .then(" WHERE ")
            .append(self.matches::<R>(workspace_id));
        // A fence: with a limit in view the planner of PostgreSQL would walk through everything for two frequent words that never
        // meet.
        let fenced = Condition::sql("WITH found AS MATERIALIZED (").append(found.clone()).then(") SELECT id FROM found");
        Condition::either(found, fenced)
    }

    /// The documents, in the order of the index.
    fn docs() -> Condition {
        // CROSS JOIN: SQLite keeps the order of the tables.
        Condition::either(
            Condition::sql("search_tokens CROSS JOIN search_docs ON search_docs.number = search_tokens.rowid"),
            Condition::sql("search_docs"),
        )
    }

    fn matches<R: Listed>(&self, workspace_id: WorkspaceId) -> Condition {
        let space = space(workspace_id, R::Kind::NAME);
        let own = Condition::sql("search_docs.workspace_id = ").bind(workspace_id).then(" AND ");
        let found = Condition::either(
            Condition::sql("search_tokens MATCH ").bind(self.query.for_sqlite(&space).as_str()),
            self.is_found::<R>(workspace_id),
        );
        own.append(found).planned_anew()
    }

    /// That the document of a row of `R` is found: for a row at a time, on PostgreSQL.
    pub(super) fn is_found<R: Listed>(&self, workspace_id: WorkspaceId) -> Condition {
        let space = space(workspace_id, R::Kind::NAME);
        Condition::sql("search_docs.tokens @@ CAST(").bind(self.query.for_postgres(&space).as_str()).then(" AS tsquery)")
    }

    /// That a name is neither the exact one nor begins with it.
    pub(super) fn is_other(&self) -> Condition {
        let Some(name) = self.name.as_deref() else { return Condition::default() };
        let other = Condition::sql("(search_docs.name < ").bind(name).then(" OR search_docs.name >= ");
        other.bind(format!("{name}{LAST}").as_str()).then(")")
    }

    /// `R`'s tables behind the documents.
    pub fn from<R: Listed>() -> Condition {
        Self::docs().then(format!(" CROSS JOIN {}", R::FROM))
    }

    /// Joins the documents that are found with their rows.
    pub fn joined<R: Listed>(&self, workspace_id: WorkspaceId) -> Condition {
        same_object::<R>().and(self.matches::<R>(workspace_id))
    }

    /// The rows of one step that come behind a position.
    fn step<R: Listed>(
        &self,
        workspace_id: WorkspaceId,
        step: Step,
        after: Option<&Position>,
    ) -> Option<(Condition, Condition, Condition)> {
        let name = self.name.as_deref();
        let named = |operator: &str| {
            let own = Condition::sql("search_docs.workspace_id = ").bind(workspace_id);
            let own = own.then(format!(" AND search_docs.type = '{}' AND search_docs.name {operator} ", R::Kind::NAME));
            (Condition::sql(format!("search_docs CROSS JOIN {}", R::FROM)), same_object::<R>().and(own.bind(name.unwrap_or_default())))
        };
        let end = || format!("{}{LAST}", name.unwrap_or_default());
        let id = |position: &Position| Bind::Uuid(AnyId::from_uuid(position.id));
        let by_id = Condition::sql("search_docs.id DESC");
        Some(match step {
            Step::Exact => {
                name?;
                let (from, found) = named("=");
                let behind = after.map(|at| Condition::sql("search_docs.id < ").bind(id(at)));
                (from, found.and(behind.unwrap_or_default()), by_id)
            }
            Step::Beginning => {
                name?;
                let (from, found) = named(">");
                let found = found.and(Condition::sql("search_docs.name < ").bind(end().as_str()));
                let behind = after.map(|at| {
                    let place = Condition::sql("(search_docs.name, search_docs.id) > (").bind(at.name.as_str());
                    place.then(", ").bind(id(at)).then(")")
                });
                (from, found.and(behind.unwrap_or_default()), Condition::sql("search_docs.name, search_docs.id"))
            }
            Step::Rest => {
                let found = self.joined::<R>(workspace_id);
                let behind = after.map(|at| {
                    let number =
                        Condition::sql("search_tokens.rowid < (SELECT last.number FROM search_docs last WHERE last.workspace_id = ");
                    Condition::either(
                        number.bind(workspace_id).then(" AND last.id = ").bind(id(at)).then(")"),
                        Condition::sql(format!("{}.id < ", R::TABLE)).bind(id(at)),
                    )
                });
                let order = Condition::either(Condition::sql("search_tokens.rowid DESC"), Condition::sql(format!("{}.id DESC", R::TABLE)));
                (Self::from::<R>(), found.and(self.is_other()).and(behind.unwrap_or_default()), order)
            }
        })
    }
}

fn same_object<R: Listed>() -> Condition {
    let table = R::TABLE;
    Condition::sql(format!("{table}.workspace_id = search_docs.workspace_id AND {table}.id = search_docs.id"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Exact = 1,
    Beginning = 2,
    Rest = 3,
}

/// Where a row stands in the order of relevance.
#[derive(Debug, Clone)]
pub(super) struct Position {
    pub step: Step,
    pub name: String,
    pub id: Uuid,
}

impl Position {
    pub(super) fn cursor(&self, list: [u8; 8]) -> Cursor {
        Cursor { list, keys: vec![json!(self.step as i64), json!(self.name)], id: self.id }
    }

    fn read(cursor: &Cursor) -> Option<Self> {
        let [step, name] = cursor.keys.as_slice() else { return None };
        let step = [Step::Exact, Step::Beginning, Step::Rest].into_iter().find(|known| Some(*known as i64) == step.as_i64())?;
        let name = name.as_str().filter(|name| !name.contains('\0'))?.to_owned();
        Some(Self { step, name, id: cursor.id })
    }
}

impl<R: Listed> List<R> {
    /// The positions of the page's rows, and one more.
    pub(super) fn find(
        &self,
        conn: &mut DbConnection,
        scope: &Scope,
        seen: &Condition,
        search: &SearchText,
    ) -> Result<Vec<Position>, Failure> {
        let damaged = || Problem::new(Code::InvalidCursor);
        let cursor = self.cursor.as_ref().map(|text| Cursor::decode(text, self.hash(scope))).transpose()?;
        let start = cursor.map(|cursor| Position::read(&cursor).ok_or_else(damaged)).transpose()?;
        let mut found: Vec<Position> = Vec::new();
        for step in [Step::Exact, Step::Beginning, Step::Rest] {
            let room = self.rows() - i64::try_from(found.len()).unwrap_or(i64::MAX);
            if room == 0 || start.as_ref().is_some_and(|start| start.step > step) {
                continue;
            }
            let after = start.as_ref().filter(|start| start.step == step);
            if step == Step::Rest
                && let Some(rest) = self.look_for_rest(conn, scope, seen, search, after, room)?
            {
                found.extend(rest);
                continue;
            }
            let Some((from, which, order)) = search.step::<R>(scope.workspace_id, step, after) else { continue };
            let rows = Condition::sql("SELECT search_docs.id, search_docs.name FROM ").append(from);
            let which = which.and(seen.clone()).and(self.filter(scope));
            let rows = rows.then(" WHERE ").append(which);
            let rows = match (step, &*conn) {
                // A fence: planned for all that match, which are few or they would have been seen in a window. With the limit in
                // view the planner walks through everything when it believes that there are many.
                (Step::Rest, DbConnection::Postgres(_)) => {
                    let all = Condition::sql("SELECT * FROM (").append(rows).then(" OFFSET 0) AS found (id, name)");
                    all.then(" ORDER BY id DESC")
                }
                _ => rows.then(" ORDER BY ").append(order),
            };
            let rows = rows.then(" LIMIT ").bind(room);
            let rows = rows.giving::<(DbUuid, Text)>().load::<Found>(conn)?;
            found.extend(rows.into_iter().map(|(id, name)| Position { step, name, id: id.uuid() }));
        }
        Ok(found)
    }
}
