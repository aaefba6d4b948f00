//! When a customer has to be touched again.

use chrono::Duration;
use serde_json::{Value, json};

use super::{customer, entry, work, work_every_day};
use crate::harness::on_both;

#[test]
fn customers_are_touched_in_their_cadence() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        work_every_day(&admin, json!([])).await;
        let tier = async |code: &str, rank: i64, days: i64| {
            let tier = json!({ "code": code, "name": code, "rank": rank, "cadence_days": days });
            admin.post("/tiers", tier).await.created()["id"].clone()
        };
        let (often, never) = (tier("often", 1, 5).await, tier("never", 2, 0).await);
        let weekly = customer(&rep, "weekly").await;
        for (name, tier) in [("often", &often), ("never", &never)] {
            let id = customer(&rep, name).await;
            rep.post(&format!("/customers/{id}/tier"), json!({ "tier_id": tier, "reason": "x" })).await.ok();
        }
        let gone = customer(&rep, "blocked").await;
        rep.patch(&format!("/customers/{gone}"), json!({ "status": "blocked" })).await.ok();
        // What was before the claim was another owner's.
        let touch = json!({ "customer_id": weekly, "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "called" });
        rep.post("/touch-records", touch).await.created();
        let mut passed = 0;
        let due = |name: &str| entry(5, "cadence_due", name, 0, None);
        let overdue = |rank: i64, name: &str, days: i64| entry(rank, "cadence_overdue", name, days, Some(5 - rank));
        for (day, expected) in [
            (4, vec![]),
            (5, vec![due("often")]),
            (7, vec![overdue(4, "often", 2), due("weekly")]),
            (8, vec![overdue(4, "often", 3), overdue(4, "weekly", 1)]),
            (12, vec![overdue(3, "often", 7), overdue(3, "weekly", 5)]),
            (13, vec![overdue(2, "often", 8), overdue(3, "weekly", 6)]),
        ] {
            app.advance(Duration::days(day - passed));
            passed = day;
            let rep = app.again(&rep).await;
            assert_eq!(work(&rep).await, expected, "on day {day}");
        }
        let rep = app.again(&rep).await;
        let one = rep.get("/me/worklist?limit=1").await.ok();
        assert_eq!((&one["data"][0]["customer"]["name"], &one["has_more"]), (&json!("often"), &json!(true)));
        assert_eq!((&one["data"][0]["due_at"], &one["data"][0]["planned_touch_id"]), (&Value::Null, &Value::Null));
        let touch = json!({ "customer_id": weekly, "type": "call", "occurred_at": app.now().to_string(), "summary": "called" });
        rep.post("/touch-records", touch).await.created();
        assert_eq!(work(&rep).await, [overdue(2, "often", 8)]);
        app.advance(Duration::days(7));
        assert_eq!(work(&app.again(&rep).await).await[1], due("weekly"));
    });
}

#[test]
fn what_comes_due_on_a_day_off_is_due_behind_it() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let day = |days: i64| (app.now().get() + Duration::hours(8) + Duration::days(days)).date_naive().to_string();
        work_every_day(&admin, json!([day(7), day(8)])).await;
        customer(&rep, "C").await;
        let expected = day(9);
        app.advance(Duration::days(8));
        assert_eq!(work(&app.again(&rep).await).await, []);
        app.advance(Duration::days(1));
        let rep = app.again(&rep).await;
        assert_eq!(work(&rep).await, [entry(5, "cadence_due", "C", 0, None)]);
        assert_eq!(rep.get("/me/worklist").await.ok()["data"][0]["due_date"], expected);
        let admin = app.again(&admin).await;
        admin.patch("/workspace", json!({ "extra_workdays": [day(-2)] })).await.ok();
        assert_eq!(work(&rep).await, [entry(4, "cadence_overdue", "C", 2, Some(1))], "the first of them is worked instead");
    });
}

#[test]
fn the_stage_says_how_often_before_the_tier_and_the_workspace() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        work_every_day(&admin, json!([])).await;
        admin.patch("/workspace", json!({ "cadence_days": 10 })).await.ok();
        let tier = json!({ "code": "often", "name": "often", "rank": 1, "cadence_days": 4 });
        let tier = admin.post("/tiers", tier).await.created()["id"].clone();
        let stages = admin.get("/pipelines").await.ok()["data"][0]["stages"].clone();
        let stage = |place: usize| format!("/stages/{}", stages[place]["id"].as_str().unwrap());
        for (place, days) in [(0, json!(6)), (1, json!(3)), (2, Value::Null)] {
            admin.patch(&stage(place), json!({ "cadence_days": days, "stale_after_days": null })).await.ok();
        }
        for (name, tier, places) in [
            ("workspace", None, vec![]),
            ("tier", Some(&tier), vec![2]),
            ("stage", Some(&tier), vec![0]),
            ("shortest stage", None, vec![0, 1, 2]),
        ] {
            let id = customer(&rep, name).await;
            if let Some(tier) = tier {
                rep.post(&format!("/customers/{id}/tier"), json!({ "tier_id": tier, "reason": "x" })).await.ok();
            }
            for place in places {
                let deal = json!({ "customer_id": id, "name": "O", "stage_id": stages[place]["id"] });
                rep.post("/opportunities", deal).await.created();
            }
        }
        app.advance(Duration::days(7));
        let rep = app.again(&rep).await;
        let late = |rank: i64, name: &str, days: i64| entry(rank, "cadence_overdue", name, days, Some(5 - rank));
        let expected = [late(3, "shortest stage", 4), late(4, "tier", 3), late(4, "stage", 1)];
        assert_eq!(work(&rep).await, expected);
        for limit in 1..=3 {
            let some = rep.get(&format!("/me/worklist?limit={limit}")).await.ok();
            assert_eq!(some["data"].as_array().unwrap().last().unwrap()["customer"]["name"], expected[limit - 1].2);
        }
        // Nothing asks for a touch any more where only the workspace says so.
        let admin = app.again(&admin).await;
        admin.patch("/workspace", json!({ "cadence_days": 0 })).await.ok();
        app.advance(Duration::days(4));
        let names: Vec<String> = work(&app.again(&rep).await).await.into_iter().map(|entry| entry.2).collect();
        assert_eq!(names, ["shortest stage", "tier", "stage"]);
    });
}
