//! Whose a customer is, who sees it and who may change it; transfers.

use serde_json::{Value, json};

use crate::harness::{Actor, ids, on_both};

mod collaborators;
mod many;

/// A new customer with these members besides.
async fn customer(actor: &Actor, mut members: Value) -> Value {
    members["name"] = json!("A");
    members["kind"] = json!("organization");
    actor.post("/customers", members).await.created()
}

fn path(customer: &Value) -> String {
    format!("/customers/{}", customer["id"].as_str().unwrap())
}

#[test]
fn a_new_customer_belongs_to_the_rep_or_lies_in_the_pool() {
    on_both(|app| async move {
        let (admin, manager, rep) = (app.admin().await, app.user("manager").await, app.user("rep").await);
        let own = customer(&rep, json!({})).await;
        assert_eq!((&own["owner_id"], &own["pool_id"]), (&json!(rep.id), &Value::Null));
        let pooled = customer(&manager, json!({})).await;
        assert!(pooled["owner_id"].is_null() && pooled["pool_id"].is_string());
        assert_eq!(customer(&app.api_key(&["*"]).await, json!({})).await["pool_id"], pooled["pool_id"], "there is one default pool");
        let given = customer(&manager, json!({ "owner_id": rep.id, "pool_id": null })).await;
        assert_eq!((&given["owner_id"], &given["pool_id"]), (&json!(rep.id), &Value::Null));
        let pooled_by_rep = customer(&rep, json!({ "pool_id": pooled["pool_id"] })).await;
        assert_eq!((&pooled_by_rep["owner_id"], &pooled_by_rep["pool_id"]), (&Value::Null, &pooled["pool_id"]));

        let named = customer(&rep, json!({ "owner_id": rep.id })).await;
        assert_eq!((&named["owner_id"], &named["pool_id"]), (&json!(rep.id), &Value::Null));
        let for_another = json!({ "name": "B", "kind": "person", "owner_id": manager.id });
        rep.post("/customers", for_another).await.invalid(&[("/owner_id", "not_owner")]);

        let stranger = app.db_stranger().await;
        let foreign = customer(&stranger, json!({})).await;
        let gone = app.user("rep").await;
        admin.patch(&format!("/users/{}", gone.id), json!({ "is_active": false })).await.ok();
        let unknown = "usr_01jd9xq3v8e6ft2m4k7w0zr5ya";
        for (owner, pool, faults) in [
            (json!(rep.id), pooled["pool_id"].clone(), vec![("/pool_id", "exclusive_fields")]),
            (json!(unknown), Value::Null, vec![("/owner_id", "unknown_reference")]),
            (json!(stranger.id), Value::Null, vec![("/owner_id", "unknown_reference")]),
            (json!(gone.id), Value::Null, vec![("/owner_id", "inactive_reference")]),
            (Value::Null, foreign["pool_id"].clone(), vec![("/pool_id", "unknown_reference")]),
            (pooled["pool_id"].clone(), json!(rep.id), vec![("/owner_id", "wrong_resource_type"), ("/pool_id", "wrong_resource_type")]),
        ] {
            let input = json!({ "name": "B", "kind": "person", "owner_id": owner, "pool_id": pool });
            manager.post("/customers", input).await.invalid(&faults);
        }
        assert_eq!(admin.get("/customers?include_total=true&kind=person").await.ok()["total"], 0);
    });
}

#[test]
fn a_rep_sees_its_own_customers_and_those_in_the_pool() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (own, theirs, pooled) = (customer(&rep, json!({})).await, customer(&other, json!({})).await, customer(&admin, json!({})).await);
        let foreign = customer(&app.db_stranger().await, json!({})).await;
        assert_eq!(ids(&rep.get("/customers?sort=created_at").await.ok()), [own["id"].as_str().unwrap(), pooled["id"].as_str().unwrap()]);
        assert_eq!(ids(&rep.list("/customers", &[("owner_id", other.id.as_str())]).await.ok()).len(), 0);
        assert_eq!(rep.get(&path(&own)).await.ok(), own);
        assert_eq!(rep.get(&path(&pooled)).await.ok(), pooled);

        let never = json!({ "id": "cus_01jd9xq3v8e6ft2m4k7w0zr5ya" });
        let mut expected = rep.get(&path(&never)).await.problem(404, "not_found");
        expected["request_id"] = Value::Null;
        for hidden in [&theirs, &foreign, &never] {
            let path = path(hidden);
            let answers = [
                rep.get(&path).await,
                rep.get(&format!("{path}/tree")).await,
                rep.patch(&path, json!({ "name": "B" })).await,
                rep.patch_if(&path, "\"v9\"", json!({ "name": "B" })).await,
                rep.delete(&path).await,
                rep.act(&format!("{path}/restore")).await,
                rep.post(&format!("{path}/lifecycle"), json!({ "stage": "prospect" })).await,
            ];
            for answer in answers {
                let mut body = answer.problem(404, "not_found");
                body["request_id"] = Value::Null;
                assert_eq!(body, expected, "the same as for what never was");
            }
        }
        assert_eq!(other.get(&path(&theirs)).await.ok(), theirs, "untouched");
        other.delete(&path(&theirs)).await.no_content();
        rep.act(&format!("{}/restore", path(&theirs))).await.problem(404, "not_found");
        other.act(&format!("{}/restore", path(&theirs))).await.ok();
    });
}

#[test]
fn a_rep_changes_its_own_customers_only() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let (own, pooled) = (path(&customer(&rep, json!({})).await), customer(&admin, json!({})).await);
        rep.patch(&own, json!({ "name": "B" })).await.ok();
        rep.post(&format!("{own}/lifecycle"), json!({ "stage": "prospect" })).await.ok();
        rep.delete(&own).await.no_content();
        assert_eq!(rep.act(&format!("{own}/restore")).await.ok()["version"], 5);

        let there = path(&pooled);
        rep.patch(&there, json!({ "name": "B" })).await.problem(403, "not_owner");
        rep.patch(&there, json!({ "name": "" })).await.invalid(&[("/name", "required")]);
        rep.post(&format!("{there}/lifecycle"), json!({ "stage": "prospect" })).await.problem(403, "not_owner");
        rep.delete(&there).await.problem(403, "not_owner");
        assert_eq!(rep.get(&there).await.ok(), pooled, "untouched");
        admin.delete(&there).await.no_content();
        rep.act(&format!("{there}/restore")).await.problem(403, "not_owner");
    });
}

#[test]
fn a_viewer_reads_everything_and_changes_nothing() {
    on_both(|app| async move {
        let (viewer, rep) = (app.user("viewer").await, app.user("rep").await);
        let (own, pooled) = (customer(&rep, json!({})).await, customer(&app.admin().await, json!({})).await);
        assert_eq!(ids(&viewer.get("/customers").await.ok()), [pooled["id"].as_str().unwrap(), own["id"].as_str().unwrap()]);
        assert_eq!(viewer.get(&path(&own)).await.ok(), own);
        viewer.get(&format!("{}/tree", path(&own))).await.ok();
        let there = path(&own);
        for refused in [
            viewer.post("/customers", json!({ "name": "B", "kind": "person" })).await,
            viewer.post("/customers", json!({})).await,
            viewer.patch(&there, json!({ "name": "B" })).await,
            viewer.delete(&there).await,
            viewer.act(&format!("{there}/restore")).await,
            viewer.post(&format!("{there}/lifecycle"), json!({ "stage": "prospect" })).await,
            viewer.post("/customers/transfer", json!({ "ids": [own["id"]], "to_user_id": viewer.id, "reason": "mine" })).await,
        ] {
            assert_eq!(refused.problem(403, "insufficient_role")["meta"]["required_role"], "rep");
        }
        assert_eq!(rep.get(&there).await.ok(), own);
    });
}

#[test]
fn a_manager_changes_everything() {
    on_both(|app| async move {
        let (manager, rep) = (app.user("manager").await, app.user("rep").await);
        let made = customer(&rep, json!({})).await;
        let own = path(&made);
        assert_eq!(ids(&manager.get("/customers").await.ok()), [made["id"].as_str().unwrap()]);
        assert_eq!(manager.patch(&own, json!({ "name": "B" })).await.ok()["owner_id"], json!(rep.id), "and it stays the rep's");
        manager.post(&format!("{own}/lifecycle"), json!({ "stage": "customer" })).await.ok();
        manager.delete(&own).await.no_content();
        manager.act(&format!("{own}/restore")).await.ok();
        assert_eq!(rep.get(&own).await.ok()["version"], 5);
    });
}

#[test]
fn a_transfer_gives_customers_to_another_owner() {
    on_both(|app| async move {
        let (admin, manager, rep) = (app.admin().await, app.user("manager").await, app.user("rep").await);
        let (own, pooled) = (customer(&rep, json!({})).await, customer(&admin, json!({})).await);
        let already = customer(&admin, json!({ "owner_id": manager.id })).await;
        let wanted = json!([pooled["id"], already["id"], own["id"]]);
        let input = json!({ "ids": wanted, "to_user_id": manager.id, "reason": " territory change " });
        let moved = manager.post("/customers/transfer", input).await.ok();
        assert_eq!(moved["summary"], json!({ "succeeded": 3, "failed": 0 }));
        let moved_to = |index: usize, version: i64| {
            let id = &wanted[index];
            json!({ "index": index, "id": id, "status": 200, "version": version, "problem": null })
        };
        assert_eq!(moved["results"], json!([moved_to(0, 2), moved_to(1, 1), moved_to(2, 2)]), "in the order that was given");
        let now = manager.get(&path(&pooled)).await.ok();
        assert_eq!((&now["owner_id"], &now["pool_id"], &now["version"]), (&json!(manager.id), &Value::Null, &json!(2)));
        assert_eq!(manager.get(&path(&already)).await.ok(), already, "nothing to do");
        rep.get(&path(&own)).await.problem(404, "not_found");

        let changes = admin.changes().await;
        let moves: Vec<&Value> =
            changes["data"].as_array().unwrap().iter().filter(|change| change["type"] == "customer.transferred").collect();
        assert_eq!(moves.len(), 2, "one for each that moved");
        let of = |made: &Value| moves.iter().find(|change| change["object"]["id"] == made["id"]).unwrap()["changed"].clone();
        let reason = json!({ "from": null, "to": "territory change" });
        let from_rep = json!({ "owner_id": { "from": rep.id, "to": manager.id }, "reason": reason });
        // Since when it is its owner's changes with it.
        let without_times = |mut changed: Value| {
            changed.as_object_mut().unwrap().retain(|name, _| !name.ends_with("_at"));
            changed
        };
        assert_eq!(without_times(of(&own)), from_rep);
        let pool = json!({ "from": pooled["pool_id"], "to": null });
        assert_eq!(
            without_times(of(&pooled)),
            json!({ "owner_id": { "from": null, "to": manager.id }, "pool_id": pool, "reason": reason })
        );
        assert!(moves.iter().all(|change| change["actor"]["id"] == manager.id && change["object"]["version"] == 2));
    });
}

#[test]
fn a_transfer_moves_what_it_can() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (own, second) = (customer(&rep, json!({})).await, customer(&rep, json!({})).await);
        let (pooled, theirs) = (customer(&admin, json!({})).await, customer(&other, json!({})).await);
        let foreign = customer(&app.db_stranger().await, json!({})).await;
        let gone = customer(&rep, json!({})).await;
        rep.delete(&path(&gone)).await.no_content();
        let never = json!("cus_01jd9xq3v8e6ft2m4k7w0zr5ya");
        let wanted = json!([own["id"], pooled["id"], theirs["id"], foreign["id"], gone["id"], never, second["id"]]);
        let answer = rep.post("/customers/transfer", json!({ "ids": wanted, "to_user_id": other.id, "reason": "holiday" })).await;
        assert_eq!(answer.status, 207);
        let request_id = answer.header("x-request-id").to_owned();
        assert_eq!(answer.body["summary"], json!({ "succeeded": 2, "failed": 5 }));
        let missing = (404, "not_found");
        let expected = [(200, ""), (403, "not_owner"), missing, missing, missing, missing, (200, "")];
        for (index, (status, code)) in expected.into_iter().enumerate() {
            let result = &answer.body["results"][index];
            assert_eq!((&result["index"], &result["id"], &result["status"]), (&json!(index), &wanted[index], &json!(status)), "{result:#}");
            if status == 200 {
                assert_eq!((&result["version"], &result["problem"]), (&json!(2), &Value::Null));
            } else {
                assert_eq!((&result["version"], &result["problem"]["code"]), (&Value::Null, &json!(code)));
                assert_eq!((&result["problem"]["status"], &result["problem"]["request_id"]), (&json!(status), &json!(request_id)));
            }
        }
        assert_eq!(admin.get(&path(&pooled)).await.ok(), pooled);
        assert_eq!(other.get(&path(&own)).await.ok()["owner_id"], json!(other.id));
        rep.get(&path(&own)).await.problem(404, "not_found");

        let all = json!({ "ids": [own["id"], second["id"]], "to_user_id": rep.id, "reason": "back" });
        let none = rep.post("/customers/transfer", all).await;
        assert_eq!((none.status, &none.body["summary"]), (207, &json!({ "succeeded": 0, "failed": 2 })));
    });
}

#[test]
fn a_faulty_transfer_moves_nothing() {
    on_both(|app| async move {
        let (admin, rep, gone) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        admin.patch(&format!("/users/{}", gone.id), json!({ "is_active": false })).await.ok();
        let stranger = app.db_stranger().await;
        let made = customer(&admin, json!({})).await;
        let id = &made["id"];
        let transfer = async |ids: Value, to: &str, reason: &str| {
            admin.post("/customers/transfer", json!({ "ids": ids, "to_user_id": to, "reason": reason })).await
        };
        transfer(json!([id, id]), &rep.id, "x").await.invalid(&[("/ids/1", "duplicate_item")]);
        transfer(json!([id]), &gone.id, "x").await.invalid(&[("/to_user_id", "inactive_reference")]);
        transfer(json!([id]), &stranger.id, "x").await.invalid(&[("/to_user_id", "unknown_reference")]);
        transfer(json!([id]), "usr_01jd9xq3v8e6ft2m4k7w0zr5ya", "x").await.invalid(&[("/to_user_id", "unknown_reference")]);
        transfer(json!([]), &rep.id, " ").await.invalid(&[("/ids", "too_few_items"), ("/reason", "required")]);
        let many: Vec<String> = (10_000..20_001).map(|number| format!("cus_01jd9xq3v8e6ft2m4k7w0{number}")).collect();
        transfer(json!(many), &rep.id, "x").await.invalid(&[("/ids", "too_many_items")]);
        let shape = [("/ids/1", "wrong_resource_type"), ("/to_user_id", "wrong_resource_type"), ("/reason", "too_long")];
        transfer(json!([id, rep.id]), id.as_str().unwrap(), &"x".repeat(501)).await.invalid(&shape);
        admin.post("/customers/transfer", json!({ "filters": {} })).await.invalid(&[
            ("/to_user_id", "required"),
            ("/reason", "required"),
            ("/filters", "unknown_field"),
        ]);
        assert_eq!(admin.get(&path(&made)).await.ok(), made);

        let mut many = Vec::new();
        for _ in 0..4 {
            let made = futures_util::future::join_all((0..50).map(|_| customer(&admin, json!({})))).await;
            many.extend(made.into_iter().map(|made| made["id"].clone()));
        }
        let moved = transfer(json!(many), &rep.id, "200 at once").await.ok();
        assert_eq!(moved["summary"], json!({ "succeeded": 200, "failed": 0 }));
    });
}

#[test]
fn customers_are_listed_by_their_owners() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (own, theirs) = (customer(&rep, json!({})).await, customer(&other, json!({})).await);
        customer(&admin, json!({})).await;
        let both = format!("{},{}", rep.id, other.id);
        let mine = [own["id"].as_str().unwrap()];
        let all = [theirs["id"].as_str().unwrap(), mine[0]];
        assert_eq!(ids(&admin.list("/customers", &[("owner_id[in]", both.as_str())]).await.ok()), all);
        assert_eq!(ids(&admin.list("/customers", &[("owner_id", rep.id.as_str())]).await.ok()), mine);
        assert_eq!(ids(&rep.list("/customers", &[("owner_id[in]", both.as_str())]).await.ok()), mine, "only what it sees");
        let input = json!({ "ids": [theirs["id"]], "to_user_id": rep.id, "reason": "more work" });
        admin.post("/customers/transfer", input).await.ok();
        assert_eq!(ids(&rep.list("/customers", &[("owner_id[in]", both.as_str())]).await.ok()), all);
    });
}
