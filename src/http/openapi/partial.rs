//! Searches answer only the members that are asked for: rows that may lack any member but `id`.

use serde_json::{Value, json};

use super::schema_name;

/// Gives the answers of searches their own schemas: `XPartialPage` of `XPartial`.
pub fn split(document: &mut Value) {
    let mut pages = Vec::new();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    for (_, item) in paths.filter(|(path, _)| path.ends_with("/search")) {
        let Some(answer) = item.pointer_mut("/post/responses/200") else { continue };
        // The next page is asked for with another body.
        answer.as_object_mut().map(|members| members.remove("headers"));
        let Some(schema) = answer.pointer_mut("/content/application~1json/schema") else { continue };
        let Some(row) = schema_name(schema).and_then(|page| page.strip_suffix("Page")).map(str::to_owned) else { continue };
        *schema = json!({ "$ref": format!("#/components/schemas/{row}PartialPage") });
        pages.push(row);
    }
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    for row in pages {
        let (Some(mut partial), Some(mut page)) = (schemas.get(&row).cloned(), schemas.get(&format!("{row}Page")).cloned()) else {
            continue;
        };
        partial["required"] = json!(["id"]);
        page["properties"]["data"]["items"] = json!({ "$ref": format!("#/components/schemas/{row}Partial") });
        schemas.insert(format!("{row}Partial"), partial);
        schemas.insert(format!("{row}PartialPage"), page);
    }
    schemas.sort_keys();
}
