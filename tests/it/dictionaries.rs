//! Dictionaries: what a workspace begins with, and how codes come and go.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::on_both;

fn item(code: &str, zh: &str, en: &str, order: i64) -> Value {
    json!({ "code": code, "label": { "zh": zh, "en": en }, "order": order, "is_active": true, "flags": null })
}

/// The item as it is once it is retired.
fn retired(item: &Value) -> Value {
    let mut item = item.clone();
    item["is_active"] = json!(false);
    item
}

fn codes(dictionary: &Value) -> Vec<&str> {
    dictionary["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect()
}

#[test]
fn a_workspace_begins_with_its_dictionaries() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let all = rep.get("/dictionaries").await.ok();
        let all = all["data"].as_array().unwrap();
        let names: Vec<&str> = all.iter().map(|dictionary| dictionary["name"].as_str().unwrap()).collect();
        let expected = ["close_reason", "contact_role", "industry", "location_type", "ownership_type", "region", "release_reason"];
        assert_eq!(names, [expected.as_slice(), &["source", "touch_outcome", "touch_type", "trade_type"]].concat());
        for dictionary in all {
            let name = dictionary["name"].as_str().unwrap();
            let answer = rep.get(&format!("/dictionaries/{name}")).await;
            assert_eq!(answer.header("etag"), "\"v1\"");
            assert_eq!(answer.ok(), *dictionary);
            let items = dictionary["items"].as_array().unwrap();
            assert!(items.len() >= 7 && items.is_sorted_by(|one, next| one["order"].as_i64() < next["order"].as_i64()), "{name}");
            for item in items {
                let zh = item["label"]["zh"].as_str().unwrap();
                assert!(!zh.is_ascii() && item["label"]["en"].as_str().unwrap().is_ascii(), "{item}");
                assert_eq!((&item["is_active"], item["flags"].is_object()), (&json!(true), name == "touch_type"), "{item}");
            }
        }
        let types = admin.get("/dictionaries/touch_type").await.ok();
        let flags = |code: &str| {
            let item = types["items"].as_array().unwrap().iter().find(|item| item["code"] == code).unwrap();
            item["flags"].clone()
        };
        assert_eq!(flags("visit"), json!({ "counts_as_touch": true, "resets_recycle": true, "customer_facing": true }));
        let silent = json!({ "counts_as_touch": false, "resets_recycle": false, "customer_facing": false });
        assert_eq!(flags("note"), silent);
        let mut items = types["items"].clone();
        items[0]["flags"] = silent.clone();
        let put = admin.put("/dictionaries/touch_type", json!({ "items": items })).await.ok();
        assert_eq!((&put["items"], &put["id"]), (&items, &types["id"]), "flags may be changed");
    });
}

#[test]
fn codes_are_added_relabelled_reordered_and_retired() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let first = [item("north", "北区", "North", 0), item("south", "南区", "South", 10), item("east", "东区", "East", 20)];
        let seeds = admin.get("/dictionaries/region").await.ok();
        let put = admin.put("/dictionaries/region", json!({ "items": first })).await;
        assert_eq!(put.header("etag"), "\"v2\"");
        let put = put.ok();
        let (live, old): (Vec<Value>, Vec<Value>) =
            put["items"].as_array().unwrap().iter().cloned().partition(|item| item["is_active"] == true);
        assert_eq!(live, first);
        assert_eq!(old, seeds["items"].as_array().unwrap().iter().map(retired).collect::<Vec<Value>>(), "what was left out is retired");
        assert_eq!(admin.get("/dictionaries/region").await.ok(), put);
        assert_eq!(admin.put("/dictionaries/region", json!({ "items": first })).await.ok(), put, "the same again is no change");
        assert_eq!(admin.put("/dictionaries/region", json!({ "items": put["items"] })).await.ok(), put, "nor is what was answered");

        // South gets another label and comes first, west is new, east goes, and one of the seeds comes back.
        let second = [item("south", "华南", "South China", 1), item("north", "北区", "North", 5), item("west", "西区", "West", 7)];
        let back = item("europe", "欧洲", "Europe", 9);
        let bare = json!({ "code": "north", "label": { "zh": "北区", "en": "North" }, "order": 5 });
        let put = admin.put("/dictionaries/region", json!({ "items": [second[2], back, second[0], bare] })).await.ok();
        let live: Vec<&Value> = put["items"].as_array().unwrap().iter().filter(|item| item["is_active"] == true).collect();
        assert_eq!(json!(live), json!([second[0], second[1], second[2], back]), "sorted by their order");
        assert_eq!((codes(&put).len(), &put["version"]), (seeds["items"].as_array().unwrap().len() + 4, &json!(3)));

        let feed = admin.changes().await;
        let changes: Vec<&Value> =
            feed["data"].as_array().unwrap().iter().filter(|change| change["object"]["type"] == "dictionary").collect();
        assert_eq!(changes.len(), 2);
        assert_eq!((&changes[1]["type"], &changes[1]["object"]["version"]), (&json!("dictionary.updated"), &json!(3)));
        let by_code = |side: &str| {
            let mut items = changes[1]["changed"]["items"][side].as_array().unwrap().clone();
            items.sort_by_key(|item| item["code"].as_str().unwrap().to_owned());
            json!(items)
        };
        let seed = seeds["items"].as_array().unwrap().iter().find(|item| item["code"] == "europe").unwrap();
        assert_eq!(by_code("from"), json!([first[2], retired(seed), first[0], first[1]]), "only what changed");
        assert_eq!(by_code("to"), json!([retired(&first[2]), back, second[1], second[0], second[2]]));
    });
}

#[test]
fn a_retired_code_stays_on_rows_but_is_not_newly_set() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let input = json!({ "name": "A", "kind": "organization", "source": "exhibition", "industries": ["media", "retail"] });
        let made = admin.post("/customers", input.clone()).await.created();
        let path = format!("/customers/{}", made["id"].as_str().unwrap());
        admin.put("/dictionaries/source", json!({ "items": [item("fair", "展览会", "Fair", 0)] })).await.ok();
        admin.put("/dictionaries/industry", json!({ "items": [item("retail", "零售", "Retail", 0)] })).await.ok();

        let patched = admin.patch(&path, json!({ "name": "B", "source": "exhibition" })).await.ok();
        assert_eq!((&patched["source"], &patched["industries"]), (&made["source"], &made["industries"]));
        let reordered = admin.patch(&path, json!({ "industries": ["retail", "media"] })).await.ok();
        assert_eq!(reordered["industries"], json!(["retail", "media"]));
        let refused = admin.post("/customers", input).await.invalid(&[("/source", "retired_code"), ("/industries/0", "retired_code")]);
        assert_eq!(refused["errors"][0]["meta"], json!({ "dictionary": "source", "value": "exhibition" }));
        let other = json!({ "source": "referral", "industries": ["media", "finance"] });
        admin.patch(&path, other).await.invalid(&[("/source", "retired_code"), ("/industries/1", "retired_code")]);
        assert_eq!(admin.list("/customers", &[("source", "exhibition")]).await.ok()["data"], json!([reordered]), "and is found by it");

        assert_eq!(admin.patch(&path, json!({ "source": "fair" })).await.ok()["source"], "fair");
        admin.patch(&path, json!({ "source": "exhibition" })).await.invalid(&[("/source", "retired_code")]);
        let again = json!({ "items": [item("exhibition", "展会", "Exhibition", 0), item("fair", "展览会", "Fair", 1)] });
        admin.put("/dictionaries/source", again).await.ok();
        assert_eq!(admin.patch(&path, json!({ "source": "exhibition" })).await.ok()["source"], "exhibition");
    });
}

#[test]
fn faulty_codes_are_refused_and_nothing_is_written() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let before = admin.get("/dictionaries").await.ok();
        let put = async |body: Value| admin.put("/dictionaries/source", body).await;
        let twice = [item("a", "甲", "A", 0), item("b", "乙", "B", 1), item("a", "丙", "C", 2), item("b", "乙", "B", 1)];
        put(json!({ "items": twice })).await.invalid(&[("/items/2/code", "duplicate_item"), ("/items/3/code", "duplicate_item")]);
        let long = "x".repeat(65);
        for code in ["Bad", "with space", "a-b", "é", "x/y", long.as_str()] {
            put(json!({ "items": [item(code, "甲", "A", 0)] })).await.invalid(&[("/items/0/code", "invalid_format")]);
        }
        let shape = json!({
            "items": [
                { "code": "", "label": { "zh": "", "en": "x".repeat(101), "fr": "x" }, "order": -1, "colour": "red" },
                { "code": "a", "label": "A", "is_active": "no", "order": 1_000_001 },
                { "label": { "zh": "甲" }, "flags": { "counts_as_touch": 1 } },
                "a"
            ],
            "name": "source"
        });
        put(shape).await.invalid(&[
            ("/items/0/code", "required"),
            ("/items/0/label/zh", "required"),
            ("/items/0/label/en", "too_long"),
            ("/items/0/label/fr", "unknown_field"),
            ("/items/0/order", "too_small"),
            ("/items/0/colour", "unknown_field"),
            ("/items/1/label", "wrong_type"),
            ("/items/1/is_active", "wrong_type"),
            ("/items/1/order", "too_large"),
            ("/items/2/code", "required"),
            ("/items/2/label/en", "required"),
            ("/items/2/flags/counts_as_touch", "wrong_type"),
            ("/items/2/flags/resets_recycle", "required"),
            ("/items/2/flags/customer_facing", "required"),
            ("/items/3", "wrong_type"),
            ("/name", "read_only_field"),
        ]);
        put(json!({})).await.invalid(&[("/items", "required")]);
        let mut flagged = item("a", "甲", "A", 0);
        flagged["flags"] = json!({ "counts_as_touch": true, "resets_recycle": true, "customer_facing": true });
        put(json!({ "items": [flagged] })).await.invalid(&[("/items/0/flags", "not_applicable")]);
        let many: Vec<Value> =
            (0..2001).map(|number| json!({ "code": format!("c{number}"), "label": { "zh": "甲", "en": "A" } })).collect();
        put(json!({ "items": many })).await.invalid(&[("/items", "too_many_items")]);
        assert_eq!(admin.get("/dictionaries").await.ok(), before);
    });
}

#[test]
fn dictionaries_are_changed_by_administrators_and_guarded_by_etags() {
    on_both(|app| async move {
        let (admin, stranger) = (app.admin().await, app.db_stranger().await);
        let before = admin.get("/dictionaries").await.ok();
        let items = json!({ "items": [item("a", "甲", "A", 0)] });
        for role in ["manager", "rep", "viewer"] {
            let refused = app.user(role).await.put("/dictionaries/source", items.clone()).await.problem(403, "insufficient_role");
            assert_eq!(refused["meta"]["required_role"], "admin");
        }
        let key = app.api_key(&["dictionaries:read"]).await;
        key.get("/dictionaries/source").await.ok();
        key.put("/dictionaries/source", items.clone()).await.problem(403, "insufficient_scope");
        for unknown in ["colour", "SOURCE", "sources", "%E6%9D%A5", "source%2F"] {
            admin.get(&format!("/dictionaries/{unknown}")).await.problem(404, "not_found");
            admin.put(&format!("/dictionaries/{unknown}"), items.clone()).await.problem(404, "not_found");
        }
        admin.post("/dictionaries", items.clone()).await.problem(405, "method_not_allowed");

        let put_if = async |tag: &str, body: &Value| {
            admin.send(admin.request(Method::PUT, "/dictionaries/source").header("if-match", tag).json(body)).await
        };
        let stale = put_if("\"v2\"", &items).await.problem(412, "version_conflict");
        assert_eq!(stale["meta"]["current_version"], 1);
        put_if("1", &items).await.problem(400, "invalid_header");
        assert_eq!(admin.get("/dictionaries").await.ok(), before, "nothing was written");
        put_if("\"v1\"", &items).await.ok();
        put_if("\"v1\"", &items).await.problem(412, "version_conflict");
        assert_eq!(put_if("\"v2\"", &items).await.header("etag"), "\"v2\"", "no change");
        let unchanged = admin.send(admin.request(Method::GET, "/dictionaries/source").header("if-none-match", "\"v2\"")).await;
        assert_eq!((unchanged.status, &unchanged.body), (304, &Value::Null));
        assert_eq!(stranger.get("/dictionaries/source").await.ok()["version"], 1, "each workspace has its own");
    });
}
