//! Users: who may see and change them, sessions that end, passwords, the last administrator.

use serde_json::{Value, json};

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Actor, App, ids, on_both};

mod passwords;

const NEW_PASSWORD: &str = "a-finer-and-longer-passphrase";

/// A new person whose e-mail is known; not logged in.
async fn person(admin: &Actor, email: &str, role: &str) -> Value {
    let input = json!({ "email": email, "name": format!("A {role}"), "role": role, "password": ADMIN_PASSWORD });
    admin.post("/users", input).await.created()
}

fn path(user: &Value) -> String {
    format!("/users/{}", user["id"].as_str().unwrap())
}

/// A login's status and problem code.
async fn login(app: &App, email: &str, password: &str) -> (u16, String) {
    let answer = app.anyone().post("/auth/login", json!({ "email": email, "password": password })).await;
    (answer.status, answer.header("error-code").to_owned())
}

#[test]
fn administrators_see_users_whole_and_others_see_their_names() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let input = json!({ "email": "Li.Si@Example.com", "name": " 李四 ", "role": "rep", "password": ADMIN_PASSWORD, "locale": "en" });
        let answer = admin.post("/users", input).await;
        assert_eq!(answer.header("etag"), "\"v1\"");
        let made = answer.created();
        assert_eq!((&made["email"], &made["name"], &made["kind"]), (&json!("Li.Si@Example.com"), &json!("李四"), &json!("person")));
        assert_eq!((&made["role"], &made["locale"], &made["is_active"]), (&json!("rep"), &json!("en"), &json!(true)));
        assert_eq!((&made["must_change_password"], &made["last_login_at"]), (&json!(false), &Value::Null));
        assert_eq!(made["created_by_id"], json!(admin.id));
        let rep = app.login("li.si@example.COM", ADMIN_PASSWORD).await;
        let key = app.api_key(&["*"]).await;

        let rows = admin.get("/users").await.ok();
        assert_eq!(ids(&rows), [key.id.as_str(), rep.id.as_str(), admin.id.as_str()]);
        let (service, whole) = (&rows["data"][0], &rows["data"][1]);
        assert_eq!((&service["kind"], &service["email"]), (&json!("service"), &Value::Null));
        assert_eq!((&whole["email"], &whole["role"], &whole["version"]), (&made["email"], &made["role"], &json!(1)));
        assert!(whole["last_login_at"].is_string() && whole["created_at"] == made["created_at"]);
        assert_eq!(admin.get(&path(&made)).await.ok(), *whole);

        let rows = rep.get("/users").await.ok();
        assert_eq!(rows["data"].as_array().unwrap().len(), 3);
        for row in rows["data"].as_array().unwrap() {
            for (name, value) in row.as_object().unwrap() {
                let is_shown = ["id", "name", "is_active"].contains(&name.as_str());
                assert_eq!(value.is_null(), !is_shown, "{name}");
            }
        }
        assert_eq!(rep.get(&path(&made)).await.ok(), rows["data"][1]);
        let me = rep.get("/me").await.ok();
        assert_eq!((&me["user"]["email"], &me["user"]["role"], &me["scopes"]), (&made["email"], &json!("rep"), &Value::Null));

        assert_eq!(ids(&rep.list("/users", &[("name", "李四")]).await.ok()), [rep.id.as_str()]);
        assert_eq!(ids(&admin.get("/users?kind=service").await.ok()), [key.id.as_str()]);
        admin.patch(&path(&made), json!({ "is_active": false })).await.ok();
        assert_eq!(ids(&admin.get("/users?is_active=false").await.ok()), [rep.id.as_str()]);
        assert_eq!(ids(&admin.get("/users?is_active=true&sort=name").await.ok()), [key.id.as_str(), admin.id.as_str()]);
        assert_eq!(ids(&app.db_stranger().await.get("/users").await.ok()).len(), 1, "each workspace has its own");
    });
}

#[test]
fn what_makes_no_user_is_refused() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = person(&admin, "li@example.com", "rep").await;
        let with = |email: &str, password: &str| json!({ "email": email, "name": "B", "role": "viewer", "password": password });
        admin.post("/users", with("LI@Example.COM", ADMIN_PASSWORD)).await.problem(409, "email_taken");
        admin.post("/users", with(" Admin@example.com ", ADMIN_PASSWORD)).await.problem(409, "email_taken");
        for (password, code) in [
            ("short", "too_short"),
            ("Password123!", "common_password"),
            ("1234567890", "common_password"),
            ("aaaaaaaaaaaaaaaa", "common_password"),
            ("", "required"),
        ] {
            admin.post("/users", with("new@example.com", password)).await.invalid(&[("/password", code)]);
            admin.post(&format!("{}/password", path(&made)), json!({ "password": password })).await.invalid(&[("/password", code)]);
        }
        let long = "long and not common ".repeat(7);
        admin.post("/users", with("new@example.com", &long)).await.invalid(&[("/password", "too_long")]);
        let shape = json!({
            "email": "nobody", "role": "boss", "is_active": "yes", "locale": "de", "id": "usr_1", "kind": "service", "passwort": "x"
        });
        admin.post("/users", shape).await.invalid(&[
            ("/name", "required"),
            ("/password", "required"),
            ("/email", "invalid_format"),
            ("/role", "invalid_choice"),
            ("/is_active", "wrong_type"),
            ("/locale", "invalid_choice"),
            ("/id", "read_only_field"),
            ("/kind", "read_only_field"),
            ("/passwort", "unknown_field"),
        ]);
        assert_eq!(ids(&admin.get("/users").await.ok()).len(), 2);
        app.db_stranger().await.post("/users", with("li@example.com", ADMIN_PASSWORD)).await.created();
    });
}

#[test]
fn users_are_changed_by_administrators() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let made = person(&admin, "li@example.com", "rep").await;
        let there = path(&made);
        let patched = admin.patch(&there, json!({ "name": "王五", "locale": "en", "role": "manager" })).await;
        assert_eq!(patched.header("etag"), "\"v2\"");
        let patched = patched.ok();
        assert_eq!((&patched["name"], &patched["role"], &patched["version"]), (&json!("王五"), &json!("manager"), &json!(2)));
        assert_eq!(admin.patch(&there, json!({ "role": "manager" })).await.ok(), patched, "no change");
        let stale = admin.patch_if(&there, "\"v1\"", json!({ "name": "B" })).await.problem(412, "version_conflict");
        assert_eq!(stale["meta"]["current_version"], 2);
        admin.patch_if(&there, "\"v2\"", json!({ "is_active": false })).await.ok();
        admin.patch(&there, json!({ "email": "x@example.com", "kind": "service", "name": null, "role": "boss" })).await.invalid(&[
            ("/email", "read_only_field"),
            ("/kind", "read_only_field"),
            ("/name", "required"),
            ("/role", "invalid_choice"),
        ]);
        admin.patch(&there, json!({ "password": NEW_PASSWORD })).await.invalid(&[("/password", "unknown_field")]);
        let last = admin.changes().await["data"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["type"], &last["changed"]), (&json!("user.updated"), &json!({ "is_active": { "from": true, "to": false } })));

        let password = json!({ "password": NEW_PASSWORD });
        for who in [&rep, &app.user("manager").await, &app.user("viewer").await] {
            let new = json!({ "email": "new@example.com", "name": "B", "role": "rep", "password": ADMIN_PASSWORD });
            for refused in [
                who.post("/users", new).await,
                who.patch(&there, json!({ "name": "B" })).await,
                who.patch(&format!("/users/{}", who.id), json!({ "role": "admin" })).await,
                who.post(&format!("{there}/password"), password.clone()).await,
            ] {
                assert_eq!(refused.problem(403, "insufficient_role")["meta"]["required_role"], "admin");
            }
        }
        let stranger = app.db_stranger().await;
        let another_kind = made["id"].as_str().unwrap().replace("usr_", "cus_");
        for id in [stranger.id.as_str(), "usr_01jd9xq3v8e6ft2m4k7w0zr5ya", "usr_1", another_kind.as_str()] {
            let foreign = format!("/users/{id}");
            admin.get(&foreign).await.problem(404, "not_found");
            admin.patch(&foreign, json!({ "name": "B" })).await.problem(404, "not_found");
            admin.post(&format!("{foreign}/password"), password.clone()).await.problem(404, "not_found");
        }
        stranger.get("/me").await.ok();
        assert_eq!(login(&app, "stranger@example.com", ADMIN_PASSWORD).await.0, 200, "untouched");
    });
}

#[test]
fn an_api_key_reaches_administrators_only_with_every_right() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let (reader, writer) = (app.api_key(&["users:read"]).await, app.api_key(&["users:read", "users:write"]).await);
        let (to_admin, to_rep) = (format!("/users/{}", admin.id), format!("/users/{}", rep.id));
        assert_eq!(reader.get(&to_rep).await.ok()["email"], Value::Null);
        reader.patch(&to_rep, json!({ "name": "B" })).await.problem(403, "insufficient_scope");
        let patched = writer.patch(&to_rep, json!({ "name": "B" })).await.ok();
        assert_eq!(writer.get(&to_rep).await.ok()["email"], patched["email"]);
        let new = json!({ "email": "new@example.com", "name": "B", "role": "admin", "password": ADMIN_PASSWORD });
        for refused in [
            writer.post("/users", new.clone()).await,
            writer.patch(&to_rep, json!({ "role": "admin" })).await,
            writer.patch(&to_admin, json!({ "name": "B" })).await,
            writer.patch(&to_admin, json!({ "role": "viewer" })).await,
            writer.post(&format!("{to_admin}/password"), json!({ "password": NEW_PASSWORD })).await,
        ] {
            assert_eq!(refused.problem(403, "insufficient_scope")["meta"]["required_scope"], "*");
        }
        writer.post(&format!("{to_rep}/password"), json!({ "password": NEW_PASSWORD })).await.no_content();
        admin.get("/me").await.ok();
        app.api_key(&["*"]).await.post("/users", new).await.created();
    });
}

#[test]
fn who_is_deactivated_is_out_at_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = person(&admin, "li@example.com", "rep").await;
        let pair = json!({ "email": "li@example.com", "password": ADMIN_PASSWORD });
        let pair = app.anyone().post("/auth/login", pair).await.ok();
        let person = app.with_token(pair["access_token"].as_str().unwrap());
        person.get("/me").await.ok();
        admin.patch(&path(&made), json!({ "is_active": false })).await.ok();
        person.get("/me").await.problem(401, "invalid_token");
        let refresh = json!({ "refresh_token": pair["refresh_token"] });
        app.anyone().post("/auth/refresh", refresh.clone()).await.problem(401, "invalid_refresh_token");
        assert_eq!(login(&app, "li@example.com", ADMIN_PASSWORD).await, (401, "invalid_credentials".to_owned()));

        admin.patch(&path(&made), json!({ "is_active": true })).await.ok();
        person.get("/me").await.problem(401, "invalid_token");
        app.anyone().post("/auth/refresh", refresh).await.problem(401, "invalid_refresh_token");
        app.login("li@example.com", ADMIN_PASSWORD).await.get("/me").await.ok();
    });
}

#[test]
fn another_role_ends_the_sessions_and_another_name_does_not() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = person(&admin, "li@example.com", "viewer").await;
        let (one, two) = (app.login("li@example.com", ADMIN_PASSWORD).await, app.login("li@example.com", ADMIN_PASSWORD).await);
        one.post("/customers", json!({ "name": "A", "kind": "person" })).await.problem(403, "insufficient_role");
        admin.patch(&path(&made), json!({ "name": "B" })).await.ok();
        assert_eq!(one.get("/me").await.ok()["user"]["name"], "B");
        admin.patch(&path(&made), json!({ "role": "manager" })).await.ok();
        for session in [one, two] {
            session.get("/me").await.problem(401, "invalid_token");
        }
        let manager = app.login("li@example.com", ADMIN_PASSWORD).await;
        manager.post("/customers", json!({ "name": "A", "kind": "person" })).await.created();
    });
}

#[test]
fn the_last_administrator_stays() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let there = format!("/users/{}", admin.id);
        let key = app.api_key(&["*"]).await; // no person, and so no administrator that could log in
        let inactive = person(&admin, "gone@example.com", "admin").await;
        admin.patch(&path(&inactive), json!({ "is_active": false })).await.ok();
        app.db_stranger().await.get("/me").await.ok();
        for patch in [json!({ "role": "manager" }), json!({ "is_active": false }), json!({ "role": "rep", "is_active": false })] {
            admin.patch(&there, patch.clone()).await.problem(409, "last_admin");
            key.patch(&there, patch).await.problem(409, "last_admin");
        }
        assert_eq!(admin.patch(&there, json!({ "name": "Still here" })).await.ok()["version"], 2);
        let second = person(&admin, "second@example.com", "admin").await;
        let second_admin = app.login("second@example.com", ADMIN_PASSWORD).await;
        assert_eq!(admin.patch(&there, json!({ "role": "rep" })).await.ok()["role"], "rep");
        second_admin.patch(&path(&second), json!({ "role": "rep" })).await.problem(409, "last_admin");
        admin.get("/me").await.problem(401, "invalid_token");
        app.login(ADMIN_EMAIL, ADMIN_PASSWORD).await.get("/audit").await.problem(403, "insufficient_role");
    });
}

#[test]
fn two_administrators_do_not_leave_at_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (first, second) = (format!("/users/{}", admin.id), path(&person(&admin, "second@example.com", "admin").await));
        let key = app.api_key(&["*"]).await;
        for leaving in [json!({ "role": "rep" }), json!({ "is_active": false })] {
            for _ in 0..4 {
                let (one, two) = tokio::join!(key.patch(&first, leaving.clone()), key.patch(&second, leaving.clone()));
                let (gone, kept) = if one.status == 200 { (one, two) } else { (two, one) };
                kept.problem(409, "last_admin");
                key.patch(&path(&gone.ok()), json!({ "role": "admin", "is_active": true })).await.ok();
            }
        }
        let rows = app.admin().await.get("/users?kind=person").await.ok();
        let rows = rows["data"].as_array().unwrap();
        assert!(rows.len() == 2 && rows.iter().all(|row| row["role"] == "admin" && row["is_active"] == true));
    });
}
