//! Which rows a page has when its order is not that of relevance: those that come first on a walk along an index that has the
//! order. Where no index has all of it, the page is made of several walks, each as long as the page at most: one for the rows with
//! a value and one for those without (nulls come last, and indexes have them on either end), and one for each part of what the
//! caller sees.
//!
//! What no index has in the order of the list is looked for among its first rows before it is found in another order and sorted:
//! what is frequent is soon met, what is rare is soon sorted, and nobody has to know beforehand which it is. With `q` on PostgreSQL
//! it is the same: the first rows one by one, then all that the index of the tokens gives.

use diesel::RunQueryDsl;
use diesel::sql_types::{BigInt, Bool, Text};

use super::field::{Asked, Listed, Part};
use super::order::SortKey;
use super::relevance::SearchText;
use super::request::List;
use super::rows::rows;
use super::tree::Node;
use crate::auth::Scope;
use crate::db::condition::AnyId;
use crate::db::types::DbUuid;
use crate::db::{Condition, DbConnection, Failure};
use crate::http::problem::Problem;

/// How many rows are looked at for a text.
const WINDOWS: [i64; 2] = [1_000, 30_000];
/// How many rows a filter looks at that no index has in the order of the list.
const NEWEST: i64 = 2_000;
/// So many rows are not sorted.
const MANY: i64 = 20_000;
/// Fewer than these in a window, and a bigger one is not worth it.
const FEW: usize = 3;

/// A row that a text finds: id and folded name.
pub(super) type Found = (AnyId, String);

impl<R: Listed> List<R> {
    /// Which rows the page has, of those that are `seen`.
    pub(super) fn walk(&self, conn: &mut DbConnection, scope: &Scope, seen: &Condition) -> Result<Condition, Failure> {
        let is_sqlite = matches!(conn, DbConnection::Sqlite(_));
        let asked = Asked { is_sqlite, is_sorted: !self.sort.is_empty() };
        let parts = if self.is_deleted { Vec::new() } else { (R::PARTS)(scope, asked) };
        if let Some(found) = self.look_first(conn, scope, seen, &parts)? {
            return Ok(Condition::any_of(&format!("{}.id", R::TABLE), found));
        }
        // Those that a text finds are sorted on PostgreSQL: walking in their order it may meet none of them for long.
        let is_found = self.text.is_some() && !is_sqlite;
        if parts.is_empty() && !is_found && self.sort.first().is_none_or(|key| !key.is_nullable) {
            return Ok(self.page_filter(scope)?);
        }
        let parts = if parts.is_empty() { vec![Part { rows: seen.clone(), is_small: false }] } else { parts };
        let halves = self.halves(scope)?;
        let filter = self.text.iter().map(|text| text.condition::<R>(scope.workspace_id)).fold(self.filter(scope), Condition::and);
        let walks = parts.iter().flat_map(|part| halves.iter().map(move |half| (part, half))).map(|(part, (half, keys))| {
            let rows = part.rows.clone().and(filter.clone()).and(half.clone());
            self.first_rows(keys, rows, self.rows(), part.is_small || is_found)
        });
        let walks = walks.map(|walk| Condition::sql("SELECT id FROM ").append(walk).then(" AS walked"));
        let walks = walks.reduce(|all, walk| all.then(" UNION ALL ").append(walk)).unwrap_or_default();
        Ok(Condition::sql(format!("{}.id IN (", R::TABLE)).append(walks).then(")"))
    }

    /// The first of these rows in an order, as a table of their keys and ids.
    fn first_rows(&self, keys: &[SortKey], rows: Condition, limit: i64, is_small: bool) -> Condition {
        let (columns, order) = self.keys_of(keys, "sorted");
        let walk = Condition::sql(format!("SELECT {}.id AS id{columns} FROM {} WHERE ", R::TABLE, self.from())).append(rows);
        // The number is part of the text, so that the planner knows how short the walk is.
        let ordered = |walk: Condition| walk.then(format!(" ORDER BY {} LIMIT {limit}", self.order_by(keys)));
        let walk = match is_small {
            // PostgreSQL believes that all owners have as many customers, and SQLite takes the owner's index anyway.
            true => Condition::either(
                ordered(walk.clone()),
                Condition::sql("SELECT * FROM (").append(walk).then(format!(" OFFSET 0) AS sorted ORDER BY {order} LIMIT {limit}")),
            ),
            false => ordered(walk),
        };
        Condition::sql("(").append(walk).then(")")
    }

    /// The keys as columns `k0`, `k1`, …, and the order of a table that has them.
    fn keys_of(&self, keys: &[SortKey], table: &str) -> (String, String) {
        let columns = keys.iter().enumerate().map(|(place, key)| format!(", {} AS k{place}", key.field.column)).collect();
        let order: String = keys
            .iter()
            .enumerate()
            .map(|(place, key)| {
                let nulls = if key.is_nullable { " NULLS LAST" } else { "" };
                format!("{table}.k{place}{}{nulls}, ", if key.descending { " DESC" } else { "" })
            })
            .collect();
        (columns, format!("{order}{table}.id{}", if self.id_descends() { " DESC" } else { "" }))
    }

    /// The rows with a value of the first sort key, and those without, as far as they are behind the cursor; each with its order.
    fn halves(&self, scope: &Scope) -> Result<Vec<(Condition, Vec<SortKey>)>, Problem> {
        let start = self.start(scope)?;
        let after = |keys: &[SortKey], skipped: usize| {
            let start = start.as_ref().map(|(values, id)| self.after(keys, values.get(skipped..).unwrap_or_default(), *id));
            start.unwrap_or_default()
        };
        let Some((first, others)) = self.sort.split_first().filter(|(first, _)| first.is_nullable) else {
            return Ok(vec![(after(&self.sort, 0), self.sort.clone())]);
        };
        let keyed: Vec<SortKey> = std::iter::once(SortKey { is_nullable: false, ..*first }).chain(others.iter().copied()).collect();
        let is_null = |not: &str| Condition::sql(format!("{} IS {not}NULL", first.field.column));
        let is_behind = start.as_ref().is_some_and(|(values, _)| matches!(values.first(), Some(None)));
        // Where all are null the key orders nothing, but with it the order is the index's.
        Ok(if is_behind {
            vec![(is_null("").and(after(others, 1)), keyed)]
        } else {
            vec![(is_null("NOT ").and(after(&keyed, 0)), keyed.clone()), (is_null(""), keyed)]
        })
    }

    /// The page's rows, if looking at the first ones finds them.
    fn look_first(&self, conn: &mut DbConnection, scope: &Scope, seen: &Condition, parts: &[Part]) -> Result<Option<Vec<AnyId>>, Failure> {
        let start = self.start(scope)?.map(|(values, id)| self.after(&self.sort, &values, id)).unwrap_or_default();
        let table = R::TABLE;
        match &self.text {
            Some(text) if self.sort.first().is_none_or(|key| !key.is_nullable) => {
                let rows = seen.clone().and(self.filter(scope)).and(start);
                let found = self.look(conn, scope, text, &rows, Condition::default(), self.rows())?;
                Ok(found.map(|found| found.into_iter().map(|(id, ..)| id).collect()))
            }
            None if self.sort.is_empty() && (self.is_loose() || parts.iter().any(|part| part.is_small)) => {
                // The newest rows under the table's own name: the conditions look at them and nowhere else.
                let newest = Condition::sql(format!("SELECT {table}.id FROM (SELECT * FROM {table} WHERE "));
                let newest = newest.append(rows::<R>(scope.workspace_id, self.is_deleted).and(start.clone()));
                let joined = self.from().strip_prefix(table).unwrap_or_default();
                let newest = newest.then(format!(" ORDER BY {table}.id DESC LIMIT {NEWEST}) AS {table}{joined} WHERE "));
                let asked = seen.clone().and(self.filter(scope));
                let found = newest.append(asked.clone()).then(format!(" ORDER BY {table}.id DESC LIMIT {}", self.rows()));
                let found: Vec<AnyId> = found.planned_anew().giving::<DbUuid>().load(conn)?;
                if i64::try_from(found.len()).unwrap_or_default() == self.rows() {
                    return Ok(Some(found));
                }
                // Then in whatever order, as long as they are few; PostgreSQL knows by itself what is few.
                if matches!(conn, DbConnection::Postgres(_)) || !self.asked().relations().is_empty() || !parts.is_empty() {
                    return Ok(None);
                }
                let all = Condition::sql(format!("SELECT id, count(*) OVER () FROM (SELECT {table}.id AS id FROM {} WHERE ", self.from()));
                let all = all.append(asked.and(start)).then(format!(" LIMIT {MANY}) AS found ORDER BY id DESC LIMIT {}", self.rows()));
                let found: Vec<(AnyId, i64)> = all.planned_anew().giving::<(DbUuid, BigInt)>().load(conn)?;
                let is_all = found.first().is_none_or(|(_, count)| *count < MANY);
                Ok(Some(found.into_iter().map(|(id, _)| id).collect()).filter(|_| is_all))
            }
            _ => Ok(None),
        }
    }

    /// The first `room` of these rows that the text finds and of which `others` is true, if looking at rows one by one finds them.
    pub(super) fn look(
        &self,
        conn: &mut DbConnection,
        scope: &Scope,
        text: &SearchText,
        rows: &Condition,
        others: Condition,
        room: i64,
    ) -> Result<Option<Vec<Found>>, Failure> {
        // FTS5 has the newest first, and takes as long for a row as for all. Sorted rows are only looked at when they are few.
        let windows = match (matches!(conn, DbConnection::Sqlite(_)), self.sort.is_empty()) {
            (true, _) => 0,
            (false, true) => WINDOWS.len(),
            (false, false) => 1,
        };
        for window in WINDOWS.iter().take(windows) {
            let looked = self.window(scope, text, rows, &others, *window, room).giving::<(DbUuid, Text, Bool, BigInt)>();
            let looked: Vec<(AnyId, String, bool, i64)> = looked.load(conn)?;
            // The window's last row is always among them: without it there is nothing behind the window.
            let has_more = looked.iter().any(|(.., place)| place == window);
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
        let head = self.first_rows(&self.sort, rows.clone(), window, false).then(" AS head");
        let listed = Condition::sql(format!("(SELECT head.*, row_number() OVER (ORDER BY {}) AS place FROM ", order("head")));
        let asked = Condition::sql("SELECT listed.id, COALESCE(search_docs.name, ''), ").append(found());
        let asked = asked.then(", listed.place FROM ").append(listed.append(head)).then(") AS listed LEFT JOIN search_docs");
        let asked = asked.then(" ON search_docs.id = listed.id AND search_docs.workspace_id = ").bind(scope.workspace_id);
        let asked = asked.then(" WHERE ").append(found()).then(format!(" OR listed.place = {window} ORDER BY {}", order("listed")));
        asked.then(format!(" LIMIT {}", room + 1)).planned_anew()
    }
}

impl Node {
    /// Whether no index has what it finds in the order of ids.
    pub fn is_loose(&self) -> bool {
        match self {
            Self::Leaf(filter) => filter.is_loose(),
            Self::And(nodes) => nodes.iter().any(Self::is_loose),
            Self::Or(_) | Self::Not(_) | Self::Related(..) => true,
            Self::Custom(_) => false,
        }
    }

    /// Whether it looks only at the table's own columns, or at related rows by them.
    pub fn is_within(&self, table: &str) -> bool {
        match self {
            Self::Leaf(filter) => filter.is_within(table),
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().all(|node| node.is_within(table)),
            Self::Not(node) => node.is_within(table),
            Self::Related(..) | Self::Custom(_) => true,
        }
    }
}
