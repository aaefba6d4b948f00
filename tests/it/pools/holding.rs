//! What is held: releases, caps, locks, collaborators, who leaves.

use serde_json::{Value, json};

use super::{claim, codes, path, pool, pooled};
use crate::harness::{Actor, ids, on_both};

async fn own(rep: &Actor) -> String {
    let made = rep.post("/customers", json!({ "name": "C", "kind": "organization" })).await.created();
    made["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_release_finds_its_pool() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let persons = json!({ "field": "kind", "op": "eq", "value": "person" });
        let high = pool(&admin, json!({ "priority": 10, "filter": persons })).await;
        let wrong = json!({ "name": "W", "filter": { "field": "nonsense", "op": "eq", "value": "x" } });
        assert_eq!(admin.post("/pools", wrong).await.status, 422);
        let person = rep.post("/customers", json!({ "name": "P", "kind": "person" })).await.created();
        let company = own(&rep).await;
        let released = |id: &str, more: Value| {
            let mut body = json!({ "reason_code": "no_interest" });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            (format!("/customers/{id}/release"), body)
        };
        let (to, body) = released(person["id"].as_str().unwrap(), json!({ "note": "moved away" }));
        other.post(&to, body.clone()).await.problem(404, "not_found");
        rep.post(&to, json!({ "reason_code": "nonsense" })).await.invalid(&[("/reason_code", "unknown_code")]);
        let now = rep.post(&to, body.clone()).await.ok();
        assert_eq!((&now["pool_id"], &now["owner_id"], &now["claimed_at"]), (&high["id"], &Value::Null, &Value::Null));
        rep.post(&to, body).await.problem(409, "already_pooled");
        let (to, body) = released(&company, json!({}));
        let default = rep.post(&to, body).await.ok();
        assert_ne!(default["pool_id"], high["id"], "the filter is for persons");
        let history = rep.get(&format!("/customers/{}/ownership", person["id"].as_str().unwrap())).await.ok();
        let event = &history["data"][0];
        assert_eq!((&event["type"], &event["from_owner_id"]), (&json!("release"), &json!(rep.id)));
        assert_eq!((&event["reason_code"], &event["note"]), (&json!("no_interest"), &json!("moved away")));
        // Without a pool that takes it, and into one that is closed.
        let third = own(&rep).await;
        let closed = pool(&admin, json!({ "is_enabled": false })).await;
        let (to, body) = released(&third, json!({ "pool_id": closed["id"] }));
        rep.post(&to, body).await.invalid(&[("/pool_id", "inactive_reference")]);
        admin.delete(&format!("/pools/{}", high["id"].as_str().unwrap())).await.problem(409, "in_use");
    });
}

#[test]
fn the_narrowest_cap_counts_wherever_customers_are_gained() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let cap = |fields: Value| admin.post("/holding-caps", fields);
        cap(json!({ "scope": "workspace", "cap": 100 })).await.created();
        cap(json!({ "scope": "role", "role": "rep", "cap": 50 })).await.created();
        let narrow = cap(json!({ "scope": "user", "user_id": rep.id, "cap": 2 })).await.created();
        assert_eq!(cap(json!({ "scope": "user", "cap": 2 })).await.status, 422);
        let (first, _) = (own(&rep).await, own(&rep).await);
        let refused = rep.post("/customers", json!({ "name": "C", "kind": "person" })).await.problem(409, "holding_cap_reached");
        assert_eq!((&refused["meta"]["cap"], &refused["meta"]["held"], &refused["meta"]["excluded"]), (&json!(2), &json!(2), &json!(0)));
        let pool = pool(&admin, json!({})).await;
        let wanted = pooled(&admin, &pool).await;
        let full = rep.post(&path(&pool, "claims"), claim(&[&wanted], "partial")).await;
        assert_eq!(codes(&full.body), [Some("holding_cap_reached")]);
        let others = own(&other).await;
        let moved = admin.post("/customers/transfer", json!({ "ids": [others], "to_user_id": rep.id, "reason": "x" })).await;
        assert_eq!(codes(&moved.body), [Some("holding_cap_reached")]);
        let excluding = json!({ "exclude": { "won": true, "locked": true } });
        admin.patch(&format!("/holding-caps/{}", narrow["id"].as_str().unwrap()), excluding).await.ok();
        let until = app.now().plus(chrono::Duration::days(3)).to_string();
        rep.post(&format!("/customers/{first}/lock"), json!({ "until": until, "reason": "tender" })).await.ok();
        rep.post(&path(&pool, "claims"), claim(&[&wanted], "atomic")).await.ok();
        let capacity = rep.get("/me/capacity").await.ok();
        assert_eq!((&capacity["held"], &capacity["excluded"], &capacity["remaining"]), (&json!(2), &json!(1), &json!(0)));
        admin.delete(&format!("/holding-caps/{}", narrow["id"].as_str().unwrap())).await.no_content();
        own(&rep).await;
        let changes = admin.changes().await;
        let gone = changes["data"].as_array().unwrap().iter().find(|change| change["type"] == "holding_cap.deleted").unwrap();
        assert_eq!(gone["object"], json!({ "id": narrow["id"], "type": "holding_cap", "version": 3 }));
    });
}

#[test]
fn of_the_caps_of_units_the_nearest_counts() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let unit = |name: &str, parent: Value| admin.post("/org-units", json!({ "name": name, "type": "team", "parent_id": parent }));
        let region = unit("Region", Value::Null).await.created();
        let (team, sibling) = (unit("Team", region["id"].clone()).await.created(), unit("Sibling", region["id"].clone()).await.created());
        admin.patch(&format!("/users/{}", rep.id), json!({ "org_unit_id": team["id"] })).await.ok();
        let cap = async |unit: &Value, cap: i32| {
            let made = admin.post("/holding-caps", json!({ "scope": "org_unit", "org_unit_id": unit["id"], "cap": cap })).await.created();
            format!("/holding-caps/{}", made["id"].as_str().unwrap())
        };
        let counting = async || rep.get("/me/capacity").await.ok()["cap"]["cap"].clone();
        admin.post("/holding-caps", json!({ "scope": "workspace", "cap": 1 })).await.created();
        assert_eq!(counting().await, 1);
        cap(&sibling, 2).await;
        assert_eq!(counting().await, 1, "that of a unit beside the user's");
        cap(&region, 3).await;
        assert_eq!(counting().await, 3, "a unit is nearer than the workspace");
        let nearest = cap(&team, 4).await;
        assert_eq!(counting().await, 4, "and the user's own nearer than that above it");
        for _ in 0..4 {
            own(&rep).await;
        }
        let one_more = json!({ "name": "C", "kind": "person" });
        let refused = rep.post("/customers", one_more).await.problem(409, "holding_cap_reached");
        assert_eq!((&refused["meta"]["cap"], &refused["meta"]["held"]), (&json!(4), &json!(4)));
        admin.delete(&nearest).await.no_content();
        assert_eq!(counting().await, 3);
        admin.patch(&format!("/users/{}", rep.id), json!({ "org_unit_id": null })).await.ok();
        assert_eq!(counting().await, 1, "who is in no unit has the workspace's");
    });
}

#[test]
fn locks_have_an_end_and_a_number() {
    on_both(|app| async move {
        let (rep, other) = (app.user("rep").await, app.user("rep").await);
        let at = |days: i64| app.now().plus(chrono::Duration::days(days)).to_string();
        let id = own(&rep).await;
        let lock = |id: &str| format!("/customers/{id}/lock");
        rep.post(&lock(&id), json!({ "until": at(-1), "reason": "x" })).await.invalid(&[("/until", "too_small")]);
        rep.post(&lock(&id), json!({ "until": at(91), "reason": "x" })).await.invalid(&[("/until", "too_large")]);
        other.post(&lock(&id), json!({ "until": at(1), "reason": "x" })).await.problem(404, "not_found");
        let locked = rep.post(&lock(&id), json!({ "until": at(89), "reason": "tender" })).await.ok();
        assert_eq!((&locked["lock_reason"], &locked["locked_by_id"]), (&json!("tender"), &json!(rep.id)));
        for _ in 0..9 {
            rep.post(&lock(&own(&rep).await), json!({ "until": at(1), "reason": "x" })).await.ok();
        }
        let more = own(&rep).await;
        let full = rep.post(&lock(&more), json!({ "until": at(1), "reason": "x" })).await.problem(409, "lock_limit_reached");
        assert_eq!((&full["meta"]["limit"], &full["meta"]["locked"]), (&json!(10), &json!(10)));
        rep.post(&lock(&id), json!({ "until": at(2), "reason": "x" })).await.ok();
        assert_eq!(rep.act(&format!("/customers/{id}/unlock")).await.ok()["locked_until"], Value::Null);
        rep.post(&lock(&more), json!({ "until": at(1), "reason": "x" })).await.ok();
    });
}

#[test]
fn collaborators_see_and_change_and_do_not_give_away() {
    on_both(|app| async move {
        let (rep, other) = (app.user("rep").await, app.user("rep").await);
        let id = own(&rep).await;
        let customer = format!("/customers/{id}");
        let list = format!("{customer}/collaborators");
        other.get(&customer).await.problem(404, "not_found");
        rep.put(&list, json!({ "collaborators": [{ "user_id": rep.id }] }))
            .await
            .invalid(&[("/collaborators/0/user_id", "duplicate_item")]);
        let with = json!({ "collaborators": [{ "user_id": other.id, "expires_at": null }] });
        assert_eq!(rep.put(&list, with.clone()).await.ok(), with);
        assert_eq!(ids(&other.get("/customers").await.ok()), [id.as_str()]);
        assert_eq!(ids(&other.get("/customers?sort=-name").await.ok()), [id.as_str()]);
        other.patch(&customer, json!({ "remarks": "seen" })).await.ok();
        let touch = json!({ "customer_id": id, "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "hello there" });
        other.post("/touch-records", touch).await.created();
        other.post("/contacts", json!({ "name": "P", "links": [{ "customer_id": id }] })).await.created();
        for (action, body) in
            [("release", json!({ "reason_code": "other" })), ("lock", json!({ "until": "2030-01-01T00:00:00Z", "reason": "x" }))]
        {
            other.post(&format!("{customer}/{action}"), body).await.problem(403, "not_owner");
        }
        other.delete(&customer).await.problem(403, "not_owner");
        other.put(&list, json!({ "collaborators": [] })).await.problem(403, "not_owner");
        rep.put(&list, json!({ "collaborators": [] })).await.ok();
        other.get(&customer).await.problem(404, "not_found");
        rep.put(&list, with).await.ok();
        rep.post(&format!("{customer}/release"), json!({ "reason_code": "other" })).await.ok();
        assert_eq!(rep.get(&list).await.ok(), json!({ "collaborators": [] }));
    });
}

#[test]
fn who_holds_customers_stays_active() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let id = own(&rep).await;
        let disabled = json!({ "is_active": false });
        let held = admin.patch(&format!("/users/{}", rep.id), disabled.clone()).await.problem(409, "user_still_holds");
        assert_eq!(held["meta"]["count"], 1);
        let moved = json!({ "ids": [id], "to_user_id": admin.id, "reason": "leaves", "keep_previous_as": "collaborator" });
        admin.post("/customers/transfer", moved).await.ok();
        assert_eq!(ids(&rep.get("/customers").await.ok()), [id.as_str()], "as a collaborator");
        admin.patch(&format!("/users/{}", rep.id), disabled).await.ok();
    });
}

#[test]
fn a_filter_that_is_out_of_date_takes_nobody() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let by = |key: &str| json!({ "name": "W", "priority": 9, "filter": { "field": key, "op": "eq", "value": "x" } });
        assert_eq!(admin.post("/pools", by("custom.line")).await.status, 422, "there is no such field");
        let field = json!({ "resource": "customers", "key": "line", "type": "text", "label": { "zh": "线", "en": "Line" } });
        let field = admin.post("/fields", field).await.created();
        let narrow = admin.post("/pools", by("custom.line")).await.created();
        let one = json!({ "name": "C", "kind": "person", "custom": { "line": "x" } });
        let one = rep.post("/customers", one).await.created();
        let at = |customer: &Value| format!("/customers/{}/release", customer["id"].as_str().unwrap());
        assert_eq!(rep.post(&at(&one), json!({ "reason_code": "no_interest" })).await.ok()["pool_id"], narrow["id"]);
        let path = format!("/fields/{}", field["id"].as_str().unwrap());
        admin.act(&format!("{path}/retire")).await.ok();
        admin.delete(&path).await.no_content();
        let two = rep.post("/customers", json!({ "name": "D", "kind": "person" })).await.created();
        assert_ne!(rep.post(&at(&two), json!({ "reason_code": "no_interest" })).await.ok()["pool_id"], narrow["id"]);
    });
}
