//! Several who write touch records of one customer at the same moment.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{customer, customer_path, path, touch};
use crate::harness::{Actor, ids, on_both};

/// The customer says exactly what its touch records are, and its changes say how it came to that.
async fn assert_agrees(admin: &Actor, customer: &Value) {
    let now = admin.get(&customer_path(customer)).await.ok();
    let listed = admin.list("/touch-records", &[("customer_id", now["id"].as_str().unwrap()), ("limit", "200")]).await.ok();
    let rows = listed["data"].as_array().unwrap();
    let text = |row: &Value, member: &str| row[member].as_str().map(str::to_owned);
    let counting: Vec<&Value> = rows.iter().filter(|row| row["type"] != "note").collect();
    let last = counting.iter().map(|row| text(row, "occurred_at")).max().flatten();
    let planned = rows.iter().filter(|row| row["next_touch_at"].is_string());
    let next = planned.max_by_key(|row| (text(row, "occurred_at"), text(row, "id"))).map(|row| row["next_touch_at"].clone());
    let said = (&now["touch_count"], &now["last_touch_at"], &now["next_touch_at"]);
    assert_eq!(said, (&json!(counting.len()), &json!(last), &next.unwrap_or_default()));
}

#[test]
fn the_customer_keeps_up_with_everybody() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let here = customer(&admin).await;
        let work = (0..8).map(|task: usize| {
            let (admin, here) = (admin.clone(), here.clone());
            async move {
                for round in 0..4 {
                    let number = task * 4 + round;
                    let next = (number.is_multiple_of(3)).then(|| format!("2026-03-{:02}T00:00:00Z", 1 + number % 28));
                    let at = |day: usize| format!("2026-01-{:02}T00:00:00Z", 1 + day % 28);
                    let kind = if number.is_multiple_of(5) { "note" } else { "call" };
                    let made = touch(&admin, &here, json!({ "type": kind, "occurred_at": at(number * 5), "next_touch_at": next })).await;
                    match number % 4 {
                        0 => admin.delete(&path(&made)).await.no_content(),
                        1 => drop(admin.patch(&path(&made), json!({ "occurred_at": at(number * 11), "next_touch_at": null })).await.ok()),
                        2 => drop(
                            admin
                                .patch(&path(&made), json!({ "type": if number.is_multiple_of(3) { "note" } else { "visit" } }))
                                .await
                                .ok(),
                        ),
                        _ => {
                            admin.delete(&path(&made)).await.no_content();
                            admin.act(&format!("{}/restore", path(&made))).await.ok();
                        }
                    }
                    // Somebody else's work on the customer is neither lost nor refused.
                    admin.patch(&customer_path(&here), json!({ "needs": format!("need {number}") })).await.ok();
                }
            }
        });
        join_all(work).await;
        assert_agrees(&admin, &here).await;
        let feed = admin.changes().await;
        let versions = feed["data"].as_array().unwrap().iter().filter(|change| change["object"]["id"] == here["id"]);
        let versions: Vec<i64> = versions.map(|change| change["object"]["version"].as_i64().unwrap()).collect();
        assert_eq!(versions, (1..).take(versions.len()).collect::<Vec<i64>>(), "in version order, without gaps");
        assert_eq!(admin.get(&customer_path(&here)).await.ok()["version"], json!(versions.len()));
    });
}

#[test]
fn one_touch_record_is_deleted_and_counted_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let here = customer(&admin).await;
        touch(&admin, &here, json!({})).await;
        let made = touch(&admin, &here, json!({ "occurred_at": "2026-01-05T00:00:00Z" })).await;
        for (attempt, status) in [("", 204), ("/restore", 200)] {
            let tries = (0..8).map(|_| async {
                match attempt {
                    "" => admin.delete(&path(&made)).await.status,
                    _ => admin.act(&format!("{}{attempt}", path(&made))).await.status,
                }
            });
            let mut statuses = join_all(tries).await;
            statuses.sort_unstable();
            assert_eq!(statuses, [&[status][..], &[404; 7]].concat());
            assert_agrees(&admin, &here).await;
        }
    });
}

#[test]
fn no_touch_record_outlives_its_customer() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for _ in 0..6 {
            let here = customer(&admin).await;
            let old = touch(&admin, &here, json!({ "type": "visit" })).await;
            let gone = touch(&admin, &here, json!({ "type": "visit" })).await;
            admin.delete(&path(&gone)).await.no_content();
            let work = (0..6).map(|number| {
                let (admin, here, old, gone) = (&admin, &here, &old, &gone);
                async move {
                    let reply = match number {
                        2 => admin.delete(&customer_path(here)).await,
                        3 => admin.patch(&path(old), json!({ "occurred_at": "2026-01-03T00:00:00Z" })).await,
                        4 => admin.act(&format!("{}/restore", path(gone))).await,
                        _ => admin.post("/touch-records", super::call(here, json!({}))).await,
                    };
                    assert!([200, 201, 204, 404, 409, 422].contains(&reply.status), "{} {:#}", reply.status, reply.body);
                }
            });
            join_all(work).await;
            let listed = admin.list("/touch-records", &[("customer_id", here["id"].as_str().unwrap())]).await.ok();
            assert_eq!(ids(&listed).len(), 0, "its customer is deleted");
            admin.act(&format!("{}/restore", customer_path(&here))).await.ok();
            assert_agrees(&admin, &here).await;
        }
    });
}
