//! The headers of requests and answers, which follow from what an operation is.

use serde_json::{Map, Value, json};

use super::schema_name;
use crate::http::idempotency::{KEY_PATTERN, takes_key};

/// The headers that come with an answer follow from what it is: an object has a version, a new one a place, a page a next one.
pub fn describe(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    let Some(paths) = document["paths"].as_object_mut() else { return };
    let operations = paths.iter_mut().filter_map(|(path, item)| item.as_object_mut().map(|item| (path, item)));
    for (path, method, operation) in operations.flat_map(|(path, item)| item.iter_mut().map(move |(method, one)| (path, method, one))) {
        let is_keyed = takes_key(&method.to_ascii_uppercase(), path);
        for (status, answer) in operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten() {
            let properties = schema_name(&answer["content"]["application/json"]["schema"]).map(|name| &schemas[name]["properties"]);
            let has = |member: &str| properties.is_some_and(|properties| properties.get(member).is_some());
            let mut found = Map::new();
            if has("version") && has("id") {
                found.insert("ETag".to_owned(), text("The object's version, `\"v<version>\"`: send it as `If-Match`."));
            }
            if status == "201" {
                found.insert("Location".to_owned(), text("Where the new object is."));
            }
            if status == "202" {
                found.insert("Location".to_owned(), text("Where the job is."));
                found.insert("Retry-After".to_owned(), text("After how many seconds to ask for the job."));
            }
            if has("next_cursor") && has("total") {
                found.insert("Link".to_owned(), text("`<…>; rel=\"next\"` when there is a next page."));
            }
            if is_keyed && status.starts_with('2') {
                found.insert("Idempotency-Replayed".to_owned(), text("`true` when this answer was given before, to the same request."));
            }
            if !found.is_empty() {
                answer["headers"] = Value::Object(found);
            }
        }
        if operation["responses"].get("304").is_some() {
            let text = "The `ETag` that the caller has: when the object has not changed, the answer is 304 without a body.";
            add(operation, "If-None-Match", json!({ "type": "string" }), text);
        }
        if is_keyed {
            let text = "Makes it safe to send the request again, with the same key: it is done once, and its answer is given again for 7 \
days. Any visible ASCII characters, quotes around them do not count; best a new UUID for each request.";
            add(operation, "Idempotency-Key", json!({ "type": "string", "pattern": KEY_PATTERN }), text);
        }
    }
}

fn add(operation: &mut Value, name: &str, schema: Value, description: &str) {
    let parameter = json!({ "name": name, "in": "header", "required": false, "schema": schema, "description": description });
    match operation.get_mut("parameters").and_then(Value::as_array_mut) {
        Some(parameters) => parameters.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}
