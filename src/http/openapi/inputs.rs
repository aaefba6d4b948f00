//! What bodies and answers have in common is two schemas: `XInput` for bodies, closed and with optional members, and `X` for
//! answers, open and whole.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::{allow_null, operations, reachable, references, rename_references, schema_name};

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
            schema.as_object_mut().map(|members| members.remove("required"));
            schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut).for_each(allow_null);
            copies.insert(copy, schema);
        }
    }
    let names = copies.keys().cloned().collect();
    schemas.extend(copies);
    names
}

/// Takes that back: what a patch makes, and not what it says, must be whole.
pub fn make_patches_whole(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    let whole = |name: &String| {
        let base = name.strip_suffix("Patch")?;
        let input = format!("{base}Input");
        Some((name.clone(), if schemas.contains_key(&input) { input } else { base.to_owned() }))
    };
    let names: HashMap<String, String> = schemas.keys().filter_map(whole).collect();
    schemas.values_mut().for_each(|schema| rename_references(schema, &names));
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
