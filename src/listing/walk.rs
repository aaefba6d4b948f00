//! Which rows a page has when its order is not that of relevance.
//!
//! Where one index has what is asked for, in the order that is asked for, the page is a walk along it. Everywhere else there are
//! two ways, and nobody can tell beforehand which is short: to go through the rows in their order until the page is full, which is
//! short when what is asked for is frequent; or to take all that another index gives (`sources`) and to sort it, which is short when
//! that is little. So each is tried with a bound: the few that an index gives, then the first rows of the list, then the many. What
//! neither finds is frequent, but not at the beginning of the list: that is waited for on a walk.

use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;

use super::field::Listed;
use super::order::SortKey;
use super::relation::Source;
use super::request::List;
use super::rows::rows;
use crate::auth::{Reach, Scope};
use crate::db::condition::AnyId;
use crate::db::types::DbUuid;
use crate::db::{Condition, DbConnection, Failure};
use crate::http::problem::Problem;

/// How far each way is gone before the next one is tried.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// So many ids of an index are looked at before anything else.
    pub few: i64,
    /// So many of the newest of more ids are looked at.
    pub newest: i64,
    /// So many of the first rows of the list are looked at.
    pub first: i64,
    /// So many ids of an index are put in order.
    pub many: i64,
    /// So many ids that take a join.
    pub joined: i64,
}

impl Effort {
    pub const USUAL: Self = Self { few: 500, newest: 2_000, first: 1_000, many: 20_000, joined: 2_000 };
}

impl<R: Listed> List<R> {
    /// Which rows the page has, of those that are `seen`.
    pub(super) fn walk(&self, conn: &mut DbConnection, scope: &Scope, seen: &Condition) -> Result<Condition, Failure> {
        let is_one_walk = self.is_one_walk(scope);
        if !is_one_walk && let Some(found) = self.search(conn, scope, seen)? {
            return Ok(self.kept_if_common(Condition::any_of(&format!("{}.id", R::TABLE), found)));
        }
        if is_one_walk && self.text.is_none() && self.sort.first().is_none_or(|key| !key.is_nullable) {
            return Ok(self.page_filter(scope)?);
        }
        let by_row = Source { is_by_row: true, ..Source::of::<R>() };
        let walks = self.halves(scope)?.into_iter().map(|(half, keys)| {
            let walk = match &self.text {
                // All that have the text: walking in their order it may meet none of them for long.
                Some(text) => {
                    let found = text.condition::<R>(scope.workspace_id);
                    self.sorted(&keys, seen.clone().and(self.filter(scope)).and(half).and(found))
                }
                None => self.beginning(scope, &keys, half, fence(), &seen.clone().and(self.asked().condition(&by_row, scope, false))),
            };
            Condition::sql("SELECT id FROM (").append(walk).then(") AS walked")
        });
        let walks = walks.reduce(|all, walk| all.then(" UNION ALL ").append(walk)).unwrap_or_default();
        Ok(self.kept_if_common(Condition::sql(format!("{}.id IN (", R::TABLE)).append(walks).then(")")))
    }

    /// Whether one index has what is asked for in its order, and nothing else.
    pub(super) fn is_one_walk(&self, scope: &Scope) -> bool {
        let is_all = self.text.is_none() && scope.sees == Reach::All;
        self.is_deleted
            || is_all
                && match self.sort.len() {
                    0 => self.asked().is_in_order(R::TABLE),
                    1 => self.asked().is_empty(),
                    // SQLite would put all rows in order.
                    _ => false,
                }
    }

    /// The page's rows, if one of the ways finds them that are short of a walk.
    fn search(&self, conn: &mut DbConnection, scope: &Scope, seen: &Condition) -> Result<Option<Vec<AnyId>>, Failure> {
        let by_row = Source { is_by_row: true, ..Source::of::<R>() };
        let asked = seen.clone().and(self.asked().condition(&by_row, scope, false)).and(self.behind(scope)?);
        let with_text = asked.clone().and(self.text_of_row(scope));
        let Effort { few, first, many, joined, .. } = self.effort;
        let own = self.sources(scope);
        if let Some(found) = self.among_any(conn, scope, &with_text, &own, few)? {
            return Ok(Some(found));
        }
        let found = self.among_first(conn, scope, &with_text, first)?;
        if self.is_page(&found) || self.is_short(conn, scope, first)? {
            return Ok(Some(found));
        }
        if let Some(found) = self.among_newest(conn, scope, &with_text, [first / 10, first])? {
            return Ok(Some(found));
        }
        // As often as they are met among the first, the page is full before so many rows.
        if self.text.is_none() && !found.is_empty() && count(&found) * many >= self.rows() * first {
            let found = self.among_first(conn, scope, &with_text, many)?;
            if self.is_page(&found) {
                return Ok(Some(found));
            }
        }
        if let Some(found) = self.among_any(conn, scope, &with_text, &own, many)? {
            return Ok(Some(found));
        }
        // What the index of a text gives has the text.
        let of_text = self.text.as_ref().map(|text| text.source::<R>(scope.workspace_id));
        if let Some(found) = self.among_any(conn, scope, &asked, of_text.as_slice(), many)? {
            return Ok(Some(found));
        }
        // A join costs more than the index that it begins with.
        self.among_any(conn, scope, &with_text, &self.joined_sources(scope), joined)
    }

    /// Those that are asked for among the first rows of the list, no more than a page.
    fn among_first(&self, conn: &mut DbConnection, scope: &Scope, asked: &Condition, first: i64) -> Result<Vec<AnyId>, Failure> {
        let Some((half, keys)) = self.halves(scope)?.into_iter().next() else { return Ok(Vec::new()) };
        let limit = Condition::sql(format!(" LIMIT {first}"));
        Ok(self.beginning(scope, &keys, half, limit, asked).planned_anew().giving::<DbUuid>().load(conn)?)
    }

    /// Whether what the filter says of the order leaves fewer rows than so many.
    fn is_short(&self, conn: &mut DbConnection, scope: &Scope, first: i64) -> Result<bool, Failure> {
        let (stretch, halves) = (self.stretch(scope), self.halves(scope)?);
        let [(half, _)] = halves.as_slice() else { return Ok(false) };
        if stretch.is_empty() {
            return Ok(false);
        }
        let rows = rows::<R>(scope.workspace_id, self.is_deleted).and(stretch).and(half.clone());
        let counted = Condition::sql(format!("SELECT count(*) FROM (SELECT 1 FROM {} WHERE ", R::TABLE)).append(rows);
        let counted: i64 = counted.then(format!(" LIMIT {first}) AS counted")).planned_anew().giving::<BigInt>().get_result(conn)?;
        Ok(counted < first)
    }

    /// The first rows of an order, one after the other, that are asked for.
    fn beginning(&self, scope: &Scope, keys: &[SortKey], half: Condition, limit: Condition, asked: &Condition) -> Condition {
        // The rows under the table's own name: the conditions look at them and nowhere else.
        let (table, order) = (R::TABLE, self.order_by(keys));
        let rows = rows::<R>(scope.workspace_id, self.is_deleted).and(self.stretch(scope)).and(half);
        let joined = self.from().strip_prefix(table).unwrap_or_default();
        let found = Condition::sql(format!("SELECT {table}.id FROM (SELECT * FROM {table} WHERE ")).append(rows);
        let found =
            found.then(format!(" ORDER BY {order}")).append(limit).then(format!(") AS {table}{joined} WHERE ")).append(asked.clone());
        found.then(format!(" ORDER BY {order} LIMIT {}", self.rows()))
    }

    /// The first of these rows, when all of them are put in order.
    fn sorted(&self, keys: &[SortKey], rows: Condition) -> Condition {
        let (columns, order) = self.keys_of(keys, "sorted");
        let all = Condition::sql(format!("SELECT sorted.id FROM (SELECT {}.id AS id{columns} FROM {} WHERE ", R::TABLE, self.from()));
        all.append(rows).append(fence()).then(format!(") AS sorted ORDER BY {order} LIMIT {}", self.rows()))
    }

    pub(super) fn is_page(&self, found: &[AnyId]) -> bool {
        count(found) == self.rows()
    }

    /// Behind the cursor, for one row at a time.
    fn behind(&self, scope: &Scope) -> Result<Condition, Problem> {
        Ok(self.start(scope)?.map(|(values, id)| self.after(&self.sort, &values, id)).unwrap_or_default())
    }

    /// What the filter says of where in the order of the list its rows are.
    fn stretch(&self, scope: &Scope) -> Condition {
        let Some(first) = self.sort.first().map(|key| key.field) else {
            return self.asked().bounds().and(self.asked().in_order(&Source::of::<R>(), scope));
        };
        // Amounts are sorted within their currency.
        let unit = R::FIELDS.iter().find(|field| first.unit == Some(field.name));
        let said = [Some(first), unit].into_iter().flatten().flat_map(|field| self.asked().said_of(field.column));
        said.map(|filter| filter.condition(&Source::of::<R>(), scope, false)).fold(Condition::default(), Condition::and)
    }

    fn text_of_row(&self, scope: &Scope) -> Condition {
        self.text.as_ref().map(|text| text.of_row::<R>(scope.workspace_id, Condition::default())).unwrap_or_default()
    }

    /// The keys as columns `k0`, `k1`, …, and the order of a table that has them.
    pub(super) fn keys_of(&self, keys: &[SortKey], table: &str) -> (String, String) {
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
}

fn count(found: &[AnyId]) -> i64 {
    i64::try_from(found.len()).unwrap_or_default()
}

/// What keeps a part of a statement for itself, as if it gave only some of its rows.
fn fence() -> Condition {
    Condition::either(Condition::sql(" LIMIT -1"), Condition::sql(" OFFSET 0"))
}
