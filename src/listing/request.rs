//! A list as it was asked for, and the SQL it becomes.

use std::marker::PhantomData;
use std::sync::OnceLock;

use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::cursor::{Cursor, from_json, list_hash, to_json};
use super::custom;
use super::expand::Expand;
use super::field::Listed;
use super::order::{SortKey, sort_keys, sort_keys_of_search};
use super::plan::Next;
use super::reader;
use super::relation::Source;
use super::relevance::SearchText;
use super::search::SearchRequest;
use super::tree::{FilterNode, Node};
use super::walk::Effort;
use crate::auth::{Reach, Scope};
use crate::db::condition::{Bind, Condition};
use crate::db::id::decode_any;
use crate::db::{DbConnection, Failure};
use crate::http::catalogue::Code;
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::http::query::{Query, invalid};

const DEFAULT_LIMIT: i64 = 50;
pub const MAX_LIMIT: i64 = 200;
/// Totals are exact up to here.
pub const MAX_TOTAL: i64 = 10_000;

/// The sort keys (`None` is null) and the id of the last row of the page before.
pub(super) type Start = (Vec<Option<Bind>>, Uuid);

/// A list of `R` as the query string asks for it.
#[derive(Debug, Clone)]
pub struct List<R> {
    pub(super) filter: Node,
    /// The filter with the definitions of its custom fields, once a read has looked them up.
    pub(super) resolved: OnceLock<Node>,
    pub(super) text: Option<SearchText>,
    pub(super) sort: Vec<SortKey>,
    limit: i64,
    pub(super) cursor: Option<String>,
    pub include_total: bool,
    pub is_deleted: bool,
    pub expand: Expand,
    pub effort: Effort,
    options: Vec<&'static str>,
    /// What the cursor's hash is made of, besides the workspace.
    identity: String,
    /// Path and query without the cursor.
    target: String,
    resource: PhantomData<fn() -> R>,
}

impl<R: Listed> List<R> {
    pub fn parse(path: &str, query: &Query) -> Result<Self, Problem> {
        let mut list = Self {
            filter: Node::And(Vec::new()),
            resolved: OnceLock::new(),
            text: query.get("q").map(SearchText::parse::<R>).transpose()?,
            sort: Vec::new(),
            limit: query.integer("limit", 1..=MAX_LIMIT, DEFAULT_LIMIT)?,
            cursor: query.get("cursor").map(str::to_owned),
            include_total: query.boolean("include_total")?,
            is_deleted: R::HAS_DELETED && query.boolean("is_deleted")?,
            expand: Expand::parse::<R>(query)?,
            effort: Effort::USUAL,
            options: Vec::new(),
            identity: R::TABLE.to_owned(),
            target: target(path, query),
            resource: PhantomData,
        };
        for (name, _) in R::OPTIONS {
            if query.boolean(name)? {
                list.options.push(name);
            }
        }
        let is_option = |name: &str| R::OPTIONS.iter().any(|(option, _)| *option == name);
        let mut pairs: Vec<_> = query
            .pairs()
            .filter(|(name, _)| !matches!(*name, "limit" | "cursor" | "include_total" | "expand") && !is_option(name))
            .collect();
        pairs.sort_unstable();
        let mut filters = Vec::new();
        for (name, value) in pairs {
            list.identity.push_str(&format!("\n{name}={value}"));
            match name {
                "sort" => list.sort = sort_keys(R::FIELDS, value)?,
                "is_deleted" | "q" => {}
                _ => filters.push(custom::leaf::<R>(name, value)?),
            }
        }
        list.filter = Node::And(filters);
        list.check_units()?;
        Ok(list)
    }

    /// A list as a search asks for it.
    pub fn of_search(search: &SearchRequest, expand: Expand) -> Result<Self, Problem> {
        let source = Source::of::<R>();
        let filter = search.filter.as_ref().map(|tree| reader::read(tree, &source, R::RELATIONS)).transpose()?;
        let asked = serde_json::to_string(&search.filter).unwrap_or_default();
        let list = Self {
            filter: filter.unwrap_or(Node::And(Vec::new())),
            resolved: OnceLock::new(),
            text: search.q.as_deref().map(SearchText::of_search::<R>).transpose()?,
            sort: search.sort.as_deref().map(|sort| sort_keys_of_search(R::FIELDS, sort)).transpose()?.unwrap_or_default(),
            limit: search.limit.unwrap_or(DEFAULT_LIMIT),
            cursor: search.cursor.clone(),
            include_total: search.include_total,
            is_deleted: false,
            expand,
            effort: Effort::USUAL,
            options: Vec::new(),
            identity: format!("{}\nsearch\n{asked}\n{:?}\n{:?}", R::TABLE, search.sort, search.q),
            target: String::new(),
            resource: PhantomData,
        };
        list.check_units()?;
        Ok(list)
    }

    /// A filter by itself, for a rule that is kept.
    pub fn of_filter(filter: FilterNode) -> Result<Self, Problem> {
        let asked = SearchRequest { filter: Some(filter), include_total: true, ..SearchRequest::default() };
        Self::of_search(&asked, Expand::default())
    }

    /// Whether there is a `q`.
    pub const fn is_of_text(&self) -> bool {
        self.text.is_some()
    }

    /// Its `q` finds what this caller may find.
    pub fn search_for(&mut self, scope: &Scope) {
        if scope.changes == Reach::All {
            self.text.iter_mut().for_each(SearchText::find_hidden);
        }
    }

    /// Whether one of the rows that are `seen` matches the filter.
    pub fn matches(&self, conn: &mut DbConnection, scope: &Scope, seen: Condition) -> Result<bool, Failure> {
        self.resolve(conn, scope)?;
        Ok(self.total(conn, scope, seen)?.is_some_and(|total| total > 0))
    }

    /// Amounts of different currencies have no order.
    fn check_units(&self) -> Result<(), Problem> {
        let fixed = self.filter.fixed();
        let sorted =
            self.sort.iter().map(|key| key.field).find(|field| field.unit.is_some_and(|unit| !fixed.iter().any(|name| name == unit)));
        match self.filter.without_unit(&[], "").or(sorted.copied()) {
            Some(field) => Err(invalid(field.name, &format!("used together with {}", field.unit.unwrap_or_default()))),
            None => Ok(()),
        }
    }

    /// The scopes that an API key needs for what the filter reaches and what is added.
    pub fn scopes(&self) -> impl Iterator<Item = &'static str> {
        self.filter.relations().into_iter().map(|relation| relation.scope).chain(self.expand.scopes())
    }

    /// Whether one of the resource's own options was asked for.
    pub fn has(&self, option: &str) -> bool {
        self.options.contains(&option)
    }

    /// How many rows to load: one more than the page, to know whether there is a next one.
    pub fn rows(&self) -> i64 {
        self.limit + 1
    }

    /// The filter with what was looked up for it.
    pub(super) fn asked(&self) -> &Node {
        self.resolved.get().unwrap_or(&self.filter)
    }

    /// The filter, without `q` and the cursor.
    pub(super) fn filter(&self, scope: &Scope) -> Condition {
        self.kept_if_common(self.asked().condition(&Source::of::<R>(), scope, false).and(self.asked().bounds()))
    }

    /// A statement that is prepared stays with its connection, and what callers put together, of a filter and a key to sort by already, has
    /// too many texts.
    pub(super) fn kept_if_common(&self, asked: Condition) -> Condition {
        let is_single = |nodes: &[Node]| nodes.len() + self.sort.len() <= 1 && nodes.iter().all(|node| matches!(node, Node::Leaf(_)));
        let is_common = matches!(self.asked(), Node::And(nodes) if is_single(nodes));
        if is_common { asked } else { asked.planned_anew() }
    }

    /// The tables that the filter needs.
    pub(super) fn from(&self) -> &'static str {
        if self.asked().is_within(R::TABLE) { R::TABLE } else { R::FROM }
    }

    /// Whether relevance does not give the order.
    pub(super) fn is_sorted(&self) -> bool {
        !self.sort.is_empty()
    }

    /// The filters, `q` left out, and where this page begins.
    pub fn page_filter(&self, scope: &Scope) -> Result<Condition, Problem> {
        Ok(self.filter(scope).and(self.start(scope)?.map(|(keys, id)| self.after(&self.sort, &keys, id)).unwrap_or_default()))
    }

    /// The sort keys and the id that the page begins behind.
    pub(super) fn start(&self, scope: &Scope) -> Result<Option<Start>, Problem> {
        let Some(text) = &self.cursor else { return Ok(None) };
        let cursor = Cursor::decode(text, self.hash(scope))?;
        let damaged = || Problem::new(Code::InvalidCursor);
        if cursor.keys.len() != self.sort.len() {
            return Err(damaged());
        }
        let keys = self.sort.iter().zip(&cursor.keys).map(|(key, value)| from_json(key.field.kind, value).ok_or_else(damaged));
        Ok(Some((keys.collect::<Result<Vec<_>, _>>()?, cursor.id)))
    }

    /// How many of the rows that are `seen` match the filters, when a total was asked for.
    pub fn total(&self, conn: &mut DbConnection, scope: &Scope, seen: Condition) -> QueryResult<Option<i64>> {
        if !self.include_total {
            return Ok(None);
        }
        let from = self.text.as_ref().map_or_else(|| Condition::sql(R::FROM), |_| SearchText::from::<R>());
        let found = self.text.iter().map(|text| text.joined::<R>(scope.workspace_id)).fold(self.filter(scope), Condition::and);
        let rows = Condition::sql("SELECT count(*) FROM (SELECT 1 FROM ").append(from).then(" WHERE ");
        let rows = rows.append(seen.and(found)).then(format!(" LIMIT {}) AS counted", MAX_TOTAL + 1));
        rows.giving::<BigInt>().get_result(conn).map(Some)
    }

    /// Makes the page of what was loaded (`rows()` at most).
    pub fn page<T: Serialize>(&self, scope: &Scope, data: Vec<T>, total: Option<i64>) -> Result<Page<T>, Problem> {
        self.page_with(scope, data, total, Next::AfterLastRow)
    }

    /// The same, when a plan has found out where the next page begins.
    pub(super) fn page_with<T: Serialize>(
        &self,
        scope: &Scope,
        mut data: Vec<T>,
        total: Option<i64>,
        next: Next,
    ) -> Result<Page<T>, Problem> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let is_whole = data.len() <= limit;
        data.truncate(limit);
        let next = match (next, data.last()) {
            (Next::Known(cursor), _) => cursor,
            (Next::AfterLastRow, Some(row)) if !is_whole => Some(self.cursor_of(scope, row)?),
            (Next::AfterLastRow, _) => None,
        };
        let (has_more, next_cursor) = (next.is_some(), next.map(|cursor| cursor.encode()));
        let total_capped = total.map(|total| total > MAX_TOTAL);
        let next_link = next_cursor.as_ref().filter(|_| !self.target.is_empty()).map(|cursor| format!("{}cursor={cursor}", self.target));
        Ok(Page { data, has_more, next_cursor, total: total.map(|total| total.min(MAX_TOTAL)), total_capped, next_link })
    }

    fn cursor_of(&self, scope: &Scope, row: &impl Serialize) -> Result<Cursor, Problem> {
        let row = serde_json::to_value(row).map_err(|_| Problem::new(Code::InternalError))?;
        let id = row.get("id").and_then(Value::as_str).and_then(decode_any).ok_or_else(|| Problem::new(Code::InternalError))?;
        let keys = self
            .sort
            .iter()
            .map(|key| to_json(key.field.kind.sort_key(row.get(key.field.name).unwrap_or(&Value::Null)).as_ref()))
            .collect();
        Ok(Cursor { list: self.hash(scope), keys, id })
    }

    pub(super) fn hash(&self, scope: &Scope) -> [u8; 8] {
        list_hash(scope.workspace_id, &self.identity)
    }
}

fn target(path: &str, query: &Query) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = query.pairs().filter(|(name, _)| *name != "cursor");
    pairs.fold(format!("{path}?"), |target, (name, value)| format!("{target}{}={}&", encode(name), encode(value)))
}
