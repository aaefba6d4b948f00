//! Retired fields and options, deleted objects, and what comes back.

use serde_json::json;

use super::{company, customer, field, like, options, path, resources};
use crate::harness::{ids, on_both};

#[test]
fn a_retired_fields_values_stay_and_may_be_cleared() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let no = field(&admin, "customers", "no", "text", json!({ "is_required": true, "default": "d" })).await;
        field(&admin, "customers", "seats", "integer", json!({})).await;
        let (first, second) = (customer(&admin, json!({ "no": "1" })).await, customer(&admin, json!({ "no": "2" })).await);
        admin.act(&format!("{}/retire", path(&no))).await.ok();
        assert_eq!(customer(&admin, json!({})).await["custom"], json!({}), "neither required nor given");
        let kept = admin.patch(&path(&first), json!({ "custom": { "no": "1", "seats": 2 } })).await.ok();
        assert_eq!(kept["custom"], json!({ "no": "1", "seats": 2 }));
        assert_eq!(ids(&admin.get("/customers?custom.no=1").await.ok()), [first["id"].as_str().unwrap()]);
        let refused = admin.patch(&path(&first), json!({ "custom": { "no": "3" } })).await.invalid(&[("/custom/no", "retired_field")]);
        assert_eq!(refused["errors"][0]["meta"]["field"], "custom.no");
        admin
            .post("/customers", company(json!({ "no": "3", "seats": "x" })))
            .await
            .invalid(&[("/custom/no", "retired_field"), ("/custom/seats", "wrong_type")]);
        assert_eq!(admin.patch(&path(&first), json!({ "custom": { "no": null } })).await.ok()["custom"], json!({ "seats": 2 }));
        admin.act(&format!("{}/reactivate", path(&no))).await.ok();
        assert_eq!(admin.patch(&path(&second), json!({ "custom": { "no": "4" } })).await.ok()["custom"]["no"], "4");
    });
}

#[test]
fn a_retired_option_stays_where_it_is() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for (kind, had, other) in [("select", json!("a"), json!("b")), ("multi_select", json!(["a"]), json!(["b"]))] {
            let made = field(&admin, "customers", kind, kind, options(&["a", "b"])).await;
            let (first, second) = (customer(&admin, json!({ kind: had })).await, customer(&admin, json!({ kind: other })).await);
            admin.patch(&path(&made), options(&["b", "c"])).await.ok();
            assert_eq!(admin.patch(&path(&first), json!({ "name": "B", "custom": { kind: had } })).await.ok()["custom"][kind], had);
            let pointer = if kind == "select" { format!("/custom/{kind}") } else { format!("/custom/{kind}/0") };
            admin.patch(&path(&second), json!({ "custom": { kind: had } })).await.invalid(&[(pointer.as_str(), "retired_code")]);
            if kind == "multi_select" {
                let more = admin.patch(&path(&first), json!({ "custom": { kind: ["c", "a"] } })).await.ok();
                assert_eq!(more["custom"][kind], json!(["c", "a"]), "what it has it may keep");
            }
            admin.patch(&path(&first), json!({ "custom": { kind: other } })).await.ok();
            admin.patch(&path(&first), json!({ "custom": { kind: had } })).await.invalid(&[(pointer.as_str(), "retired_code")]);
        }
    });
}

#[test]
fn a_deleted_objects_values_are_free() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for (resource, collection, body) in resources(&admin).await {
            field(&admin, resource, "no", "text", json!({ "is_unique": true })).await;
            let made = admin.post(collection, like(&body, 1, json!({ "no": "1" }))).await.created();
            let there = path(&made);
            admin.delete(&there).await.no_content();
            let holder = admin.post(collection, like(&body, 2, json!({ "no": "1" }))).await.created();
            let taken = admin.act(&format!("{there}/restore")).await.problem(409, "value_taken");
            assert_eq!(taken["meta"], json!({ "field": "custom.no", "existing_id": holder["id"] }), "{resource}");
            admin.get(&there).await.problem(404, "not_found");
            admin.patch(&path(&holder), json!({ "custom": { "no": "2" } })).await.ok();
            let restored = admin.act(&format!("{there}/restore")).await.ok();
            assert_eq!(restored["custom"], json!({ "no": "1" }), "{resource}");
            assert_eq!(ids(&admin.get(&format!("{collection}?custom.no=1")).await.ok()), [made["id"].as_str().unwrap()], "{resource}");
            admin.patch(&path(&holder), json!({ "custom": { "no": "1" } })).await.problem(409, "value_taken");
        }
    });
}

#[test]
fn values_go_and_come_with_their_customer() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let all = resources(&admin).await;
        for (resource, collection, body) in
            all.into_iter().filter(|(_, collection, _)| ["/opportunities", "/touch-records"].contains(collection))
        {
            field(&admin, resource, "no", "text", json!({ "is_unique": true })).await;
            let company = customer(&admin, json!({})).await;
            let mut body = like(&body, 1, json!({ "no": "1" }));
            body["customer_id"] = company["id"].clone();
            let made = admin.post(collection, body.clone()).await.created();
            admin.delete(&path(&company)).await.no_content();
            body["customer_id"] = customer(&admin, json!({})).await["id"].clone();
            let holder = admin.post(collection, body).await.created();
            admin.act(&format!("{}/restore", path(&company))).await.problem(409, "value_taken");
            admin.delete(&path(&holder)).await.no_content();
            admin.act(&format!("{}/restore", path(&company))).await.ok();
            assert_eq!(ids(&admin.get(&format!("{collection}?custom.no=1")).await.ok()), [made["id"].as_str().unwrap()], "{resource}");
        }
    });
}

#[test]
fn whoever_has_a_value_out_of_sight_is_not_named() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (rep, other) = (app.user("rep").await, app.user("rep").await);
        field(&admin, "customers", "no", "text", json!({ "is_unique": true })).await;
        customer(&other, json!({ "no": "1" })).await;
        let taken = rep.post("/customers", company(json!({ "no": "1" }))).await.problem(409, "value_taken");
        assert_eq!(taken["meta"], json!({ "field": "custom.no", "existing_id": null }));
    });
}
