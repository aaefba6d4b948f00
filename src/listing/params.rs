//! The document's query parameters of a list, from its table of fields.

use serde_json::json;
use strum::IntoEnumIterator;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};

use super::custom::CUSTOM_NAME;
use super::expansion;
use super::field::{EXTERNAL_REF_PATTERN, Field, FieldType, Listed, MAX_INTEGER, PHONE, PHONE_PATTERN};
use super::filter::{MAX_IN, Operator};
use super::order::sort_pattern;
use super::relevance::MAX_TEXT;
use super::request::{List, MAX_LIMIT, MAX_TOTAL};
use crate::db::id::ID_PATTERN;
use crate::db::money::AMOUNT_PATTERN;
use crate::http::texts::LINE;

impl<R: Listed> IntoParams for List<R> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = vec![
            parameter("limit", "Rows per page.", integer(Some(1), Some(MAX_LIMIT), Some(50))),
            parameter("cursor", "`next_cursor` of the page before; filter and sort must be the same.", text()),
        ];
        if R::FIELDS.iter().any(|field| field.is_sortable) {
            parameters.push(parameter(
                "sort",
                &format!(
                    "Up to 3 of {}, separated by commas, `-` in front for descending. Nulls come last. Default: newest first{}.",
                    sortable(R::FIELDS),
                    if R::SEARCHED.is_some() { ", or with `q` by relevance" } else { "" }
                ),
                string().pattern(Some(sort_pattern(R::FIELDS))).build(),
            ));
        }
        parameters.push(parameter("include_total", &format!("Adds `total`, exact up to {MAX_TOTAL}."), boolean()));
        if let Some(searched) = R::SEARCHED {
            let schema = string().min_length(Some(1)).max_length(Some(MAX_TEXT)).pattern(Some(LINE));
            parameters.push(parameter(
                "q",
                &format!(
                    "Searches {searched}, whatever the case, width and marks. Finds rows with all of the words: by how they begin, any \
                     part of Chinese text, and four or more successive digits of a phone number. There must be a letter or a digit. By \
                     relevance: the exact name first, then names that begin with it, then the rest, newest first."
                ),
                schema.build(),
            ));
        }
        parameters.extend(expansion::parameter::<R>());
        if R::HAS_DELETED {
            parameters.push(parameter(
                "is_deleted",
                "Lists the deleted rows instead (administrators only). They are not found by references, phones or industries.",
                boolean(),
            ));
        }
        parameters.extend(R::OPTIONS.iter().map(|(name, purpose)| parameter(name, purpose, boolean())));
        for field in R::FIELDS {
            let with_unit = field.unit.map(|unit| format!(" Only together with `{unit}`.")).unwrap_or_default();
            parameters.push(parameter(field.name, &format!("Equal to.{with_unit}"), schema(field.kind)));
            for operator in Operator::iter().filter(|operator| *operator != Operator::Eq && operator.is_parameter(field)) {
                let described = match operator {
                    Operator::In => "One of up to 200 values, separated by commas.",
                    Operator::Lt => "Less than.",
                    Operator::Lte => "At most.",
                    Operator::Gt => "Greater than.",
                    Operator::Gte => "At least.",
                    Operator::Contains => "Has this part; case and width do not matter, `%` and `_` are literal.",
                    _ => "Begins with this; case and width do not matter.",
                };
                let (name, described) = (format!("{}[{}]", field.name, operator.as_ref()), format!("{described}{with_unit}"));
                parameters.push(match operator {
                    Operator::In => one_of_several(&name, &described, field.kind),
                    _ => parameter(&name, &described, schema(field.kind)),
                });
            }
        }
        if R::CUSTOM.is_some() {
            parameters.push(custom());
        }
        parameters
    }
}

/// Parameters whose names only the workspace knows: an object that is written member by member, `custom.level=gold`.
fn custom() -> Parameter {
    let named = ObjectBuilder::new().schema_type(Type::String).pattern(Some(CUSTOM_NAME)).build();
    let schema = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property_names(Some(named))
        .additional_properties(Some(AdditionalProperties::RefOr(text().into())))
        .examples([json!({ "custom.contract_level": "gold", "custom.signed_on[gte]": "2026-01-01" })]);
    ParameterBuilder::new()
        .name("custom")
        .parameter_in(ParameterIn::Query)
        .style(Some(ParameterStyle::Form))
        .explode(Some(true))
        .description(Some(
            "Filters by custom fields, each a parameter of its own: `custom.<key>` is equal to, `custom.<key>[in]` one of up to 200 \
             values, separated by commas. `[lt]`, `[lte]`, `[gt]` and `[gte]` are for numbers, days and instants, `[contains]` and \
             `[starts_with]` for `text` and `url`. A `multi_select` equals each of its choices.",
        ))
        .schema(Some(schema))
        .build()
}

fn sortable(fields: &[Field]) -> String {
    let names: Vec<String> = fields.iter().filter(|field| field.is_sortable).map(|field| format!("`{}`", field.name)).collect();
    names.join(", ")
}

/// Values with commas between them.
fn one_of_several(name: &str, description: &str, kind: FieldType) -> Parameter {
    let mut item = schema(kind);
    item.pattern = item.pattern.map(|pattern| pattern.replace(r"[^\u0000", r"[^,\u0000"));
    let several = ArrayBuilder::new().items(item).min_items(Some(1)).max_items(Some(MAX_IN));
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).description(Some(description));
    parameter.style(Some(ParameterStyle::Form)).explode(Some(false)).schema(Some(several)).build()
}

pub fn parameter(name: &str, description: &str, schema: Object) -> Parameter {
    ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).description(Some(description)).schema(Some(schema)).build()
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn text() -> Object {
    string().pattern(Some(LINE)).build()
}

pub fn boolean() -> Object {
    ObjectBuilder::new().schema_type(Type::Boolean).build()
}

pub fn integer(minimum: Option<i64>, maximum: Option<i64>, default: Option<i64>) -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(minimum).maximum(maximum).default(default.map(|value| json!(value))).build()
}

pub fn schema(kind: FieldType) -> Object {
    let formatted = |format: KnownFormat| string().format(Some(SchemaFormat::KnownFormat(format))).build();
    match kind {
        FieldType::Text | FieldType::Presence => text(),
        FieldType::Key(_, "text") => text(),
        FieldType::Key(_, PHONE) => string().pattern(Some(PHONE_PATTERN)).description(Some(PHONE)).build(),
        FieldType::Key(_, expected) => string().pattern(Some(LINE)).description(Some(expected)).build(),
        FieldType::ExternalRef => string().pattern(Some(EXTERNAL_REF_PATTERN)).build(),
        FieldType::Enum(names) => string().enum_values(Some(names.iter().map(|(name, ..)| *name))).build(),
        FieldType::Id(prefix) => string().pattern(Some(format!("^{prefix}{ID_PATTERN}$"))).build(),
        FieldType::Integer => integer(Some(-MAX_INTEGER), Some(MAX_INTEGER), None),
        FieldType::Amount => string().pattern(Some(AMOUNT_PATTERN)).build(),
        FieldType::Boolean => boolean(),
        FieldType::Instant => formatted(KnownFormat::DateTime),
        FieldType::Day => formatted(KnownFormat::Date),
    }
}
