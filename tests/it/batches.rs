//! Many writes in one request.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Actor, ids, on_both};

use faults::{assert_wrong, wrong};

mod faults;

fn person(name: &str) -> Value {
    json!({ "name": name, "kind": "person" })
}

fn create(name: &str) -> Value {
    json!({ "op": "create", "data": person(name) })
}

async fn total(actor: &Actor, path: &str) -> Value {
    actor.get(&format!("{path}?include_total=true")).await.ok()["total"].clone()
}

/// Status and problem code of each result.
fn outcomes(body: &Value) -> Vec<(u64, &str)> {
    let results = body["results"].as_array().expect("results");
    let code = |result: &Value| result["problem"]["code"].is_string().then_some(());
    results
        .iter()
        .map(|result| (result["status"].as_u64().unwrap(), code(result).map_or("", |()| result["problem"]["code"].as_str().unwrap())))
        .collect()
}

#[test]
fn operations_are_applied_in_their_order() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let old = admin.post("/customers", person("old")).await.created();
        let gone = admin.post("/customers", person("gone")).await.created();
        admin.delete(&format!("/customers/{}", gone["id"].as_str().unwrap())).await.no_content();
        let reference = json!({ "system": "erp", "value": "1" });
        for mode in ["atomic", "partial"] {
            let operations = json!([
                { "op": "upsert", "ref": "a", "external_ref": reference, "data": { "name": "A", "kind": "organization" } },
                { "op": "upsert", "external_ref": reference, "data": { "name": "B" } },
                { "op": "update", "external_ref": reference, "version": 2, "data": { "remarks": "r", "external_refs": [] } },
                { "op": "update", "ref": "u", "id": old["id"], "data": { "name": mode, "remarks": null } },
                { "op": "restore", "id": gone["id"] },
                { "op": "delete", "id": gone["id"] },
                { "op": "create", "ref": "n", "data": person("N") },
            ]);
            let reply = admin.post("/customers/batch", json!({ "mode": mode, "operations": operations })).await;
            assert_eq!(reply.status, if mode == "atomic" { 200 } else { 207 }, "{:#}", reply.body);
            let body = reply.body;
            assert_eq!(outcomes(&body), [(201, ""), (200, ""), (200, ""), (200, ""), (200, ""), (204, ""), (201, "")], "{body:#}");
            assert_eq!(body["summary"], json!({ "succeeded": 7, "failed": 0 }));
            let results = body["results"].as_array().unwrap();
            let members = |name: &str| results.iter().map(|result| result[name].clone()).collect::<Vec<_>>();
            assert_eq!(members("ref"), [json!("a"), Value::Null, Value::Null, json!("u"), Value::Null, Value::Null, json!("n")]);
            assert_eq!(members("index"), (0..7).map(|index| json!(index)).collect::<Vec<_>>());
            assert_eq!((&results[1]["id"], &results[2]["version"]), (&results[0]["id"], &json!(3)));
            assert_eq!(results[2]["data"]["name"], "B");
            assert_eq!((&results[5]["id"], &results[5]["data"]), (&gone["id"], &Value::Null));
            let path = format!("/customers/{}", results[0]["id"].as_str().unwrap());
            assert_eq!(admin.get(&path).await.ok(), results[2]["data"]);
            let of_it = |change: &&Value| change["object"]["id"] == results[0]["id"];
            assert_eq!(admin.changes().await["data"].as_array().unwrap().iter().filter(of_it).count(), 3, "each is a change");
        }
    });
}

#[test]
fn atomic_is_all_or_nothing() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let wrong = wrong(&admin).await;
        let before = admin.changes().await["data"].as_array().unwrap().len();
        let mut operations = vec![
            create("good"),
            json!({ "op": "upsert", "ref": "u", "external_ref": { "system": "s", "value": "9" }, "data": person("U") }),
        ];
        operations.extend(wrong.iter().map(|(operation, ..)| operation.clone()));
        let body = json!({ "mode": "atomic", "operations": operations });
        for path in ["/customers/batch", "/customers/batch?validate_only=true"] {
            let problem = admin.post(path, body.clone()).await.problem(422, "validation_failed");
            // The first error's own problem, with pointers into the request, and what became of each.
            let pointers: Vec<&str> =
                problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
            assert!(pointers.contains(&"/operations/2/data/name"), "{pointers:?}");
            let results = problem["results"].as_array().unwrap();
            for (result, index) in results[..2].iter().zip(0..) {
                assert_eq!(
                    (&result["status"], &result["problem"]["code"], &result["index"]),
                    (&json!(424), &json!("rolled_back"), &json!(index))
                );
            }
            assert_eq!(results[1]["ref"], "u");
            results[2..].iter().zip(&wrong).for_each(|(result, wrong)| assert_wrong(result, wrong));
        }
        assert_eq!(total(&admin, "/customers").await, 1);
        assert_eq!(admin.changes().await["data"].as_array().unwrap().len(), before, "nothing was written");
        admin.get("/customers/by-ref/s/9").await.problem(404, "not_found");
        assert_eq!(admin.get("/customers?q=good").await.ok()["data"], json!([]));
        // The language of the request is that of every problem.
        let request = admin.request(Method::POST, "/customers/batch").header("accept-language", "zh").json(&body);
        let problem = admin.send(request).await.problem(422, "validation_failed");
        assert!(!problem["results"][0]["problem"]["title"].as_str().unwrap().is_ascii());
        let one = json!({ "mode": "atomic", "operations": [{ "op": "delete", "id": "cus_01jd9xq3v8e6ft2m4k7w0zr5ya" }] });
        admin.post("/customers/batch", one).await.problem(404, "not_found");
    });
}

#[test]
fn what_is_only_checked_is_not_written() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let reference = json!({ "system": "erp", "value": "1" });
        let operations = json!([
            create("A"),
            { "op": "upsert", "external_ref": reference, "data": person("B") },
            { "op": "upsert", "external_ref": reference, "data": { "name": "C" } },
        ]);
        for mode in ["partial", "atomic"] {
            let request = admin.request(Method::POST, "/customers/batch?validate_only=true").header("idempotency-key", "k");
            let reply = admin.send(request.json(&json!({ "mode": mode, "operations": operations }))).await;
            assert_eq!(reply.status, 207, "{:#}", reply.body);
            assert_eq!(outcomes(&reply.body), [(201, ""), (201, ""), (200, "")]);
            let results = reply.body["results"].as_array().unwrap();
            assert!(results.iter().all(|result| result["id"].is_null() && result["data"].is_null() && result["version"].is_null()));
        }
        let mixed = json!({ "mode": "partial", "operations": [create("A"), { "op": "create", "data": {} }] });
        let reply = admin.post("/customers/batch?validate_only=true", mixed).await;
        assert_eq!((reply.status, outcomes(&reply.body)), (207, vec![(201, ""), (422, "validation_failed")]));
        assert_eq!(total(&admin, "/customers").await, 0);
    });
}

#[test]
fn a_batch_sees_and_changes_what_its_caller_may() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let own = rep.post("/customers", person("own")).await.created()["id"].clone();
        let hidden = other
            .post("/customers", json!({ "name": "hidden", "kind": "person", "external_refs": [{ "system": "s", "value": "1" }] }))
            .await
            .created()["id"]
            .clone();
        let pooled = admin.post("/customers", person("pooled")).await.created()["id"].clone();
        let update = |id: &Value| json!({ "op": "update", "id": id, "data": { "name": "changed" } });
        let upsert = json!({ "op": "upsert", "external_ref": { "system": "s", "value": "1" }, "data": person("x") });
        let operations = json!([update(&own), update(&hidden), update(&pooled), { "op": "delete", "id": hidden }, upsert]);
        let reply = rep.post("/customers/batch", json!({ "mode": "partial", "operations": operations })).await;
        let expected = [(200, ""), (404, "not_found"), (403, "not_owner"), (404, "not_found"), (409, "external_ref_taken")];
        assert_eq!(outcomes(&reply.body), expected);
        assert!(!reply.text[reply.text.find("external_ref_taken").unwrap()..].contains(hidden.as_str().unwrap()));
        let mut asked = vec![pooled.clone(), hidden.clone(), json!("cus_01jd9xq3v8e6ft2m4k7w0zr5ya"), own.clone()];
        let found = rep.post("/customers/batch-get", json!({ "ids": asked })).await.ok();
        assert_eq!(ids(&found), [pooled.as_str().unwrap(), own.as_str().unwrap()], "in the order of the question");
        assert_eq!(found["missing"], json!([hidden, "cus_01jd9xq3v8e6ft2m4k7w0zr5ya"]));
        let some = rep.post("/customers/batch-get", json!({ "ids": [own], "fields": ["name"] })).await.ok();
        assert_eq!(some["data"], json!([{ "id": own, "name": "changed" }]));
        let many: Vec<String> = (100..301).map(|number| format!("cus_01jd9xq3v8e6ft2m4k7w0zr{number}")).collect();
        asked.push(own.clone());
        rep.post("/customers/batch-get", json!({ "ids": asked })).await.invalid(&[("/ids/4", "duplicate_item")]);
        asked.push(json!("con_01jd9xq3v8e6ft2m4k7w0zr5ya"));
        let both = [("/ids/4", "duplicate_item"), ("/ids/5", "wrong_resource_type")];
        rep.post("/customers/batch-get", json!({ "ids": asked })).await.invalid(&both);
        rep.post("/customers/batch-get", json!({ "ids": [own], "fields": ["nam"] })).await.invalid(&[("/fields/0", "invalid_choice")]);
        rep.post("/customers/batch-get", json!({ "ids": many })).await.invalid(&[("/ids", "too_many_items")]);
        rep.post("/customers/batch-get", json!({ "ids": [] })).await.invalid(&[("/ids", "too_few_items")]);
    });
}

#[test]
fn every_resource_has_batches() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = admin.post("/customers", person("C")).await.created()["id"].clone();
        for (resource, data) in [
            ("contacts", json!({ "name": "P", "links": [{ "customer_id": customer, "is_primary": true }] })),
            ("opportunities", json!({ "name": "O", "customer_id": customer })),
            ("touch-records", json!({ "customer_id": customer, "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "x" })),
            ("tiers", json!({ "code": "a", "name": "A", "rank": 1 })),
        ] {
            let upsert = json!({ "op": "upsert", "external_ref": { "system": "s", "value": "1" }, "data": data });
            let delete = json!({ "op": "delete", "external_ref": { "system": "s", "value": "1" } });
            let reply = admin
                .post(&format!("/{resource}/batch"), json!({ "mode": "atomic", "operations": [upsert, upsert, delete, upsert] }))
                .await;
            assert_eq!(reply.status, 200, "{resource}: {:#}", reply.body);
            assert_eq!(outcomes(&reply.body), [(201, ""), (200, ""), (204, ""), (201, "")], "{resource}");
            let last = &reply.body["results"][3]["data"];
            let found = admin.post(&format!("/{resource}/batch-get"), json!({ "ids": [last["id"]] })).await.ok();
            assert_eq!(&found["data"][0], last, "{resource}");
        }
        assert_eq!(admin.get(&format!("/customers/{}", customer.as_str().unwrap())).await.ok()["touch_count"], 1);
    });
}

#[test]
fn batches_that_cross_are_both_done() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = admin.post("/customers/batch", json!({ "mode": "atomic", "operations": vec![create("x"); 6] })).await.ok();
        let mut targets: Vec<Value> = made["results"].as_array().unwrap().iter().map(|result| result["id"].clone()).collect();
        let mut bodies = Vec::new();
        for number in 0..8 {
            targets.reverse();
            let operations: Vec<Value> =
                targets.iter().map(|id| json!({ "op": "update", "id": id, "data": { "remarks": number.to_string() } })).collect();
            bodies.push(json!({ "mode": "atomic", "operations": operations }));
        }
        let replies = join_all(bodies.into_iter().map(|body| admin.post("/customers/batch", body))).await;
        assert!(replies.iter().all(|reply| reply.status == 200), "{replies:#?}");
        let rows = admin.get("/customers").await.ok();
        for row in rows["data"].as_array().unwrap() {
            assert_eq!((&row["version"], &row["remarks"]), (&json!(9), &rows["data"][0]["remarks"]), "each batch is whole");
        }
    });
}

#[test]
fn a_batch_that_is_sent_again_is_done_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let body = json!({ "mode": "partial", "operations": [create("A"), { "op": "create", "data": {} }, create("B")] });
        let send = || admin.send(admin.request(Method::POST, "/customers/batch").header("idempotency-key", "k").json(&body));
        let replies = join_all((0..20).map(|_| send())).await;
        let done: Vec<_> = replies.iter().filter(|reply| reply.status == 207).collect();
        assert!(!done.is_empty() && done.iter().all(|reply| reply.text == done[0].text));
        assert!(replies.iter().all(|reply| matches!(reply.status, 207 | 409)));
        let again = send().await;
        assert_eq!((again.status, again.header("idempotency-replayed"), &again.text), (207, "true", &done[0].text));
        assert_eq!(total(&admin, "/customers").await, 2);
    });
}
