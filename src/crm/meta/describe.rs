//! Puts a description together: members from the document, filters from the list's table of fields, codes and custom fields from the
//! workspace.

use serde_json::Value;

use super::dto::{DescribedResource, FieldDescription, ResourceDescription};
use crate::crm::custom_fields::{CustomField, FieldKind, FieldOption, store};
use crate::crm::dictionaries::{Dictionary, Label};
use crate::http::document::Document;
use crate::http::openapi;
use crate::listing::{Field, FieldType, Listed, Operator};

/// What ids name, by their prefixes.
const NAMED: [(&str, &str); 11] = [
    ("usr", "users"),
    ("cus", "customers"),
    ("con", "contacts"),
    ("opp", "opportunities"),
    ("tch", "touch_records"),
    ("tier", "tiers"),
    ("pool", "pools"),
    ("org", "org_units"),
    ("rul", "recycle_rules"),
    ("pip", "pipelines"),
    ("stg", "stages"),
];

pub fn resource<R: Listed>(
    resource: DescribedResource,
    document: &Document,
    dictionaries: &[Dictionary],
    custom: Vec<CustomField>,
) -> ResourceDescription {
    let (create, update) = (document.schema(&format!("Create{}", R::SCHEMA)), document.schema(&format!("Update{}", R::SCHEMA)));
    let schema = document.schema(R::SCHEMA);
    let listed = |name: &str| R::FIELDS.iter().find(|field| field.name == name);
    let properties = schema.get("properties").and_then(Value::as_object);
    let members = properties.into_iter().flatten().filter(|(name, _)| *name != "custom").map(|(name, property)| {
        let (target, is_nullable) = resolve(document, property);
        let has = |schema: &Value| schema.pointer(&format!("/properties/{name}")).is_some();
        let required = create.get("required").and_then(Value::as_array).into_iter().flatten();
        let field = listed(name);
        FieldDescription {
            kind: field.and_then(|field| field.dictionary).map_or_else(|| kind_of(&target), |_| "code").to_owned(),
            description: description_of(property),
            is_member: true,
            is_required: required.into_iter().any(|required| required == name),
            is_nullable,
            is_creatable: has(&create),
            is_writable: has(&update),
            references: named(target.get("pattern").and_then(Value::as_str)),
            ..described(name, field, dictionaries)
        }
    });
    let is_member = |name: &str| properties.is_some_and(|properties| properties.contains_key(name));
    let filters = R::FIELDS.iter().filter(|field| !is_member(field.name));
    let filters = filters.map(|field| described(field.name, Some(field), dictionaries));
    let own = custom.into_iter().map(custom_field);
    ResourceDescription { resource, path: resource.path(), fields: members.chain(filters).chain(own).collect() }
}

/// What the table of fields says.
fn described(name: &str, field: Option<&Field>, dictionaries: &[Dictionary]) -> FieldDescription {
    let operators = field.into_iter().flat_map(Operator::offered).map(|operator| operator.as_ref().to_owned()).collect();
    let dictionary = field.and_then(|field| field.dictionary);
    let coded = dictionaries.iter().filter(|known| Some(known.name.as_str()) == dictionary).flat_map(|known| &known.items);
    let coded = coded.map(|item| option(&item.code, item.label.clone(), item.is_active));
    let named_here = match field.map(|field| field.kind) {
        Some(FieldType::Enum(choices)) => choices,
        _ => &[],
    };
    let label = |zh: &str, en: &str| Label { zh: zh.to_owned(), en: en.to_owned() };
    let named_here = named_here.iter().map(|(code, zh, en)| option(code, label(zh, en), true));
    let references = match field.map(|field| field.kind) {
        Some(FieldType::Id(prefix)) => NAMED.iter().find(|(known, _)| *known == prefix).map(|(_, resource)| (*resource).to_owned()),
        _ => None,
    };
    FieldDescription {
        name: name.to_owned(),
        kind: if references.is_some() { "id" } else { "text" }.to_owned(),
        description: None,
        is_member: false,
        is_required: false,
        is_nullable: field.is_some_and(|field| field.is_nullable),
        is_creatable: false,
        is_writable: false,
        is_sortable: field.is_some_and(|field| field.is_sortable),
        is_filterable: field.is_some(),
        operators,
        options: coded.chain(named_here).collect(),
        dictionary: dictionary.map(str::to_owned),
        references,
        is_custom: false,
        custom_field: None,
    }
}

fn option(code: &str, label: Label, is_active: bool) -> FieldOption {
    FieldOption { code: code.to_owned(), label, is_active }
}

fn custom_field(field: CustomField) -> FieldDescription {
    let compared = store::compared(&field);
    let references = match field.kind {
        FieldKind::User => Some("users"),
        FieldKind::Customer => Some("customers"),
        _ => None,
    };
    FieldDescription {
        kind: field.kind.as_ref().to_owned(),
        is_member: true,
        is_required: field.is_active && field.fields.is_required,
        is_nullable: true,
        is_creatable: field.is_active,
        is_writable: field.is_active,
        options: field.fields.options.clone(),
        references: references.map(str::to_owned),
        is_custom: true,
        ..described(&format!("custom.{}", field.key), Some(&compared), &[])
    }
    .of(field)
}

impl FieldDescription {
    fn of(self, field: CustomField) -> Self {
        Self { custom_field: Some(field), ..self }
    }
}

/// The schema without references and null, and whether there was a null.
fn resolve(document: &Document, schema: &Value) -> (Value, bool) {
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let is_null = |choice: &&Value| choice.get("type").is_some_and(|kind| kind == "null");
        let own = choices.iter().find(|choice| !is_null(choice)).unwrap_or(schema);
        return (resolve(document, own).0, choices.iter().any(|choice| is_null(&choice)));
    }
    let target = openapi::schema_name(schema).map_or_else(|| schema.clone(), |name| document.schema(name));
    let is_nullable = target.get("type").and_then(Value::as_array).is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"));
    (target, is_nullable)
}

fn description_of(property: &Value) -> Option<String> {
    let own = property.get("description").or_else(|| property.pointer("/oneOf/0/description"));
    own.and_then(Value::as_str).map(str::to_owned)
}

fn kind_of(schema: &Value) -> &'static str {
    let has = |name: &str| schema.get(name).is_some();
    let kinds = schema.get("type").map_or_else(Vec::new, |kind| kind.as_array().cloned().unwrap_or_else(|| vec![kind.clone()]));
    let kind = kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("object");
    match (kind, schema.get("format").and_then(Value::as_str)) {
        (_, Some("date-time")) => "datetime",
        (_, Some("date")) => "date",
        (_, Some("email")) => "email",
        (_, Some("uri")) => "url",
        ("integer", _) => "integer",
        ("number", _) => "number",
        ("boolean", _) => "boolean",
        ("array", _) => "array",
        ("string", _) if has("enum") => "enum",
        ("string", _) if named(schema.get("pattern").and_then(Value::as_str)).is_some() || is_id(schema) => "id",
        ("string", _) => "text",
        _ if schema.pointer("/properties/currency").is_some() => "money",
        _ => "object",
    }
}

fn is_id(schema: &Value) -> bool {
    schema.get("description").and_then(Value::as_str).is_some_and(|text| text.starts_with("Id of a "))
}

/// What an id's pattern names.
fn named(pattern: Option<&str>) -> Option<String> {
    let prefix = pattern?.strip_prefix('^')?.split_once('_')?.0;
    NAMED.iter().find(|(known, _)| *known == prefix).map(|(_, resource)| (*resource).to_owned())
}
