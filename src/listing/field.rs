//! What a list can be filtered and sorted by.

use std::str::FromStr;

use chrono::NaiveDate;
use serde_json::Value;

use super::custom::Definitions;
use super::expansion::Expansion;
use super::fold::fold_compare;
use super::relation::Relation;
use crate::auth::Scope;
use crate::db::condition::{AnyId, Bind, Condition};
use crate::db::id::{Kind, decode_with_prefix};
use crate::db::money::{Amount, SCALE};
use crate::db::types::Instant;
use crate::http::formats::is_date;

/// The names of an enum with their labels, in Chinese and in English.
pub type Choices = &'static [(&'static str, &'static str, &'static str)];

/// What a phone number in a filter must be.
pub const PHONE: &str = "a phone number";
pub const PHONE_PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[0-9][^\u0000-\u001f\u007f-\u009f]*$";
/// `system:value`; white space at the end would be trimmed.
pub const EXTERNAL_REF_PATTERN: &str = r"^[a-z0-9_-]{1,32}:[^\u0000-\u001f\u007f-\u009f]{0,199}[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$";

/// The integers that floats count exactly, and so every reader of JSON: all that the document allows.
pub const MAX_INTEGER: i64 = 9_007_199_254_740_991;

/// How a field's values are read, compared and described.
#[derive(Debug, Clone, Copy)]
pub enum FieldType {
    /// Compared folded; the column holds the fold.
    Text,
    /// Compared exactly; the column holds the key that this function makes of a value, if it can.
    Key(fn(&str) -> Option<String>, &'static str),
    Enum(Choices),
    /// An id with this prefix.
    Id(&'static str),
    /// `system:value`; the column is a row of two.
    ExternalRef,
    Integer,
    Boolean,
    Instant,
    Day,
    /// A decimal amount of money; the column holds units of 10⁻⁴.
    Amount,
    /// Compared with nothing: only whether there is a value.
    Presence,
}

/// Where a field's column is.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// In the list's own row, or one that is joined to it.
    Row,
    /// In `external_refs`, as `r`.
    ExternalRefs,
    /// In `lookup_keys`, as `k`, under this kind.
    LookupKeys(&'static str),
    /// In rows of another table that the caller sees: a statement that selects their `id`, up to the comparison.
    Related(fn(&Scope) -> Condition),
    /// In `custom_values`, as `v`, under this custom field.
    CustomValues(AnyId),
}

/// One field of a resource's list. `name` is JSON member and query parameter.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub kind: FieldType,
    /// The SQL that is compared.
    pub column: &'static str,
    pub place: Place,
    /// Whether lt, lte, gt and gte are offered.
    pub is_range: bool,
    /// Whether an index serves this order.
    pub is_sortable: bool,
    /// Whether an index finds its values: those that are sorted, and those that are not ranges.
    pub is_indexed: bool,
    pub is_nullable: bool,
    /// Whether it is the instant that the row's id was made at.
    pub is_in_id: bool,
    /// Another field that must be given one value, or this one cannot be compared: an amount's currency.
    pub unit: Option<&'static str>,
    /// The dictionary that its codes are of.
    pub dictionary: Option<&'static str>,
    /// Of which rows it is compared, when it is not shown to the caller of all. Of the others it finds none, whatever they have.
    pub shown: Option<fn(&Scope) -> Option<Condition>>,
}

impl Field {
    /// Filtered by eq and in.
    pub const fn new(name: &'static str, kind: FieldType, column: &'static str) -> Self {
        let (is_range, is_sortable, is_indexed, is_nullable) = (false, false, true, false);
        let (is_in_id, unit, dictionary, shown) = (false, None, None, None);
        Self { name, kind, column, place: Place::Row, is_range, is_sortable, is_indexed, is_nullable, is_in_id, unit, dictionary, shown }
    }

    /// When a row was made: its id says it too.
    pub const fn created_at(column: &'static str) -> Self {
        let mut field = Self::new("created_at", FieldType::Instant, column).range().sortable();
        field.is_in_id = true;
        field
    }

    pub const fn range(mut self) -> Self {
        self.is_range = true;
        // Only those that are sorted by have an index in the row's own table.
        if matches!(self.place, Place::Row) { self.unindexed() } else { self }
    }

    pub const fn sortable(mut self) -> Self {
        (self.is_sortable, self.is_indexed) = (true, true);
        self
    }

    /// No index finds its values.
    pub const fn unindexed(mut self) -> Self {
        self.is_indexed = false;
        self
    }

    pub const fn nullable(mut self) -> Self {
        self.is_nullable = true;
        self
    }

    /// Its codes are of this dictionary.
    pub const fn coded(mut self, dictionary: &'static str) -> Self {
        self.dictionary = Some(dictionary);
        self
    }

    /// Compared only of rows of which this is true.
    pub const fn shown_if(mut self, shown: fn(&Scope) -> Option<Condition>) -> Self {
        self.shown = Some(shown);
        self
    }

    pub const fn through(mut self, rows: fn(&Scope) -> Condition) -> Self {
        self.place = Place::Related(rows);
        self
    }

    pub const fn in_unit_of(mut self, field: &'static str) -> Self {
        self.unit = Some(field);
        self
    }

    /// `external_ref=system:value`, of every resource that has external references.
    pub const fn external_ref() -> Self {
        let mut field = Self::new("external_ref", FieldType::ExternalRef, "(r.system, r.value)");
        field.place = Place::ExternalRefs;
        field
    }

    /// A custom field, whose values are in this column of `custom_values`.
    pub const fn custom(kind: FieldType, column: &'static str, id: AnyId) -> Self {
        let mut field = Self::new("custom", kind, column);
        field.place = Place::CustomValues(id);
        field
    }

    /// A value that is looked up by its normalised key.
    pub const fn key(name: &'static str, key: &'static str, kind: FieldType) -> Self {
        let mut field = Self::new(name, kind, "k.value");
        field.place = Place::LookupKeys(key);
        field
    }
}

impl FieldType {
    /// Text that is compared as it is.
    pub const CODE: Self = Self::Key(|text| Some(text.trim().to_owned()), "text");
    /// An e-mail address: its column holds lower case.
    pub const LOWER_CASE: Self = Self::Key(|text| Some(text.trim().to_lowercase()), "an e-mail address");

    /// Reads a value of a filter in JSON.
    pub fn parse_json(self, value: &Value) -> Option<Bind> {
        match (self, value) {
            (Self::Integer, Value::Number(number)) => number.as_i64().and_then(integer),
            (Self::Boolean, Value::Bool(value)) => Some(Bind::Boolean(*value)),
            (Self::Integer | Self::Boolean, _) => None,
            (_, Value::String(text)) => self.parse(text),
            _ => None,
        }
    }

    /// Reads a query parameter's value.
    pub fn parse(self, text: &str) -> Option<Bind> {
        Some(match self {
            Self::Text => Bind::Text(fold_compare(text.trim())),
            Self::Key(key, _) => Bind::Text(key(text)?),
            Self::Enum(names) => Bind::Text(names.iter().any(|(name, ..)| *name == text).then(|| text.to_owned())?),
            Self::Id(prefix) => Bind::Uuid(AnyId::from_uuid(decode_with_prefix(prefix, text)?)),
            Self::ExternalRef => external_ref(text)?,
            Self::Integer => integer(text.parse().ok()?)?,
            Self::Boolean => Bind::Boolean(bool::from_str(text).ok()?),
            // A plus sign that nobody escaped has become a space.
            Self::Instant => Bind::Instant(text.replace(' ', "+").parse::<Instant>().ok()?),
            Self::Amount => Bind::Integer(Amount::parse(text, SCALE)?.units()),
            Self::Day => Bind::Day(is_date(text).then(|| text.parse::<NaiveDate>().ok())??),
            Self::Presence => return None,
        })
    }

    /// What the value must be, for the error.
    pub fn expected(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Key(_, expected) => expected.to_owned(),
            Self::Enum(names) => format!("one of {}", names.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")),
            Self::Id(prefix) => format!("an id that begins with {prefix}_"),
            Self::ExternalRef => "system:value".to_owned(),
            Self::Integer => "an integer".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Instant => "an RFC 3339 instant with an offset".to_owned(),
            Self::Day => "a day as YYYY-MM-DD".to_owned(),
            Self::Amount => "a decimal amount like 1234.50".to_owned(),
            Self::Presence => "nothing".to_owned(),
        }
    }

    /// The sort key of a row, from the member it is answered with. `None` is null.
    pub fn sort_key(self, member: &Value) -> Option<Bind> {
        match (self, member) {
            (Self::Text, Value::String(text)) => Some(Bind::Text(fold_compare(text))),
            (Self::Key(..), Value::String(text)) => Some(Bind::Text(text.clone())),
            (_, Value::String(text)) => self.parse(text),
            (Self::Integer, Value::Number(number)) => number.as_i64().map(Bind::Integer),
            (Self::Boolean, Value::Bool(value)) => Some(Bind::Boolean(*value)),
            (Self::Amount, Value::Object(money)) => self.parse(money.get("amount")?.as_str()?),
            _ => None,
        }
    }
}

fn integer(value: i64) -> Option<Bind> {
    (-MAX_INTEGER..=MAX_INTEGER).contains(&value).then_some(Bind::Integer(value))
}

/// As `EXTERNAL_REF_PATTERN` has it.
fn external_ref(text: &str) -> Option<Bind> {
    let (system, value) = text.split_once(':')?;
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let is_system = (1..=32).contains(&system.len()) && system.bytes().all(is_name);
    let is_value = (1..=200).contains(&value.chars().count()) && value.trim_end() == value && !value.chars().any(char::is_control);
    (is_system && is_value).then(|| Bind::Pair(system.to_owned(), value.to_owned()))
}

/// A resource with a list.
pub trait Listed: 'static {
    /// What its rows are.
    type Kind: Kind;
    /// The schema of its rows in the document.
    const SCHEMA: &'static str;
    /// The table whose `id` ends every order.
    const TABLE: &'static str;
    /// The table with whatever is joined to it that fields lie in.
    const FROM: &'static str = Self::TABLE;
    const FIELDS: &'static [Field];
    /// Whether rows are deleted softly, and admins may list the deleted ones.
    const HAS_DELETED: bool;
    /// What `q` searches, when it can be searched.
    const SEARCHED: Option<&'static str> = None;
    /// Other resources that its filters may reach into.
    const RELATIONS: &'static [Relation] = &[];
    /// What its rows name, and `expand` adds.
    const EXPANSIONS: &'static [Expansion] = &[];
    /// What reads its custom fields, when it can have any.
    const CUSTOM: Option<Definitions> = None;
    /// Of a caller that sees some: statements that select, as `id`, what may be seen, each along one index of
    /// the table. There may be any number of them, a row may be in several, and more than what is seen may be in them; all that is
    /// seen must be. None where that takes other tables.
    const PARTS: fn(&Scope) -> Vec<Condition> = |_| Vec::new();
    /// The same where it takes other tables, which costs more.
    const JOINED_PARTS: fn(&Scope) -> Vec<Condition> = |_| Vec::new();
    /// Further boolean parameters, with what each is for.
    const OPTIONS: &'static [(&'static str, &'static str)] = &[];
}
