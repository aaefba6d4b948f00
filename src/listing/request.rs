//! A list as it was asked for, and the SQL it becomes.

use std::cmp::Ordering;
use std::marker::PhantomData;
use std::sync::OnceLock;

use diesel::sql_types::BigInt;
use diesel::{QueryResult, RunQueryDsl};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::cursor::{Cursor, list_hash};
use super::custom;
use super::expand::Expand;
use super::field::{Field, Listed, from_json, to_json};
use super::reader;
use super::relation::Source;
use super::relevance::{Next, SearchText};
use super::search::SearchRequest;
use super::tree::Node;
use crate::auth::Scope;
use crate::db::DbConnection;
use crate::db::condition::{AnyId, Bind, Condition};
use crate::db::id::decode_any;
use crate::http::catalogue::Code;
use crate::http::page::Page;
use crate::http::problem::Problem;
use crate::http::query::{Query, invalid};

const DEFAULT_LIMIT: i64 = 50;
pub const MAX_LIMIT: i64 = 200;
/// Totals are exact up to here.
pub const MAX_TOTAL: i64 = 10_000;
const MAX_SORT_KEYS: usize = 3;

#[derive(Debug, Clone, Copy)]
struct SortKey {
    field: &'static Field,
    descending: bool,
}

/// A list of `R` as the query string asks for it.
#[derive(Debug, Clone)]
pub struct List<R> {
    pub(super) filter: Node,
    /// The filter with the definitions of its custom fields, once a read has looked them up.
    pub(super) resolved: OnceLock<Node>,
    pub(super) text: Option<SearchText>,
    sort: Vec<SortKey>,
    limit: i64,
    pub(super) cursor: Option<String>,
    pub include_total: bool,
    pub is_deleted: bool,
    pub expand: Expand,
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
            text: search.q.as_deref().map(SearchText::parse::<R>).transpose()?,
            sort: search.sort.as_deref().map(|sort| sort_keys(R::FIELDS, sort)).transpose()?.unwrap_or_default(),
            limit: search.limit.unwrap_or(DEFAULT_LIMIT),
            cursor: search.cursor.clone(),
            include_total: search.include_total,
            is_deleted: false,
            expand,
            options: Vec::new(),
            identity: format!("{}\nsearch\n{asked}\n{:?}\n{:?}", R::TABLE, search.sort, search.q),
            target: String::new(),
            resource: PhantomData,
        };
        list.check_units()?;
        Ok(list)
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

    /// The filter, without `q` and the cursor.
    pub(super) fn filter(&self, scope: &Scope) -> Condition {
        self.resolved.get().unwrap_or(&self.filter).condition(&Source::of::<R>(), scope, false)
    }

    /// Whether relevance does not give the order.
    pub(super) fn is_sorted(&self) -> bool {
        !self.sort.is_empty()
    }

    /// The filters and where this page begins.
    pub fn page_filter(&self, scope: &Scope) -> Result<Condition, Problem> {
        let filter = self.text.iter().map(|text| text.condition::<R>(scope.workspace_id)).fold(self.filter(scope), Condition::and);
        let Some(text) = &self.cursor else { return Ok(filter) };
        let cursor = Cursor::decode(text, self.hash(scope))?;
        let damaged = || Problem::new(Code::InvalidCursor);
        if cursor.keys.len() != self.sort.len() {
            return Err(damaged());
        }
        let keys = self.sort.iter().zip(&cursor.keys).map(|(key, value)| from_json(key.field.kind, value).ok_or_else(damaged));
        Ok(filter.and(self.after(&keys.collect::<Result<Vec<_>, _>>()?, cursor.id)))
    }

    /// The id's direction is the first key's, so that one index serves both.
    fn id_descends(&self) -> bool {
        self.sort.first().is_none_or(|key| key.descending)
    }

    fn after(&self, values: &[Option<Bind>], id: Uuid) -> Condition {
        let id = Bind::Uuid(AnyId::from_uuid(id));
        let id_column = format!("{}.id", R::TABLE);
        let plain = self.sort.iter().all(|key| !key.field.is_nullable && key.descending == self.id_descends());
        if plain {
            // One comparison of rows, which both databases answer from the index.
            let columns: Vec<&str> = self.sort.iter().map(|key| key.field.column).chain([id_column.as_str()]).collect();
            let symbol = if self.id_descends() { ") < (" } else { ") > (" };
            let mut condition = Condition::sql(format!("({}{symbol}", columns.join(", ")));
            for value in values.iter().flatten() {
                condition = condition.bind(value.clone()).then(", ");
            }
            return condition.bind(id).then(")");
        }
        let symbol = if self.id_descends() { " < " } else { " > " };
        let last = Condition::sql(format!("{id_column}{symbol}")).bind(id);
        self.sort.iter().zip(values).rev().fold(last, |later, (key, value)| {
            let SortKey { field: Field { column, is_nullable, .. }, descending } = key;
            match value {
                // Nulls come last: after a null there are only nulls.
                None => Condition::sql(format!("{column} IS NULL")).and(later),
                Some(value) => {
                    let beyond = Condition::sql(format!("{column}{}", if *descending { " < " } else { " > " })).bind(value.clone());
                    let beyond = if *is_nullable { beyond.or(Condition::sql(format!("{column} IS NULL"))) } else { beyond };
                    beyond.or(Condition::sql(format!("{column} = ")).bind(value.clone()).and(later))
                }
            }
        })
    }

    pub fn order(&self) -> Condition {
        let direction = |descending: bool| if descending { "DESC" } else { "ASC" };
        let mut order: Vec<String> = Vec::new();
        for SortKey { field, descending } in &self.sort {
            let nulls = if field.is_nullable { " NULLS LAST" } else { "" };
            order.push(format!("{} {}{nulls}", field.column, direction(*descending)));
        }
        order.push(format!("{}.id {}", R::TABLE, direction(self.id_descends())));
        Condition::sql(order.join(", "))
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
    pub fn page_with<T: Serialize>(&self, scope: &Scope, mut data: Vec<T>, total: Option<i64>, next: Next) -> Result<Page<T>, Problem> {
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

fn sort_keys(fields: &'static [Field], value: &str) -> Result<Vec<SortKey>, Problem> {
    let names: Vec<&str> = fields.iter().filter(|field| field.is_sortable).map(|field| field.name).collect();
    let refused = || invalid("sort", &format!("up to {MAX_SORT_KEYS} of {}, each with - in front for descending", names.join(", ")));
    let mut keys: Vec<SortKey> = Vec::new();
    for part in value.split(',') {
        let (name, descending) = part.trim().strip_prefix('-').map_or((part.trim(), false), |name| (name, true));
        let field = fields.iter().find(|field| field.is_sortable && field.name == name).ok_or_else(refused)?;
        if keys.iter().any(|key| key.field.name == name) || keys.len().cmp(&MAX_SORT_KEYS) != Ordering::Less {
            return Err(refused());
        }
        keys.push(SortKey { field, descending });
    }
    Ok(keys)
}
