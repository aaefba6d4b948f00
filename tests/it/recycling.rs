//! Customers that are neglected go back to their pool; what delays that, and who is told.

use chrono::{Duration, TimeDelta};
use serde_json::{Value, json};

use crate::harness::{Actor, App, on_both};

mod restored;

async fn rule(admin: &Actor, pool: &str, fields: Value) -> Value {
    admin.post(&format!("/pools/{pool}/recycle-rules"), fields).await.created()
}

async fn open_pool(admin: &Actor, members: Value) -> String {
    let mut pool = json!({ "name": "P", "is_open": true, "daily_claim_limit": 1000, "claim_batch_max": 200, "reclaim_cooldown_days": 0 });
    pool.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    admin.post("/pools", pool).await.created()["id"].as_str().unwrap().to_owned()
}

/// A customer that the rep claims from the pool now.
async fn claimed(admin: &Actor, rep: &Actor, pool: &str) -> String {
    let made = admin.post("/customers", json!({ "name": "C", "kind": "organization", "pool_id": pool })).await.created();
    let id = made["id"].as_str().unwrap().to_owned();
    rep.post(&format!("/pools/{pool}/claims"), json!({ "ids": [id], "mode": "atomic" })).await.ok();
    id
}

async fn touch(app: &App, rep: &Actor, customer: &str, summary: &str) {
    let touch = json!({ "customer_id": customer, "type": "call", "occurred_at": app.now().to_string(), "summary": summary });
    rep.post("/touch-records", touch).await.created();
}

/// Days of the workspace from today to the day on which it goes back.
async fn days_left(app: &App, actor: &Actor, customer: &str) -> Option<i64> {
    let customer = actor.get(&format!("/customers/{customer}")).await.ok();
    let due: chrono::DateTime<chrono::Utc> = customer["recycle_due_at"].as_str()?.parse().expect("an instant");
    let local = |at: chrono::DateTime<chrono::Utc>| (at + TimeDelta::hours(8)).date_naive();
    assert_eq!((due + TimeDelta::milliseconds(1) + TimeDelta::hours(8)).format("%H:%M:%S").to_string(), "00:00:00", "the end of a day");
    Some((local(due) - local(app.now().get())).num_days())
}

#[test]
fn protection_day_by_day() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let pool = open_pool(&admin, json!({})).await;
        rule(&admin, &pool, json!({ "kind": "no_touch", "days": 10, "extend_days": 3 })).await;
        rule(&admin, &pool, json!({ "kind": "max_hold", "days": 20 })).await;
        let id = claimed(&admin, &rep, &pool).await;
        assert_eq!(days_left(&app, &rep, &id).await, Some(10));
        let mut passed = 0;
        // Day of the touch, and the day that it is safe until then, both from the claim.
        for (day, until) in [(3, 10), (8, 11), (11, 14), (14, 17), (17, 20), (18, 20), (20, 20)] {
            app.advance(Duration::days(day - passed));
            passed = day;
            let rep = app.again(&rep).await;
            touch(&app, &rep, &id, "ok").await;
            let (before, silent) = (days_left(&app, &rep, &id).await.unwrap() + day, "a touch that says nothing extends nothing");
            touch(&app, &rep, &id, "聊了报价方案").await;
            let after = days_left(&app, &rep, &id).await.unwrap() + day;
            assert!(before <= after, "{silent}");
            assert_eq!(after, until, "touched on day {day}");
            app.run_due_jobs().await;
            assert_eq!(rep.get(&format!("/customers/{id}")).await.ok()["owner_id"], rep.id);
        }
        app.advance(Duration::days(1));
        app.run_due_jobs().await;
        let admin = app.admin().await;
        let back = admin.get(&format!("/customers/{id}")).await.ok();
        assert_eq!((&back["pool_id"], &back["owner_id"], &back["recycle_due_at"]), (&json!(pool), &Value::Null, &Value::Null));
        let history = admin.get(&format!("/customers/{id}/ownership")).await.ok();
        let event = &history["data"][0];
        assert_eq!((&event["type"], &event["by_id"], &event["from_owner_id"]), (&json!("recycle"), &Value::Null, &json!(rep.id)));
        assert!(event["reason"].as_str().unwrap().starts_with("rule:rul_"));
        let told = app.again(&rep).await.get("/me/notifications").await.ok();
        let kinds: Vec<&str> = told["data"].as_array().unwrap().iter().filter_map(|one| one["type"].as_str()).collect();
        assert_eq!(kinds[0], "customer.recycled");
        // Twice is once.
        app.advance(Duration::hours(2));
        app.run_due_jobs().await;
        let again = app.admin().await.get(&format!("/customers/{id}/ownership")).await.ok();
        assert_eq!(again["data"].as_array().unwrap().len(), history["data"].as_array().unwrap().len());
    });
}

#[test]
fn only_who_works_on_a_customer_keeps_it() {
    on_both(|app| async move {
        let (admin, rep, helper) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let pool = open_pool(&admin, json!({})).await;
        rule(&admin, &pool, json!({ "kind": "no_touch", "days": 10 })).await;
        let id = claimed(&admin, &rep, &pool).await;
        let until = app.now().plus(Duration::days(5)).to_string();
        let part = json!({ "collaborators": [{ "user_id": helper.id, "expires_at": until }] });
        admin.put(&format!("/customers/{id}/collaborators"), part).await.ok();
        app.advance(Duration::days(4));
        let admin = app.admin().await;
        touch(&app, &admin, &id, "聊了报价方案").await;
        touch(&app, &app.again(&rep).await, &id, "ok").await;
        assert_eq!(days_left(&app, &admin, &id).await, Some(6), "not whose customer it is not, and not without a word");
        touch(&app, &app.again(&helper).await, &id, "聊了报价方案").await;
        assert_eq!(days_left(&app, &admin, &id).await, Some(10));
    });
}

#[test]
fn a_new_rule_gives_three_days_to_those_who_are_late() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let pool = open_pool(&admin, json!({})).await;
        let id = claimed(&admin, &rep, &pool).await;
        let made = rep.post("/customers", json!({ "name": "own", "kind": "person" })).await.created();
        assert_eq!(days_left(&app, &rep, &id).await, None);
        app.advance(Duration::days(30));
        let (admin, rep) = (app.admin().await, app.again(&rep).await);
        let told = admin
            .post(&format!("/pools/{pool}/recycle-rules/simulate"), json!({ "rules": [{ "kind": "no_touch", "days": 5 }] }))
            .await
            .ok();
        assert_eq!((&told["considered"], &told["total"], &told["owners"][0]["owner_id"]), (&json!(1), &json!(1), &json!(rep.id)));
        assert_eq!(days_left(&app, &rep, &id).await, None, "nothing was changed");
        let made_rule = rule(&admin, &pool, json!({ "kind": "no_touch", "days": 5 })).await;
        app.run_due_jobs().await;
        assert_eq!(days_left(&app, &rep, &id).await, Some(3));
        let soon = rep.get("/me/recycling").await.ok();
        assert_eq!((&soon["data"][0]["customer_id"], &soon["data"][0]["days_left"]), (&json!(id), &json!(3)));
        assert_eq!(rep.get("/me/recycling?within_days=2").await.ok()["data"], json!([]));
        assert_eq!(days_left(&app, &rep, made["id"].as_str().unwrap()).await, None, "its home is the default pool");
        admin.delete(&format!("/recycle-rules/{}", made_rule["id"].as_str().unwrap())).await.no_content();
        app.run_due_jobs().await;
        assert_eq!(days_left(&app, &rep, &id).await, None);
    });
}

#[test]
fn reminders_come_once_for_each_day_and_go_with_it() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let pool = open_pool(&admin, json!({ "remind_before_days": [3, 1] })).await;
        rule(&admin, &pool, json!({ "kind": "no_touch", "days": 5, "extend_days": 4 })).await;
        let id = claimed(&admin, &rep, &pool).await;
        let reminders = async || {
            app.run_due_jobs().await;
            let told = app.again(&rep).await.get("/me/notifications?type[in]=customer.recycle_reminder").await.ok();
            told["data"].as_array().unwrap().iter().map(|one| one["data"]["days_left"].as_i64().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(reminders().await, Vec::<i64>::new());
        app.advance(Duration::days(2));
        assert_eq!(reminders().await, [3]);
        app.advance(Duration::hours(2));
        assert_eq!(reminders().await, [3], "once");
        app.advance(Duration::days(2) - Duration::hours(2));
        assert_eq!(reminders().await, [1, 3]);
        touch(&app, &app.again(&rep).await, &id, "a long talk").await;
        assert_eq!(reminders().await, Vec::<i64>::new(), "the day has moved");
    });
}

#[test]
fn open_opportunities_block_or_are_lost() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let (blocks, loses) =
            (open_pool(&admin, json!({})).await, open_pool(&admin, json!({ "on_recycle": { "opportunities": "close_lost" } })).await);
        let mut customers = Vec::new();
        for pool in [&blocks, &loses] {
            rule(&admin, pool, json!({ "kind": "no_touch", "days": 5 })).await;
            let id = claimed(&admin, &rep, pool).await;
            assert_eq!(days_left(&app, &rep, &id).await, Some(5));
            let deal = rep.post("/opportunities", json!({ "name": "O", "customer_id": id })).await.created();
            customers.push((id, deal["id"].as_str().unwrap().to_owned()));
        }
        assert_eq!(days_left(&app, &rep, &customers[0].0).await, None);
        assert_eq!(days_left(&app, &rep, &customers[1].0).await, Some(5));
        app.advance(Duration::days(6));
        app.run_due_jobs().await;
        let (admin, rep) = (app.admin().await, app.again(&rep).await);
        assert_eq!(rep.get(&format!("/customers/{}", customers[0].0)).await.ok()["owner_id"], rep.id);
        assert_eq!(admin.get(&format!("/customers/{}", customers[1].0)).await.ok()["pool_id"], loses);
        assert_eq!(admin.get(&format!("/opportunities/{}", customers[1].1)).await.ok()["stage_kind"], "lost");
        // What blocked is over: its days have passed long ago.
        rep.delete(&format!("/opportunities/{}", customers[0].1)).await.no_content();
        app.advance(Duration::hours(1));
        app.run_due_jobs().await;
        assert_eq!(app.admin().await.get(&format!("/customers/{}", customers[0].0)).await.ok()["pool_id"], blocks);
    });
}

#[test]
fn a_pool_that_takes_nobody_recycles_nobody() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let pool = open_pool(&admin, json!({})).await;
        rule(&admin, &pool, json!({ "kind": "no_touch", "days": 5 })).await;
        let id = claimed(&admin, &rep, &pool).await;
        admin.patch(&format!("/pools/{pool}"), json!({ "is_enabled": false })).await.ok();
        app.run_due_jobs().await;
        assert_eq!(days_left(&app, &rep, &id).await, None);
        admin.delete(&format!("/pools/{pool}")).await.no_content();
        app.advance(Duration::days(6));
        app.run_due_jobs().await;
        let (admin, again) = (app.admin().await, app.again(&rep).await);
        assert_eq!(again.get(&format!("/customers/{id}")).await.ok()["owner_id"], rep.id);
        admin.act(&format!("/pools/{pool}/restore")).await.ok();
        admin.patch(&format!("/pools/{pool}"), json!({ "is_enabled": true })).await.ok();
        app.run_due_jobs().await;
        assert_eq!(days_left(&app, &again, &id).await, Some(-1), "it is late, and goes with the next run");
    });
}

#[test]
fn rules_are_checked() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let pool = open_pool(&admin, json!({})).await;
        let rules = format!("/pools/{pool}/recycle-rules");
        admin.post(&rules, json!({ "kind": "no_touch", "days": 0 })).await.invalid(&[("/days", "too_small")]);
        assert_eq!(admin.post(&rules, json!({ "kind": "max_hold", "days": 5, "extend_days": 2 })).await.status, 422);
        let unknown = "tier_01jd9xq3v8e6ft2m4k7w0zr5ya";
        let faults = json!({ "kind": "no_touch", "days": 5, "exclude": { "tier_ids": [unknown] } });
        admin.post(&rules, faults).await.invalid(&[("/exclude/tier_ids/0", "unknown_reference")]);
        let tried = json!({ "rules": [{ "kind": "no_touch", "days": 5 }, { "kind": "max_hold", "days": 5, "extend_days": 1 }] });
        assert_eq!(admin.post(&format!("{rules}/simulate"), tried).await.status, 422);
        let made = rule(&admin, &pool, json!({ "kind": "no_deal", "days": 5 })).await;
        let path = format!("/recycle-rules/{}", made["id"].as_str().unwrap());
        assert_eq!(admin.patch(&path, json!({ "days": 6 })).await.ok()["version"], 2);
        assert_eq!(admin.patch(&path, json!({ "days": 6 })).await.ok()["version"], 2);
        assert_eq!(admin.get(&rules).await.ok()["data"].as_array().unwrap().len(), 1);
        admin.delete(&path).await.no_content();
        admin.get(&path).await.problem(404, "not_found");
    });
}

#[test]
fn a_tier_has_days_of_its_own() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let pool = open_pool(&admin, json!({})).await;
        let tier = json!({ "code": "gold", "name": "Gold", "rank": 1, "recycle_days": 40 });
        let tier = admin.post("/tiers", tier).await.created()["id"].as_str().unwrap().to_owned();
        let no_touch = rule(&admin, &pool, json!({ "kind": "no_touch", "days": 10 })).await;
        let id = claimed(&admin, &rep, &pool).await;
        rep.post(&format!("/customers/{id}/tier"), json!({ "tier_id": tier, "reason": "big" })).await.ok();
        assert_eq!(days_left(&app, &rep, &id).await, Some(40));
        app.advance(Duration::days(20));
        let (admin, rep) = (app.admin().await, app.again(&rep).await);
        admin.patch(&format!("/tiers/{tier}"), json!({ "recycle_days": 5 })).await.ok();
        app.run_due_jobs().await;
        assert_eq!(days_left(&app, &rep, &id).await, Some(3), "its days are over, but for the grace");
        let path = format!("/recycle-rules/{}", no_touch["id"].as_str().unwrap());
        let tried = json!({ "rules": [{ "kind": "no_touch", "days": 50, "tier_days": [{ "tier_id": tier, "days": 25 }] }] });
        let told = admin.post(&format!("/pools/{pool}/recycle-rules/simulate"), tried).await.ok();
        assert_eq!(told["days"][0]["count"], 1, "{told}");
        admin.patch(&path, json!({ "tier_days": [{ "tier_id": tier, "days": 60 }] })).await.ok();
        app.run_due_jobs().await;
        assert_eq!(days_left(&app, &rep, &id).await, Some(40), "the rule's own days of the tier count first");
    });
}

#[test]
fn a_deal_that_cannot_be_closed_stops_nobody() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let pool = open_pool(&admin, json!({ "on_recycle": { "opportunities": "close_lost" } })).await;
        rule(&admin, &pool, json!({ "kind": "no_touch", "days": 5 })).await;
        let id = claimed(&admin, &rep, &pool).await;
        let deal = rep.post("/opportunities", json!({ "name": "O", "customer_id": id })).await.created();
        // The reason that it would be closed with is no longer given.
        let items = json!({ "items": [{ "code": "price", "label": { "zh": "价格", "en": "Price" } }] });
        let path = "/dictionaries/close_reason";
        admin.put(path, items).await.ok();
        app.advance(Duration::days(6));
        app.run_due_jobs().await;
        let admin = app.admin().await;
        assert_eq!(admin.get(&format!("/customers/{id}")).await.ok()["pool_id"], pool);
        assert_eq!(admin.get(&format!("/opportunities/{}", deal["id"].as_str().unwrap())).await.ok()["stage_kind"], "open");
    });
}
