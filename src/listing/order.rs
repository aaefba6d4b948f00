//! The order of a list, and what comes behind a row in it.

use std::cmp::Ordering;

use uuid::Uuid;

use super::field::{Field, Listed};
use super::request::List;
use crate::db::condition::{AnyId, Bind, Condition};
use crate::http::catalogue::Code;
use crate::http::problem::{FieldError, Problem};
use crate::http::query::invalid;

const MAX_SORT_KEYS: usize = 3;

#[derive(Debug, Clone, Copy)]
pub(super) struct SortKey {
    pub field: &'static Field,
    pub descending: bool,
    /// Whether rows without a value are among those that are sorted.
    pub is_nullable: bool,
}

impl<R: Listed> List<R> {
    /// The id's direction is the first key's, so that one index serves both.
    pub(super) fn id_descends(&self) -> bool {
        self.sort.first().is_none_or(|key| key.descending)
    }

    /// Behind these keys and this id, in the order of `keys`.
    pub(super) fn after(&self, keys: &[SortKey], values: &[Option<Bind>], id: Uuid) -> Condition {
        let id = Bind::Uuid(AnyId::from_uuid(id));
        let id_column = format!("{}.id", R::TABLE);
        let plain = keys.iter().all(|key| !key.is_nullable && key.descending == self.id_descends());
        if plain {
            // One comparison of rows, which both databases answer from the index.
            let columns: Vec<&str> = keys.iter().map(|key| key.field.column).chain([id_column.as_str()]).collect();
            let symbol = if self.id_descends() { ") < (" } else { ") > (" };
            let mut condition = Condition::sql(format!("({}{symbol}", columns.join(", ")));
            for value in values.iter().flatten() {
                condition = condition.bind(value.clone()).then(", ");
            }
            return condition.bind(id).then(")");
        }
        let symbol = if self.id_descends() { " < " } else { " > " };
        let last = Condition::sql(format!("{id_column}{symbol}")).bind(id);
        let behind = keys.iter().zip(values).rev().fold(last, |later, (key, value)| {
            let SortKey { field: Field { column, .. }, descending, is_nullable } = key;
            match value {
                // Nulls come last: after a null there are only nulls.
                None => Condition::sql(format!("{column} IS NULL")).and(later),
                Some(value) => {
                    let beyond = Condition::sql(format!("{column}{}", if *descending { " < " } else { " > " })).bind(value.clone());
                    let beyond = if *is_nullable { beyond.or(Condition::sql(format!("{column} IS NULL"))) } else { beyond };
                    beyond.or(Condition::sql(format!("{column} = ")).bind(value.clone()).and(later))
                }
            }
        });
        // Says nothing new, but tells an index where to begin.
        match (keys.first(), values.first()) {
            (Some(SortKey { field, descending, is_nullable: false }), Some(Some(value))) => {
                let symbol = if *descending { " <= " } else { " >= " };
                Condition::sql(format!("{}{symbol}", field.column)).bind(value.clone()).and(behind)
            }
            _ => behind,
        }
    }

    pub fn order(&self) -> Condition {
        Condition::sql(self.order_by(&self.sort))
    }

    pub(super) fn order_by(&self, keys: &[SortKey]) -> String {
        let direction = |descending: bool| if descending { "DESC" } else { "ASC" };
        let mut order: Vec<String> = Vec::new();
        for SortKey { field, descending, is_nullable } in keys {
            let nulls = if *is_nullable { " NULLS LAST" } else { "" };
            order.push(format!("{} {}{nulls}", field.column, direction(*descending)));
        }
        order.push(format!("{}.id {}", R::TABLE, direction(self.id_descends())));
        order.join(", ")
    }
}

/// What `sort` looks like; that each field is there once, it cannot say.
pub(super) fn sort_pattern(fields: &[Field]) -> String {
    let names: Vec<&str> = fields.iter().filter(|field| field.is_sortable).map(|field| field.name).collect();
    let key = format!("-?({})", names.join("|"));
    format!("^{key}(,{key}){{0,{}}}$", MAX_SORT_KEYS - 1)
}

/// The keys of a search, whose faults are those of a member.
pub(super) fn sort_keys_of_search(fields: &'static [Field], value: &str) -> Result<Vec<SortKey>, Problem> {
    let fault = |_| Problem::fields(vec![FieldError::new("/sort", Code::DuplicateItem)]);
    sort_keys(fields, value).map_err(fault)
}

pub(super) fn sort_keys(fields: &'static [Field], value: &str) -> Result<Vec<SortKey>, Problem> {
    let names: Vec<&str> = fields.iter().filter(|field| field.is_sortable).map(|field| field.name).collect();
    let expected = format!("up to {MAX_SORT_KEYS} different ones of {}, each with - in front for descending", names.join(", "));
    let refused = || invalid("sort", &expected);
    let mut keys: Vec<SortKey> = Vec::new();
    for part in value.split(',') {
        let (name, descending) = part.strip_prefix('-').map_or((part, false), |name| (name, true));
        let field = fields.iter().find(|field| field.is_sortable && field.name == name).ok_or_else(refused)?;
        if keys.iter().any(|key| key.field.name == name) || keys.len().cmp(&MAX_SORT_KEYS) != Ordering::Less {
            return Err(refused());
        }
        keys.push(SortKey { field, descending, is_nullable: field.is_nullable });
    }
    Ok(keys)
}
