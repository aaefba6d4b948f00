//! Holdings that begin anew.

use chrono::Duration;
use serde_json::{Value, json};

use super::{claimed, days_left, open_pool, rule};
use crate::harness::on_both;

#[test]
fn what_is_locked_stays_and_begins_anew() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let pool = open_pool(&admin, json!({})).await;
        rule(&admin, &pool, json!({ "kind": "no_touch", "days": 5, "extend_days": 2 })).await;
        let id = claimed(&admin, &rep, &pool).await;
        let until = app.now().plus(Duration::days(20)).to_string();
        rep.post(&format!("/customers/{id}/lock"), json!({ "until": until, "reason": "tender" })).await.ok();
        assert_eq!(days_left(&app, &rep, &id).await, Some(22));
        app.advance(Duration::days(10));
        app.run_due_jobs().await;
        let rep = app.again(&rep).await;
        let unlocked = rep.act(&format!("/customers/{id}/unlock")).await.ok();
        assert_eq!(unlocked["locked_until"], Value::Null);
        app.run_due_jobs().await;
        app.advance(Duration::hours(1));
        app.run_due_jobs().await;
        assert_eq!(app.admin().await.get(&format!("/customers/{id}")).await.ok()["pool_id"], pool, "it had been due long before");
    });
}

#[test]
fn what_is_restored_is_timed_again() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let pool = open_pool(&admin, json!({})).await;
        rule(&admin, &pool, json!({ "kind": "no_touch", "days": 5 })).await;
        let (early, late) = (claimed(&admin, &rep, &pool).await, claimed(&admin, &rep, &pool).await);
        for id in [&early, &late] {
            rep.delete(&format!("/customers/{id}")).await.no_content();
        }
        app.advance(Duration::days(6));
        app.run_due_jobs().await;
        let rep = app.again(&rep).await;
        rep.act(&format!("/customers/{early}/restore")).await.ok();
        assert_eq!(days_left(&app, &rep, &early).await, Some(-1));
        app.advance(Duration::hours(1));
        app.run_due_jobs().await;
        assert_eq!(app.admin().await.get(&format!("/customers/{early}")).await.ok()["pool_id"], pool);
        // Who has left in the meantime gets nothing back.
        let admin = app.admin().await;
        admin.patch(&format!("/users/{}", rep.id), json!({ "is_active": false })).await.ok();
        let back = admin.act(&format!("/customers/{late}/restore")).await.ok();
        assert_eq!((&back["owner_id"], &back["pool_id"].is_string()), (&Value::Null, &true));
        let history = admin.get(&format!("/customers/{late}/ownership")).await.ok();
        assert_eq!((&history["data"][0]["type"], &history["data"][0]["from_owner_id"]), (&json!("release"), &json!(rep.id)));
    });
}
