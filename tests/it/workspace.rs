//! The workspace's settings.

use serde_json::{Value, json};

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, on_both};

#[test]
fn a_new_workspace_has_sensible_settings() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let answer = admin.get("/workspace").await;
        assert_eq!(answer.header("etag"), "\"v1\"");
        let workspace = answer.ok();
        assert_eq!(workspace["id"], admin.get("/me").await.ok()["workspace_id"]);
        let (zone, currency, locale) = (&workspace["time_zone"], &workspace["base_currency"], &workspace["locale"]);
        assert_eq!((zone, currency, locale), (&json!("Asia/Shanghai"), &json!("CNY"), &json!("zh")));
        assert_eq!(workspace["working_days"], json!(["monday", "tuesday", "wednesday", "thursday", "friday"]));
        assert_eq!((&workspace["holidays"], &workspace["extra_workdays"]), (&json!([]), &json!([])));
        for role in ["manager", "rep", "viewer"] {
            assert_eq!(app.user(role).await.get("/workspace").await.ok(), workspace);
        }
        assert_eq!(app.api_key(&["workspace:read"]).await.get("/workspace").await.ok(), workspace);
    });
}

#[test]
fn administrators_change_the_settings() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let before = admin.get("/workspace").await.ok();
        let patch = json!({
            "name": " 鱼池科技 ", "time_zone": "Europe/Berlin", "base_currency": "EUR", "locale": "en",
            "working_days": ["sunday", "monday", "tuesday"], "holidays": ["2026-10-01", "2026-10-02"], "extra_workdays": ["2026-10-10"]
        });
        let patched = admin.patch("/workspace", patch).await;
        assert_eq!(patched.header("etag"), "\"v2\"");
        let patched = patched.ok();
        let mut expected = before.clone();
        for (name, value) in [
            ("version", json!(2)),
            ("name", json!("鱼池科技")),
            ("time_zone", json!("Europe/Berlin")),
            ("base_currency", json!("EUR")),
            ("locale", json!("en")),
            ("working_days", json!(["sunday", "monday", "tuesday"])),
            ("holidays", json!(["2026-10-01", "2026-10-02"])),
            ("extra_workdays", json!(["2026-10-10"])),
            ("updated_at", patched["updated_at"].clone()),
        ] {
            expected[name] = value;
        }
        assert_eq!(patched, expected);
        assert_eq!(admin.get("/workspace").await.ok(), patched);
        let last = admin.changes().await["data"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["type"], &last["object"]["id"]), (&json!("workspace.updated"), &before["id"]));
        assert_eq!(last["changed"]["time_zone"], json!({ "from": "Asia/Shanghai", "to": "Europe/Berlin" }));
        assert_eq!(last["changed"].as_object().unwrap().len(), 7);

        let defaults = json!({ "time_zone": null, "base_currency": null, "locale": null, "working_days": null, "holidays": null });
        let cleared = admin.patch("/workspace", defaults).await.ok();
        for name in ["time_zone", "base_currency", "locale", "working_days", "holidays"] {
            assert_eq!(cleared[name], before[name], "null is the default");
        }
        assert_eq!((&cleared["name"], &cleared["version"]), (&json!("鱼池科技"), &json!(3)));
        assert_eq!(admin.patch("/workspace", json!({ "locale": "zh" })).await.ok(), cleared, "no change");
        let credentials = json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD });
        let pair = app.anyone().post("/auth/login", credentials).await.ok();
        assert_eq!(pair["workspace"], json!({ "id": before["id"], "name": "鱼池科技" }));
    });
}

#[test]
fn settings_must_make_sense() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let before = admin.get("/workspace").await.ok();
        for zone in ["Mars/Olympus", "UTC+8", "asia/shanghai", "+08:00"] {
            let refused = admin.patch("/workspace", json!({ "time_zone": zone })).await;
            let refused = refused.invalid(&[("/time_zone", "unknown_time_zone")]);
            assert!(refused["errors"][0]["detail"].as_str().unwrap().contains(zone), "{refused:#}");
        }
        for currency in ["ABC", "cny", "EURO", "¥"] {
            admin.patch("/workspace", json!({ "base_currency": currency })).await.invalid(&[("/base_currency", "invalid_format")]);
        }
        let both = json!({ "time_zone": "Mars/Olympus", "base_currency": "ABC" });
        admin.patch("/workspace", both).await.invalid(&[("/time_zone", "unknown_time_zone"), ("/base_currency", "invalid_format")]);
        let shape = json!({
            "name": "", "locale": "de", "working_days": ["monday", "someday"], "holidays": ["2026-02-29", "1.10.2026"], "extra_workdays": 1,
            "id": before["id"], "version": 3, "timezone": "Asia/Shanghai"
        });
        let refused = admin.patch("/workspace", shape).await.invalid(&[
            ("/name", "required"),
            ("/locale", "invalid_choice"),
            ("/working_days/1", "invalid_choice"),
            ("/holidays/0", "invalid_format"),
            ("/holidays/1", "invalid_format"),
            ("/extra_workdays", "wrong_type"),
            ("/id", "read_only_field"),
            ("/version", "read_only_field"),
            ("/timezone", "unknown_field"),
        ]);
        let misspelt = refused["errors"].as_array().unwrap().iter().find(|error| error["pointer"] == "/timezone").unwrap();
        assert_eq!(misspelt["meta"]["did_you_mean"], "time_zone");
        let twice = json!({
            "working_days": ["monday", "friday", "monday"], "holidays": ["2026-10-01", "2026-10-01"], "extra_workdays": ["2026-10-01"]
        });
        admin.patch("/workspace", twice).await.invalid(&[("/working_days/2", "duplicate_item"), ("/holidays/1", "duplicate_item")]);
        let week = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "monday"];
        let faults = [("/working_days", "too_many_items"), ("/working_days/7", "duplicate_item")];
        admin.patch("/workspace", json!({ "working_days": week })).await.invalid(&faults);
        assert_eq!(admin.get("/workspace").await.ok(), before);
        assert_eq!(admin.patch("/workspace", json!({ "time_zone": "UTC", "working_days": [] })).await.ok()["time_zone"], "UTC");
    });
}

#[test]
fn etags_guard_the_settings() {
    on_both(|app| async move {
        let admin = app.admin().await;
        admin.patch_if("/workspace", "\"v1\"", json!({ "name": "A" })).await.ok();
        let stale = admin.patch_if("/workspace", "\"v1\"", json!({ "name": "B" })).await.problem(412, "version_conflict");
        assert_eq!(stale["meta"]["current_version"], 2);
        admin.patch_if("/workspace", "v2", json!({ "name": "B" })).await.problem(400, "invalid_header");
        let unchanged = admin.send(admin.request(reqwest::Method::GET, "/workspace").header("if-none-match", "\"v2\"")).await;
        assert_eq!((unchanged.status, &unchanged.body), (304, &Value::Null));
        let changed = admin.send(admin.request(reqwest::Method::GET, "/workspace").header("if-none-match", "\"v1\"")).await;
        assert_eq!(changed.ok()["name"], "A");
    });
}

#[test]
fn everybody_has_one_workspace_of_their_own() {
    on_both(|app| async move {
        let (admin, stranger) = (app.admin().await, app.db_stranger().await);
        let (own, foreign) = (admin.get("/workspace").await.ok(), stranger.get("/workspace").await.ok());
        assert_eq!(foreign["name"], "Elsewhere");
        assert_ne!(own["id"], foreign["id"]);
        stranger.patch("/workspace", json!({ "name": "Nowhere" })).await.ok();
        assert_eq!(admin.get("/workspace").await.ok(), own);
        for role in ["manager", "rep", "viewer"] {
            let refused = app.user(role).await.patch("/workspace", json!({ "name": "Mine" })).await.problem(403, "insufficient_role");
            assert_eq!(refused["meta"]["required_role"], "admin");
        }
        let key = app.api_key(&["workspace:read"]).await;
        let refused = key.patch("/workspace", json!({ "name": "Mine" })).await.problem(403, "insufficient_scope");
        assert_eq!(refused["meta"]["required_scope"], "workspace:write");
        app.anyone().get("/workspace").await.problem(401, "unauthenticated");
        assert_eq!(admin.get("/workspace").await.ok(), own);
    });
}
