//! What there is to do, most urgent first; and how plans were kept.

use chrono::Duration;
use serde_json::{Value, json};

use crate::harness::{Actor, App, on_both};

mod cadence;

/// Days that begin on any day of the week come out alike.
async fn work_every_day(admin: &Actor, holidays: Value) {
    let week = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    admin.patch("/workspace", json!({ "working_days": week, "holidays": holidays })).await.ok();
}

async fn customer(actor: &Actor, name: &str) -> String {
    let made = actor.post("/customers", json!({ "name": name, "kind": "organization", "owner_id": actor.id })).await.created();
    made["id"].as_str().unwrap().to_owned()
}

/// A touch planned for so many days from now; gives its path.
async fn planned(app: &App, actor: &Actor, customer: &str, assignee: &Actor, days: i64) -> String {
    let due_at = app.now().plus(Duration::days(days)).to_string();
    let plan = json!({ "customer_id": customer, "assignee_id": assignee.id, "type": "call", "due_at": due_at, "summary": "x" });
    format!("/planned-touches/{}", actor.post("/planned-touches", plan).await.created()["id"].as_str().unwrap())
}

async fn complete(app: &App, actor: &Actor, path: &str, days: i64) {
    let occurred_at = app.now().plus(Duration::days(days)).to_string();
    actor.post(&format!("{path}/complete"), json!({ "type": "call", "occurred_at": occurred_at, "summary": "done" })).await.ok();
}

/// A customer that goes back after so many days.
async fn claimed(admin: &Actor, rep: &Actor, name: &str, days: i64) {
    let pool = admin.post("/pools", json!({ "name": name, "is_open": true })).await.created()["id"].as_str().unwrap().to_owned();
    admin.post(&format!("/pools/{pool}/recycle-rules"), json!({ "kind": "max_hold", "days": days })).await.created();
    let made = admin.post("/customers", json!({ "name": name, "kind": "organization", "pool_id": pool })).await.created();
    rep.post(&format!("/pools/{pool}/claims"), json!({ "ids": [made["id"]], "mode": "atomic" })).await.ok();
}

/// Rank, reason, name, days overdue and level of each entry.
async fn work(actor: &Actor) -> Vec<(i64, String, String, i64, Option<i64>)> {
    let list = actor.get("/me/worklist").await.ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entry = |item: &Value| {
        let (rank, overdue) = (item["rank"].as_i64().unwrap(), item["overdue_days"].as_i64().unwrap());
        (rank, text(&item["reason"]), text(&item["customer"]["name"]), overdue, item["level"].as_i64())
    };
    list["data"].as_array().unwrap().iter().map(entry).collect()
}

fn entry(rank: i64, reason: &str, name: &str, overdue: i64, level: Option<i64>) -> (i64, String, String, i64, Option<i64>) {
    (rank, reason.to_owned(), name.to_owned(), overdue, level)
}

#[test]
fn the_most_urgent_comes_first() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        // A new rule leaves everybody three days.
        for (name, days) in [("goes soon", 4), ("goes later", 10), ("stays", 11)] {
            claimed(&admin, &rep, name, days).await;
        }
        app.advance(Duration::days(3));
        let (admin, rep, other) = (app.admin().await, app.again(&rep).await, app.user("rep").await);
        work_every_day(&admin, json!([])).await;
        assert_eq!(other.get("/me/worklist").await.ok(), json!({ "data": [], "has_more": false }));
        for (name, days) in [("today", 0), ("three", -3), ("eight", -8), ("four", -4), ("tomorrow", 1)] {
            let id = customer(&rep, name).await;
            planned(&app, &rep, &id, &rep, days).await;
            // A customer is shown once, with what comes first; what is later today is another reason.
            planned(&app, &rep, &id, &rep, days).await;
        }
        let both = customer(&rep, "both").await;
        let first = planned(&app, &rep, &both, &rep, -2).await;
        planned(&app, &rep, &both, &rep, -1).await;
        planned(&app, &rep, &both, &rep, 0).await;
        let expected = [
            entry(1, "recycling_soon", "goes soon", 0, None),
            entry(2, "planned_touch_overdue", "eight", 8, Some(3)),
            entry(3, "planned_touch_overdue", "four", 4, Some(2)),
            entry(4, "planned_touch_overdue", "three", 3, Some(1)),
            entry(4, "planned_touch_overdue", "both", 2, Some(1)),
            entry(5, "planned_touch_due", "today", 0, None),
            entry(5, "planned_touch_due", "both", 0, None),
            entry(6, "recycling_soon", "goes later", 0, None),
        ];
        assert_eq!(work(&rep).await, expected);
        let whole = rep.get("/me/worklist").await.ok();
        assert_eq!(whole["data"][4]["planned_touch_id"], first.rsplit('/').next().unwrap());
        for limit in 1..=8 {
            let some = rep.get(&format!("/me/worklist?limit={limit}")).await.ok();
            assert_eq!(some["data"].as_array().unwrap()[..], whole["data"].as_array().unwrap()[..limit], "the first {limit}");
            assert_eq!(some["has_more"], limit < 8);
        }
        rep.get("/me/worklist?limit=201").await.problem(400, "invalid_parameter");

        // Somebody else's customers are out of sight, whoever is to touch them.
        assert_eq!(work(&other).await, []);
        planned(&app, &admin, &both, &other, -1).await;
        assert_eq!(work(&other).await, []);
        planned(&app, &admin, &both, &admin, -1).await;
        assert_eq!(work(&admin).await, [entry(4, "planned_touch_overdue", "both", 1, Some(1))]);
        complete(&app, &rep, &first, 0).await;
        assert_eq!(work(&rep).await[4], entry(4, "planned_touch_overdue", "both", 1, Some(1)));
    });
}

#[test]
fn opportunities_that_wait_too_long_are_stale() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        admin.patch("/workspace", json!({ "cadence_days": 0 })).await.ok();
        let stages = admin.get("/pipelines").await.ok()["data"][0]["stages"].clone();
        let (first, second) = (&stages[0], &stages[1]);
        assert_eq!((&first["stale_after_days"], &first["cadence_days"]), (&json!(30), &Value::Null));
        for (stage, days) in [(first, json!(5)), (second, json!(10))] {
            admin.patch(&format!("/stages/{}", stage["id"].as_str().unwrap()), json!({ "stale_after_days": days })).await.ok();
        }
        let here = customer(&rep, "C").await;
        let mut deals = Vec::new();
        for (name, stage) in [("quiet", first), ("slow", second), ("spoken of", first), ("moved", first)] {
            let deal = json!({ "customer_id": here, "name": name, "stage_id": stage["id"] });
            deals.push(rep.post("/opportunities", deal).await.created()["id"].as_str().unwrap().to_owned());
        }
        let touch = async |rep: &Actor, members: Value| {
            let mut touch = json!({ "customer_id": here, "occurred_at": app.now().to_string(), "summary": "x" });
            touch.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            rep.post("/touch-records", touch).await.created();
        };
        let stale = async |rep: &Actor| {
            let list = rep.get("/me/worklist").await.ok()["data"].clone();
            let entry = |item: &Value| {
                assert_eq!((&item["reason"], &item["customer"]["id"]), (&json!("stale_opportunity"), &json!(here)));
                (
                    item["opportunity"]["name"].as_str().unwrap().to_owned(),
                    item["overdue_days"].as_i64().unwrap(),
                    item["rank"].as_i64().unwrap(),
                )
            };
            list.as_array().unwrap().iter().map(entry).collect::<Vec<_>>()
        };
        let entry = |name: &str, days: i64, rank: i64| (name.to_owned(), days, rank);
        app.advance(Duration::days(3));
        let again = app.again(&rep).await;
        // Of one opportunity, and of none that the others would hear; a note faces nobody.
        touch(&again, json!({ "type": "call", "opportunity_id": deals[2] })).await;
        touch(&again, json!({ "type": "note" })).await;
        again.post(&format!("/opportunities/{}/move", deals[3]), json!({ "to_stage_id": second["id"] })).await.ok();
        app.advance(Duration::days(2));
        assert_eq!(stale(&app.again(&rep).await).await, [], "five days are not more than five");
        app.advance(Duration::days(1));
        assert_eq!(stale(&app.again(&rep).await).await, [entry("quiet", 1, 4)]);
        app.advance(Duration::days(5));
        let again = app.again(&rep).await;
        assert_eq!(stale(&again).await, [entry("quiet", 6, 3), entry("spoken of", 3, 4), entry("slow", 1, 4)]);
        assert_eq!(again.get("/me/worklist?limit=2").await.ok()["data"][1]["opportunity"]["id"], deals[2]);
        assert_eq!(stale(&app.user("rep").await).await, [], "the work of its owner");
        again
            .post(&format!("/opportunities/{}/move", deals[0]), json!({ "to_stage_id": stages[6]["id"], "reason_code": "price" }))
            .await
            .ok();
        assert_eq!(stale(&again).await, [entry("spoken of", 3, 4), entry("slow", 1, 4)], "closed");
        touch(&again, json!({ "type": "visit" })).await;
        assert_eq!(stale(&again).await, [], "a touch of the customer is one of all of them");
    });
}

#[test]
fn birthdays_are_shown_before_days_off() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let day = |days: i64| (app.now().get() + Duration::hours(8) + Duration::days(days)).date_naive();
        admin.patch("/workspace", json!({ "cadence_days": 0 })).await.ok();
        work_every_day(&admin, json!([day(1).to_string(), day(2).to_string()])).await;
        let born = |days: i64| day(days).format("1988-%m-%d").to_string();
        let person = async |name: &str, birthday: String| {
            let person = json!({ "name": name, "kind": "person", "owner_id": rep.id, "birthday": birthday });
            rep.post("/customers", person).await.created()["id"].as_str().unwrap().to_owned()
        };
        for (name, days) in [("yesterday", -1), ("tomorrow", 1), ("today", 0), ("working day", 3)] {
            person(name, born(days)).await;
        }
        let off = person("blocked", born(0)).await;
        rep.patch(&format!("/customers/{off}"), json!({ "status": "blocked" })).await.ok();
        let (first, second) = (customer(&rep, "first").await, customer(&rep, "second").await);
        let foreign = admin.post("/customers", json!({ "name": "x", "kind": "organization", "owner_id": admin.id })).await.created();
        for (name, days, links) in [
            ("both", 2, json!([{ "customer_id": second }, { "customer_id": first }])),
            ("left", 2, json!([{ "customer_id": first, "left_date": "2020-01-01" }])),
            ("other", 2, json!([{ "customer_id": foreign["id"] }])),
            ("later", 3, json!([{ "customer_id": first }])),
        ] {
            admin.post("/contacts", json!({ "name": name, "birthday": born(days), "links": links })).await.created();
        }
        let list = rep.get("/me/worklist").await.ok()["data"].clone();
        let entry = |item: &Value| {
            assert_eq!((&item["reason"], &item["rank"], &item["overdue_days"]), (&json!("birthday"), &json!(5), &json!(0)));
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&item["customer"]["name"]), text(&item["contact"]["name"]), text(&item["due_date"]))
        };
        let found: Vec<_> = list.as_array().unwrap().iter().map(entry).collect();
        let expected = |customer: &str, contact: &str, days: i64| (customer.to_owned(), contact.to_owned(), day(days).to_string());
        assert_eq!(found, [expected("today", "", 0), expected("tomorrow", "", 1), expected("first", "both", 2)]);
        for limit in 1..=3 {
            let some = rep.get(&format!("/me/worklist?limit={limit}")).await.ok();
            assert_eq!(some["data"].as_array().unwrap()[..], list.as_array().unwrap()[..limit], "the first {limit}");
        }
    });
}

#[test]
fn plans_are_kept_within_a_day() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let here = customer(&rep, "C").await;
        let plan = async || rep.get("/me/worklist/summary").await.ok()["plan"].clone();
        let nothing = plan().await;
        assert_eq!((&nothing["numerator"], &nothing["denominator"], &nothing["ratio"]), (&json!(0), &json!(0), &Value::Null));
        for (due, done) in [(-5, -4), (-6, -7), (-10, -8), (-30, -30), (-31, -31), (0, 0)] {
            let path = planned(&app, &rep, &here, &rep, due).await;
            complete(&app, &rep, &path, done).await;
        }
        planned(&app, &rep, &here, &rep, -3).await;
        planned(&app, &rep, &here, &rep, 3).await;
        planned(&app, &admin, &here, &admin, -3).await;
        let off = planned(&app, &rep, &here, &rep, -3).await;
        rep.post(&format!("{off}/cancel"), json!({ "reason": "x" })).await.ok();
        let kept = plan().await;
        assert_eq!((&kept["numerator"], &kept["denominator"], &kept["ratio"]), (&json!(3), &json!(5), &json!(0.6)));
        let day = |days: i64| (app.now().get() + Duration::hours(8) + Duration::days(days)).date_naive().to_string();
        assert_eq!((&kept["from_date"], &kept["to_date"]), (&json!(day(-30)), &json!(day(-1))));
    });
}
