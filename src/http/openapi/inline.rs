//! Schemas without references, as bodies are checked against them.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::inputs::allow_null;
use super::schema_name;
use crate::http::texts::{SOME_TEXT, TEXT};

/// How deep schemas are followed: no filter may be deeper.
const MAX_NESTING: usize = 5;

/// A schema of a document whose references are replaced by what they name, and "X or null" unions by X with a null type: then every
/// violation is a plain one. What is told by a code of its own is left out: control characters, and what of a union goes together.
///
/// `is_whole`: of a patch not what it says but what it makes, whose parts are whole.
pub fn inline(named: &dyn Fn(&str) -> Value, name: &str, is_whole: bool) -> Value {
    Inliner { named, is_whole, known: HashMap::new() }.resolve(name, 0)
}

struct Inliner<'d> {
    /// The schema of a name, or null.
    named: &'d dyn Fn(&str) -> Value,
    is_whole: bool,
    /// What names have become, by how many lie around them.
    known: HashMap<(String, usize), Value>,
}

impl Inliner<'_> {
    fn visit(&mut self, schema: &Value, depth: usize) -> Value {
        match schema {
            Value::Object(members) => match schema_name(schema) {
                Some(name) => self.resolve(name, depth),
                None => plain(members.iter().map(|(key, value)| (key.clone(), self.visit(value, depth))).collect()),
            },
            Value::Array(items) => Value::Array(items.iter().map(|item| self.visit(item, depth)).collect()),
            other => other.clone(),
        }
    }

    fn resolve(&mut self, name: &str, depth: usize) -> Value {
        if depth >= MAX_NESTING {
            return json!({ "type": "object" });
        }
        let place = (name.to_owned(), depth);
        if let Some(known) = self.known.get(&place) {
            return known.clone();
        }
        let target = self.target(name);
        let inlined = self.visit(&target, depth + 1);
        self.known.insert(place, inlined.clone());
        inlined
    }

    fn target(&self, name: &str) -> Value {
        let whole = name.strip_suffix("Patch").filter(|_| self.is_whole);
        let names = whole.into_iter().flat_map(|whole| [format!("{whole}Input"), whole.to_owned()]).chain([name.to_owned()]);
        names.map(|name| (self.named)(&name)).find(|schema| !schema.is_null()).unwrap_or_default()
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
        let tree = json!({ "anyOf": [
            { "type": "object", "properties": { "not": { "$ref": "#/components/schemas/Tree" } }, "required": ["not"] },
            { "type": "object", "properties": { "op": { "type": "string", "enum": ["eq"] }, "value": { "type": "string" } } },
            { "type": "object", "properties": { "op": { "type": "string", "enum": ["lt"] }, "value": { "type": "integer" } } },
        ] });
        let perhaps = json!({ "oneOf": [{ "$ref": "#/components/schemas/Tree" }, { "type": "null" }] });
        let inlined = inline(&|name| if name == "Tree" { tree.clone() } else { perhaps.clone() }, "Perhaps", false);
        assert_eq!(inlined["type"], json!(["object", "null"]));
        assert_eq!(inlined["properties"]["op"], json!({ "type": ["string", "null"] }));
        assert_eq!(inlined["properties"]["value"], json!({}));
        assert_eq!(inlined["properties"]["not"]["properties"]["op"], json!({ "type": ["string", "null"] }));
        let types = [&json!({ "type": "string" }), &json!({ "type": "array", "items": { "type": "string" } })];
        assert_eq!(union(&types), json!({ "type": ["string", "array"], "items": { "type": "string" } }));
        // The schema itself is the first.
        assert_eq!(inlined.pointer(&"/properties/not".repeat(MAX_NESTING - 1)), Some(&json!({ "type": ["object", "null"] })));
    }
}
