//! Schemas without references, as bodies are checked against them.

use serde_json::{Map, Value, json};

/// How deep a schema that refers to itself is followed: no filter may be deeper.
const MAX_NESTING: usize = 4;

/// Replaces references by what they name, and "X or null" unions by X with a null type: then every violation is a plain one.
/// What refers to itself is checked as deep as it may be.
pub fn inline(document: &Value, schema: &Value, within: &mut Vec<String>) -> Value {
    match schema {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                if within.iter().filter(|outer| *outer == reference).count() >= MAX_NESTING {
                    return json!({ "type": "object" });
                }
                let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer)).unwrap_or(&Value::Null);
                within.push(reference.to_owned());
                let inlined = inline(document, target, within);
                within.pop();
                return inlined;
            }
            let mut copy: Map<String, Value> = members.iter().map(|(key, value)| (key.clone(), inline(document, value, within))).collect();
            if let Some(Value::Array(choices)) = copy.get("oneOf")
                && let [only] = choices.iter().filter(|choice| choice["type"] != "null").collect::<Vec<_>>().as_slice()
                && choices.len() == 2
            {
                let mut schema = (*only).clone();
                super::allow_null(&mut schema);
                return schema;
            }
            // Deeper down as well: absent = null = default.
            let required = copy.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            if let Some(Value::Object(properties)) = copy.get_mut("properties").filter(|_| within.len() > 1) {
                let optional = properties.iter_mut().filter(|(name, _)| !required.contains(&Value::String((*name).clone())));
                optional.for_each(|(_, property)| super::allow_null(property));
            }
            copy.remove("example");
            copy.remove("examples");
            Value::Object(copy)
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| inline(document, item, within)).collect()),
        other => other.clone(),
    }
}
