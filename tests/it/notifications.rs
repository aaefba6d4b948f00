//! What users are told, and what they do with it.

use std::collections::BTreeMap;

use chrono::Duration;
use diesel::prelude::*;
use fishpond::crm::notifications::{Once, notify, withdraw};
use fishpond::db::id::{CustomerId, UserId};
use fishpond::db::schema::notifications;
use fishpond::db::{Actor as DbActor, Tx, clock};
use serde_json::{Map, Value, json};

use crate::harness::{Actor, App, ids, on_both};

async fn told(actor: &Actor, query: &str) -> Value {
    actor.get(&format!("/me/notifications{query}")).await.ok()
}

async fn customer(actor: &Actor, name: &str, owner: &Actor) -> String {
    let body = json!({ "name": name, "kind": "organization", "owner_id": owner.id });
    actor.post("/customers", body).await.created()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_new_owner_is_told_unless_it_did_it_itself() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let given = customer(&admin, "given", &rep).await;
        customer(&rep, "own", &rep).await;
        let page = told(&rep, "").await;
        let notice = &page["data"][0];
        assert_eq!((ids(&page).len(), &page["unread_count"], &page["has_more"]), (1, &json!(1), &json!(false)));
        assert_eq!((&notice["type"], &notice["object"]), (&json!("customer.assigned"), &json!({ "id": given, "type": "customer" })));
        assert_eq!(notice["data"], json!({ "name": "given", "assigned_by_id": admin.id, "reason": null }));
        assert_eq!((&notice["is_read"], &notice["read_at"]), (&json!(false), &Value::Null));

        let body = json!({ "ids": [given], "to_user_id": other.id, "reason": "holiday" });
        rep.post("/customers/transfer", body.clone()).await.ok();
        let page = told(&other, "").await;
        assert_eq!(page["data"][0]["data"], json!({ "name": "given", "assigned_by_id": rep.id, "reason": "holiday" }));
        admin.post("/customers/transfer", body).await.ok();
        assert_eq!(told(&other, "").await["unread_count"], 1, "it was the owner already");
        // It stays with whoever was told, though the object is out of sight.
        rep.get(&format!("/customers/{given}")).await.problem(404, "not_found");
        assert_eq!(told(&rep, "").await["data"], json!([notice]));

        // What did not happen was not told.
        let refused = json!({ "name": "", "kind": "organization", "owner_id": rep.id });
        admin.post("/customers", refused).await.invalid(&[("/name", "required")]);
        let valid = json!({ "name": "x", "kind": "organization", "owner_id": rep.id });
        admin.post("/customers?validate_only=true", valid).await.no_content();
        assert_eq!(told(&rep, "").await["unread_count"], 1);
    });
}

#[test]
fn they_are_listed_and_marked() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        for name in ["a", "b", "c", "d"] {
            customer(&admin, name, &rep).await;
        }
        let all = ids(&told(&rep, "").await);
        let one = format!("/me/notifications/{}", all[0]);
        let read = rep.act(&format!("{one}/read")).await.ok();
        assert!(read["read_at"].is_string() && read["is_read"] == true, "{read:#}");
        assert_eq!(rep.act(&format!("{one}/read")).await.ok(), read, "twice is once");
        let page = told(&rep, "?is_read=false&limit=2").await;
        assert_eq!((ids(&page), &page["unread_count"], &page["has_more"]), (all[1..3].to_vec(), &json!(3), &json!(true)));
        let next = page["next_cursor"].as_str().unwrap();
        assert_eq!(ids(&told(&rep, &format!("?is_read=false&limit=2&cursor={next}")).await), [all[3].clone()]);
        assert_eq!(ids(&told(&rep, "?is_read=true").await), [all[0].clone()]);
        assert_eq!(told(&rep, "?type=customer.assigned&include_total=true").await["total"], 4);
        assert_eq!(told(&rep, "?type[in]=customer.recycled,other").await["data"], json!([]));
        let unread = rep.act(&format!("{one}/unread")).await.ok();
        assert_eq!((&unread["is_read"], &unread["read_at"]), (&json!(false), &Value::Null));

        let mark = async |body: Value| rep.post("/me/notifications/read", body).await;
        let unknown = "ntf_01jd9xq3v8e6ft2m4k7w0zr5ya";
        let marked = mark(json!({ "ids": [all[1], unknown] })).await.ok();
        assert_eq!(marked, json!({ "marked": 1, "missing": [unknown], "unread_count": 3 }));
        assert_eq!(mark(json!({ "up_to": all[2] })).await.ok(), json!({ "marked": 2, "missing": [], "unread_count": 1 }));
        assert_eq!(ids(&told(&rep, "?is_read=false").await), [all[0].clone()], "the newest was not seen yet");
        mark(json!({})).await.invalid(&[("/ids", "required")]);
        mark(json!({ "ids": [] })).await.invalid(&[("/ids", "too_few_items")]);
        mark(json!({ "ids": [all[0]], "up_to": all[0] })).await.invalid(&[("/up_to", "exclusive_fields")]);
        mark(json!({ "ids": ["cus_01jd9xq3v8e6ft2m4k7w0zr5ya"] })).await.invalid(&[("/ids/0", "wrong_resource_type")]);
    });
}

#[test]
fn they_are_the_callers_own() {
    on_both(|app| async move {
        let (admin, rep, key) = (app.admin().await, app.user("rep").await, app.api_key(&["customers:read"]).await);
        customer(&admin, "a", &rep).await;
        customer(&admin, "b", &key).await;
        let of_rep = ids(&told(&rep, "").await)[0].clone();
        assert_eq!(told(&key, "").await["data"][0]["data"]["name"], "b");
        for stranger in [&admin, &key, &app.db_stranger().await] {
            for action in ["read", "unread"] {
                stranger.act(&format!("/me/notifications/{of_rep}/{action}")).await.problem(404, "not_found");
            }
            let marked = stranger.post("/me/notifications/read", json!({ "ids": [of_rep] })).await.ok();
            assert_eq!((&marked["marked"], &marked["missing"]), (&json!(0), &json!([of_rep])));
            stranger.post("/me/notifications/read", json!({ "up_to": of_rep })).await.ok();
        }
        assert_eq!(told(&admin, "").await["data"], json!([]));
        assert_eq!(told(&rep, "").await["unread_count"], 1);
    });
}

/// Does something as the system, in a transaction of its own.
fn as_system<T>(app: &App, work: impl Fn(&mut Tx<'_>) -> T) -> T {
    app.db(|conn| {
        let workspace_id = fishpond::db::schema::workspaces::table.select(fishpond::db::schema::workspaces::id).first(conn).unwrap();
        let actor = DbActor::system(workspace_id);
        work(&mut Tx { conn, actor: &actor, now: clock::now() })
    })
}

#[test]
fn what_is_told_once_is_not_told_again_and_can_be_taken_back() {
    on_both(|app| async move {
        let (rep, other) = (app.user("rep").await, app.user("rep").await);
        let users: Vec<UserId> = [&rep, &other].map(|actor| actor.id.parse().unwrap()).to_vec();
        let (customer, next) = (CustomerId::new(), CustomerId::new());
        let remind = |customer: CustomerId, day: &str| {
            let dedup = format!("recycle:{customer}:{day}");
            as_system(&app, |tx| {
                for user in &users {
                    notify(tx, *user, "customer.recycle_reminder", customer, Map::new(), Some(Once { key: &dedup, until: clock::now() }))
                        .unwrap();
                }
            });
        };
        for day in ["1", "1", "2", "1"] {
            remind(customer, day);
        }
        remind(next, "1");
        let unread = async |actor: &Actor| told(actor, "").await["unread_count"].clone();
        assert_eq!((unread(&rep).await, unread(&other).await), (json!(3), json!(3)));
        assert_eq!(told(&rep, "").await["data"][0]["object"], json!({ "id": next.to_string(), "type": "customer" }));

        // One of the two has read one: that stays.
        let read = ids(&told(&other, "").await)[1].clone();
        other.act(&format!("/me/notifications/{read}/read")).await.ok();
        let taken = as_system(&app, |tx| withdraw(tx, &format!("recycle:{customer}:")).unwrap());
        assert_eq!((taken, unread(&rep).await, unread(&other).await), (3, json!(1), json!(1)));
        let left: BTreeMap<String, i64> = app.db(|conn| {
            let keys: Vec<Option<String>> = notifications::table.select(notifications::dedup_key).load(conn).unwrap();
            keys.into_iter().flatten().fold(BTreeMap::new(), |mut counts, key| {
                *counts.entry(key).or_default() += 1;
                counts
            })
        });
        assert_eq!(left, BTreeMap::from([(format!("recycle:{customer}:2"), 1), (format!("recycle:{next}:1"), 2)]));
    });
}

#[test]
fn old_ones_are_cleared_away() {
    on_both(|app| async move {
        let (admin, erp) = (app.admin().await, app.api_key(&["*"]).await);
        let mut made = Vec::new();
        for name in ["read", "late", "unread"] {
            customer(&admin, name, &erp).await;
            made.push(ids(&told(&erp, "").await)[0].clone());
        }
        // What reminds of a day is kept until then.
        let user: UserId = erp.id.parse().unwrap();
        for (key, days) in [("soon", 10), ("far", 200)] {
            let once = Once { key, until: app.now().plus(Duration::days(days)) };
            as_system(&app, |tx| notify(tx, user, "customer.recycle_reminder", CustomerId::new(), Map::new(), Some(once)).unwrap());
            made.push(ids(&told(&erp, "").await)[0].clone());
        }
        let [read, late, unread, soon, far] = made.try_into().expect("five");
        let mark = async |id: &str| erp.act(&format!("/me/notifications/{id}/read")).await.ok();
        for id in [&read, &soon, &far] {
            mark(id).await;
        }
        let left = async |by: i64| {
            app.advance(Duration::days(by));
            app.run_due_jobs().await;
            ids(&told(&erp, "").await)
        };
        assert_eq!(left(29).await.len(), 5);
        mark(&late).await;
        assert_eq!(left(2).await, [far.clone(), unread.clone(), late.clone()], "30 days after they were read");
        assert_eq!(left(30).await, [far.clone(), unread]);
        assert_eq!(left(30).await, [far], "90 days after they were made");
        assert_eq!(left(130).await, Vec::<String>::new());
        assert_eq!(told(&erp, "").await["unread_count"], 0);
    });
}
