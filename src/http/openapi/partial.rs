//! Searches and `batch-get` answer only the members that are asked for: rows that may lack any member but `id`. Which members that
//! can be, their bodies say.

use serde_json::{Value, json};

use super::schema_name;

/// Gives their answers their own schemas: `XPartialPage` and `XPartialBatchGet`, of `XPartial`.
pub fn split(document: &mut Value) {
    let mut split = Vec::new();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    for (_, item) in paths.filter(|(path, _)| path.ends_with("/search") || path.ends_with("/batch-get")) {
        let body = item.pointer("/post/requestBody/content/application~1json/schema").and_then(schema_name).map(str::to_owned);
        let Some(answer) = item.pointer_mut("/post/responses/200") else { continue };
        // The next page is asked for with another body.
        answer.as_object_mut().map(|members| members.remove("headers"));
        let Some(schema) = answer.pointer_mut("/content/application~1json/schema") else { continue };
        let named =
            |suffix: &'static str| schema_name(schema).and_then(|name| name.strip_suffix(suffix)).map(|row| (row.to_owned(), suffix));
        let Some((row, suffix)) = named("Page").or_else(|| named("BatchGet")) else { continue };
        *schema = json!({ "$ref": format!("#/components/schemas/{row}Partial{suffix}") });
        split.push((row, suffix, body));
    }
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    for (row, suffix, body) in split {
        let (Some(mut partial), Some(mut page)) = (schemas.get(&row).cloned(), schemas.get(&format!("{row}{suffix}")).cloned()) else {
            continue;
        };
        let members: Vec<String> = partial["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        if let Some(fields) = body.and_then(|body| schemas.get_mut(&body)).and_then(|body| body.pointer_mut("/properties/fields")) {
            fields["items"] = json!({ "type": "string", "enum": members });
        }
        partial["required"] = json!(["id"]);
        page["properties"]["data"]["items"] = json!({ "$ref": format!("#/components/schemas/{row}Partial") });
        schemas.insert(format!("{row}Partial"), partial);
        schemas.insert(format!("{row}Partial{suffix}"), page);
    }
    schemas.sort_keys();
}
