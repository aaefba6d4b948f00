//! What a touch record cannot be.

use serde_json::{Value, json};

use super::{UNKNOWN, call, changes_of, contact, customer, customer_path, path, touch};
use crate::harness::on_both;

/// So many minutes from now.
fn in_minutes(minutes: i64) -> Value {
    json!(fishpond::db::clock::now().plus(chrono::Duration::minutes(minutes)).to_string())
}

#[test]
fn every_fault_is_reported_at_once_and_nothing_is_written() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let here = customer(&admin).await;
        let shape = json!({
            "customer_id": admin.id, "contact_ids": [admin.id], "opportunity_id": "opp_1", "type": 7, "direction": "sideways",
            "occurred_at": "2026-01-01T00:00:00", "duration_seconds": -1, "content": "x".repeat(20_001), "outcome": "x".repeat(65),
            "location": { "lat": 90.1, "lng": "east", "accuracy_m": -1, "city": "x" }, "next_touch_at": "tomorrow", "author_id": admin.id,
            "external_refs": [{ "system": "a", "value": "x".repeat(201) }], "created_at": "2026-01-01T00:00:00Z", "sumary": "x", "status": "done"
        });
        let body = admin.post("/touch-records", shape).await.invalid(&[
            ("/customer_id", "wrong_resource_type"),
            ("/contact_ids/0", "wrong_resource_type"),
            ("/opportunity_id", "wrong_resource_type"),
            ("/type", "wrong_type"),
            ("/direction", "invalid_choice"),
            ("/occurred_at", "invalid_format"),
            ("/duration_seconds", "too_small"),
            ("/summary", "required"),
            ("/content", "too_long"),
            ("/outcome", "too_long"),
            ("/location/lat", "too_large"),
            ("/location/lng", "wrong_type"),
            ("/location/accuracy_m", "too_small"),
            ("/location/city", "unknown_field"),
            ("/next_touch_at", "invalid_format"),
            ("/author_id", "read_only_field"),
            ("/external_refs/0/value", "too_long"),
            ("/created_at", "read_only_field"),
            ("/sumary", "unknown_field"),
            ("/status", "unknown_field"),
        ]);
        let misspelt = body["errors"].as_array().unwrap().iter().find(|error| error["pointer"] == "/sumary").unwrap();
        assert_eq!(misspelt["meta"]["did_you_mean"], "summary");

        let good = contact(&admin, &here).await;
        let elsewhere = contact(&admin, &customer(&admin).await).await;
        let meaning = json!({
            "contact_ids": [good, elsewhere], "opportunity_id": format!("opp_{UNKNOWN}"), "type": "telegram", "outcome": "nonsense",
            "occurred_at": in_minutes(6)
        });
        let faults = [
            ("/contact_ids/1", "unrelated_reference"),
            ("/opportunity_id", "unknown_reference"),
            ("/type", "unknown_code"),
            ("/outcome", "unknown_code"),
            ("/occurred_at", "date_in_future"),
        ];
        let twice = json!({
            "contact_ids": [good, elsewhere, good], "external_refs": [{ "system": "a", "value": "1" }, { "system": "a", "value": "1" }]
        });
        let repeated = [("/contact_ids/2", "duplicate_item"), ("/external_refs/1", "duplicate_item")];
        admin.post("/touch-records", call(&here, twice)).await.invalid(&repeated);
        admin.post("/touch-records", call(&here, meaning.clone())).await.invalid(&faults);
        let mut nowhere = call(&here, meaning.clone());
        nowhere["customer_id"] = json!(format!("cus_{UNKNOWN}"));
        nowhere["contact_ids"] = json!([]);
        let codes = [("/customer_id", "unknown_reference"), faults[1], faults[2], faults[3], faults[4]];
        admin.post("/touch-records", nowhere).await.invalid(&codes);
        assert_eq!(admin.get("/touch-records?include_total=true").await.ok()["total"], 0);
        assert_eq!(admin.get(&customer_path(&here)).await.ok(), here);

        let made = touch(&admin, &here, json!({ "external_refs": [] })).await;
        admin.patch(&path(&made), meaning).await.invalid(&faults);
        let read_only = json!({ "customer_id": here["id"], "author_id": admin.id, "version": 1, "type": null, "occurred_at": null });
        admin.patch(&path(&made), read_only).await.invalid(&[
            ("/customer_id", "read_only_field"),
            ("/author_id", "read_only_field"),
            ("/version", "read_only_field"),
            ("/type", "required"),
            ("/occurred_at", "required"),
        ]);
        assert_eq!(admin.get(&path(&made)).await.ok(), made);
        assert_eq!(changes_of(&admin, &made).await.len(), 1);
        assert_eq!(changes_of(&admin, &here).await.len(), 2, "made, and touched once");
    });
}

#[test]
fn bounds_are_where_they_are_said_to_be() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let here = customer(&admin).await;
        let many: Vec<String> = (100..121).map(|number| format!("con_01jd9xq3v8e6ft2m4k7w0zr{number}")).collect();
        for (members, pointer, code) in [
            (json!({ "summary": "x".repeat(501) }), "/summary", "too_long"),
            (json!({ "summary": " \n " }), "/summary", "required"),
            (json!({ "summary": "a\u{0}b" }), "/summary", "invalid_characters"),
            (json!({ "contact_ids": many }), "/contact_ids", "too_many_items"),
            (json!({ "duration_seconds": 0.5 }), "/duration_seconds", "wrong_type"),
            (json!({ "location": { "lat": 1 } }), "/location/lng", "required"),
            (json!({ "location": { "lat": 1, "lng": -180.001 } }), "/location/lng", "too_small"),
            (json!({ "location": [1, 2] }), "/location", "wrong_type"),
            (json!({ "direction": "" }), "/direction", "invalid_choice"),
            (json!({ "direction": null, "occurred_at": in_minutes(6) }), "/occurred_at", "date_in_future"),
            (json!({ "type": "" }), "/type", "required"),
        ] {
            admin.post("/touch-records", call(&here, members)).await.invalid(&[(pointer, code)]);
        }
        let edge = json!({
            "summary": "鱼".repeat(500), "content": "池".repeat(20_000), "duration_seconds": 0, "occurred_at": in_minutes(4),
            "location": { "lat": -90, "lng": 180, "accuracy_m": 0 }, "next_touch_at": "2001-01-01T00:00:00Z"
        });
        let made = touch(&admin, &here, edge).await;
        assert_eq!(admin.get(&path(&made)).await.ok(), made);
        admin.patch(&path(&made), json!({ "occurred_at": in_minutes(6) })).await.invalid(&[("/occurred_at", "date_in_future")]);
        let before_time = json!({ "occurred_at": "0000-01-01T00:00:00+14:00" });
        admin.patch(&path(&made), before_time).await.invalid(&[("/occurred_at", "invalid_format")]);
        let after_time = json!({ "next_touch_at": "9999-12-31T23:59:59-12:00" });
        admin.patch(&path(&made), after_time).await.invalid(&[("/next_touch_at", "invalid_format")]);
        assert_eq!(admin.get(&path(&made)).await.ok(), made);
    });
}

#[test]
fn a_patch_is_merged_into_the_location() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let place = |lat: f64, accuracy: Value| json!({ "lat": lat, "lng": 114.5, "accuracy_m": accuracy });
        let made = touch(&admin, &customer(&admin).await, json!({ "location": place(22.5, json!(12)) })).await;
        let patch = async |members: Value| admin.patch(&path(&made), json!({ "location": members })).await;
        assert_eq!(patch(json!({ "lng": 114.5 })).await.ok(), made);
        let moved = patch(json!({ "lat": -0.5, "accuracy_m": null })).await.ok();
        assert_eq!((&moved["location"], &moved["version"]), (&place(-0.5, Value::Null), &json!(2)));
        patch(json!({ "lat": null })).await.invalid(&[("/location/lat", "required")]);
        patch(Value::Null).await.ok();
        patch(json!({ "lat": 1 })).await.invalid(&[("/location/lng", "required")]);
    });
}

#[test]
fn a_retired_type_stays_but_is_not_newly_set() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let here = customer(&admin).await;
        let made = touch(&admin, &here, json!({ "type": "gift" })).await;
        let flags = json!({ "counts_as_touch": true, "resets_recycle": true, "customer_facing": true });
        let visit = json!({ "code": "visit", "label": { "zh": "拜访", "en": "Visit" }, "flags": flags });
        admin.put("/dictionaries/touch_type", json!({ "items": [visit] })).await.ok();
        let kept = admin.patch(&path(&made), json!({ "summary": "B", "type": "gift" })).await.ok();
        assert_eq!((&kept["type"], &kept["version"]), (&json!("gift"), &json!(2)));
        admin.patch(&path(&made), json!({ "type": "call" })).await.invalid(&[("/type", "retired_code")]);
        admin.post("/touch-records", call(&here, json!({ "type": "gift" }))).await.invalid(&[("/type", "retired_code")]);
        admin.patch(&path(&made), json!({ "type": "visit" })).await.ok();
        admin.patch(&path(&made), json!({ "type": "gift" })).await.invalid(&[("/type", "retired_code")]);
        assert_eq!(admin.get(&customer_path(&here)).await.ok()["touch_count"], 1);
    });
}
