//! Objects by another system's reference.

use std::collections::HashSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Actor, Reply, on_both};

async fn upsert(actor: &Actor, path: &str, header: Option<(&str, &str)>, body: Value) -> Reply {
    let request = actor.request(Method::PATCH, path).header("content-type", "application/merge-patch+json");
    let request = header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    actor.send(request.body(body.to_string())).await
}

#[test]
fn what_is_not_there_is_created_and_what_is_there_changed() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let path = "/customers/by-ref/sap/0000123";
        admin.get(path).await.problem(404, "not_found");
        let full =
            json!({ "name": "华为", "kind": "organization", "employee_count": 5, "external_refs": [{ "system": "oa", "value": "7" }] });
        let made = admin.patch(path, full.clone()).await.created();
        let refs = json!([{ "system": "oa", "value": "7" }, { "system": "sap", "value": "0000123" }]);
        assert_eq!((&made["external_refs"], &made["version"]), (&refs, &json!(1)));
        assert_eq!(admin.get(path).await.ok(), made);
        assert_eq!(admin.get("/customers/by-ref/oa/7").await.ok(), made);
        // The same again changes nothing; what creation alone may set may be said again.
        assert_eq!(admin.patch(path, full).await.ok(), made);
        let changed = admin.patch(path, json!({ "name": "华为技术", "employee_count": null })).await;
        assert_eq!((changed.status, changed.header("etag")), (200, "\"v2\""));
        assert_eq!((&changed.body["name"], &changed.body["employee_count"]), (&json!("华为技术"), &Value::Null));
        assert_eq!(changed.body["external_refs"], refs);
        // The reference of the path stays, whatever the body says of the others.
        for (body, expected) in [(json!([{ "system": "x", "value": "1" }]), 2), (json!([]), 1), (Value::Null, 1)] {
            let refs = admin.patch(path, json!({ "external_refs": body })).await.ok()["external_refs"].clone();
            assert_eq!(refs.as_array().map(Vec::len), Some(expected), "{refs}");
            assert!(refs.as_array().unwrap().contains(&json!({ "system": "sap", "value": "0000123" })));
        }
        admin.get("/customers/by-ref/oa/7").await.problem(404, "not_found");
        let tag = format!("\"v{}\"", admin.get(path).await.ok()["version"]);
        let unchanged = admin.send(admin.request(Method::GET, path).header("if-none-match", tag)).await;
        assert_eq!(unchanged.status, 304);
    });
}

#[test]
fn every_resource_has_references() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = admin.patch("/customers/by-ref/s/1", json!({ "name": "C", "kind": "organization" })).await.created()["id"].clone();
        for (resource, body, change) in [
            ("contacts", json!({ "name": "P", "links": [{ "customer_id": customer }] }), json!({ "title": "CEO" })),
            ("opportunities", json!({ "name": "O", "customer_id": customer }), json!({ "competitor": "them" })),
            (
                "touch-records",
                json!({ "customer_id": customer, "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "x" }),
                json!({ "summary": "y", "location": { "lat": 1.5, "lng": 2.5 } }),
            ),
            ("tiers", json!({ "code": "a", "name": "A", "rank": 1 }), json!({ "benefits": "many" })),
        ] {
            let path = format!("/{resource}/by-ref/s/1");
            let made = admin.patch(&path, body.clone()).await.created();
            assert_eq!(admin.get(&path).await.ok(), made, "{resource}");
            assert_eq!(admin.patch(&path, body).await.ok()["version"], 1, "{resource}");
            let changed = admin.patch(&path, change).await.ok();
            assert_eq!((&changed["id"], &changed["version"]), (&made["id"], &json!(2)), "{resource}");
        }
    });
}

#[test]
fn values_are_taken_as_they_are_written() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for value in ["a/b", "100%", "%2F", "a+b", "名 1", "a:b,c", "by-ref", "a\tb"] {
            let escaped = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            let path = format!("/contacts/by-ref/sap/{escaped}");
            let made = admin.patch(&path, json!({ "name": value })).await.created();
            assert_eq!(made["external_refs"], json!([{ "system": "sap", "value": value }]));
            assert_eq!(admin.get(&path).await.ok()["id"], made["id"]);
            assert_eq!(admin.list("/contacts/search", &[]).await.status, 405);
        }
        // What cannot be a reference does not exist.
        let long = "x".repeat(201);
        for path in
            ["/contacts/by-ref/SAP/1", "/contacts/by-ref/s%20p/1", "/contacts/by-ref/sap/%20", &format!("/contacts/by-ref/sap/{long}")]
        {
            admin.get(path).await.problem(404, "not_found");
            admin.patch(path, json!({ "name": "x" })).await.problem(404, "not_found");
        }
        admin.patch(&format!("/contacts/by-ref/sap/{}", &long[1..]), json!({ "name": "x" })).await.created();
    });
}

#[test]
fn preconditions_say_which_of_the_two() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (path, body) = ("/contacts/by-ref/sap/1", json!({ "name": "A" }));
        upsert(&admin, path, Some(("if-match", "*")), body.clone()).await.problem(412, "does_not_exist");
        upsert(&admin, path, Some(("if-none-match", "\"v1\"")), body.clone()).await.problem(400, "invalid_header");
        let made = upsert(&admin, path, Some(("if-none-match", "*")), body.clone()).await.created();
        let problem = upsert(&admin, path, Some(("if-none-match", "*")), body.clone()).await.problem(412, "already_exists");
        assert_eq!(problem["meta"]["existing_id"], made["id"]);
        upsert(&admin, path, Some(("if-match", "\"v7\"")), body.clone()).await.problem(412, "version_conflict");
        assert_eq!(upsert(&admin, path, Some(("if-match", "*")), json!({ "name": "B" })).await.ok()["version"], 2);
        assert_eq!(upsert(&admin, path, Some(("if-match", "\"v2\"")), json!({ "name": "C" })).await.ok()["version"], 3);
    });
}

#[test]
fn bodies_are_checked_for_what_is_done() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let path = "/customers/by-ref/sap/1";
        admin.patch(path, json!({ "employee_count": "many", "nmae": "x", "version": 3 })).await.invalid(&[
            ("/employee_count", "wrong_type"),
            ("/nmae", "unknown_field"),
            ("/version", "read_only_field"),
        ]);
        // Creation requires what it requires.
        admin.patch(path, json!({ "status": "active" })).await.invalid(&[("/name", "required"), ("/kind", "required")]);
        admin.patch(path, json!({ "name": null, "kind": "person" })).await.invalid(&[("/name", "required")]);
        admin
            .patch(path, json!({ "name": "A", "kind": "person", "tier_id": "tier_01jd9xq3v8e6ft2m4k7w0zr5ya" }))
            .await
            .invalid(&[("/tier_id", "unknown_reference")]);
        admin.get(path).await.problem(404, "not_found");
        admin.patch(path, json!({ "name": "A", "kind": "person" })).await.created();
        // What only creation may set must be what it is.
        admin
            .patch(path, json!({ "name": "B", "kind": "organization", "lifecycle_stage": "loyal" }))
            .await
            .invalid(&[("/kind", "read_only_field"), ("/lifecycle_stage", "read_only_field")]);
        assert_eq!(admin.get(path).await.ok()["version"], 1);
        let problem = admin
            .patch(
                "/customers/by-ref/sap/2",
                json!({ "name": "A", "kind": "person", "external_refs": [{ "system": "sap", "value": "1" }] }),
            )
            .await;
        problem.problem(409, "external_ref_taken");
        admin.get("/customers/by-ref/sap/2").await.problem(404, "not_found");
    });
}

#[test]
fn a_conflict_of_something_else_is_told() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let label = json!({ "zh": "x", "en": "x" });
        admin
            .post("/fields", json!({ "resource": "customers", "key": "no", "type": "text", "label": label, "is_unique": true }))
            .await
            .created();
        let first = json!({ "name": "A", "kind": "person", "custom": { "no": "1" }, "external_refs": [{ "system": "oa", "value": "9" }] });
        let made = admin.post("/customers", first.clone()).await.created();
        let value = json!({ "name": "B", "kind": "person", "custom": { "no": "1" } });
        let reference = json!({ "name": "B", "kind": "person", "external_refs": [{ "system": "sap", "value": "1" }, { "system": "oa", "value": "9" }] });
        for (body, code) in [(value, "value_taken"), (reference, "external_ref_taken")] {
            let problem = admin.patch("/customers/by-ref/sap/1", body.clone()).await.problem(409, code);
            assert_eq!(problem["meta"]["existing_id"], made["id"]);
            let operation = json!({ "op": "upsert", "external_ref": { "system": "sap", "value": "1" }, "data": body });
            let batch =
                json!({ "mode": "partial", "operations": [operation, { "op": "create", "data": { "name": "C", "kind": "person" } }] });
            let results = admin.post("/customers/batch", batch).await.body["results"].clone();
            assert_eq!((&results[0]["problem"]["code"], &results[1]["status"]), (&json!(code), &json!(201)));
        }
        // A value that looks like the end of another path takes a key all the same.
        for value in ["search", "batch-get"] {
            let path = format!("/contacts/by-ref/sap/{value}");
            let keyed = || admin.request(Method::PATCH, &path).header("idempotency-key", "k").json(&json!({ "name": "P" }));
            assert_eq!(admin.send(keyed()).await.status, 201);
            assert_eq!(admin.send(keyed()).await.header("idempotency-replayed"), "true");
        }
    });
}

#[test]
fn what_is_out_of_sight_is_not_named() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (path, body) = ("/customers/by-ref/sap/1", json!({ "name": "A", "kind": "person" }));
        let made = rep.patch(path, body.clone()).await.created();
        other.get(path).await.problem(404, "not_found");
        let problem = other.patch(path, body.clone()).await.problem(409, "external_ref_taken");
        assert!(!problem.to_string().contains(made["id"].as_str().unwrap()));
        // Visible, but not to be changed.
        let pooled = admin.patch("/customers/by-ref/sap/2", body.clone()).await.created();
        assert_eq!(other.get("/customers/by-ref/sap/2").await.ok(), pooled);
        other.patch("/customers/by-ref/sap/2", json!({ "name": "B" })).await.problem(403, "not_owner");
        // Another workspace has references of its own.
        let stranger = app.db_stranger().await;
        stranger.get(path).await.problem(404, "not_found");
        assert_ne!(stranger.patch(path, body.clone()).await.created()["id"], made["id"]);
        // A deleted object has none.
        rep.delete(&format!("/customers/{}", made["id"].as_str().unwrap())).await.no_content();
        rep.get(path).await.problem(404, "not_found");
        assert_ne!(other.patch(path, body).await.created()["id"], made["id"]);
    });
}

#[test]
fn of_many_at_once_one_creates() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for round in 0..3 {
            let path = format!("/customers/by-ref/sap/{round}");
            let bodies = (0..32).map(|number| json!({ "name": format!("N{number}"), "kind": "organization" }));
            let replies = join_all(bodies.map(|body| admin.patch(&path, body))).await;
            let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
            statuses.sort_unstable();
            assert_eq!((statuses[0..31].to_vec(), statuses[31]), (vec![200; 31], 201));
            let ids: HashSet<&str> = replies.iter().map(|reply| reply.body["id"].as_str().unwrap()).collect();
            assert_eq!(ids.len(), 1);
            // Each one's change is a version of its own; nothing was lost.
            let versions: HashSet<i64> = replies.iter().map(|reply| reply.body["version"].as_i64().unwrap()).collect();
            assert_eq!(versions, (1..=32).collect());
            let last = replies.iter().find(|reply| reply.body["version"] == 32).unwrap();
            assert_eq!(admin.get(&path).await.ok(), last.body);
        }
        assert_eq!(admin.get("/customers?include_total=true").await.ok()["total"], 3);
    });
}

#[test]
fn what_is_only_checked_is_not_written() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let person = json!({ "name": "A", "kind": "person", "external_refs": [{ "system": "s", "value": "1" }] });
        admin.post("/customers?validate_only=true", person.clone()).await.no_content();
        admin.patch("/customers/by-ref/s/1?validate_only=true", person.clone()).await.no_content();
        admin.post("/customers?validate_only=true", json!({ "name": "A" })).await.invalid(&[("/kind", "required")]);
        admin.post("/customers?validate_only=maybe", person.clone()).await.problem(400, "invalid_parameter");
        assert_eq!(admin.get("/customers?include_total=true").await.ok()["total"], 0);
        // Checked with a key, then done with it: that is another request.
        let keyed = |query: &str| admin.request(Method::POST, &format!("/customers{query}")).header("idempotency-key", "k").json(&person);
        admin.send(keyed("?validate_only=true")).await.no_content();
        let made = admin.send(keyed("")).await.created();
        let path = format!("/customers/{}", made["id"].as_str().unwrap());
        admin.post("/customers?validate_only=true", person.clone()).await.problem(409, "external_ref_taken");
        let changes = admin.changes().await;
        admin.patch(&format!("{path}?validate_only=true"), json!({ "name": "B" })).await.no_content();
        admin.patch(&format!("{path}?validate_only=true"), json!({ "name": null })).await.invalid(&[("/name", "required")]);
        admin.patch_if(&format!("{path}?validate_only=true"), "\"v9\"", json!({ "name": "B" })).await.problem(412, "version_conflict");
        admin.patch("/customers/by-ref/s/1?validate_only=true", json!({ "name": "B" })).await.no_content();
        for (resource, body) in [
            ("contacts", json!({ "name": "P", "links": [{ "customer_id": made["id"], "is_primary": true }] })),
            ("opportunities", json!({ "name": "O", "customer_id": made["id"] })),
            ("touch-records", json!({ "customer_id": made["id"], "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "x" })),
            ("tiers", json!({ "code": "a", "name": "A", "rank": 1, "is_default": true })),
        ] {
            admin.post(&format!("/{resource}?validate_only=true"), body).await.no_content();
            assert_eq!(admin.get(&format!("/{resource}?include_total=true")).await.ok()["total"], 0, "{resource}");
        }
        assert_eq!(admin.get(&path).await.ok(), made);
        assert_eq!(admin.changes().await["data"].as_array().map(Vec::len), changes["data"].as_array().map(|data| data.len()));
        assert_eq!(admin.get("/customers?q=B").await.ok()["data"], json!([]), "not in the search index either");
    });
}
