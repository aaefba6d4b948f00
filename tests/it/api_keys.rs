//! API keys.

use serde_json::{Value, json};

use crate::harness::on_both;

#[test]
fn a_key_works_within_its_scopes_until_it_is_revoked() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = admin.post("/api-keys", json!({ "name": "ERP", "scopes": ["customers:read"] })).await.created();
        let key = made["key"].as_str().unwrap();
        assert!(key.starts_with(&format!("fp_{}_", made["prefix"].as_str().unwrap())) && key.len() == 61, "{key}");
        let erp = app.with_token(key);
        erp.get("/customers").await.ok();
        let refused = erp.post("/customers", json!({ "name": "A", "kind": "person" })).await.problem(403, "insufficient_scope");
        assert_eq!(refused["meta"]["required_scope"], "customers:write");
        assert_eq!(erp.get("/me").await.ok()["user"]["kind"], "service");

        let path = format!("/api-keys/{}", made["id"].as_str().unwrap());
        let mut read = admin.get(&path).await.ok();
        // The use is noted beside the request.
        for _ in 0..200 {
            if read["last_used_at"].is_string() {
                break;
            }
            read = admin.get(&path).await.ok();
        }
        assert_eq!((&read["key"], read["last_used_at"].is_string()), (&Value::Null, true), "the secret is shown once");
        assert!(admin.post(&format!("{path}/revoke"), json!({})).await.ok()["revoked_at"].is_string());
        erp.get("/customers").await.problem(401, "invalid_api_key");
        assert_eq!(admin.act(&format!("{path}/revoke")).await.ok()["version"], 2, "twice is once");
    });
}

#[test]
fn bad_keys_are_refused_alike() {
    on_both(|app| async move {
        let key = app.api_key(&["*"]).await.token().to_owned();
        let mistyped = format!("{}{}", &key[..60], if key.ends_with('0') { '1' } else { '0' });
        let (_, unknown) = fishpond::auth::secrets::new_api_key().unwrap();
        for wrong in [mistyped.as_str(), unknown.as_str(), "fp_", "fp_short_x", &key[..40]] {
            app.with_token(wrong).get("/customers").await.problem(401, "invalid_api_key");
        }
        let past = json!({ "name": "old", "scopes": ["*"], "expires_at": "2020-01-01T00:00:00+08:00" });
        let expired = app.admin().await.post("/api-keys", past).await.created();
        assert_eq!(expired["expires_at"], "2019-12-31T16:00:00.000Z");
        app.with_token(expired["key"].as_str().unwrap()).get("/customers").await.problem(401, "invalid_api_key");
    });
}

#[test]
fn scopes_are_known_and_not_beyond_the_makers() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let faults = json!({ "name": "", "scopes": ["customers:raed", "*", "*"] });
        let told = [("/name", "required"), ("/scopes/0", "invalid_choice"), ("/scopes/2", "duplicate_item")];
        admin.post("/api-keys", faults).await.invalid(&told);
        let twice = json!({ "name": "x", "scopes": ["customers:read", "*", "*"] });
        admin.post("/api-keys", twice).await.invalid(&[("/scopes/2", "duplicate_item")]);
        let body = admin.post("/api-keys", json!({ "name": "x", "scopes": ["customers:raed", "*"] })).await;
        let body = body.invalid(&[("/scopes/0", "invalid_choice")]);
        assert_eq!(body["errors"][0]["meta"]["did_you_mean"], "customers:read");
        let maker = app.api_key(&["api_keys:write", "customers:read"]).await;
        maker.post("/api-keys", json!({ "name": "x", "scopes": ["customers:read"] })).await.created();
        maker.post("/api-keys", json!({ "name": "x", "scopes": ["customers:write"] })).await.problem(403, "insufficient_scope");
        app.user("manager").await.get("/api-keys").await.problem(403, "insufficient_role");
        assert_eq!(app.db_stranger().await.get("/api-keys").await.ok()["data"], json!([]));
    });
}

#[test]
fn secrets_are_not_stored_in_clear() {
    on_both(|app| async move {
        let key = app.api_key(&["*"]).await.token().to_owned();
        let changes = app.admin().await.changes().await.to_string();
        assert!(!changes.contains(&key[12..]) && !changes.contains("password_hash"));
    });
}
