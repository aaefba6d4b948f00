//! Resources describe themselves.

use fishpond::http::openapi::operations;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Actor, DOCUMENT, on_both};

const RESOURCES: [(&str, &str, &str); 6] = [
    ("customers", "/customers", "Customer"),
    ("contacts", "/contacts", "Contact"),
    ("opportunities", "/opportunities", "Opportunity"),
    ("tiers", "/tiers", "Tier"),
    ("touch_records", "/touch-records", "TouchRecord"),
    ("planned_touches", "/planned-touches", "PlannedTouch"),
];

async fn field(admin: &Actor, resource: &str, name: &str) -> Value {
    let meta = admin.get(&format!("/meta/resources/{resource}")).await.ok();
    let fields = meta["fields"].as_array().unwrap().iter().find(|field| field["name"] == name);
    fields.unwrap_or_else(|| panic!("{resource} has no {name}")).clone()
}

#[test]
fn what_is_described_is_what_the_document_says() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let list = admin.get("/meta/resources").await.ok();
        assert_eq!(list["data"].as_array().unwrap().len(), RESOURCES.len());
        for ((resource, path, schema), listed) in RESOURCES.iter().zip(list["data"].as_array().unwrap()) {
            let there = listed["description_path"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
            let meta = admin.get(there).await.ok();
            assert_eq!((&meta["resource"], &meta["path"]), (&json!(resource), &json!(format!("/api/v1{path}"))));
            assert_eq!((&meta["resource"], &meta["path"]), (&listed["resource"], &listed["path"]));
            let fields = meta["fields"].as_array().unwrap();
            let by_name = |name: &str| fields.iter().find(|field| field["name"] == name);
            let members = &DOCUMENT["components"]["schemas"][schema]["properties"];
            for (name, member) in members.as_object().unwrap().iter().filter(|(name, _)| *name != "custom") {
                let field = by_name(name).unwrap_or_else(|| panic!("{resource} does not describe {name}"));
                assert_eq!(field["is_member"], true);
                let said = member["description"].as_str().or(member["oneOf"][0]["description"].as_str()).unwrap_or_default();
                let dictionary = said.split_once("of the dictionary `").and_then(|(_, rest)| rest.split('`').next());
                assert_eq!(field["dictionary"].as_str(), dictionary, "{resource}.{name}");
                let has_choices = field["type"] == "enum" || dictionary.is_some();
                assert_eq!(!field["options"].as_array().unwrap().is_empty(), has_choices, "{resource}.{name}: {field:#}");
                assert_eq!(field["type"] == "id" && name != "id", field["references"].is_string() && name != "id", "{resource}.{name}");
                let creatable = &DOCUMENT["components"]["schemas"][format!("Create{schema}")]["properties"];
                assert_eq!(field["is_creatable"] == true, creatable.get(name).is_some(), "{resource}.{name}");
            }
            // Every filter of the list is described, with its operators.
            let list = operations(&DOCUMENT).find(|(at, method, _)| *method == "get" && *at == format!("/api/v1{path}")).unwrap().2;
            for parameter in list["parameters"].as_array().unwrap().iter().filter_map(|parameter| parameter["name"].as_str()) {
                let (name, operator) =
                    parameter.split_once('[').map_or((parameter, "eq"), |(name, rest)| (name, rest.trim_end_matches(']')));
                let options = ["limit", "cursor", "sort", "include_total", "is_deleted", "q", "custom", "include_counts", "expand"];
                if options.contains(&name) {
                    continue;
                }
                let field = by_name(name).unwrap_or_else(|| panic!("{resource} does not describe {name}"));
                assert!(field["operators"].as_array().unwrap().contains(&json!(operator)), "{resource}: {parameter}");
            }
            for field in fields.iter().filter(|field| field["is_sortable"] == true) {
                let name = field["name"].as_str().unwrap();
                let unit = if name == "amount" { "&amount_currency=CNY" } else { "" };
                admin.get(&format!("{path}?sort={name}{unit}")).await.ok();
            }
        }
        for unknown in ["users", "touch_records", "nonsense"] {
            admin.get(&format!("/meta/resources/{unknown}")).await.problem(404, "not_found");
        }
        let stage = field(&admin, "customers", "lifecycle_stage").await;
        assert_eq!((&stage["type"], &stage["is_writable"], &stage["is_creatable"]), (&json!("enum"), &json!(false), &json!(true)));
        assert_eq!(stage["options"][0], json!({ "code": "lead", "label": { "zh": "线索", "en": "Lead" }, "is_active": true }));
        let owner = field(&admin, "customers", "owner_id").await;
        assert_eq!((&owner["type"], &owner["references"], &owner["is_nullable"]), (&json!("id"), &json!("users"), &json!(true)));
        let remarks = field(&admin, "customers", "remarks").await;
        assert_eq!((&remarks["is_filterable"], &remarks["is_writable"], &remarks["type"]), (&json!(false), &json!(true), &json!("text")));
        let phone = field(&admin, "customers", "phone").await;
        assert_eq!((&phone["is_member"], &phone["is_filterable"]), (&json!(false), &json!(true)));
        assert_eq!(field(&admin, "opportunities", "amount").await["type"], "money");
    });
}

#[test]
fn custom_fields_and_codes_are_described_as_they_are() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let option = |code: &str| json!({ "code": code, "label": { "zh": code, "en": code }, "is_active": true });
        let body = json!({ "resource": "customers", "key": "level", "type": "select", "label": { "zh": "级", "en": "L" }, "options": [option("a")] });
        let made = admin.post("/fields", body).await.created();
        let described = field(&admin, "customers", "custom.level").await;
        assert_eq!((&described["custom_field"], &described["options"]), (&made, &made["options"]));
        assert_eq!(
            (&described["type"], &described["is_custom"], &described["is_writable"]),
            (&json!("select"), &json!(true), &json!(true))
        );
        assert_eq!(described["operators"], json!(["eq", "ne", "in", "nin", "is_null"]));
        let source = field(&admin, "customers", "source").await;
        let dictionary = admin.get("/dictionaries/source").await.ok();
        assert_eq!(source["options"].as_array().unwrap().len(), dictionary["items"].as_array().unwrap().len());

        let path = "/meta/resources/customers";
        let tag = admin.get(path).await.header("etag").to_owned();
        let again = async |tag: &str| admin.send(admin.request(Method::GET, path).header("if-none-match", tag)).await.status;
        assert_eq!(again(&tag).await, 304);
        admin.act(&format!("/fields/{}/retire", made["id"].as_str().unwrap())).await.ok();
        assert_eq!(again(&tag).await, 200);
        assert_eq!(field(&admin, "customers", "custom.level").await["is_writable"], false);
        app.user("viewer").await.get(path).await.ok();
        let before = app.statements().await;
        admin.get(path).await.ok();
        assert_eq!(app.statements().await - before, 3);
    });
}
