//! What bodies and answers have in common is two schemas: `XInput` for bodies, closed and with optional members, and `X` for
//! answers, open and whole.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::{operations, reachable, references, rename_references, schema_name};
use crate::http::texts::{SOME_TEXT, TEXT};

/// Splits them; gives the names of all schemas of bodies.
pub fn split(document: &mut Value, bodies: &BTreeSet<String>) -> BTreeSet<String> {
    let of_bodies = reachable(document, bodies);
    let mut answers = Vec::new();
    operations(document).for_each(|(_, _, operation)| references(&operation["responses"], &mut answers));
    let of_answers = reachable(document, &answers.into_iter().collect());
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return of_bodies };
    let is_object = |name: &&String| schemas.get(name.as_str()).is_some_and(|schema| schema.get("properties").is_some());
    let shared: HashMap<String, String> =
        of_bodies.intersection(&of_answers).filter(is_object).map(|name| (name.clone(), format!("{name}Input"))).collect();
    for (name, input) in &shared {
        if let Some(copy) = schemas.get(name).cloned() {
            schemas.insert(input.clone(), copy);
        }
    }
    let inputs: BTreeSet<String> = of_bodies.into_iter().map(|name| shared.get(&name).cloned().unwrap_or(name)).collect();
    for (_, schema) in schemas.iter_mut().filter(|(name, _)| inputs.contains(*name)) {
        rename_references(schema, &shared);
    }
    inputs
}

/// In a patch an object's members may be left out at every depth (RFC 7396): a copy `XPatch` of each object that a patch names.
pub fn split_patches(document: &mut Value) -> Vec<String> {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return Vec::new() };
    let known = schemas.clone();
    let mut copies = Map::new();
    for patch in schemas.values_mut().filter(|schema| schema.get("x-merge-patch").is_some()) {
        for property in patch.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
            let direct = property.pointer("/oneOf/0").unwrap_or(property);
            let Some(name) = schema_name(direct).map(str::to_owned) else { continue };
            let Some(schema) = known.get(&name) else { continue };
            if schema.get("required").is_none() {
                continue;
            }
            let copy = format!("{}Patch", name.trim_end_matches("Input"));
            rename_references(property, &HashMap::from([(name.clone(), copy.clone())]));
            let mut schema = schema.clone();
            // What the object requires cannot be cleared.
            let required = schema.as_object_mut().and_then(|members| members.remove("required"));
            schema["x-not-null"] = required.unwrap_or_default();
            copies.insert(copy, schema);
        }
    }
    let names = copies.keys().cloned().collect();
    schemas.extend(copies);
    names
}

/// Says a default in words: code generators take `default` for a promise that the member is there. A patch has none.
pub fn describe_defaults(schema: &mut Value) {
    let is_patch = schema["x-merge-patch"] == true;
    for property in
        schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut)
    {
        let Some(default) = property.remove("default").filter(|_| !is_patch) else { continue };
        let described = property.get("description").and_then(Value::as_str).map(|text| format!("{text} ")).unwrap_or_default();
        property.insert("description".to_owned(), format!("{described}Default: `{default}`.").into());
    }
}

/// Lets a schema be null as well.
pub fn allow_null(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    if members.contains_key("$ref") {
        let reference = schema.take();
        *schema = json!({ "oneOf": [reference, { "type": "null" }] });
        return;
    }
    match members.get_mut("type") {
        Some(Value::String(one)) if one != "null" => {
            let one = std::mem::take(one);
            members.insert("type".to_owned(), json!([one, "null"]));
        }
        Some(Value::Array(many)) if !many.contains(&json!("null")) => many.push(json!("null")),
        _ => {}
    }
    if let Some(Value::Array(choices)) = members.get_mut("enum")
        && !choices.contains(&Value::Null)
    {
        choices.push(Value::Null);
    }
}

/// In a body, what is not required may be null (absent = null = default; in a patch null clears), and nothing is unknown.
pub fn finish(schema: &mut Value) {
    let names = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let kept = [names(&schema["required"]), names(&schema["x-not-null"])].concat();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        let is_kept = kept.contains(&Value::String(name.clone()));
        describe_text(property, is_kept);
        if let Some(items) = property.get_mut("items") {
            describe_text(items, true);
        }
        let nullable = property["oneOf"].as_array().is_some_and(|choices| choices.iter().any(|choice| choice["type"] == "null"));
        if !is_kept && !nullable {
            allow_null(property);
        }
    }
    if let Some(members) = schema.as_object_mut() {
        members.remove("x-merge-patch");
        members.remove("x-not-null");
        members.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}

/// Says what plain text may be made of: where it must be, of more than white space; where it need not, `""` is null.
fn describe_text(schema: &mut Value, is_kept: bool) {
    let is_password = schema["format"] == "password";
    let is_text = schema["type"] == "string" || schema["type"] == json!(["string", "null"]);
    let is_told = ["pattern", "enum", "format"].iter().any(|name| schema.get(name).is_some());
    let Some(members) = schema.as_object_mut().filter(|_| is_text && (!is_told || is_password)) else { return };
    if !is_kept {
        members.remove("minLength");
    }
    let pattern = if is_kept && !is_password { SOME_TEXT } else { TEXT };
    members.insert("pattern".to_owned(), pattern.into());
}
