//! Operations that are wrong, and batches that are too much.

use serde_json::{Map, Value, json};

use super::{create, outcomes, person, total};
use crate::harness::{Actor, on_both};

#[test]
fn characters_that_are_refused_are_refused_in_their_row() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let operations = json!([create("A"), create("B\u{1}"), { "op": "update", "id": "x\u{1}", "data": {} }]);
        let body = json!({ "mode": "partial", "operations": operations });
        admin.post("/customers/batch", body).await.invalid(&[("/operations/2/id", "invalid_characters")]);
        let body = json!({ "mode": "partial", "operations": operations.as_array().unwrap()[..2] });
        let reply = admin.post("/customers/batch", body).await;
        assert_eq!((reply.status, outcomes(&reply.body)), (207, vec![(201, ""), (422, "validation_failed")]));
        assert_eq!(reply.body["results"][1]["problem"]["errors"][0]["pointer"], "/data/name");
    });
}

/// Operations of which none can be done, each with its status, code and pointers.
pub async fn wrong(admin: &Actor) -> Vec<(Value, u64, &'static str, Vec<&'static str>)> {
    let customer = admin.post("/customers", person("there")).await.created();
    let id = customer["id"].as_str().unwrap();
    admin.patch(&format!("/customers/{id}"), json!({ "external_refs": [{ "system": "s", "value": "1" }] })).await.ok();
    let invalid = |operation: Value, pointers: &[&'static str]| (operation, 422, "validation_failed", pointers.to_vec());
    vec![
        invalid(json!({ "op": "create", "data": { "name": " ", "kind": "firm", "nmae": 1 } }), &["/data/name", "/data/kind", "/data/nmae"]),
        invalid(
            json!({ "op": "create", "data": { "name": "x", "kind": "person", "parent_id": "cus_01jd9xq3v8e6ft2m4k7w0zr5ya", "source": "none" } }),
            &["/data/parent_id", "/data/source"],
        ),
        invalid(json!({ "op": "create", "id": id, "version": 1 }), &["/id", "/version", "/data"]),
        invalid(json!({ "op": "update", "data": {} }), &["/id"]),
        invalid(json!({ "op": "update", "id": id, "external_ref": { "system": "s", "value": "1" }, "data": {} }), &["/id"]),
        invalid(json!({ "op": "update", "id": id }), &["/data"]),
        invalid(json!({ "op": "update", "id": id, "data": { "name": null, "kind": "person" } }), &["/data/name", "/data/kind"]),
        invalid(json!({ "op": "update", "id": "con_01jd9xq3v8e6ft2m4k7w0zr5ya", "data": {} }), &["/id"]),
        invalid(json!({ "op": "upsert", "id": id }), &["/id", "/external_ref", "/data"]),
        invalid(json!({ "op": "upsert", "external_ref": { "system": "s", "value": "2" }, "data": { "name": "x" } }), &["/data/kind"]),
        invalid(
            json!({ "op": "upsert", "external_ref": { "system": "s", "value": "1" }, "data": { "kind": "organization" } }),
            &["/data/kind"],
        ),
        invalid(json!({ "op": "delete" }), &["/id"]),
        invalid(
            json!({ "op": "restore", "external_ref": { "system": "s", "value": "1" }, "data": {} }),
            &["/id", "/external_ref", "/data"],
        ),
        (
            json!({ "op": "create", "data": { "name": "x", "kind": "person", "external_refs": [{ "system": "s", "value": "1" }] } }),
            409,
            "external_ref_taken",
            vec![],
        ),
        (json!({ "op": "update", "id": id, "version": 9, "data": { "name": "x" } }), 412, "version_conflict", vec![]),
        (
            json!({ "op": "upsert", "external_ref": { "system": "s", "value": "3" }, "version": 1, "data": person("x") }),
            412,
            "does_not_exist",
            vec![],
        ),
        (json!({ "op": "update", "id": "cus_01jd9xq3v8e6ft2m4k7w0zr5ya", "data": { "name": "x" } }), 404, "not_found", vec![]),
        (json!({ "op": "update", "external_ref": { "system": "s", "value": "3" }, "data": { "name": "x" } }), 404, "not_found", vec![]),
        (json!({ "op": "delete", "id": "cus_01jd9xq3v8e6ft2m4k7w0zr5ya" }), 404, "not_found", vec![]),
        (json!({ "op": "restore", "id": id }), 404, "not_found", vec![]),
    ]
}

pub fn assert_wrong(result: &Value, (operation, status, code, pointers): &(Value, u64, &str, Vec<&str>)) {
    let problem = &result["problem"];
    assert_eq!((&result["status"], &problem["code"]), (&json!(status), &json!(code)), "{operation} gave {result:#}");
    assert_eq!((&result["id"], &result["version"], &result["data"]), (&Value::Null, &Value::Null, &Value::Null));
    let found: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(found.iter().collect::<std::collections::BTreeSet<_>>(), pointers.iter().collect(), "{operation} gave {problem:#}");
}

#[test]
fn every_wrong_operation_says_why_and_spares_the_others() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let wrong = wrong(&admin).await;
        // A good one between each two.
        let operations: Vec<Value> = wrong.iter().flat_map(|(operation, ..)| [operation.clone(), create("good")]).collect();
        let reply = admin.post("/customers/batch", json!({ "mode": "partial", "operations": operations })).await;
        assert_eq!(reply.status, 207);
        for (pair, wrong) in reply.body["results"].as_array().unwrap().chunks(2).zip(&wrong) {
            assert_wrong(&pair[0], wrong);
            assert_eq!((&pair[1]["status"], &pair[1]["data"]["name"]), (&json!(201), &json!("good")));
        }
        assert_eq!(reply.body["summary"], json!({ "succeeded": wrong.len(), "failed": wrong.len() }));
        assert_eq!(total(&admin, "/customers").await, json!(wrong.len() + 1));
    });
}

#[test]
fn the_batch_itself_has_limits() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let send = async |body: Value| admin.post("/customers/batch", body).await;
        send(json!({ "operations": [create("x")] })).await.invalid(&[("/mode", "required")]);
        send(json!({ "mode": "some", "operations": [] })).await.invalid(&[("/mode", "invalid_choice"), ("/operations", "too_few_items")]);
        send(json!({ "mode": "partial", "operations": [{ "op": "replace" }, { "opp": "create" }] })).await.invalid(&[
            ("/operations/0/op", "invalid_choice"),
            ("/operations/1/op", "required"),
            ("/operations/1/opp", "unknown_field"),
        ]);
        let labelled = |label: &str| json!({ "op": "create", "ref": label, "data": person("x") });
        let twice = json!({ "mode": "partial", "operations": [labelled("a"), labelled("b"), labelled("a"), create("x"), create("x")] });
        send(twice).await.invalid(&[("/operations/2/ref", "duplicate_item")]);
        let many = |count: usize, remarks: &str| {
            let one = json!({ "op": "create", "data": { "name": "x", "kind": "person", "remarks": remarks } });
            json!({ "mode": "partial", "operations": vec![one; count] })
        };
        send(many(501, "")).await.invalid(&[("/operations", "too_many_items")]);
        send(many(500, &"r".repeat(4_300))).await.problem(413, "body_too_large");
        assert_eq!(total(&admin, "/customers").await, 0, "nothing was half-done");
        let reply = send(many(500, &"r".repeat(4_000))).await;
        assert_eq!((reply.status, &reply.body["summary"]), (207, &json!({ "succeeded": 500, "failed": 0 })));
        assert_eq!(total(&admin, "/customers").await, 500);
        // One mebibyte is still what anything else may have, and a member of data that nobody can write is one's own.
        admin.post("/contacts", json!({ "name": "x", "remarks": "r".repeat(1_100_000) })).await.problem(413, "body_too_large");
    });
}

#[test]
fn a_batch_of_nothing_but_faults_is_answered_shortly() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let custom: Map<String, Value> = (0..200).map(|number| (format!("k{number}"), json!(1))).collect();
        let one = json!({ "op": "create", "data": { "name": "x", "kind": "person", "custom": custom } });
        for mode in ["partial", "atomic"] {
            let answer = admin.post("/customers/batch", json!({ "mode": mode, "operations": vec![&one; 6] })).await;
            assert_eq!(answer.status, if mode == "atomic" { 422 } else { 207 });
            let problems = answer.body["results"].as_array().unwrap().iter().map(|result| &result["problem"]);
            let told: Vec<(usize, &Value)> =
                problems.map(|problem| (problem["errors"].as_array().unwrap().len(), &problem["meta"]["count"])).collect();
            let count = json!(200);
            assert_eq!(told, [200, 200, 100, 1, 1, 1].map(|length| (length, &count)));
        }
    });
}
