//! Finishes the generated OpenAPI document so that it says what the contract says for every resource alike.
//!
//! The routes give paths, parameters and types. This pass adds what is true everywhere: bodies refuse unknown members
//! and take null for "clear", answers have every member, every operation may answer a problem.
#![expect(clippy::indexing_slicing, reason = "a JSON value read by name gives null when there is none")]

mod expansions;
mod headers;
mod inline;
mod inputs;
mod partial;

pub use inline::inline;

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

/// Members of answers that are not always there.
fn is_optional(schema: &str, member: &str) -> bool {
    matches!((schema, member), (_, "total" | "total_capped") | ("Problem", "results"))
}

/// What generic types are called here: `Page_Customer` is `CustomerPage`.
const GENERICS: [&str; 4] = ["Page", "BatchGet", "BatchResult", "BatchResults"];

pub fn finish(document: &mut Value) {
    rename_generics(document);
    flatten_unions(document);
    open_upserts(document);
    open_free_objects(document);
    let bodies = body_schema_names(document);
    let mut inputs = inputs::split(document, &bodies);
    inputs.extend(inputs::split_patches(document));
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        for (name, schema) in schemas.iter_mut() {
            if inputs.contains(name) {
                inputs::describe_defaults(schema);
                inputs::finish(schema);
            } else {
                finish_answer(name, schema);
            }
        }
        schemas.sort_keys();
    }
    expansions::describe(document);
    default_answers(document);
    headers::describe(document);
    partial::split(document);
    prune(document);
    if let Some(paths) = document["paths"].as_object_mut() {
        paths.sort_keys();
    }
}

/// The schemas that request bodies name.
pub fn body_schema_names(document: &Value) -> BTreeSet<String> {
    operations(document)
        .filter_map(|(_, _, operation)| operation["requestBody"]["content"].as_object())
        .flat_map(|content| content.values())
        .filter_map(|media| schema_name(&media["schema"]).map(str::to_owned))
        .collect()
}

/// Every operation with its path and method.
pub fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
    document["paths"].as_object().into_iter().flatten().flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| item.get(method).map(|operation| (path.as_str(), *method, operation)))
    })
}

/// The name of the schema that this one refers to.
pub fn schema_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components/schemas/"))
}

/// In an answer every documented member is present, others may be added later, and there are no defaults.
fn finish_answer(name: &str, schema: &mut Value) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    properties.values_mut().filter_map(Value::as_object_mut).for_each(|property| {
        property.remove("default");
    });
    let names: Vec<&String> = properties.keys().filter(|member| !is_optional(name, member)).collect();
    schema["required"] = json!(names);
    if let Some(members) = schema.as_object_mut() {
        members.remove("additionalProperties");
    }
}

/// An object whose members nobody declared may have any.
fn open_free_objects(document: &mut Value) {
    for schema in document["components"]["schemas"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        for property in schema
            .get_mut("properties")
            .and_then(Value::as_object_mut)
            .into_iter()
            .flat_map(Map::values_mut)
            .filter_map(Value::as_object_mut)
        {
            if property.get("type") == Some(&json!("object")) && !property.contains_key("properties") {
                property.entry("additionalProperties").or_insert(Value::Bool(true));
            }
        }
    }
}

/// `serde(flatten)` comes as `allOf`; one object is what readers and code generators want.
fn flatten_unions(document: &mut Value) {
    let known = document["components"]["schemas"].clone();
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for schema in schemas.values_mut().filter(|schema| schema.get("allOf").is_some()) {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        gather(&known, schema, &mut properties, &mut required);
        let Some(members) = schema.as_object_mut() else { continue };
        members.remove("allOf");
        members.insert("type".to_owned(), json!("object"));
        members.insert("properties".to_owned(), Value::Object(properties));
        if !required.is_empty() {
            members.insert("required".to_owned(), Value::Array(required));
        }
    }
}

/// The members of a type: what stands in the type itself comes first, then what it takes in, which may take in others.
fn gather(known: &Value, schema: &Value, properties: &mut Map<String, Value>, required: &mut Vec<Value>) {
    let schema = schema_name(schema).map_or(schema, |name| &known[name]);
    schema["allOf"].as_array().into_iter().flatten().rev().for_each(|part| gather(known, part, properties, required));
    properties.extend(schema["properties"].as_object().cloned().unwrap_or_default());
    required.extend(schema["required"].as_array().cloned().unwrap_or_default());
}

/// An upsert requires nothing by itself; what creation requires may not be cleared.
fn open_upserts(document: &mut Value) {
    let schemas = document["components"]["schemas"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for members in schemas.filter(|schema| schema["x-upsert"] == true).filter_map(Value::as_object_mut) {
        members.remove("x-upsert");
        let required = members.remove("required").unwrap_or_default();
        members.insert("x-not-null".to_owned(), required);
        members.insert("x-merge-patch".to_owned(), Value::Bool(true));
    }
}

/// `Page_Customer` is called `CustomerPage`, and names its rows instead of repeating what they are.
fn rename_generics(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    let mut names = HashMap::new();
    for old in schemas.keys().cloned().collect::<Vec<_>>() {
        let Some((generic, item)) = old.split_once('_').filter(|(generic, _)| GENERICS.contains(generic)) else { continue };
        let Some(mut schema) = schemas.remove(&old) else { continue };
        let row = json!({ "$ref": format!("#/components/schemas/{item}") });
        match generic {
            "BatchResult" => schema["properties"]["data"] = json!({ "oneOf": [row, { "type": "null" }] }),
            "BatchResults" => {}
            _ => schema["properties"]["data"]["items"] = row,
        }
        let new = format!("{item}{generic}");
        schemas.insert(new.clone(), schema);
        names.insert(old, new);
    }
    rename_references(document, &names);
}

fn rename_references(value: &mut Value, names: &HashMap<String, String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref")
                && let Some(new) = reference.strip_prefix("#/components/schemas/").and_then(|old| names.get(old))
            {
                *reference = format!("#/components/schemas/{new}");
            }
            members.values_mut().for_each(|member| rename_references(member, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename_references(item, names)),
        _ => {}
    }
}

/// The schemas that bodies lead to.
fn reachable(document: &Value, from: &BTreeSet<String>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<String> = from.iter().cloned().collect();
    while let Some(name) = open.pop() {
        if seen.insert(name.clone()) {
            references(&document["components"]["schemas"][&name], &mut open);
        }
    }
    seen
}

/// Takes out the schemas that nothing names any more.
fn prune(document: &mut Value) {
    let mut open = Vec::new();
    references(&document["paths"], &mut open);
    references(&document["components"]["responses"], &mut open);
    let named = reachable(document, &open.into_iter().collect());
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _| named.contains(name));
    }
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(schema_name(value).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// Every operation may answer a problem; those with an id may answer 404, those with a body 422.
fn default_answers(document: &mut Value) {
    document["components"]["responses"]["Problem"] = json!({
        "description": "The request was refused; `code` says why.",
        "headers": {
            "Error-Code": { "description": "The problem's code.", "schema": { "type": "string" } },
            "Retry-After": { "description": "Seconds to wait (429, 503, and 409 `idempotency_in_progress`).", "schema": { "type": "integer" } },
        },
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for item in paths.values_mut().filter_map(Value::as_object_mut) {
        for operation in item.values_mut().filter(|operation| operation.get("responses").is_some()) {
            let only = json!("validate_only");
            let is_tried = operation["parameters"].as_array().is_some_and(|known| known.iter().any(|parameter| parameter["name"] == only));
            if is_tried && operation["responses"].get("207").is_none() {
                operation["responses"]["204"] = json!({ "description": "With `validate_only`: it could be done, and was not." });
            }
            for status in ["4XX", "default"] {
                operation["responses"][status] = json!({ "$ref": "#/components/responses/Problem" });
            }
            for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
                if parameter["in"] == "path" && parameter["name"] == "id" && parameter.get("description").is_none() {
                    parameter["description"] = json!("The object's id.");
                }
            }
        }
    }
}
