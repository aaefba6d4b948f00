//! Schemas without references, as bodies are checked against them.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::inputs::allow_null;
use crate::http::texts::{SOME_TEXT, TEXT};

/// How deep schemas are followed: no filter may be deeper.
const MAX_NESTING: usize = 5;

/// Replaces references by what they name, and "X or null" unions by X with a null type: then every violation is a plain one. What
/// is told by a code of its own is left out: control characters, and what of a union goes together.
pub fn inline(document: &Value, schema: &Value) -> Value {
    Inliner { document, known: HashMap::new() }.visit(schema, 0)
}

struct Inliner<'d> {
    document: &'d Value,
    /// What references have become, by how many lie around them.
    known: HashMap<(String, usize), Value>,
}

impl Inliner<'_> {
    fn visit(&mut self, schema: &Value, depth: usize) -> Value {
        match schema {
            Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
                Some(reference) => self.resolve(reference, depth),
                None => plain(members.iter().map(|(key, value)| (key.clone(), self.visit(value, depth))).collect()),
            },
            Value::Array(items) => Value::Array(items.iter().map(|item| self.visit(item, depth)).collect()),
            other => other.clone(),
        }
    }

    fn resolve(&mut self, reference: &str, depth: usize) -> Value {
        if depth >= MAX_NESTING {
            return json!({ "type": "object" });
        }
        let place = (reference.to_owned(), depth);
        if let Some(known) = self.known.get(&place) {
            return known.clone();
        }
        let target = reference.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer)).unwrap_or(&Value::Null);
        let inlined = self.visit(target, depth + 1);
        self.known.insert(place, inlined.clone());
        inlined
    }
}

/// A schema whose parts have no references any more.
fn plain(mut schema: Map<String, Value>) -> Value {
    if let Some(Value::Array(choices)) = schema.get("oneOf").or_else(|| schema.get("anyOf")) {
        let own: Vec<&Value> = choices.iter().filter(|choice| choice["type"] != "null").collect();
        let mut union = if let [only] = own.as_slice() { (*only).clone() } else { union(&own) };
        if own.len() < choices.len() {
            allow_null(&mut union);
        }
        return union;
    }
    schema.retain(|name, value| match name.as_str() {
        "description" | "example" | "examples" => !value.is_string() && !value.is_array(),
        "pattern" => *value != TEXT && *value != SOME_TEXT,
        _ => true,
    });
    Value::Object(schema)
}

/// Of several objects, what may stand in any of them; of anything else, the types.
fn union(choices: &[&Value]) -> Value {
    if choices.iter().any(|choice| choice["type"] != "object") {
        let types: Vec<&Value> = choices.iter().map(|choice| &choice["type"]).collect();
        let items = choices.iter().find_map(|choice| choice.get("items")).cloned().unwrap_or_else(|| json!({}));
        return json!({ "type": types, "items": items });
    }
    let mut properties: Map<String, Value> = Map::new();
    for (name, property) in choices.iter().filter_map(|choice| choice["properties"].as_object()).flatten() {
        let known = properties.entry(name.clone()).or_insert_with(|| property.clone());
        if known != property {
            *known = if known["type"] == property["type"] { json!({ "type": known["type"] }) } else { json!({}) };
        }
    }
    properties.values_mut().for_each(allow_null);
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_union_is_what_its_parts_have() {
        let document = json!({ "components": { "schemas": { "Tree": { "anyOf": [
            { "type": "object", "properties": { "not": { "$ref": "#/components/schemas/Tree" } }, "required": ["not"] },
            { "type": "object", "properties": { "op": { "type": "string", "enum": ["eq"] }, "value": { "type": "string" } } },
            { "type": "object", "properties": { "op": { "type": "string", "enum": ["lt"] }, "value": { "type": "integer" } } },
        ] } } } });
        let schema = json!({ "oneOf": [{ "$ref": "#/components/schemas/Tree" }, { "type": "null" }] });
        let inlined = inline(&document, &schema);
        assert_eq!(inlined["type"], json!(["object", "null"]));
        assert_eq!(inlined["properties"]["op"], json!({ "type": ["string", "null"] }));
        assert_eq!(inlined["properties"]["value"], json!({}));
        assert_eq!(inlined["properties"]["not"]["properties"]["op"], json!({ "type": ["string", "null"] }));
        let types = [&json!({ "type": "string" }), &json!({ "type": "array", "items": { "type": "string" } })];
        assert_eq!(union(&types), json!({ "type": ["string", "array"], "items": { "type": "string" } }));
        assert_eq!(inlined.pointer(&"/properties/not".repeat(MAX_NESTING)), Some(&json!({ "type": ["object", "null"] })));
    }
}
