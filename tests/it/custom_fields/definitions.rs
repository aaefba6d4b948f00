//! What a field may be.

use reqwest::Method;
use serde_json::{Value, json};

use super::{company, customer, definition, field, options, path};
use crate::harness::{ids, on_both};

#[test]
fn a_field_lives_its_life() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let answer = admin.post("/fields", definition("customers", "level", "select", options(&["gold", "silver"]))).await;
        assert_eq!(answer.header("etag"), "\"v1\"");
        let made = answer.created();
        let there = path(&made);
        assert_eq!((&made["is_active"], &made["retired_at"], &made["is_required"]), (&json!(true), &Value::Null, &json!(false)));
        assert_eq!((&made["default"], &made["min"], &made["pattern"]), (&Value::Null, &Value::Null, &Value::Null));
        assert_eq!(made["options"][1], json!({ "code": "silver", "label": { "zh": "silver", "en": "silver" }, "is_active": true }));
        let reader = app.user("viewer").await;
        assert_eq!(reader.get(&there).await.ok(), made, "everybody reads them");
        let unchanged = admin.send(admin.request(Method::GET, &there).header("if-none-match", "\"v1\"")).await;
        assert_eq!(unchanged.status, 304);

        let patched = admin.patch_if(&there, "\"v1\"", json!({ "label": { "en": "Level" }, "default": "gold" })).await.ok();
        assert_eq!(patched["label"], json!({ "zh": "字段", "en": "Level" }));
        assert_eq!((&patched["default"], &patched["version"]), (&json!("gold"), &json!(2)));
        assert_eq!(admin.patch(&there, json!({ "default": "gold" })).await.ok()["version"], 2, "nothing changed");
        admin.patch_if(&there, "\"v1\"", json!({ "is_required": true })).await.problem(412, "version_conflict");
        let fixed = admin.patch(&there, json!({ "resource": "tiers", "key": "x", "type": "text" })).await;
        fixed.invalid(&[("/resource", "read_only_field"), ("/key", "read_only_field"), ("/type", "read_only_field")]);

        // An option that is left out is retired; so it cannot be the default any more.
        let silver = json!({ "options": [{ "code": "silver", "label": { "zh": "银", "en": "Silver" } }] });
        admin.patch(&there, silver.clone()).await.invalid(&[("/default", "retired_code")]);
        admin.patch(&there, json!({ "default": null })).await.ok();
        let retired = admin.patch(&there, silver).await.ok();
        let codes: Vec<(&Value, &Value)> =
            retired["options"].as_array().unwrap().iter().map(|option| (&option["code"], &option["is_active"])).collect();
        assert_eq!(codes, [(&json!("silver"), &json!(true)), (&json!("gold"), &json!(false))]);

        field(&admin, "tiers", "level", "text", json!({})).await;
        assert_eq!(ids(&admin.get("/fields?resource=customers").await.ok()), [made["id"].as_str().unwrap()]);
        assert_eq!(ids(&admin.get("/fields?is_active=false").await.ok()).len(), 0);
        assert_eq!(ids(&admin.get("/fields?sort=key&type=text").await.ok()).len(), 1);
        admin.delete(&there).await.problem(409, "not_retired");
        let gone = admin.act(&format!("{there}/retire")).await.ok();
        assert_eq!((&gone["is_active"], gone["retired_at"].is_string()), (&json!(false), true));
        assert_eq!(admin.act(&format!("{there}/retire")).await.ok(), gone, "it is retired");
        assert_eq!(ids(&admin.get("/fields?is_active=false").await.ok()), [made["id"].as_str().unwrap()]);
        let back = admin.act(&format!("{there}/reactivate")).await.ok();
        assert_eq!((&back["is_active"], &back["retired_at"]), (&json!(true), &Value::Null));
        assert_eq!(admin.act(&format!("{there}/reactivate")).await.ok(), back, "it is active");
        admin.act(&format!("{there}/retire")).await.ok();
        admin.send(admin.request(Method::DELETE, &there).header("if-match", "\"v1\"")).await.problem(412, "version_conflict");
        admin.delete(&there).await.no_content();
        admin.get(&there).await.problem(404, "not_found");
        admin.delete(&there).await.problem(404, "not_found");
        let changes = admin.changes().await;
        let types: Vec<&str> = changes["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|change| change["object"]["id"] == made["id"])
            .map(|change| change["type"].as_str().unwrap().trim_start_matches("field."))
            .collect();
        assert_eq!(types, ["created", "updated", "updated", "updated", "updated", "updated", "updated", "deleted"]);
    });
}

#[test]
fn what_is_wrong_with_a_field_is_told_at_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let refused = async |kind: &str, more: Value, expected: &[(&str, &str)]| {
            admin.post("/fields", definition("customers", "x", kind, more)).await.invalid(expected);
        };
        let body = json!({ "resource": "orders", "key": "Bad Key", "type": "money", "label": { "zh": "" }, "colour": 1 });
        admin.post("/fields", body).await.invalid(&[
            ("/resource", "invalid_choice"),
            ("/key", "invalid_format"),
            ("/type", "invalid_choice"),
            ("/label/zh", "required"),
            ("/label/en", "required"),
            ("/colour", "unknown_field"),
        ]);
        let everything =
            json!({ "options": options(&["a"])["options"], "is_unique": true, "pattern": "x", "min": 1, "max": 2, "default": true });
        let all = ["/options", "/is_unique", "/pattern", "/min", "/max", "/default"].map(|at| (at, "not_applicable"));
        refused("boolean", everything, &all).await;
        refused("select", json!({}), &[("/options", "too_few_items")]).await;
        let twice = json!([{ "code": "a", "label": { "zh": "a", "en": "a" } }, { "code": "a", "label": { "zh": "b", "en": "b" } }]);
        refused("multi_select", json!({ "options": twice }), &[("/options/1/code", "duplicate_item")]).await;
        let with_default = |default: Value| {
            let mut more = options(&["a", "b"]);
            more["default"] = default;
            more
        };
        refused("select", with_default(json!("c")), &[("/default", "unknown_code")]).await;
        refused("multi_select", with_default(json!(["a", "c"])), &[("/default/1", "unknown_code")]).await;
        for pattern in ["(", "a)|(b", "(?=x)", r"(a)\1", "(a{1000}){1000}"] {
            refused("text", json!({ "pattern": pattern }), &[("/pattern", "invalid_format")]).await;
        }
        refused("text", json!({ "min": 3, "max": 2 }), &[("/max", "too_small")]).await;
        refused("text", json!({ "min": -1, "max": 501 }), &[("/min", "too_small"), ("/max", "too_large")]).await;
        refused("text", json!({ "min": "1" }), &[("/min", "wrong_type")]).await;
        refused("integer", json!({ "min": "1", "max": 1.5 }), &[("/min", "wrong_type"), ("/max", "wrong_type")]).await;
        refused("decimal", json!({ "min": 1, "max": "1.23456" }), &[("/min", "wrong_type"), ("/max", "invalid_format")]).await;
        refused("date", json!({ "min": "2026-02-01", "max": "2026-01-31" }), &[("/max", "too_small")]).await;
        refused("datetime", json!({ "min": "2026-02-01" }), &[("/min", "invalid_format")]).await;
        refused("integer", json!({ "min": 1, "default": 0 }), &[("/default", "too_small")]).await;
        refused("text", json!({ "is_unique": true, "default": "x" }), &[("/default", "not_applicable")]).await;
        refused("user", json!({ "default": admin.id }), &[("/default", "not_applicable")]).await;
        assert_eq!(ids(&admin.get("/fields").await.ok()).len(), 0, "nothing was made");
        let made = field(&admin, "customers", "x", "decimal", json!({ "min": "0.50", "max": "007", "default": "1.20" })).await;
        assert_eq!((&made["min"], &made["max"], &made["default"]), (&json!("0.5"), &json!("7"), &json!("1.2")), "one form");
        admin.patch(&path(&made), json!({ "min": "8" })).await.invalid(&[("/max", "too_small")]);
    });
}

#[test]
fn a_key_is_one_fields() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = field(&admin, "customers", "x", "text", json!({})).await;
        admin.act(&format!("{}/retire", path(&made))).await.ok();
        let taken = admin.post("/fields", definition("customers", "x", "integer", json!({}))).await.problem(409, "value_taken");
        assert_eq!(taken["meta"], json!({ "field": "key", "existing_id": made["id"] }));
        field(&admin, "contacts", "x", "text", json!({})).await;
        app.db_stranger().await.get(&path(&made)).await.problem(404, "not_found");
    });
}

#[test]
fn a_resource_has_a_hundred_fields() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let first = field(&admin, "tiers", "f0", "text", json!({})).await;
        for number in 1..100 {
            field(&admin, "tiers", &format!("f{number}"), "text", json!({})).await;
        }
        let full = admin.post("/fields", definition("tiers", "more", "text", json!({}))).await.problem(409, "too_many_fields");
        assert_eq!(full["meta"]["max"], 100);
        admin.act(&format!("{}/retire", path(&first))).await.ok();
        field(&admin, "tiers", "more", "text", json!({})).await;
        admin.act(&format!("{}/reactivate", path(&first))).await.problem(409, "too_many_fields");
        field(&admin, "contacts", "more", "text", json!({})).await;
    });
}

#[test]
fn a_field_becomes_unique_when_its_values_are() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (text, number) =
            (field(&admin, "customers", "no", "text", json!({})).await, field(&admin, "customers", "n", "integer", json!({})).await);
        let first = customer(&admin, json!({ "no": "A-1", "n": 7 })).await;
        customer(&admin, json!({ "no": "ａ-1", "n": 7 })).await;
        for made in [&text, &number] {
            let refused = admin.patch(&path(made), json!({ "is_unique": true })).await.problem(409, "duplicate_values");
            assert_eq!(refused["meta"]["count"], 1);
            assert_eq!(admin.get(&path(made)).await.ok()["is_unique"], false);
        }
        admin.patch(&path(&first), json!({ "custom": { "no": "A-2", "n": 8 } })).await.ok();
        for (made, value, key) in [(&text, json!("a-2"), "no"), (&number, json!(8), "n")] {
            admin.patch(&path(made), json!({ "is_unique": true })).await.ok();
            let taken = admin.post("/customers", company(json!({ key: value }))).await.problem(409, "value_taken");
            assert_eq!(taken["meta"], json!({ "field": format!("custom.{key}"), "existing_id": first["id"] }));
            admin.patch(&path(made), json!({ "is_unique": false })).await.ok();
            customer(&admin, json!({ key: value })).await;
        }
    });
}
