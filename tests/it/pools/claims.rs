//! Claims and assignments, one rule after the other.

use serde_json::{Value, json};

use super::{claim, codes, path, pool, pooled};
use crate::harness::{ids, on_both};

#[test]
fn a_claim_makes_customers_ones_own() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let pool = pool(&admin, json!({})).await;
        let (one, two) = (pooled(&admin, &pool).await, pooled(&admin, &pool).await);
        let done = rep.post(&path(&pool, "claims"), claim(&[&one, &two], "partial")).await.ok();
        assert_eq!(done["summary"], json!({ "succeeded": 2, "failed": 0 }));
        let customer = rep.get(&format!("/customers/{one}")).await.ok();
        assert_eq!((&customer["owner_id"], &customer["pool_id"], &customer["pooled_at"]), (&json!(rep.id), &Value::Null, &Value::Null));
        assert!(customer["claimed_at"].is_string());
        let history = rep.get(&format!("/customers/{one}/ownership")).await.ok();
        let event = &history["data"][0];
        assert_eq!((&event["type"], &event["from_pool_id"], &event["to_owner_id"]), (&json!("claim"), &pool["id"], &json!(rep.id)));
        let seen = admin.changes().await;
        let kinds: Vec<&str> = seen["data"].as_array().unwrap().iter().filter_map(|change| change["type"].as_str()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "customer.claimed").count(), 2);
    });
}

#[test]
fn each_rule_is_told_in_its_order() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let limited = pool(&admin, json!({ "daily_claim_limit": 2, "claim_batch_max": 3 })).await;
        let claims = path(&limited, "claims");
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(pooled(&admin, &limited).await);
        }
        let unknown = "cus_01jd9xq3v8e6ft2m4k7w0zr5ya";
        let all: Vec<&str> = made.iter().map(String::as_str).collect();
        rep.post(&claims, claim(&all[..4], "partial")).await.invalid(&[("/ids", "too_many_items")]);
        rep.post(&claims, claim(&[all[0], all[0]], "partial")).await.invalid(&[("/ids/1", "duplicate_item")]);

        // A failed claim consumes nothing.
        let none = rep.post(&claims, claim(&[unknown], "partial")).await;
        assert_eq!((none.status, codes(&none.body)), (207, vec![Some("not_found")]));
        let refused = rep.post(&claims, claim(&all[..3], "atomic")).await.problem(409, "daily_claim_limit");
        assert_eq!((&refused["meta"]["limit"], &refused["meta"]["used"]), (&json!(2), &json!(0)));
        assert_eq!(refused["results"].as_array().unwrap().len(), 3);
        let some = rep.post(&claims, claim(&all[..3], "partial")).await;
        assert_eq!((some.status, codes(&some.body)), (207, vec![None, None, Some("daily_claim_limit")]));
        let told = &some.body["results"][2]["problem"]["meta"];
        assert_eq!((&told["limit"], &told["used"]), (&json!(2), &json!(2)));
        assert!(told["resets_at"].is_string());

        // Somebody else's; and released ones count, and rest for their last owner only.
        let gone = other.post(&claims, claim(&[all[0], all[2]], "partial")).await;
        assert_eq!(codes(&gone.body), [Some("already_claimed"), None]);
        assert_eq!(gone.body["results"][0]["problem"]["meta"]["owner_id"], Value::Null, "the owner is not the caller's to see");
        let seen = admin.post(&claims, claim(&[all[0]], "atomic")).await.problem(409, "already_claimed");
        assert_eq!(seen["meta"]["owner_id"], json!(rep.id));
        let given = json!({ "reason_code": "no_interest", "pool_id": limited["id"] });
        rep.post(&format!("/customers/{}/release", all[0]), given).await.ok();
        let own = rep.post(&claims, claim(&[all[0], all[3]], "partial")).await;
        assert_eq!(codes(&own.body), [Some("reclaim_cooldown"), Some("daily_claim_limit")]);
        assert!(own.body["results"][0]["problem"]["meta"]["available_at"].is_string());
        other.post(&claims, claim(&[all[0]], "atomic")).await.ok();

        let strange = pool(&admin, json!({ "is_open": false })).await;
        rep.post(&path(&strange, "claims"), claim(&[unknown], "partial")).await.problem(403, "pool_forbidden");
        let closed = pool(&admin, json!({ "is_enabled": false })).await;
        rep.post(&path(&closed, "claims"), claim(&[unknown], "partial")).await.problem(409, "pool_disabled");
        let quiet = pool(&admin, json!({ "new_item_quiet_hours": 2 })).await;
        let fresh = pooled(&admin, &quiet).await;
        let waits = rep.post(&path(&quiet, "claims"), claim(&[&fresh], "atomic")).await.problem(409, "item_quiet_period");
        assert!(waits["meta"]["available_at"].is_string());
    });
}

#[test]
fn customers_out_of_sight_are_not_there() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (open, closed) = (pool(&admin, json!({})).await, pool(&admin, json!({ "is_open": false })).await);
        let hidden = pooled(&admin, &closed).await;
        let owned = other.post("/customers", json!({ "name": "O", "kind": "person" })).await.created();
        let stranger = app.db_stranger().await;
        let foreign = stranger.post("/customers", json!({ "name": "F", "kind": "person" })).await.created();
        let wanted = [hidden.as_str(), owned["id"].as_str().unwrap(), foreign["id"].as_str().unwrap()];
        let done = rep.post(&path(&open, "claims"), claim(&wanted, "partial")).await;
        assert_eq!(codes(&done.body), [Some("not_found"); 3]);
        rep.get(&format!("/customers/{hidden}")).await.problem(404, "not_found");
        assert_eq!(ids(&rep.get("/customers").await.ok()), Vec::<String>::new());
        // A member sees what lies there, by its own name or by its unit's.
        let unit = admin.post("/org-units", json!({ "name": "U", "type": "team" })).await.created();
        let team = admin.post("/org-units", json!({ "name": "T", "type": "team", "parent_id": unit["id"] })).await.created();
        for members in [json!([{ "user_id": rep.id }]), json!([{ "org_unit_id": unit["id"] }])] {
            admin.patch(&format!("/pools/{}", closed["id"].as_str().unwrap()), json!({ "members": members })).await.ok();
            admin.patch(&format!("/users/{}", rep.id), json!({ "org_unit_id": team["id"] })).await.ok();
            assert_eq!(ids(&rep.get("/customers").await.ok()), [hidden.as_str()]);
            assert_eq!(ids(&other.get("/customers?lifecycle_stage=lead").await.ok()), [owned["id"].as_str().unwrap()]);
        }
        rep.post(&path(&closed, "claims"), claim(&[&hidden], "atomic")).await.ok();
    });
}

#[test]
fn administrators_of_a_pool_assign_and_are_free() {
    on_both(|app| async move {
        let (admin, lead, rep) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let held = json!({ "daily_claim_limit": 0, "new_item_quiet_hours": 5, "admins": [{ "user_id": lead.id }] });
        let pool = pool(&admin, held).await;
        let (one, two, three) = (pooled(&admin, &pool).await, pooled(&admin, &pool).await, pooled(&admin, &pool).await);
        lead.post(&path(&pool, "claims"), claim(&[&one], "atomic")).await.ok();
        let give = |ids: &[&str], more: Value| {
            let mut body = json!({ "ids": ids, "mode": "atomic", "to_user_id": rep.id });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        rep.post(&path(&pool, "assignments"), give(&[&two], json!({}))).await.problem(403, "pool_forbidden");
        lead.post(&path(&pool, "assignments"), give(&[&two], json!({ "reason": "key account" }))).await.ok();
        let history = rep.get(&format!("/customers/{two}/ownership")).await.ok();
        assert_eq!((&history["data"][0]["type"], &history["data"][0]["reason"]), (&json!("assign"), &json!("key account")));
        admin.post("/holding-caps", json!({ "scope": "role", "role": "rep", "cap": 1 })).await.created();
        let full = lead.post(&path(&pool, "assignments"), give(&[&three], json!({}))).await.problem(409, "holding_cap_reached");
        assert_eq!((&full["meta"]["cap"], &full["meta"]["held"]), (&json!(1), &json!(1)));
        let forced = give(&[&three], json!({ "override_cap": true }));
        lead.post(&path(&pool, "assignments"), forced).await.invalid(&[("/reason", "required")]);
        lead.post(&path(&pool, "assignments"), give(&[&three], json!({ "override_cap": true, "reason": "x" }))).await.ok();
        let unknown = json!({ "ids": [one], "mode": "atomic", "to_user_id": "usr_01jd9xq3v8e6ft2m4k7w0zr5ya" });
        lead.post(&path(&pool, "assignments"), unknown).await.invalid(&[("/to_user_id", "unknown_reference")]);
    });
}

#[test]
fn claimability_says_what_each_rule_says() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let pool = pool(&admin, json!({ "new_item_quiet_hours": 2, "daily_claim_limit": 0 })).await;
        let id = pooled(&admin, &pool).await;
        let told = rep.get(&format!("/customers/{id}/claimability")).await.ok();
        assert_eq!(told["is_claimable"], false);
        let refused = |told: &Value| -> Vec<String> {
            let checks = told["checks"].as_array().unwrap().iter().filter(|check| check["is_passed"] == false);
            checks.map(|check| check["code"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(refused(&told), ["item_quiet_period", "daily_claim_limit"]);
        admin
            .patch(&format!("/pools/{}", pool["id"].as_str().unwrap()), json!({ "new_item_quiet_hours": 0, "daily_claim_limit": 1 }))
            .await
            .ok();
        let told = rep.get(&format!("/customers/{id}/claimability")).await.ok();
        assert_eq!((&told["is_claimable"], refused(&told).len()), (&json!(true), 0));
        let of_rep = admin.get(&format!("/customers/{id}/claimability?user_id={}", rep.id)).await.ok();
        assert_eq!(of_rep["is_claimable"], true);
        rep.get(&format!("/customers/{id}/claimability?user_id={}", admin.id)).await.problem(403, "pool_forbidden");
        rep.post(&path(&pool, "claims"), claim(&[&id], "atomic")).await.ok();
        let told = rep.get(&format!("/customers/{id}/claimability")).await.ok();
        assert_eq!(refused(&told), ["already_claimed"]);
        let capacity = rep.get("/me/capacity").await.ok();
        let of_pool = capacity["pools"].as_array().unwrap().iter().find(|one| one["pool_id"] == pool["id"]).expect("the pool");
        assert_eq!((&of_pool["claimed_today"], &of_pool["remaining_today"], &capacity["held"]), (&json!(1), &json!(0), &json!(1)));
    });
}
