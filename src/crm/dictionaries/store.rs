//! Dictionaries in the database, a row for each code.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use serde_json::{Map, json};

use super::dto::{Dictionary, DictionaryItem, Label, TouchFlags};
use super::seeds::{SEEDS, TOUCH_TYPES};
use crate::changes::{Operation, record};
use crate::db::id::{DictionaryId, WorkspaceId};
use crate::db::schema::{dictionaries, dictionary_items};
use crate::db::types::{Instant, Json};
use crate::db::{Condition, DbConnection, Failure, Tx, columns, update_rows};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::problem::{FieldError, Problem};

#[derive(Queryable, Selectable)]
#[diesel(table_name = dictionaries)]
struct Row {
    id: DictionaryId,
    name: String,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl Row {
    fn with_items(self, items: Vec<DictionaryItem>) -> Dictionary {
        let Self { id, name, version, created_at, updated_at } = self;
        Dictionary { id, name, items, version, created_at, updated_at }
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = dictionary_items, primary_key(workspace_id, dictionary, code), treat_none_as_null = true, treat_none_as_default_value = false)]
struct ItemRow {
    workspace_id: WorkspaceId,
    dictionary: String,
    code: String,
    label_zh: String,
    label_en: String,
    position: i32,
    is_active: bool,
    flags: Option<Json<TouchFlags>>,
}

impl From<ItemRow> for DictionaryItem {
    fn from(row: ItemRow) -> Self {
        let ItemRow { workspace_id: _, dictionary: _, code, label_zh: zh, label_en: en, position: order, is_active, flags } = row;
        Self { code, label: Label { zh, en }, order, is_active, flags: flags.map(|flags| flags.0) }
    }
}

fn row_of(workspace_id: WorkspaceId, dictionary: &str, item: &DictionaryItem) -> ItemRow {
    let DictionaryItem { code, label: Label { zh: label_zh, en: label_en }, order: position, is_active, flags } = item.clone();
    ItemRow { workspace_id, dictionary: dictionary.to_owned(), code, label_zh, label_en, position, is_active, flags: flags.map(Json) }
}

pub fn list(conn: &mut DbConnection, workspace_id: WorkspaceId) -> QueryResult<Vec<Dictionary>> {
    let own = dictionaries::table.filter(dictionaries::workspace_id.eq(workspace_id));
    let rows = own.order(dictionaries::name.asc()).select(columns::<Row>()).load(conn)?;
    let items = dictionary_items::table
        .filter(dictionary_items::workspace_id.eq(workspace_id))
        .order((dictionary_items::dictionary.asc(), dictionary_items::position.asc(), dictionary_items::code.asc()))
        .select(columns::<ItemRow>())
        .load(conn)?;
    let mut by_name: HashMap<String, Vec<DictionaryItem>> = HashMap::new();
    for item in items {
        by_name.entry(item.dictionary.clone()).or_default().push(item.into());
    }
    let with_items = |row: Row| {
        let items = by_name.remove(&row.name).unwrap_or_default();
        row.with_items(items)
    };
    Ok(rows.into_iter().map(with_items).collect())
}

pub fn get(conn: &mut DbConnection, workspace_id: WorkspaceId, name: &str) -> Result<Dictionary, Failure> {
    let row =
        dictionaries::table.find((workspace_id, name)).select(columns::<Row>()).first(conn).optional()?.ok_or_else(Problem::not_found)?;
    let items = dictionary_items::table
        .filter(dictionary_items::workspace_id.eq(workspace_id).and(dictionary_items::dictionary.eq(name)))
        .order((dictionary_items::position.asc(), dictionary_items::code.asc()))
        .select(columns::<ItemRow>())
        .load(conn)?;
    Ok(row.with_items(items.into_iter().map(DictionaryItem::from).collect()))
}

/// Which of these `(dictionary, code)` exist, and whether each is active; in one statement.
pub fn find(conn: &mut DbConnection, workspace_id: WorkspaceId, wanted: &[(&str, &str)]) -> QueryResult<Vec<(String, String, bool)>> {
    let pairs = wanted.iter().map(|(dictionary, code)| {
        Condition::sql("(dictionary_items.dictionary = ").bind(*dictionary).then(" AND dictionary_items.code = ").bind(*code).then(")")
    });
    let any = pairs.reduce(Condition::or).unwrap_or_default();
    dictionary_items::table
        .filter(dictionary_items::workspace_id.eq(workspace_id))
        .filter(any)
        .select((dictionary_items::dictionary, dictionary_items::code, dictionary_items::is_active))
        .load(conn)
}

/// What a touch of this type means.
pub fn touch_flags(conn: &mut DbConnection, workspace_id: WorkspaceId, code: &str) -> QueryResult<Option<TouchFlags>> {
    let flags = dictionary_items::table.find((workspace_id, TOUCH_TYPES, code)).select(dictionary_items::flags);
    Ok(flags.first::<Option<Json<TouchFlags>>>(conn).optional()?.flatten().map(|flags| flags.0))
}

/// The types of touches that the customer hears of.
pub fn customer_facing(conn: &mut DbConnection, workspace_id: WorkspaceId) -> QueryResult<Vec<String>> {
    let types = dictionary_items::workspace_id.eq(workspace_id).and(dictionary_items::dictionary.eq(TOUCH_TYPES));
    let items = dictionary_items::table.filter(types).select((dictionary_items::code, dictionary_items::flags));
    let items: Vec<(String, Option<Json<TouchFlags>>)> = items.load(conn)?;
    Ok(items.into_iter().filter(|(_, flags)| flags.as_ref().is_some_and(|flags| flags.0.customer_facing)).map(|(code, _)| code).collect())
}

/// Replaces the items. Rows may hold a code that is left out: it is retired, not removed.
pub fn put(tx: &mut Tx<'_>, name: &str, if_match: &IfMatch, items: &[DictionaryItem]) -> Result<Dictionary, Failure> {
    let workspace_id = tx.actor.workspace_id;
    let before = get(tx.conn, workspace_id, name)?;
    if_match.check(before.version)?;
    check(name, items)?;
    let kept: HashSet<&str> = items.iter().map(|item| item.code.as_str()).collect();
    let left_out = before.items.iter().filter(|item| !kept.contains(item.code.as_str()));
    let retired = left_out.map(|item| DictionaryItem { is_active: false, ..item.clone() });
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for item in items.iter().cloned().chain(retired) {
        let known = before.items.iter().find(|known| known.code == item.code);
        if known != Some(&item) {
            old.extend(known.cloned());
            new.push(item);
        }
    }
    if new.is_empty() {
        return Ok(before);
    }
    let version = before.version + 1;
    let guarded = dictionaries::table.find((workspace_id, name)).filter(dictionaries::version.eq(before.version));
    if update_rows(tx.conn, guarded, (dictionaries::version.eq(version), dictionaries::updated_at.eq(tx.now)))? == 0 {
        return Err(Failure::Stale);
    }
    for item in &new {
        let row = row_of(workspace_id, name, item);
        if old.iter().any(|known| known.code == item.code) {
            let stored = dictionary_items::table.find((workspace_id, name, item.code.as_str()));
            update_rows(tx.conn, stored, row)?;
        } else {
            diesel::insert_into(dictionary_items::table).values(row).execute(tx.conn)?;
        }
    }
    // Only the codes that changed: a dictionary may be long.
    record(tx, Operation::Updated, before.id, version, Map::from_iter([("items".to_owned(), json!({ "from": old, "to": new }))]))?;
    get(tx.conn, workspace_id, name)
}

fn check(name: &str, items: &[DictionaryItem]) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    let mut errors = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if !seen.insert(item.code.as_str()) {
            errors.push(FieldError::new(format!("/items/{index}/code"), Code::DuplicateItem));
        }
        if item.flags.is_some() && name != TOUCH_TYPES {
            errors.push(FieldError::new(format!("/items/{index}/flags"), Code::NotApplicable));
        }
    }
    Problem::check(errors)
}

/// The dictionaries of a new workspace.
pub fn seed(tx: &mut Tx<'_>) -> QueryResult<()> {
    let workspace_id = tx.actor.workspace_id;
    for seed in SEEDS {
        diesel::insert_into(dictionaries::table)
            .values((
                dictionaries::workspace_id.eq(workspace_id),
                dictionaries::name.eq(seed.name),
                dictionaries::id.eq(DictionaryId::new()),
                dictionaries::version.eq(1_i64),
                dictionaries::created_at.eq(tx.now),
                dictionaries::updated_at.eq(tx.now),
            ))
            .execute(tx.conn)?;
        for item in seed.items() {
            diesel::insert_into(dictionary_items::table).values(row_of(workspace_id, seed.name, &item)).execute(tx.conn)?;
        }
    }
    Ok(())
}
