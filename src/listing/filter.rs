//! One comparison of a filter: a field, an operator, values; read from a query parameter or from JSON, made into SQL.

use chrono::Duration;
use strum::{AsRefStr, EnumIter, EnumString, IntoEnumIterator};

use super::custom;
use super::field::{Field, FieldType, Place};
use super::relation::Source;
use crate::auth::Scope;
use crate::db::condition::{AnyId, Bind, Condition};
use crate::db::types::Instant;
use crate::http::catalogue::Code;
use crate::http::problem::Problem;
use crate::http::query::invalid;
use crate::http::schemas::nearest;

pub const MAX_IN: usize = 200;
/// So much later than `created_at` an id may have been made. The two are the same instant now; rows of earlier versions got their
/// ids a little later.
const LATE: Duration = Duration::hours(1);

/// The closed set of operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsRefStr, EnumString, EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Operator {
    Eq,
    Ne,
    In,
    Nin,
    Lt,
    Lte,
    Gt,
    Gte,
    Contains,
    StartsWith,
    IsNull,
}

impl Operator {
    /// Whether a search may compare the field so.
    pub fn is_offered(self, field: &Field) -> bool {
        match self {
            Self::Eq | Self::Ne => !matches!(field.kind, FieldType::Presence),
            Self::In | Self::Nin => !matches!(field.kind, FieldType::Boolean | FieldType::Presence),
            Self::Lt | Self::Lte | Self::Gt | Self::Gte => field.is_range,
            Self::Contains | Self::StartsWith => matches!(field.kind, FieldType::Text),
            Self::IsNull => field.is_nullable || !matches!(field.place, Place::Row),
        }
    }

    /// Whether a list has a query parameter for it.
    pub fn is_parameter(self, field: &Field) -> bool {
        self.is_offered(field) && !matches!(self, Self::Ne | Self::Nin | Self::IsNull)
    }

    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }

    pub fn offered(field: &Field) -> impl Iterator<Item = Self> {
        Self::iter().filter(move |operator| operator.is_offered(field))
    }
}

/// One comparison.
#[derive(Debug, Clone)]
pub struct Filter {
    pub field: Field,
    pub operator: Operator,
    /// One, unless the operator is `in` or `nin`; a boolean for `is_null`.
    pub values: Vec<Bind>,
}

impl Filter {
    /// What is true of the rows that it means, or of all others. There is no third case: a row without a value is not equal.
    pub fn condition(&self, source: &Source, scope: &Scope, is_negated: bool) -> Condition {
        let compared = self.compared(source, scope, is_negated);
        match self.field.shown.and_then(|shown| shown(scope)) {
            None => compared,
            Some(shown) if is_negated => compared.or(shown.negated()),
            Some(shown) => compared.and(shown),
        }
    }

    fn compared(&self, source: &Source, scope: &Scope, is_negated: bool) -> Condition {
        let Self { field, operator, values } = self;
        let (is_by_row, own) = (source.is_by_row, format!("{}.id", source.table));
        let rows = self.elsewhere(source, scope).map(|rows| match is_by_row {
            true => Condition::sql("EXISTS (SELECT 1 FROM (").append(rows),
            false => Condition::sql(format!("{own} IN (")).append(rows),
        });
        let end = if is_by_row { format!(") AS there WHERE there.id = {own})") } else { ")".to_owned() };
        let wants_null = values.first() != Some(&Bind::Boolean(false));
        let (found, is_negated) = match (rows, operator) {
            (None, Operator::IsNull) if wants_null != is_negated => return Condition::sql(format!("{} IS NULL", field.column)),
            (None, Operator::IsNull) => return Condition::sql(format!("{} IS NOT NULL", field.column)),
            (Some(rows), Operator::IsNull) => (rows.then("1 = 1").then(end), wants_null != is_negated),
            (Some(rows), _) => (rows.append(self.comparison()).then(end), self.excludes() != is_negated),
            (None, _) => (self.comparison(), self.excludes() != is_negated),
        };
        match is_negated {
            false => found,
            true if field.is_nullable => found.negated().or(Condition::sql(format!("{} IS NULL", field.column))),
            true => found.negated(),
        }
    }

    /// The ids that another table has for it, if it is there that it looks.
    pub fn ids(&self, source: &Source, scope: &Scope) -> Option<Condition> {
        self.elsewhere(source, scope).map(|rows| rows.append(self.comparison()))
    }

    /// The same up to the comparison.
    fn elsewhere(&self, source: &Source, scope: &Scope) -> Option<Condition> {
        let among = |alias: &str, table: &str| {
            let rows = format!("SELECT {alias}.object_id AS id FROM {table} {alias} WHERE {alias}.workspace_id = ");
            Condition::sql(rows).bind(scope.workspace_id).then(format!(" AND {alias}.resource_type = '{}' AND ", source.name))
        };
        match self.field.place {
            Place::Row => None,
            Place::ExternalRefs => Some(among("r", "external_refs")),
            Place::LookupKeys(kind) => Some(among("k", "lookup_keys").then(format!("k.kind = '{kind}' AND "))),
            Place::Related(rows) => Some(rows(scope)),
            Place::CustomValues(id) => Some(custom::rows(scope, id)),
        }
    }

    /// What it says of the ids of its rows, when they tell when rows were made.
    pub fn bounds(&self) -> Condition {
        let Self { field, operator, values } = self;
        let (true, [Bind::Instant(at)]) = (field.is_in_id, values.as_slice()) else { return Condition::default() };
        let id = |symbol: &str, at: Instant| {
            let column = format!("{}id {symbol} ", field.column.trim_end_matches(field.name));
            Condition::sql(column).bind(AnyId::first_at(at)).planned_anew()
        };
        let (from, to) = (|| id(">=", *at), || id("<", at.plus(LATE)));
        match operator {
            Operator::Gt | Operator::Gte => from(),
            Operator::Lt | Operator::Lte => to(),
            Operator::Eq => from().and(to()),
            _ => Condition::default(),
        }
    }

    /// The comparison without its "not", and whether there was one.
    pub fn positive(self) -> (Self, bool) {
        match (self.operator, self.values.first()) {
            (Operator::Ne, _) => (Self { operator: Operator::Eq, ..self }, true),
            (Operator::Nin, _) => (Self { operator: Operator::In, ..self }, true),
            (Operator::IsNull, Some(Bind::Boolean(true))) => (Self { values: vec![Bind::Boolean(false)], ..self }, true),
            _ => (self, false),
        }
    }

    /// Whether it asks only if there is a value.
    pub const fn is_presence(&self) -> bool {
        matches!(self.operator, Operator::IsNull)
    }

    /// Whether it needs no table that is joined to this one.
    pub fn is_within(&self, table: &str) -> bool {
        !matches!(self.field.place, Place::Row) || is_of(self.field.column, table)
    }

    const fn excludes(&self) -> bool {
        matches!(self.operator, Operator::Ne | Operator::Nin)
    }

    /// The field's column against the values; of a negative operator, what it negates.
    fn comparison(&self) -> Condition {
        let Self { field: Field { column, .. }, operator, values } = self;
        let compared = |symbol: &str, value: &Bind| Condition::sql(format!("{column} {symbol} ")).bind(value.clone());
        match (operator, values.as_slice()) {
            // SQLite has no list of rows.
            (Operator::In | Operator::Nin, values) if matches!(self.field.kind, FieldType::ExternalRef) => {
                values.iter().map(|value| compared("=", value)).reduce(Condition::or).unwrap_or(Condition::sql("1 = 0"))
            }
            (Operator::In | Operator::Nin, values) => Condition::any_of(column, values.iter().cloned()),
            // A range may be narrow or wide.
            (Operator::Lt, [value]) => compared("<", value).planned_anew(),
            (Operator::Lte, [value]) => compared("<=", value).planned_anew(),
            (Operator::Gt, [value]) => compared(">", value).planned_anew(),
            (Operator::Gte, [value]) => compared(">=", value).planned_anew(),
            (Operator::Contains, [Bind::Text(part)]) => {
                compared("LIKE", &Bind::Text(format!("%{}%", escape_like(part)))).then(" ESCAPE '!'")
            }
            // A range, which an index answers; nothing sorts behind the last code point.
            (Operator::StartsWith, [Bind::Text(prefix)]) => {
                compared(">=", &Bind::Text(prefix.clone())).and(compared("<", &Bind::Text(format!("{prefix}\u{10FFFF}")))).planned_anew()
            }
            (_, [value, ..]) => compared("=", value),
            (_, []) => Condition::sql("1 = 0"),
        }
    }

    /// Reads `field=value` or `field[operator]=value`.
    pub fn parse(fields: &'static [Field], name: &str, value: &str) -> Result<Self, Problem> {
        let field = fields.iter().find(|field| field.name == field_of(name));
        let field = field.ok_or_else(|| unknown(name, fields.iter().map(|field| field.name)))?;
        Self::of_parameter(field, name, value)
    }

    /// The same, when the field is known.
    pub fn of_parameter(field: &Field, name: &str, value: &str) -> Result<Self, Problem> {
        let operator = match name.strip_prefix(field_of(name)).unwrap_or_default() {
            "" => Some(Operator::Eq),
            rest => rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|name| name.parse().ok()),
        };
        let is_named = |operator: &Operator| (*operator != Operator::Eq || !name.contains('[')) && operator.is_parameter(field);
        let operator = operator.filter(is_named).ok_or_else(|| {
            let offered = Operator::iter().filter(|operator| *operator != Operator::Eq && operator.is_parameter(field));
            let offered: Vec<String> = offered.map(|operator| format!("{}[{}]", field_of(name), operator.as_ref())).collect();
            unknown(name, offered.iter().map(String::as_str).chain([field_of(name)]))
        })?;
        let parse = |text: &str| field.kind.parse(text).ok_or_else(|| invalid(name, &field.kind.expected()));
        let values = match operator {
            Operator::In => value.split(',').map(parse).collect::<Result<Vec<_>, _>>()?,
            _ => vec![parse(value)?],
        };
        if values.len() > MAX_IN {
            return Err(invalid(name, &format!("at most {MAX_IN} values")));
        }
        Ok(Self { field: *field, operator, values })
    }
}

/// Whether a column is this table's.
pub fn is_of(column: &str, table: &str) -> bool {
    column.strip_prefix(table).is_some_and(|column| column.starts_with('.'))
}

/// The field in `field[operator]`.
pub fn field_of(parameter: &str) -> &str {
    parameter.split_once('[').map_or(parameter, |(field, _)| field)
}

pub fn unknown<'n>(parameter: &str, known: impl Iterator<Item = &'n str>) -> Problem {
    let meant = nearest(parameter, known).map(str::to_owned);
    Problem::new(Code::UnknownParameter).with("parameter", parameter).with("did_you_mean", meant)
}

/// In a pattern, what the caller wrote means itself.
fn escape_like(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        if matches!(c, '%' | '_' | '!') {
            escaped.push('!');
        }
        escaped.push(c);
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_literal() {
        assert_eq!(escape_like("50%_!\\x"), "50!%!_!!\\x");
    }
}
