//! Planned touches: their life, who may do what with them, and what becomes of them with their customer.

mod many;

use chrono::Duration;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use fishpond::db::Condition;
use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Actor, App, ids, on_both};

/// A new customer; gives its id.
async fn customer(actor: &Actor) -> String {
    let customer = json!({ "name": "鱼池公司", "kind": "organization", "owner_id": actor.id });
    actor.post("/customers", customer).await.created()["id"].as_str().unwrap().to_owned()
}

/// What a planned call says, with these members besides.
fn plan(customer: &str, members: Value) -> Value {
    let mut input = json!({ "customer_id": customer, "type": "call", "due_at": "2026-03-01T01:00:00Z", "summary": "跟进报价" });
    input.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    input
}

/// A new planned call; gives its path.
async fn planned(actor: &Actor, customer: &str, members: Value) -> String {
    let made = actor.post("/planned-touches", plan(customer, members)).await.created();
    format!("/planned-touches/{}", made["id"].as_str().unwrap())
}

fn done() -> Value {
    json!({ "type": "visit", "occurred_at": "2026-03-01T09:00:00Z", "summary": "聊了报价方案" })
}

/// The types of what the feed says of an object, oldest first.
async fn told(admin: &Actor, path: &str) -> Vec<String> {
    let id = path.rsplit('/').next().unwrap();
    let feed = admin.changes().await;
    let changes = feed["data"].as_array().unwrap().iter().filter(|change| change["object"]["id"] == id);
    changes.map(|change| change["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_planned_touch_is_completed_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let here = customer(&admin).await;
        let contact = admin.post("/contacts", json!({ "name": "张三", "links": [{ "customer_id": here }] })).await.created()["id"].clone();
        let deal = admin.post("/opportunities", json!({ "name": "O", "customer_id": here })).await.created()["id"].clone();
        let input = plan(&here, json!({ "contact_id": contact, "opportunity_id": deal }));
        let answer = admin.post("/planned-touches", input.clone()).await;
        assert_eq!(answer.header("etag"), "\"v1\"");
        let location = answer.header("location").to_owned();
        let made = answer.created();
        let path = format!("/planned-touches/{}", made["id"].as_str().unwrap());
        assert_eq!(location, format!("/api/v1{path}"));
        assert_eq!(
            (&made["status"], &made["assignee_id"], &made["due_at"]),
            (&json!("planned"), &json!(admin.id), &json!("2026-03-01T01:00:00.000Z"))
        );
        assert_eq!(admin.get(&path).await.ok(), made);
        assert_eq!(admin.patch(&path, json!({ "summary": "跟进报价" })).await.ok(), made, "no change");
        let patched = admin.patch(&path, json!({ "due_at": "2026-03-02T01:00:00Z", "contact_id": null })).await.ok();
        assert_eq!((&patched["version"], &patched["contact_id"]), (&json!(2), &Value::Null));
        admin.patch_if(&path, "\"v1\"", json!({ "summary": "B" })).await.problem(412, "version_conflict");
        admin.patch(&path, json!({ "status": "done" })).await.invalid(&[("/status", "read_only_field")]);

        // What is not whole is not done.
        admin
            .post(&format!("{path}/complete"), json!({ "type": "nonsense", "occurred_at": "2026-03-01T09:00:00Z", "summary": "x" }))
            .await
            .invalid(&[("/type", "unknown_code")]);
        assert_eq!(admin.get(&path).await.ok(), patched);
        let mut body = done();
        body["opportunity_id"] = deal.clone();
        let completed = admin.post(&format!("{path}/complete"), body).await.ok();
        assert_eq!((&completed["status"], &completed["version"]), (&json!("done"), &json!(3)));
        assert_eq!(completed["completed_at"], "2026-03-01T09:00:00.000Z");
        let record = completed["touch_record_id"].as_str().unwrap().to_owned();
        let record = admin.get(&format!("/touch-records/{record}")).await.ok();
        assert_eq!((&record["customer_id"], &record["type"], &record["opportunity_id"]), (&json!(here), &json!("visit"), &deal));
        let said = admin.get(&format!("/customers/{here}")).await.ok();
        assert_eq!((&said["touch_count"], &said["last_touch_at"]), (&json!(1), &json!("2026-03-01T09:00:00.000Z")));

        for (action, body) in [("complete", done()), ("cancel", json!({ "reason": "x" })), ("reassign", json!({ "assignee_id": admin.id }))]
        {
            let refused = admin.post(&format!("{path}/{action}"), body).await.problem(409, "invalid_transition");
            assert_eq!(refused["meta"]["from"], "done");
        }
        admin.patch(&path, json!({ "summary": "B" })).await.problem(409, "invalid_transition");
        assert_eq!(ids(&admin.get("/touch-records").await.ok()).len(), 1);
        let expanded = admin.get(&format!("{path}?expand=touch_record,customer,opportunity,assignee")).await.ok();
        assert_eq!((&expanded["touch_record"]["id"], &expanded["customer"]["id"]), (&record["id"], &json!(here)));
        let kinds = ["planned_touch.created", "planned_touch.updated", "planned_touch.completed"];
        assert_eq!(told(&admin, &path).await, kinds);
    });
}

#[test]
fn of_two_who_complete_it_one_does() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let here = customer(&admin).await;
        for _ in 0..5 {
            let path = planned(&admin, &here, json!({})).await;
            let complete = async || admin.post(&format!("{path}/complete"), done()).await.status;
            let (one, other) = join(complete(), complete()).await;
            assert_eq!([one.min(other), one.max(other)], [200, 409]);
        }
        assert_eq!(admin.get(&format!("/customers/{here}")).await.ok()["touch_count"], 5);
    });
}

#[test]
fn lists_find_what_is_to_be_done() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let (here, there) = (customer(&rep).await, customer(&admin).await);
        let first = planned(&rep, &here, json!({ "due_at": "2026-03-03T00:00:00Z" })).await;
        let second = planned(&rep, &here, json!({ "due_at": "2026-03-01T00:00:00Z", "type": "visit" })).await;
        let others = planned(&admin, &there, json!({})).await;
        let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        rep.post(&format!("{first}/cancel"), json!({ "reason": "客户出差" })).await.ok();
        let found = async |actor: &Actor, query: &str| ids(&actor.get(&format!("/planned-touches?{query}")).await.ok());
        assert_eq!(found(&admin, "sort=due_at").await, [id(&second), id(&others), id(&first)]);
        assert_eq!(found(&rep, "").await, [id(&second), id(&first)]);
        assert_eq!(found(&rep, "status=planned").await, [id(&second)]);
        assert_eq!(found(&admin, "type=visit").await, [id(&second)]);
        assert_eq!(found(&admin, &format!("assignee_id={}&status[in]=planned,done", rep.id)).await, [id(&second)]);
        assert_eq!(found(&admin, &format!("customer_id={here}&due_at[gte]=2026-03-02T00:00:00Z")).await, [id(&first)]);
        rep.get(&others).await.problem(404, "not_found");
        let cancelled = rep.get(&first).await.ok();
        assert_eq!((&cancelled["status"], &cancelled["cancelled_reason"]), (&json!("cancelled"), &json!("客户出差")));
        assert_eq!(told(&admin, &first).await, ["planned_touch.created", "planned_touch.cancelled"]);
    });
}

#[test]
fn faults_come_all_at_once() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let (here, there) = (customer(&rep).await, customer(&admin).await);
        let contact = admin.post("/contacts", json!({ "name": "A", "links": [{ "customer_id": there }] })).await.created()["id"].clone();
        let deal = admin.post("/opportunities", json!({ "name": "O", "customer_id": there })).await.created()["id"].clone();
        let wrong =
            json!({ "contact_id": contact, "opportunity_id": deal, "type": "nonsense", "assignee_id": "usr_01jd9xq3v8e6ft2m4k7w0zr5ya" });
        admin.post("/planned-touches", plan(&here, wrong)).await.invalid(&[
            ("/assignee_id", "unknown_reference"),
            ("/contact_id", "unrelated_reference"),
            ("/opportunity_id", "unrelated_reference"),
            ("/type", "unknown_code"),
        ]);
        rep.post("/planned-touches", plan(&there, json!({}))).await.invalid(&[("/customer_id", "unknown_reference")]);
        rep.post("/planned-touches", plan(&here, json!({ "assignee_id": admin.id }))).await.invalid(&[("/assignee_id", "not_owner")]);
        admin
            .post("/planned-touches", plan(&here, json!({ "summary": " ", "due_at": "soon" })))
            .await
            .invalid(&[("/due_at", "invalid_format"), ("/summary", "required")]);
        let try_out = rep.request(Method::POST, "/planned-touches?validate_only=true").json(&plan(&here, json!({})));
        rep.send(try_out).await.no_content();
        let path = planned(&rep, &here, json!({})).await;
        rep.patch(&path, json!({ "opportunity_id": deal })).await.invalid(&[("/opportunity_id", "unknown_reference")]);
        rep.post(&format!("{path}/cancel"), json!({})).await.invalid(&[("/reason", "required")]);
        assert_eq!(ids(&rep.get("/planned-touches").await.ok()).len(), 1);
    });
}

#[test]
fn who_gets_it_is_told_and_may_do_it() {
    on_both(|app| async move {
        let (admin, manager, rep, other) = (app.admin().await, app.user("manager").await, app.user("rep").await, app.user("rep").await);
        let here = customer(&rep).await;
        let path = planned(&manager, &here, json!({ "assignee_id": other.id })).await;
        let notices = async |actor: &Actor| actor.get("/me/notifications?type=planned_touch.assigned").await.ok()["data"].clone();
        let notice = notices(&other).await[0].clone();
        assert_eq!(notice["object"]["type"], "planned_touch");
        assert_eq!((&notice["data"]["name"], &notice["data"]["assigned_by_id"]), (&json!("鱼池公司"), &json!(manager.id)));
        other.get(&path).await.problem(404, "not_found");

        // Its customer's owner may change it, but not give it away to others.
        rep.post(&format!("{path}/reassign"), json!({ "assignee_id": other.id })).await.ok();
        let mine = rep.post(&format!("{path}/reassign"), json!({ "assignee_id": rep.id, "reason": "mine" })).await.ok();
        assert_eq!((&mine["assignee_id"], &mine["version"]), (&json!(rep.id), &json!(2)));
        assert_eq!(notices(&rep).await, json!([]), "who takes it knows it");
        rep.post(&format!("{path}/reassign"), json!({ "assignee_id": other.id })).await.invalid(&[("/assignee_id", "not_owner")]);
        assert_eq!(told(&admin, &path).await, ["planned_touch.created", "planned_touch.reassigned"]);

        // In a pool both see it. It is still its assignee's, who records nothing with a customer that is nobody's.
        let pool = json!({ "name": "P", "is_open": true });
        let pool = admin.post("/pools", pool).await.created()["id"].clone();
        rep.post(&format!("/customers/{here}/release"), json!({ "reason_code": "other", "pool_id": pool })).await.ok();
        other.get(&path).await.ok();
        for action in ["complete", "cancel", "reassign"] {
            let body = match action {
                "complete" => done(),
                "cancel" => json!({ "reason": "x" }),
                _ => json!({ "assignee_id": other.id }),
            };
            other.post(&format!("{path}/{action}"), body).await.problem(403, "not_owner");
        }
        other.patch(&path, json!({ "summary": "B" })).await.problem(403, "not_owner");
        rep.post(&format!("{path}/complete"), done()).await.problem(403, "not_owner");
        rep.patch(&path, json!({ "summary": "B" })).await.ok();
        rep.post(&format!("{path}/cancel"), json!({ "reason": "released" })).await.ok();
    });
}

#[test]
fn they_go_and_come_back_with_their_customer() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (here, there) = (customer(&admin).await, customer(&admin).await);
        let (open, closed) = (planned(&admin, &here, json!({})).await, planned(&admin, &here, json!({})).await);
        let stays = planned(&admin, &there, json!({})).await;
        admin.post(&format!("{closed}/complete"), done()).await.ok();
        let before = admin.get(&closed).await.ok();
        admin.delete(&format!("/customers/{here}")).await.no_content();
        for path in [&open, &closed] {
            admin.get(path).await.problem(404, "not_found");
            admin.patch(path, json!({ "summary": "B" })).await.problem(404, "not_found");
        }
        assert_eq!(ids(&admin.get("/planned-touches").await.ok()).len(), 1);
        assert_eq!(ids(&admin.get("/planned-touches?is_deleted=true").await.ok()).len(), 2);
        admin.act(&format!("/customers/{here}/restore")).await.ok();
        let after = admin.get(&closed).await.ok();
        assert_eq!((&after["version"], &after["touch_record_id"]), (&json!(4), &before["touch_record_id"]));
        let kinds = ["planned_touch.created", "planned_touch.deleted", "planned_touch.restored"];
        assert_eq!(told(&admin, &open).await, kinds);
        admin.get(&stays).await.ok();
    });
}

fn count(app: &App) -> i64 {
    let counted = Condition::sql("SELECT count(*) FROM planned_touches").giving::<BigInt>();
    app.db(|conn| counted.get_result(conn)).expect("a number")
}

#[test]
fn nothing_is_left_of_what_was_deleted_long_ago() {
    on_both(|app| async move {
        let erp = app.api_key(&["*"]).await;
        let here =
            erp.post("/customers", json!({ "name": "A", "kind": "organization" })).await.created()["id"].as_str().unwrap().to_owned();
        let contact = erp.post("/contacts", json!({ "name": "P", "links": [{ "customer_id": here }] })).await.created()["id"].clone();
        let deal = erp.post("/opportunities", json!({ "name": "O", "customer_id": here })).await.created()["id"].clone();
        let path = planned(&erp, &here, json!({ "contact_id": contact, "opportunity_id": deal })).await;
        let record = erp.post(&format!("{path}/complete"), done()).await.ok()["touch_record_id"].clone();
        let paths = [("touch-records", &record), ("contacts", &contact), ("opportunities", &deal)];
        for (name, id) in paths {
            erp.delete(&format!("/{name}/{}", id.as_str().unwrap())).await.no_content();
        }
        app.advance(Duration::days(31));
        app.run_due_jobs().await;
        let after = erp.get(&path).await.ok();
        assert_eq!((&after["status"], &after["touch_record_id"]), (&json!("done"), &Value::Null));
        assert_eq!((&after["contact_id"], &after["opportunity_id"]), (&Value::Null, &Value::Null));
        let feed = erp.changes().await;
        let forgotten = feed["data"].as_array().unwrap().iter().find(|change| {
            change["changed"]["touch_record_id"]["to"].is_null() && change["changed"]["touch_record_id"]["from"].is_string()
        });
        assert_eq!(forgotten.unwrap()["changed"]["touch_record_id"]["from"], record);
        erp.delete(&format!("/customers/{here}")).await.no_content();
        assert_eq!(count(&app), 1);
        app.advance(Duration::days(31));
        app.run_due_jobs().await;
        assert_eq!(count(&app), 0);
    });
}

#[test]
fn recycling_cancels_them_or_keeps_them() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let mut paths = Vec::new();
        for on_recycle in ["cancel", "keep"] {
            let pool = json!({ "name": "P", "is_open": true, "on_recycle": { "planned_touches": on_recycle } });
            let pool = admin.post("/pools", pool).await.created()["id"].as_str().unwrap().to_owned();
            admin.post(&format!("/pools/{pool}/recycle-rules"), json!({ "kind": "max_hold", "days": 5 })).await.created();
            let here = admin.post("/customers", json!({ "name": "C", "kind": "organization", "pool_id": pool })).await.created();
            let here = here["id"].as_str().unwrap().to_owned();
            rep.post(&format!("/pools/{pool}/claims"), json!({ "ids": [here], "mode": "atomic" })).await.ok();
            let (open, closed) = (planned(&rep, &here, json!({})).await, planned(&rep, &here, json!({})).await);
            rep.post(&format!("{closed}/complete"), done()).await.ok();
            paths.push((open, closed));
        }
        app.advance(Duration::days(6));
        app.run_due_jobs().await;
        let admin = app.admin().await;
        let status = async |path: &str| admin.get(path).await.ok()["status"].as_str().unwrap().to_owned();
        assert_eq!([status(&paths[0].0).await, status(&paths[1].0).await], ["cancelled", "planned"]);
        assert_eq!([status(&paths[0].1).await, status(&paths[1].1).await], ["done", "done"]);
        let gone = admin.get(&paths[0].0).await.ok();
        assert_eq!((&gone["cancelled_reason"], &gone["version"]), (&json!("customer recycled"), &json!(2)));
        assert_eq!(told(&admin, &paths[0].0).await, ["planned_touch.created", "planned_touch.cancelled"]);
    });
}
