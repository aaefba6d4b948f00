//! Passwords that are set and changed.

use serde_json::json;

use super::{NEW_PASSWORD, login, path, person};
use crate::harness::{ADMIN_PASSWORD, on_both};

#[test]
fn a_password_that_was_set_must_be_changed() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = person(&admin, "li@example.com", "rep").await;
        let before = app.login("li@example.com", ADMIN_PASSWORD).await;
        let set = format!("{}/password", path(&made));
        admin.post(&set, json!({ "password": NEW_PASSWORD })).await.no_content();
        before.get("/me").await.problem(401, "invalid_token");
        assert_eq!(login(&app, "li@example.com", ADMIN_PASSWORD).await.0, 401);

        let pair = json!({ "email": "li@example.com", "password": NEW_PASSWORD });
        let pair = app.anyone().post("/auth/login", pair).await.ok();
        assert_eq!(pair["user"]["must_change_password"], true);
        let rep = app.with_token(pair["access_token"].as_str().unwrap());
        for refused in [
            rep.get("/customers").await,
            rep.get("/users").await,
            rep.get("/workspace").await,
            rep.post("/customers", json!({ "name": "A", "kind": "person" })).await,
        ] {
            refused.problem(403, "password_change_required");
        }
        assert_eq!(rep.get("/me").await.ok()["user"]["must_change_password"], true);
        let change = json!({ "current_password": NEW_PASSWORD, "new_password": "my own and nobody else's" });
        rep.post("/me/password", change).await.no_content();
        rep.get("/customers").await.ok();
        assert_eq!(rep.get("/me").await.ok()["user"]["must_change_password"], false);
        app.login("li@example.com", "my own and nobody else's").await.get("/customers").await.ok();

        admin.post(&set, json!({ "password": NEW_PASSWORD, "must_change_password": false })).await.no_content();
        app.login("li@example.com", NEW_PASSWORD).await.get("/customers").await.ok();
        let changes = admin.changes().await;
        let changes = changes["data"].as_array().unwrap();
        let kinds = changes.iter().filter(|change| change["object"]["id"] == made["id"]).map(|change| change["type"].as_str().unwrap());
        let set = "user.password_changed";
        assert_eq!(kinds.collect::<Vec<&str>>(), ["user.created", set, set, set]);
        assert_eq!(changes.last().unwrap()["changed"], json!({}), "without a trace of the password");

        // Service accounts have none.
        let key = app.api_key(&["*"]).await;
        admin.post(&format!("/users/{}/password", key.id), json!({ "password": NEW_PASSWORD })).await.problem(404, "not_found");
    });
}

#[test]
fn changing_the_own_password_ends_the_other_sessions() {
    on_both(|app| async move {
        let admin = app.admin().await;
        person(&admin, "li@example.com", "viewer").await;
        let mine = app.login("li@example.com", ADMIN_PASSWORD).await;
        let pair = json!({ "email": "li@example.com", "password": ADMIN_PASSWORD });
        let pair = app.anyone().post("/auth/login", pair).await.ok();
        let other = app.with_token(pair["access_token"].as_str().unwrap());
        let change =
            async |current: &str, new: &str| mine.post("/me/password", json!({ "current_password": current, "new_password": new })).await;
        change("not my password", NEW_PASSWORD).await.invalid(&[("/current_password", "wrong_password")]);
        let both = [("/current_password", "wrong_password"), ("/new_password", "common_password")];
        change("not my password", "Password123!").await.invalid(&both);
        change(ADMIN_PASSWORD, "short").await.invalid(&[("/new_password", "too_short")]);
        change("", "").await.invalid(&[("/current_password", "required"), ("/new_password", "required")]);
        other.get("/me").await.ok();

        change(ADMIN_PASSWORD, NEW_PASSWORD).await.no_content();
        mine.get("/me").await.ok();
        other.get("/me").await.problem(401, "invalid_token");
        let refresh = json!({ "refresh_token": pair["refresh_token"] });
        app.anyone().post("/auth/refresh", refresh).await.problem(401, "invalid_refresh_token");
        assert_eq!(login(&app, "li@example.com", ADMIN_PASSWORD).await, (401, "invalid_credentials".to_owned()));
        assert_eq!(login(&app, "li@example.com", NEW_PASSWORD).await.0, 200);
        app.anyone().post("/me/password", json!({})).await.problem(401, "unauthenticated");
        admin.get("/me").await.ok();
    });
}
