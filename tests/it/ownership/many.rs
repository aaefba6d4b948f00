//! Transfers of many customers: by a filter or by more ids than are moved at once; and what goes along with a customer.

use serde_json::{Value, json};

use super::{customer, path};
use crate::harness::{Actor, ids, on_both};

async fn customers(admin: &Actor, owner: &str, count: usize) -> Vec<String> {
    admin.customers(count, &json!({ "owner_id": owner })).await
}

/// Asks for a transfer that is a job; gives the job's path.
async fn later(who: &Actor, body: Value) -> String {
    let answer = who.post("/customers/transfer", body).await;
    assert_eq!((answer.status, answer.header("retry-after")), (202, "1"), "{:#}", answer.body);
    assert_eq!((&answer.body["status"], &answer.body["kind"]), (&json!("queued"), &json!("transfer_customers")));
    answer.header("location").trim_start_matches("/api/v1").to_owned()
}

async fn owned(admin: &Actor, owner: &str) -> Value {
    admin.get(&format!("/customers?include_total=true&limit=1&owner_id={owner}")).await.ok()["total"].clone()
}

/// How often each of these was given to somebody.
async fn transfers(admin: &Actor, id: &str) -> usize {
    let history = admin.get(&format!("/customers/{id}/ownership")).await.ok();
    history["data"].as_array().unwrap().iter().filter(|event| event["type"] == "transfer").count()
}

#[test]
fn what_matches_a_filter_is_moved_by_a_job() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let all = admin.customers(205, &json!({ "owner_id": rep.id, "intent_level": "high" })).await;
        customers(&admin, &rep.id, 25).await;
        // Seen by the rep, and not its own to give away.
        let pooled = customer(&admin, json!({ "intent_level": "high" })).await["id"].clone();
        let hidden = customer(&admin, json!({ "owner_id": admin.id, "intent_level": "high" })).await;
        let filter = json!({ "and": [{ "field": "intent_level", "op": "eq", "value": "high" }, { "not": { "field": "name", "op": "contains", "value": "nobody" } }] });
        let job = later(&rep, json!({ "filter": filter, "to_user_id": other.id, "reason": "territory" })).await;
        // What comes after that is not looked at, as what goes.
        let late = customer(&rep, json!({ "intent_level": "high" })).await;
        assert_eq!(rep.get(&job).await.ok()["progress"], json!({ "done": 0, "total": 206 }));
        app.advance(chrono::Duration::seconds(1));
        app.run_due_jobs().await;
        let done = rep.get(&job).await.ok();
        assert_eq!((&done["status"], &done["progress"]["done"]), (&json!("partially_succeeded"), &json!(206)), "{done:#}");
        let refused = json!([{ "id": pooled, "code": "not_owner" }]);
        assert_eq!(done["result"], json!({ "moved": 205, "unchanged": 0, "failed": 1, "refused": refused }));
        assert_eq!((owned(&admin, &other.id).await, owned(&admin, &rep.id).await), (json!(205), json!(26)));
        for kept in [&late, &hidden] {
            assert_eq!(admin.get(&path(kept)).await.ok()["version"], 1);
        }
        // The same again finds the rep's own only, and a second run moves nothing twice.
        let again = later(&admin, json!({ "filter": filter, "to_user_id": other.id, "reason": "territory" })).await;
        app.run_due_jobs().await;
        let result = admin.get(&again).await.ok()["result"].clone();
        assert_eq!((&result["moved"], &result["unchanged"], &result["failed"]), (&json!(3), &json!(205), &json!(0)), "{result:#}");
        assert_eq!((transfers(&admin, &all[0]).await, transfers(&admin, &all[204]).await), (1, 1));
    });
}

#[test]
fn many_ids_are_moved_by_a_job_with_the_rights_of_whoever_asked() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let mut all = customers(&admin, &rep.id, 201).await;
        let gone = all.pop().unwrap();
        let theirs = customer(&admin, json!({ "owner_id": admin.id })).await["id"].as_str().unwrap().to_owned();
        let wanted = json!([all.as_slice(), &[gone.clone(), theirs.clone()]].concat());
        let body = json!({ "ids": wanted, "to_user_id": other.id, "reason": "x", "keep_previous_as": "collaborator" });
        let job = later(&rep, body).await;
        // What it may not give away by then stays.
        admin.post("/customers/transfer", json!({ "ids": [gone], "to_user_id": admin.id, "reason": "meanwhile" })).await.ok();
        app.run_due_jobs().await;
        let done = rep.get(&job).await.ok();
        assert_eq!((&done["status"], &done["progress"]), (&json!("partially_succeeded"), &json!({ "done": 202, "total": 202 })));
        let result = &done["result"];
        assert_eq!((&result["moved"], &result["failed"]), (&json!(200), &json!(2)));
        let mut refused: Vec<Value> = result["refused"].as_array().unwrap().clone();
        refused.sort_by_key(|one| one["id"].to_string());
        let mut expected = vec![json!({ "id": gone, "code": "not_found" }), json!({ "id": theirs, "code": "not_found" })];
        expected.sort_by_key(|one| one["id"].to_string());
        assert_eq!(refused, expected);
        assert_eq!(rep.get("/customers?include_total=true").await.ok()["total"], 200, "as a collaborator");
        // One who may not act any more asks for nothing any more.
        let late =
            later(&rep, json!({ "filter": { "field": "owner_id", "op": "eq", "value": other.id }, "to_user_id": rep.id, "reason": "x" }))
                .await;
        admin.patch(&format!("/users/{}", rep.id), json!({ "is_active": false })).await.ok();
        app.run_due_jobs().await;
        assert_eq!(admin.get(&late).await.ok()["error"]["code"], "requester_inactive");
        // One to somebody who has left meanwhile ends.
        let left = app.user("rep").await;
        let late = later(
            &admin,
            json!({ "filter": { "field": "owner_id", "op": "eq", "value": other.id }, "to_user_id": left.id, "reason": "x" }),
        )
        .await;
        admin.patch(&format!("/users/{}", left.id), json!({ "is_active": false })).await.ok();
        app.run_due_jobs().await;
        assert_eq!(admin.get(&late).await.ok()["error"]["code"], "inactive_reference");
        assert_eq!(owned(&admin, &other.id).await, 200);
    });
}

#[test]
fn a_job_meets_the_cap_row_by_row() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let all = customers(&admin, &rep.id, 210).await;
        admin.post("/holding-caps", json!({ "scope": "user", "user_id": other.id, "cap": 203 })).await.created();
        let body = json!({ "ids": all, "to_user_id": other.id, "reason": "x" });
        let job = later(&admin, body.clone()).await;
        app.run_due_jobs().await;
        let result = admin.get(&job).await.ok()["result"].clone();
        assert_eq!(
            (&result["moved"], &result["failed"], &result["refused"][0]["code"]),
            (&json!(203), &json!(7), &json!("holding_cap_reached"))
        );
        assert_eq!((owned(&admin, &other.id).await, owned(&admin, &rep.id).await), (json!(203), json!(7)));
        // A request that is sent again asks once.
        let send = || admin.request(reqwest::Method::POST, "/customers/transfer").header("idempotency-key", "k").json(&body);
        let (first, second) = (admin.send(send()).await, admin.send(send()).await);
        assert_eq!((first.header("location"), second.header("idempotency-replayed")), (second.header("location"), "true"));
    });
}

#[test]
fn a_faulty_request_asks_for_no_job() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let made = customer(&admin, json!({})).await["id"].clone();
        let transfer = async |mut body: Value| {
            body["reason"] = json!("x");
            body["to_user_id"] = json!(rep.id);
            admin.post("/customers/transfer", body).await
        };
        let named = json!({ "field": "name", "op": "eq", "value": "A" });
        transfer(json!({})).await.invalid(&[("/ids", "required")]);
        transfer(json!({ "ids": null, "filter": null })).await.invalid(&[("/ids", "required")]);
        transfer(json!({ "ids": [made], "filter": named })).await.invalid(&[("/filter", "exclusive_fields")]);
        transfer(json!({ "filter": { "field": "nonsense", "op": "eq", "value": "A" } }))
            .await
            .invalid(&[("/filter/field", "unknown_field")]);
        transfer(json!({ "filter": { "field": "custom.none", "op": "eq", "value": "A" } }))
            .await
            .invalid(&[("/filter/field", "unknown_field")]);
        let deep = json!({ "and": [{ "and": [{ "and": [{ "and": [named] }] }] }] });
        transfer(json!({ "filter": deep })).await.problem(400, "filter_too_complex");
        let to_nobody = json!({ "filter": named, "to_user_id": "usr_01jd9xq3v8e6ft2m4k7w0zr5ya", "reason": "x" });
        admin.post("/customers/transfer", to_nobody).await.invalid(&[("/to_user_id", "unknown_reference")]);
        let to_stranger = json!({ "filter": named, "to_user_id": app.db_stranger().await.id, "reason": "x" });
        admin.post("/customers/transfer", to_stranger).await.invalid(&[("/to_user_id", "unknown_reference")]);
        // An API key needs the scope of what the filter reaches.
        let erp = app.api_key(&["customers:write"]).await;
        let reaching = json!({ "filter": { "field": "owner.name", "op": "eq", "value": "A" }, "to_user_id": rep.id, "reason": "x" });
        let refused = erp.post("/customers/transfer", reaching).await.problem(403, "insufficient_scope");
        assert_eq!(refused["meta"]["required_scope"], "users:read");
        assert_eq!(ids(&admin.get("/jobs").await.ok()).len(), 0);
    });
}

#[test]
fn what_is_planned_for_the_previous_owner_goes_along() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let here = customer(&rep, json!({})).await["id"].as_str().unwrap().to_owned();
        let plan = async |who: &Actor, assignee: &Actor, due: &str| {
            let body = json!({ "customer_id": here, "type": "call", "due_at": due, "summary": "x", "assignee_id": assignee.id });
            format!("/planned-touches/{}", who.post("/planned-touches", body).await.created()["id"].as_str().unwrap())
        };
        let own = plan(&rep, &rep, "2026-03-01T01:00:00Z").await;
        let of_admin = plan(&admin, &admin, "2026-03-01T01:00:00Z").await;
        let off = plan(&rep, &rep, "2026-03-01T01:00:00Z").await;
        rep.post(&format!("{off}/cancel"), json!({ "reason": "x" })).await.ok();
        let touch = json!({ "customer_id": here, "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "hello", "next_touch_at": "2026-04-01T00:00:00Z" });
        rep.post("/touch-records", touch).await.created();
        let deal = rep.post("/opportunities", json!({ "name": "O", "customer_id": here })).await.created()["id"].clone();

        let body = json!({ "ids": [here], "to_user_id": other.id, "reason": "territory", "keep_opportunities": true });
        admin.post("/customers/transfer", body).await.ok();
        let at = async |path: &str| admin.get(path).await.ok()["assignee_id"].clone();
        assert_eq!((at(&own).await, at(&of_admin).await, at(&off).await), (json!(other.id), json!(admin.id), json!(rep.id)));
        assert_eq!(admin.get(&format!("/opportunities/{}", deal.as_str().unwrap())).await.ok()["owner_id"], rep.id, "that was to be kept");
        assert_eq!(admin.get(&format!("/customers/{here}")).await.ok()["next_touch_at"], "2026-04-01T00:00:00.000Z");
        let changes = admin.changes().await;
        let own_id = own.rsplit('/').next().unwrap();
        let told: Vec<&Value> = changes["data"].as_array().unwrap().iter().filter(|change| change["object"]["id"] == own_id).collect();
        let changed = json!({ "assignee_id": { "from": rep.id, "to": other.id }, "reason": { "from": null, "to": "territory" } });
        assert_eq!((told.len(), &told[1]["type"], &told[1]["changed"]), (2, &json!("planned_touch.reassigned"), &changed));
        assert_eq!(told[1]["object"]["version"], 2);
        other
            .post(&format!("{own}/complete"), json!({ "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "done" }))
            .await
            .ok();
        let notices = other.get("/me/notifications").await.ok();
        assert_eq!(notices["data"].as_array().unwrap().len(), 1, "it is told of the customer");
    });
}
