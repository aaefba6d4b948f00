//! What bodies and answers have in common is two schemas: `XInput` for bodies, closed and with optional members, and `X` for
//! answers, open and whole.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{operations, reachable, references, rename_references};

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

/// Says a default in words: code generators take `default` for a promise that the member is there. A patch has none.
pub fn describe_defaults(schema: &mut Value) {
    let is_patch = schema["x-merge-patch"] == true;
    for property in schema
        .get_mut("properties")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flat_map(serde_json::Map::values_mut)
        .filter_map(Value::as_object_mut)
    {
        let Some(default) = property.remove("default").filter(|_| !is_patch) else { continue };
        let described = property.get("description").and_then(Value::as_str).map(|text| format!("{text} ")).unwrap_or_default();
        property.insert("description".to_owned(), format!("{described}Default: `{default}`.").into());
    }
}
