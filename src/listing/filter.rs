//! One filter of a list: a field, an operator, values; read from a query parameter, made into SQL.

use super::field::{Field, FieldType, Listed, Place};
use crate::db::condition::{Bind, Condition};
use crate::db::id::{Kind, WorkspaceId};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;
use crate::http::query::invalid;
use crate::http::schemas::nearest;

const MAX_IN: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Eq,
    In,
    Lt,
    Lte,
    Gt,
    Gte,
}

impl Operator {
    pub const RANGE: [(&'static str, Self); 4] = [("lt", Self::Lt), ("lte", Self::Lte), ("gt", Self::Gt), ("gte", Self::Gte)];

    fn of(name: &str, field: &Field) -> Option<Self> {
        match name {
            "in" if takes_lists(field.kind) => Some(Self::In),
            _ if field.is_range => Self::RANGE.iter().find_map(|(known, operator)| (*known == name).then_some(*operator)),
            _ => None,
        }
    }

    const fn symbol(self) -> &'static str {
        match self {
            Self::Eq | Self::In => " = ",
            Self::Lt => " < ",
            Self::Lte => " <= ",
            Self::Gt => " > ",
            Self::Gte => " >= ",
        }
    }
}

/// One comparison; several values are `in`.
#[derive(Debug, Clone)]
pub struct Filter {
    pub field: &'static Field,
    pub operator: Operator,
    pub values: Vec<Bind>,
}

impl Filter {
    pub fn condition<R: Listed>(&self, workspace_id: WorkspaceId) -> Condition {
        let Self { field, operator, values } = self;
        let comparison = match (operator, values.as_slice()) {
            (Operator::In, _) => Condition::any_of(field.column, values.iter().cloned()),
            (_, [value, ..]) => Condition::sql(format!("{}{}", field.column, operator.symbol())).bind(value.clone()),
            (_, []) => Condition::default(),
        };
        let among = |alias: &str, table: &str| {
            let rows = format!("{}.id IN (SELECT {alias}.object_id FROM {table} {alias} WHERE {alias}.workspace_id = ", R::TABLE);
            Condition::sql(rows).bind(workspace_id).then(format!(" AND {alias}.resource_type = '{}' AND ", R::Kind::NAME))
        };
        match field.place {
            Place::Row => comparison,
            Place::ExternalRefs => among("r", "external_refs").append(comparison).then(")"),
            Place::LookupKeys(kind) => among("k", "lookup_keys").then(format!("k.kind = '{kind}' AND ")).append(comparison).then(")"),
            Place::Related(before, after) => Condition::sql(before).bind(workspace_id).then(after).append(comparison).then(")"),
        }
    }

    /// Reads `field=value` or `field[operator]=value`.
    pub fn parse(fields: &'static [Field], name: &str, value: &str) -> Result<Self, Problem> {
        let (field_name, operator) = match name.split_once('[') {
            Some((field, rest)) => (field, rest.strip_suffix(']').unwrap_or(rest)),
            None => (name, ""),
        };
        let unknown = || {
            let meant = nearest(name, fields.iter().map(|field| field.name)).map(str::to_owned);
            Problem::new(Code::UnknownParameter).with("parameter", name).with("did_you_mean", meant)
        };
        let field = fields.iter().find(|field| field.name == field_name).ok_or_else(unknown)?;
        let operator = if name == field_name { Operator::Eq } else { Operator::of(operator, field).ok_or_else(unknown)? };
        let parse = |text: &str| field.kind.parse(text).ok_or_else(|| invalid(name, &field.kind.expected()));
        let values = match operator {
            Operator::In => value.split(',').map(parse).collect::<Result<Vec<_>, _>>()?,
            _ => vec![parse(value)?],
        };
        if values.len() > MAX_IN {
            return Err(invalid(name, &format!("at most {MAX_IN} values")));
        }
        Ok(Self { field, operator, values })
    }
}

/// Whether a field's values may be listed with commas: text may hold commas itself, and goes through search.
pub const fn takes_lists(kind: FieldType) -> bool {
    !matches!(kind, FieldType::Text | FieldType::Boolean | FieldType::ExternalRef)
}
