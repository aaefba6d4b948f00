//! `expand` adds objects beside their ids: members of an answer that are only there when they were asked for.

use serde_json::{Map, Value};

use super::schema_name;

/// Where the parameters of lists say which members there are.
const EXTENSION: &str = "x-expansions";

/// Gives the members that the parameters speak of to the schemas of answers, as optional ones.
pub fn describe(document: &mut Value) {
    let mut found: Vec<Value> = Vec::new();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    let operations = paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    let parameters = operations.filter_map(|operation| operation.get_mut("parameters")).filter_map(Value::as_array_mut).flatten();
    for parameter in parameters.filter_map(Value::as_object_mut) {
        if let Some(Value::Array(members)) = parameter.remove(EXTENSION) {
            found.extend(members);
        }
    }
    for expansion in found {
        let text = |name: &str| expansion.get(name).and_then(Value::as_str);
        let (Some(of), Some(member), Some(schema)) = (text("of"), text("member"), expansion.get("schema")) else { continue };
        let items = text("array").map(|array| format!("/components/schemas/{of}/properties/{array}/items"));
        let items = items.and_then(|items| document.pointer(&items)).and_then(schema_name).map(str::to_owned);
        let properties = format!("/components/schemas/{}/properties", items.as_deref().unwrap_or(of));
        if let Some(properties) = document.pointer_mut(&properties).and_then(Value::as_object_mut) {
            properties.insert(member.to_owned(), schema.clone());
        }
    }
}
