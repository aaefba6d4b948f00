//! Requests with a key: sent again and again, done once.

use std::collections::BTreeSet;

use diesel::prelude::*;
use fishpond::db::clock;
use fishpond::db::schema::{changes, idempotency_keys, notifications};
use fishpond::http::idempotency::takes_key;
use fishpond::http::openapi::operations;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Actor, App, DOCUMENT, Reply, on_both};

use calls::calls;
pub use calls::do_everything;

mod calls;
mod storms;

fn request(actor: &Actor, method: Method, path: &str, key: &str, body: &Value) -> reqwest::RequestBuilder {
    let request = actor.request(method, path).header("idempotency-key", key);
    if body.is_null() { request } else { request.json(body) }
}

async fn post(actor: &Actor, path: &str, key: &str, body: &Value) -> Reply {
    actor.send(request(actor, Method::POST, path, key, body)).await
}

/// Everything of an answer that a retry gives again.
fn facts(reply: &Reply) -> (u16, [&str; 3], &str) {
    (reply.status, ["location", "etag", "content-type"].map(|name| reply.header(name)), &reply.text)
}

/// Panics unless the second answer is the first one, given again.
fn assert_replayed(first: &Reply, second: &Reply) {
    assert_eq!(facts(first), facts(second));
    assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), ("", "true"));
}

fn person(name: &str) -> Value {
    json!({ "name": name, "kind": "person" })
}

async fn customers(actor: &Actor) -> i64 {
    actor.get("/customers?include_total=true").await.ok()["total"].as_i64().expect("a number")
}

/// How many changes were ever recorded, and how many notifications were read.
fn recorded(app: &App) -> (i64, i64) {
    let read = notifications::table.filter(notifications::is_read.eq(true)).count();
    app.db(|conn| (changes::table.count().get_result(conn).expect("a number"), read.get_result(conn).expect("a number")))
}

#[test]
fn every_operation_that_takes_a_key_is_done_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let calls = calls(&app, &admin).await;
        let documented = operations(&DOCUMENT).filter(|(path, method, _)| takes_key(&method.to_uppercase(), path));
        let documented: BTreeSet<&str> = documented.map(|(.., operation)| operation["operationId"].as_str().unwrap()).collect();
        assert_eq!(calls.iter().map(|(operation, ..)| *operation).collect::<BTreeSet<_>>(), documented, "each has an entry");
        for (operation, method, path, body) in &calls {
            let send = || admin.send(request(&admin, method.clone(), path, "the-same-for-all", body));
            let before = recorded(&app);
            let first = send().await;
            assert!((200..300).contains(&first.status) && first.header("idempotency-replayed").is_empty(), "{operation}: {first:#?}");
            let done = recorded(&app);
            assert!(done != before, "{operation} did nothing");
            let mut second = send().await;
            if *operation == "create_api_key" {
                assert_eq!((first.body["key"].is_string(), &second.body["key"]), (true, &Value::Null), "the secret is shown once");
                let secret = first.body["key"].to_string();
                second.text = second.text.replace("\"key\":null", &format!("\"key\":{secret}"));
            }
            assert_replayed(&first, &second);
            assert_eq!(recorded(&app), done, "{operation} was done twice");
        }
    });
}

#[test]
fn the_document_names_the_header_where_it_counts() {
    for (path, method, operation) in operations(&DOCUMENT) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let has_key = parameters.filter(|one| one["name"] == "Idempotency-Key" && one["in"] == "header").count();
        let only_reads = ["/search", "/batch-get", "/simulate"].iter().any(|read| path.ends_with(read));
        let expected = matches!(method, "post" | "patch") && !path.starts_with("/api/v1/auth/") && !only_reads;
        assert_eq!(has_key, usize::from(expected), "{method} {path}");
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let says = answer["headers"].get("Idempotency-Replayed").is_some();
            assert_eq!(says, expected && status.starts_with('2'), "{method} {path} {status}");
        }
    }
}

#[test]
fn a_key_is_for_one_payload() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let first = post(&admin, "/customers", "k", &person("A")).await;
        let refused = post(&admin, "/customers", "k", &person("B")).await.problem(422, "idempotency_key_reused");
        assert_eq!((&refused["retryable"], &refused["errors"]), (&json!(false), &json!([])));
        // The same members in other bytes are another payload.
        let spaced = admin.request(Method::POST, "/customers").header("idempotency-key", "k").header("content-type", "application/json");
        admin.send(spaced.body(r#"{ "name": "A", "kind": "person" }"#)).await.problem(422, "idempotency_key_reused");
        assert_replayed(&first, &post(&admin, "/customers", "k", &person("A")).await);
        assert_eq!(customers(&admin).await, 1);
        // An action that has no body has a payload too: none.
        let path = format!("/customers/{}/restore", first.body["id"].as_str().unwrap());
        admin.delete(path.trim_end_matches("/restore")).await.no_content();
        let restored = post(&admin, &path, "k", &Value::Null).await;
        assert_replayed(&restored, &post(&admin, &path, "k", &Value::Null).await);
        post(&admin, &path, "k", &json!({})).await.problem(422, "idempotency_key_reused");
    });
}

#[test]
fn keys_are_the_callers_own_and_each_paths_own() {
    on_both(|app| async move {
        let (admin, manager, erp) = (app.admin().await, app.user("manager").await, app.api_key(&["*"]).await);
        let stranger = app.db_stranger().await;
        let mut made = BTreeSet::new();
        for caller in [&admin, &manager, &erp, &stranger] {
            let first = post(caller, "/customers", "k", &person("A")).await;
            assert_replayed(&first, &post(caller, "/customers", "k", &person("A")).await);
            made.insert(first.created()["id"].to_string());
        }
        assert_eq!(made.len(), 4, "one for each of them");
        let mut ids = made.iter().map(|id| id.trim_matches('"'));
        let mut versions = Vec::new();
        for id in [ids.next().unwrap(), ids.next().unwrap()] {
            let patch = request(&admin, Method::PATCH, &format!("/customers/{id}"), "k", &json!({ "remarks": "x" }));
            versions.push(admin.send(patch).await.ok()["version"].clone());
        }
        assert_eq!(versions, [2, 2], "each path has keys of its own");
        // A session is not a caller: another one of the same person finds the same keys.
        let again = app.admin().await;
        assert_eq!(post(&again, "/customers", "k", &person("A")).await.header("idempotency-replayed"), "true");
    });
}

#[test]
fn a_key_may_stand_in_quotes_and_must_be_visible() {
    on_both(|app| async move {
        let (admin, viewer) = (app.admin().await, app.user("viewer").await);
        let bare = post(&admin, "/customers", "7d1c-a\"b", &person("A")).await;
        assert_replayed(&bare, &post(&admin, "/customers", "\"7d1c-a\"b\"", &person("A")).await);
        let longest = "k".repeat(255);
        let long = post(&admin, "/customers", &longest, &person("A")).await;
        assert_replayed(&long, &post(&admin, "/customers", &format!("\"{longest}\""), &person("A")).await);
        for wrong in ["", "\"\"", "a b", "a\tb", "鱼", &"k".repeat(256)] {
            let refused = post(&admin, "/customers", wrong, &person("A")).await.problem(400, "invalid_header");
            assert_eq!(refused["meta"]["header"], "Idempotency-Key");
            // First the caller, then what it sent.
            post(&viewer, "/customers", wrong, &person("A")).await.problem(403, "insufficient_role");
            post(&app.anyone(), "/customers", wrong, &person("A")).await.problem(401, "unauthenticated");
            // Where it does not count, nobody looks at it.
            admin.send(request(&admin, Method::GET, "/customers", wrong, &Value::Null)).await.ok();
            let login = json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD });
            let (first, second) = (post(&admin, "/auth/login", wrong, &login).await, post(&admin, "/auth/login", wrong, &login).await);
            assert_ne!(first.ok()["access_token"], second.ok()["access_token"]);
        }
        let twice = request(&admin, Method::POST, "/customers", "k", &person("A")).header("idempotency-key", "k");
        admin.send(twice).await.problem(400, "invalid_header");
        assert_eq!(customers(&admin).await, 2);
    });
}

#[test]
fn the_limits_of_bodies_stand() {
    on_both(|app| async move {
        let (admin, viewer) = (app.admin().await, app.user("viewer").await);
        let large = |actor: &Actor, size: usize| {
            let body = person("A").to_string();
            let request =
                actor.request(Method::POST, "/customers").header("idempotency-key", "k").header("content-type", "application/json");
            request.body(body.clone() + &" ".repeat(size - body.len()))
        };
        const MIB: usize = 1024 * 1024;
        admin.send(large(&admin, MIB + 1)).await.problem(413, "body_too_large");
        viewer.send(large(&viewer, MIB + 1)).await.problem(403, "insufficient_role");
        admin.send(large(&admin, MIB)).await.created();
        assert_eq!(admin.send(large(&admin, MIB)).await.header("idempotency-replayed"), "true");
        let plain = admin.request(Method::POST, "/customers").header("idempotency-key", "p").header("content-type", "text/plain");
        admin.send(plain.body("x")).await.problem(415, "unsupported_media_type");
    });
}

#[test]
fn a_refusal_is_not_kept() {
    on_both(|app| async move {
        let admin = app.admin().await;
        post(&admin, "/customers", "k", &json!({ "kind": "person" })).await.invalid(&[("/name", "required")]);
        let with_ref = json!({ "name": "A", "kind": "person", "external_refs": [{ "system": "erp", "value": "1" }] });
        let holder = admin.post("/customers", with_ref.clone()).await.created();
        let holder = format!("/customers/{}", holder["id"].as_str().unwrap());
        post(&admin, "/customers", "k", &with_ref).await.problem(409, "external_ref_taken");
        admin.delete(&holder).await.no_content();
        let made = post(&admin, "/customers", "k", &with_ref).await;
        assert_replayed(&made, &post(&admin, "/customers", "k", &with_ref).await);

        let path = format!("/customers/{}", made.body["id"].as_str().unwrap());
        let patch = async |tag: &str| {
            let patch = request(&admin, Method::PATCH, &path, "k", &json!({ "remarks": "x" }));
            admin.send(patch.header("if-match", tag)).await
        };
        patch("\"v7\"").await.problem(412, "version_conflict");
        let patched = patch("\"v1\"").await;
        assert_replayed(&patched, &patch("\"v1\"").await);
        assert_replayed(&patched, &patch("\"v7\"").await);
        admin.delete(&path).await.no_content();
        assert_replayed(&patched, &patch("\"v1\"").await);
        let later = request(&admin, Method::PATCH, &path, "another", &json!({ "remarks": "x" }));
        admin.send(later).await.problem(404, "not_found");
    });
}

#[test]
fn keys_are_kept_for_seven_days() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let age = |days: i64, minutes: i64| {
            let at = clock::now().plus(-chrono::Duration::days(days) + chrono::Duration::minutes(minutes));
            let aged = app.db(|conn| diesel::update(idempotency_keys::table).set(idempotency_keys::created_at.eq(at)).execute(conn));
            assert_eq!(aged, Ok(1), "there is one row");
        };
        let first = post(&admin, "/customers", "k", &person("A")).await;
        age(7, 5);
        assert_replayed(&first, &post(&admin, "/customers", "k", &person("A")).await);
        age(7, -5);
        // A refusal leaves the old row where it was.
        post(&admin, "/customers", "k", &json!({ "name": "A", "kind": "person", "source": "nonsense" }))
            .await
            .invalid(&[("/source", "unknown_code")]);
        let next = post(&admin, "/customers", "k", &person("B")).await;
        assert_replayed(&next, &post(&admin, "/customers", "k", &person("B")).await);
        assert_ne!(first.body["id"], next.body["id"]);
        age(1, 0);
    });
}

#[test]
fn what_is_kept_has_no_secrets() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let key = "order-4711";
        let secret =
            post(&admin, "/api-keys", key, &json!({ "name": "K", "scopes": ["*"] })).await.created()["key"].as_str().unwrap().to_owned();
        let person = json!({ "email": "n@example.com", "name": "N", "role": "rep", "password": ADMIN_PASSWORD });
        let first = post(&admin, "/users", key, &person).await;
        assert_replayed(&first, &post(&admin, "/users", key, &person).await);
        let kept: Vec<Vec<u8>> = app.db(|conn| idempotency_keys::table.select(idempotency_keys::body).load(conn)).unwrap();
        assert_eq!(kept.len(), 2);
        for body in kept.iter().map(|body| String::from_utf8_lossy(body)) {
            assert!(![secret.as_str(), ADMIN_PASSWORD, key].iter().any(|secret| body.contains(secret)), "{body}");
        }
        app.with_token(&secret).get("/customers").await.ok();
    });
}
