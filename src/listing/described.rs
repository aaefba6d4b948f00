//! The document's schemas of searches, from the tables of fields: which members there are to compare, by which operators and with
//! what values. Bodies are read by `reader`, which finds out what goes together.

use std::borrow::Cow;

use serde_json::json;
use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::custom;
use super::expansion;
use super::field::{Field, FieldType, Listed};
use super::filter::{MAX_IN, Operator};
use super::order::sort_pattern;
use super::params::{boolean, schema};
use super::reader::MAX_TEXT;
use super::relation::{Relation, Source};
use super::search::{Search, SearchRequest};
use crate::http::texts::SOME_TEXT;

/// The schema of text that is compared with.
const TEXT_VALUE: &str = "FilterText";

impl<R: Listed> PartialSchema for Search<R> {
    /// A `SearchRequest` that knows what there is in `R`.
    fn schema() -> RefOr<Schema> {
        let mut schema = SearchRequest::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.properties.insert("filter".to_owned(), or_null(reference(&filter_name::<R>())));
            if R::SEARCHED.is_none() {
                object.properties.shift_remove("q");
            }
            if let Some(RefOr::T(Schema::Object(sort))) = object.properties.get_mut("sort") {
                sort.pattern = Some(sort_pattern(R::FIELDS));
            }
            let names = expansion::names::<R>();
            if let Some(RefOr::T(Schema::Array(expand))) = object.properties.get_mut("expand") {
                expand.example = names.first().map(|name| json!([name]));
                expand.items = RefOr::T(Schema::from(text().enum_values(Some(names)))).into();
                expand.unique_items = true;
            }
        }
        schema
    }
}

impl<R: Listed> ToSchema for Search<R> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("{}Search", R::SCHEMA))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((TEXT_VALUE.to_owned(), text().pattern(Some(SOME_TEXT)).max_length(Some(MAX_TEXT)).into()));
        schemas.push((filter_name::<R>(), filter(&filter_name::<R>(), &Source::of::<R>(), R::RELATIONS)));
        for relation in R::RELATIONS.iter().filter(|relation| relation.is_many) {
            let name = related_name(&relation.to);
            schemas.push((name.clone(), filter(&name, &relation.to, &[])));
        }
    }
}

fn filter_name<R: Listed>() -> String {
    format!("{}Filter", R::SCHEMA)
}

/// Nothing is related to what is related.
fn related_name(source: &Source) -> String {
    format!("Related{}Filter", source.schema)
}

/// A tree of comparisons.
fn filter(name: &str, source: &Source, relations: &[Relation]) -> RefOr<Schema> {
    let several = || ArrayBuilder::new().items(reference(name)).min_items(Some(1));
    let mut choices = vec![
        object("All of these are true.", &["and"], [("and", several().into())]),
        object("One of these is true.", &["or"], [("or", several().into())]),
        object("This is not true.", &["not"], [("not", reference(name))]),
    ];
    choices.extend(relations.iter().filter(|relation| relation.is_many).map(|relation| {
        let parts = [("has", one_of(&[relation.name])), ("filter", or_null(reference(&related_name(&relation.to))))];
        object("There is a related row of which `filter` is true; any one will do without it.", &["has"], parts)
    }));
    choices.extend(comparisons(source, relations));
    let described = "A comparison, or several put together. At most 4 levels deep, with 50 comparisons.";
    // They exclude each other, but linters do not see that a name in an enum is none of those of a pattern.
    choices.into_iter().fold(AnyOfBuilder::new().description(Some(described)), AnyOfBuilder::item).into()
}

/// Fields that are compared alike are told of together: their names, the operators, the values.
fn comparisons(source: &Source, relations: &[Relation]) -> Vec<RefOr<Schema>> {
    let mut alike: Vec<(Vec<String>, RefOr<Schema>, Vec<String>)> = Vec::new();
    let mut add = |operators: Vec<Operator>, value: RefOr<Schema>, name: &str| {
        let operators: Vec<String> = operators.iter().map(|operator| operator.as_ref().to_owned()).collect();
        match alike.iter_mut().find(|(known, same, _)| *known == operators && *same == value) {
            _ if operators.is_empty() => {}
            Some((.., names)) => names.push(name.to_owned()),
            None => alike.push((operators, value, vec![name.to_owned()])),
        }
    };
    let reached = relations.iter().filter(|relation| !relation.is_many);
    let reached = reached.flat_map(|relation| relation.to.fields.iter().map(|field| (format!("{}.{}", relation.name, field.name), field)));
    let fields: Vec<(String, &Field)> = source.fields.iter().map(|field| (field.name.to_owned(), field)).chain(reached).collect();
    for (name, field) in fields {
        let (sets, others): (Vec<_>, Vec<_>) =
            Operator::offered(field).partition(|operator| matches!(operator, Operator::In | Operator::Nin));
        let (absent, others) = others.into_iter().partition(|operator| *operator == Operator::IsNull);
        add(others, value(field.kind), &name);
        add(sets, values(value(field.kind)), &name);
        add(absent, RefOr::T(boolean().into()), &name);
    }
    let comparison = |field: RefOr<Schema>, operators: RefOr<Schema>, value| {
        object("", &["field", "op", "value"], [("field", field), ("op", operators), ("value", value)])
    };
    let mut choices: Vec<RefOr<Schema>> =
        alike.into_iter().map(|(operators, value, names)| comparison(one_of(&names), one_of(&operators), value)).collect();
    let steps = relations.iter().filter(|relation| !relation.is_many && relation.to.custom.is_some()).map(|relation| relation.name);
    let steps: Vec<&str> = steps.chain(source.custom.map(|_| "")).collect();
    if !steps.is_empty() {
        let named = text().pattern(Some(custom::field_pattern(&steps))).description(Some("A custom field."));
        let operators: Vec<String> = Operator::all().map(|operator| operator.as_ref().to_owned()).collect();
        choices.push(comparison(named.into(), one_of(&operators), any_value()));
    }
    choices
}

/// What a field is compared with.
fn value(kind: FieldType) -> RefOr<Schema> {
    match kind {
        FieldType::Text | FieldType::Presence => some_text(),
        FieldType::Key(..) => match schema(kind) {
            own if own.pattern.as_deref() == Some(crate::http::texts::LINE) => some_text(),
            own => RefOr::T(own.into()),
        },
        other => RefOr::T(schema(other).into()),
    }
}

/// What a custom field may be compared with; only the workspace knows its type.
fn any_value() -> RefOr<Schema> {
    let number = || ObjectBuilder::new().schema_type(Type::Number);
    let item = OneOfBuilder::new().item(some_text()).item(number());
    let one = OneOfBuilder::new().item(some_text()).item(number()).item(boolean());
    one.item(ArrayBuilder::new().items(item).max_items(Some(MAX_IN))).into()
}

fn some_text() -> RefOr<Schema> {
    reference(TEXT_VALUE)
}

fn values(item: RefOr<Schema>) -> RefOr<Schema> {
    ArrayBuilder::new().items(item).max_items(Some(MAX_IN)).into()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn one_of<T: AsRef<str>>(names: &[T]) -> RefOr<Schema> {
    text().enum_values(Some(names.iter().map(|name| name.as_ref().to_owned()))).into()
}

fn reference(name: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(name))
}

fn or_null(schema: RefOr<Schema>) -> RefOr<Schema> {
    OneOfBuilder::new().item(schema).item(ObjectBuilder::new().schema_type(Type::Null)).into()
}

fn object<const N: usize>(described: &str, required: &[&str], parts: [(&str, RefOr<Schema>); N]) -> RefOr<Schema> {
    let object =
        ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
    let object = object.description(Some(described).filter(|text| !text.is_empty()));
    let object = parts.into_iter().fold(object, |object, (name, schema)| object.property(name, schema));
    required.iter().fold(object, |object, name| object.required(*name)).into()
}
