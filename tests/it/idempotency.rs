//! Requests with a key: sent again and again, done once.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::Duration;

use diesel::prelude::*;
use fishpond::db::clock;
use fishpond::db::schema::{changes, idempotency_keys, notifications};
use fishpond::http::idempotency::takes_key;
use fishpond::http::openapi::operations;
use futures_util::future::{Either, join_all, select};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::program::{PATIENCE, SERVE, Serving, fishpond, folder};
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Actor, App, DOCUMENT, Reply, UNKNOWN, on_both, postgres_url};
use crate::jobs::ask_for;

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

/// An operation, and how to call it.
type Call = (&'static str, Method, String, Value);

/// Every operation that takes a key, on objects that are ready for it.
async fn calls(app: &App, admin: &Actor) -> Vec<Call> {
    use serde_json::Value::Null;
    let make = async |path: &str, body: Value| admin.post(path, body).await.created()["id"].as_str().expect("an id").to_owned();
    let user = app.user("rep").await.id;
    let key = make("/api-keys", json!({ "name": "K", "scopes": ["*"] })).await;
    let tier = make("/tiers", json!({ "code": "a", "name": "A", "rank": 1 })).await;
    let company = make("/customers", json!({ "name": "C", "kind": "organization" })).await;
    let contact = make("/contacts", json!({ "name": "P" })).await;
    let touch = json!({ "customer_id": company, "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "x" });
    let opportunity = json!({ "name": "O", "customer_id": company });
    let (open, record) = (make("/opportunities", opportunity.clone()).await, make("/touch-records", touch.clone()).await);
    let mut deleted = Vec::new();
    for (path, body) in [
        ("/customers", person("D")),
        ("/contacts", json!({ "name": "D" })),
        ("/tiers", json!({ "code": "d", "name": "D", "rank": 2 })),
        ("/opportunities", opportunity.clone()),
        ("/touch-records", touch.clone()),
    ] {
        let path = format!("{path}/{}", make(path, body).await);
        admin.delete(&path).await.no_content();
        deleted.push(format!("{path}/restore"));
    }
    let stages = admin.get("/pipelines").await.ok()["data"][0]["stages"].clone();
    let stage = stages.as_array().expect("stages").iter().find(|stage| stage["code"] == "proposal").expect("a stage")["id"].clone();
    let (post, patch) = (Method::POST, Method::PATCH);
    let remarks = json!({ "remarks": "changed" });
    let mut calls = vec![
        (
            "create_user",
            post.clone(),
            "/users".to_owned(),
            json!({ "email": "n@example.com", "name": "N", "role": "rep", "password": ADMIN_PASSWORD }),
        ),
        ("update_user", patch.clone(), format!("/users/{user}"), json!({ "name": "changed" })),
        ("set_user_password", post.clone(), format!("/users/{user}/password"), json!({ "password": "another fine passphrase" })),
        ("hand_over_user", post.clone(), format!("/users/{user}/handover"), json!({ "to_user_id": admin.id })),
        ("create_api_key", post.clone(), "/api-keys".to_owned(), json!({ "name": "N", "scopes": ["customers:read"] })),
        ("revoke_api_key", post.clone(), format!("/api-keys/{key}/revoke"), Null),
        ("update_workspace", patch.clone(), "/workspace".to_owned(), json!({ "name": "changed" })),
        ("create_customer", post.clone(), "/customers".to_owned(), person("N")),
        ("update_customer", patch.clone(), format!("/customers/{company}"), remarks.clone()),
        ("move_customer_lifecycle", post.clone(), format!("/customers/{company}/lifecycle"), json!({ "stage": "customer" })),
        ("set_customer_tier", post.clone(), format!("/customers/{company}/tier"), json!({ "tier_id": tier, "reason": "x" })),
        (
            "transfer_customers",
            post.clone(),
            "/customers/transfer".to_owned(),
            json!({ "ids": [company, "cus_01jd9xq3v8e6ft2m4k7w0zr5ya"], "to_user_id": user, "reason": "x" }),
        ),
        ("create_contact", post.clone(), "/contacts".to_owned(), json!({ "name": "N" })),
        ("update_contact", patch.clone(), format!("/contacts/{contact}"), json!({ "title": "changed" })),
        ("create_opportunity", post.clone(), "/opportunities".to_owned(), opportunity),
        ("update_opportunity", patch.clone(), format!("/opportunities/{open}"), json!({ "name": "changed" })),
        ("move_opportunity", post.clone(), format!("/opportunities/{open}/move"), json!({ "to_stage_id": stage })),
        (
            "transfer_opportunities",
            post.clone(),
            "/opportunities/transfer".to_owned(),
            json!({ "ids": [open], "to_user_id": admin.id, "reason": "x" }),
        ),
        ("create_touch_record", post.clone(), "/touch-records".to_owned(), touch),
        ("update_touch_record", patch.clone(), format!("/touch-records/{record}"), json!({ "summary": "changed" })),
        ("create_tier", post.clone(), "/tiers".to_owned(), json!({ "code": "n", "name": "N", "rank": 3 })),
        ("update_tier", patch, format!("/tiers/{tier}"), json!({ "name": "changed" })),
        (
            "change_my_password",
            post.clone(),
            "/me/password".to_owned(),
            json!({ "current_password": ADMIN_PASSWORD, "new_password": "quite another passphrase" }),
        ),
    ];
    let referred = "by-ref/s/1";
    for (resource, upsert, batch, data) in [
        ("customers", "upsert_customer", "batch_customers", person("N")),
        ("contacts", "upsert_contact", "batch_contacts", json!({ "name": "N" })),
        ("opportunities", "upsert_opportunity", "batch_opportunities", json!({ "name": "N", "customer_id": company })),
        ("touch-records", "upsert_touch_record", "batch_touch_records", calls[18].3.clone()),
        ("tiers", "upsert_tier", "batch_tiers", json!({ "code": "u", "name": "U", "rank": 9 })),
    ] {
        let again = json!({ "op": "upsert", "external_ref": { "system": "s", "value": "1" }, "data": { "external_refs": [{ "system": "t", "value": "1" }] } });
        calls.push((upsert, Method::PATCH, format!("/{resource}/{referred}"), data));
        calls.push((batch, post.clone(), format!("/{resource}/batch"), json!({ "mode": "partial", "operations": [again] })));
    }
    let text = |key: &str| json!({ "resource": "tiers", "key": key, "type": "text", "label": { "zh": "x", "en": "x" } });
    let (field, retired) = (make("/fields", text("x")).await, make("/fields", text("y")).await);
    admin.act(&format!("/fields/{retired}/retire")).await.ok();
    calls.extend([
        ("create_field", post.clone(), "/fields".to_owned(), text("z")),
        ("update_field", Method::PATCH, format!("/fields/{field}"), json!({ "is_unique": true })),
        ("retire_field", post.clone(), format!("/fields/{field}/retire"), Null),
        ("reactivate_field", post.clone(), format!("/fields/{retired}/reactivate"), Null),
    ]);
    let week = app.now().plus(chrono::Duration::days(7)).to_string();
    let owned = make("/customers", json!({ "name": "O", "kind": "person", "owner_id": admin.id })).await;
    let (open, other) = (make("/pools", json!({ "name": "P", "is_open": true })).await, make("/pools", json!({ "name": "R" })).await);
    let pooled = json!({ "name": "O", "kind": "person", "pool_id": open });
    let (claimed, assigned) = (make("/customers", pooled.clone()).await, make("/customers", pooled).await);
    let team = json!({ "name": "T", "type": "team" });
    let (unit, gone) = (make("/org-units", team.clone()).await, make("/org-units", team.clone()).await);
    let top = make("/org-units", team.clone()).await;
    let cap = json!({ "scope": "workspace", "cap": 1000 });
    let capped = make("/holding-caps", cap.clone()).await;
    let rule = json!({ "kind": "no_touch", "days": 30 });
    let ruled = make(&format!("/pools/{open}/recycle-rules"), rule.clone()).await;
    admin.delete(&format!("/pools/{other}")).await.no_content();
    admin.delete(&format!("/org-units/{gone}")).await.no_content();
    let changed = || json!({ "name": "changed" });
    let claim = json!({ "ids": [claimed], "mode": "atomic" });
    let assignment = json!({ "ids": [assigned], "mode": "atomic", "to_user_id": admin.id });
    calls.extend([
        ("create_org_unit", post.clone(), "/org-units".to_owned(), team.clone()),
        ("update_org_unit", Method::PATCH, format!("/org-units/{unit}"), changed()),
        ("move_org_unit", post.clone(), format!("/org-units/{unit}/move"), json!({ "parent_id": top })),
        ("restore_org_unit", post.clone(), format!("/org-units/{gone}/restore"), Null),
        ("upsert_org_unit", Method::PATCH, format!("/org-units/{referred}"), team),
        ("create_pool", post.clone(), "/pools".to_owned(), json!({ "name": "N" })),
        ("update_pool", Method::PATCH, format!("/pools/{open}"), changed()),
        ("restore_pool", post.clone(), format!("/pools/{other}/restore"), Null),
        ("claim_customers", post.clone(), format!("/pools/{open}/claims"), claim),
        ("assign_customers", post.clone(), format!("/pools/{open}/assignments"), assignment),
        ("create_holding_cap", post.clone(), "/holding-caps".to_owned(), cap),
        ("update_holding_cap", Method::PATCH, format!("/holding-caps/{capped}"), json!({ "cap": 999 })),
        ("lock_customer", post.clone(), format!("/customers/{owned}/lock"), json!({ "until": week, "reason": "x" })),
        ("unlock_customer", post.clone(), format!("/customers/{owned}/unlock"), Null),
        ("release_customer", post.clone(), format!("/customers/{owned}/release"), json!({ "reason_code": "other" })),
        ("create_recycle_rule", post.clone(), format!("/pools/{open}/recycle-rules"), rule.clone()),
        ("update_recycle_rule", Method::PATCH, format!("/recycle-rules/{ruled}"), json!({ "days": 99 })),
        ("update_stage", Method::PATCH, format!("/stages/{}", stage.as_str().expect("an id")), json!({ "cadence_days": 3 })),
    ]);
    let planned = json!({ "customer_id": company, "type": "call", "due_at": "2026-01-05T08:00:00Z", "summary": "x" });
    let (plan, off) = (make("/planned-touches", planned.clone()).await, make("/planned-touches", planned.clone()).await);
    let done = json!({ "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "x" });
    let many = json!({ "mode": "partial", "operations": [{ "op": "create", "data": planned }] });
    calls.extend([
        ("batch_planned_touches", post.clone(), "/planned-touches/batch".to_owned(), many),
        ("create_planned_touch", post.clone(), "/planned-touches".to_owned(), planned),
        ("update_planned_touch", Method::PATCH, format!("/planned-touches/{plan}"), json!({ "summary": "changed" })),
        ("reassign_planned_touch", post.clone(), format!("/planned-touches/{plan}/reassign"), json!({ "assignee_id": user })),
        ("complete_planned_touch", post.clone(), format!("/planned-touches/{plan}/complete"), done),
        ("cancel_planned_touch", post.clone(), format!("/planned-touches/{off}/cancel"), json!({ "reason": "x" })),
    ]);
    calls.extend(notices(app, admin).await);
    let job = ask_for(app, admin, &UNKNOWN, json!({})).await;
    calls.push(("cancel_job", post.clone(), format!("{job}/cancel"), Null));
    let restored = ["restore_customer", "restore_contact", "restore_tier", "restore_opportunity", "restore_touch_record"];
    calls.extend(restored.into_iter().zip(deleted).map(|(operation, path)| (operation, post.clone(), path, Null)));
    calls
}

/// Marking what the administrator was told.
async fn notices(app: &App, admin: &Actor) -> Vec<Call> {
    let manager = app.user("manager").await;
    for name in ["one", "two"] {
        let body = json!({ "name": name, "kind": "person", "owner_id": admin.id });
        manager.post("/customers", body).await.created();
    }
    let page = admin.get("/me/notifications").await.ok();
    let id = |place: usize| page["data"][place]["id"].as_str().expect("an id").to_owned();
    vec![
        ("read_my_notification", Method::POST, format!("/me/notifications/{}/read", id(0)), Value::Null),
        ("unread_my_notification", Method::POST, format!("/me/notifications/{}/unread", id(0)), Value::Null),
        ("read_my_notifications", Method::POST, "/me/notifications/read".to_owned(), json!({ "ids": [id(1)] })),
    ]
}

/// Does everything that can be done, once.
pub async fn do_everything(app: &App, admin: &Actor) {
    for (operation, method, path, body) in &calls(app, admin).await {
        let reply = admin.send(request(admin, method.clone(), path, "once", body)).await;
        assert!((200..300).contains(&reply.status), "{operation}: {reply:#?}");
    }
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

/// Sends until the answer is none of those that ask to come back.
async fn insist(actor: &Actor, key: &str, body: &Value) -> Reply {
    loop {
        let reply = post(actor, "/customers", key, body).await;
        if reply.status != 409 {
            return reply;
        }
        assert_eq!(reply.header("retry-after"), "1");
        assert_eq!(reply.problem(409, "idempotency_in_progress")["retryable"], true);
    }
}

/// A hundred at once, shared out among the callers, then again until all have an answer.
async fn storm(callers: &[&Actor]) {
    let body = person("A");
    let at_once = async |number: usize| {
        let reply = post(callers[number % callers.len()], "/customers", "storm", &body).await;
        assert!(reply.status == 201 || reply.header("error-code") == "idempotency_in_progress", "{reply:#?}");
        (reply.status == 201).then_some(reply.text)
    };
    let answered: Vec<String> = join_all((0..100).map(at_once)).await.into_iter().flatten().collect();
    assert!(!answered.is_empty(), "somebody does it");
    let retries = join_all(callers.iter().map(|caller| insist(caller, "storm", &body))).await;
    let all: BTreeSet<&str> = answered.iter().map(String::as_str).chain(retries.iter().map(|reply| reply.text.as_str())).collect();
    assert_eq!(all.len(), 1, "one answer for all");
    assert!(retries.iter().all(|reply| reply.header("idempotency-replayed") == "true"));
    assert_eq!(customers(callers[0]).await, 1);
}

#[test]
fn who_comes_while_it_runs_is_asked_to_come_back() {
    on_both(|app| async move {
        let (admin, body) = (app.admin().await, person("A"));
        let (release, released) = mpsc::channel();
        let holder = app.hold_writes(released);
        let [one, other] = [(); 2].map(|()| Box::pin(post(&admin, "/customers", "k", &body)));
        let (Either::Left((first, waiting)) | Either::Right((first, waiting))) = select(one, other).await;
        assert_eq!(first.header("retry-after"), "1");
        assert_eq!(first.problem(409, "idempotency_in_progress")["retryable"], true);
        release.send(()).expect("it waits");
        holder.join().expect("it held");
        let made = waiting.await;
        assert_eq!((made.status, made.header("idempotency-replayed")), (201, ""));
        assert_replayed(&made, &post(&admin, "/customers", "k", &body).await);
    });
}

#[test]
fn of_a_hundred_at_once_one_is_done() {
    on_both(|app| async move {
        let admin = app.admin().await;
        storm(&[&admin]).await;
    });
}

#[test]
fn of_a_hundred_at_once_on_two_servers_one_is_done() {
    on_both(|app| async move {
        let Some(other) = app.beside() else { return };
        let admin = app.admin().await;
        storm(&[&admin, &other.with_token(admin.token())]).await;
    });
}

#[test]
fn callers_that_go_away_leave_nothing_half_done() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let impatient = async |number: u64| {
            let (key, body) = (format!("k{number}"), person(&format!("A{number}")));
            let patience = Duration::from_micros(number * 250);
            let _ = tokio::time::timeout(patience, post(&admin, "/customers", &key, &body)).await;
            insist(&admin, &key, &body).await.created()["id"].to_string()
        };
        let made: BTreeSet<String> = join_all((0..40).map(impatient)).await.into_iter().collect();
        assert_eq!((made.len(), customers(&admin).await), (40, 40));
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

/// The server waits between commit and answer, and is killed there.
#[cfg(debug_assertions)]
#[tokio::test]
async fn a_server_that_dies_before_it_answers_has_done_it_once() {
    let (folder, postgres) = (folder(), postgres_url());
    for url in ["sqlite://killed.db"].into_iter().chain(postgres.as_ref().map(|database| database.url.as_str())) {
        let start = |waits: bool| {
            let mut command = fishpond(folder.path(), &SERVE);
            command
                .env("FISHPOND_DATABASE_URL", url)
                .env("FISHPOND_ADMIN_EMAIL", ADMIN_EMAIL)
                .env("FISHPOND_ADMIN_PASSWORD", ADMIN_PASSWORD);
            if waits {
                command.env("TEST_WAIT_AFTER_COMMIT", "1");
            }
            Serving::start(&mut command).expect("it listens")
        };
        let mut server = start(true);
        let admin = server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let (waiting, body) = (admin.clone(), person("A"));
        let unanswered = tokio::spawn(request(&waiting, Method::POST, "/customers", "k", &body).send());
        let began = std::time::Instant::now();
        while customers(&admin).await == 0 {
            assert!(began.elapsed() < PATIENCE && !unanswered.is_finished(), "it is not committed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.child.kill().expect("it is killed");
        assert!(unanswered.await.expect("a result").is_err(), "nobody was answered");
        drop(server);

        let server = start(false);
        let admin = server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let retried = post(&admin, "/customers", "k", &body).await;
        assert_eq!((retried.status, retried.header("idempotency-replayed")), (201, "true"));
        let page = admin.get("/customers").await.ok();
        assert_eq!(page["data"], json!([retried.body]), "one customer, and it is this one");
    }
}
