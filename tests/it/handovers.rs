//! Who leaves hands over what it holds: to somebody, to several, into a pool; and is disabled together with that.

use serde_json::{Value, json};

use crate::harness::{Actor, App, DOCUMENT, ids, on_both};

mod faults;
mod killed;
mod parts;

async fn make(who: &Actor, path: &str, body: Value) -> String {
    who.post(path, body).await.created()["id"].as_str().unwrap().to_owned()
}

async fn customer(admin: &Actor, owner: &Actor, members: Value) -> String {
    let mut body = json!({ "name": "C", "kind": "organization", "owner_id": owner.id });
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    make(admin, "/customers", body).await
}

async fn deal(who: &Actor, customer: &str, owner: &Actor) -> String {
    format!("/opportunities/{}", make(who, "/opportunities", json!({ "name": "O", "customer_id": customer, "owner_id": owner.id })).await)
}

async fn plan(who: &Actor, customer: &str, assignee: &Actor) -> String {
    let body =
        json!({ "customer_id": customer, "type": "call", "due_at": "2026-03-01T01:00:00Z", "summary": "x", "assignee_id": assignee.id });
    format!("/planned-touches/{}", make(who, "/planned-touches", body).await)
}

async fn work_together(admin: &Actor, customer: &str, who: &[&Actor]) {
    let all: Vec<Value> = who.iter().map(|one| json!({ "user_id": one.id, "expires_at": null })).collect();
    admin.put(&format!("/customers/{customer}/collaborators"), json!({ "collaborators": all })).await.ok();
}

async fn collaborators(admin: &Actor, customer: &str) -> Vec<Value> {
    let found = admin.get(&format!("/customers/{customer}/collaborators")).await.ok();
    found["collaborators"].as_array().unwrap().iter().map(|one| one["user_id"].clone()).collect()
}

/// Hands over and waits; gives the job.
async fn hand_over(app: &App, admin: &Actor, who: &Actor, body: Value) -> Value {
    let answer = admin.post(&format!("/users/{}/handover", who.id), body).await;
    assert_eq!((answer.status, &answer.body["kind"]), (202, &json!("hand_over")), "{:#}", answer.body);
    app.run_due_jobs().await;
    admin.get(answer.header("location").trim_start_matches("/api/v1")).await.ok()
}

/// The types of what the feed says of an object, oldest first.
async fn told(admin: &Actor, id: &str) -> Vec<String> {
    let feed = admin.changes().await;
    let changes = feed["data"].as_array().unwrap().iter().filter(|change| change["object"]["id"] == id);
    changes.map(|change| change["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn everything_goes_to_somebody_else() {
    on_both(|app| async move {
        let (admin, leaving) = (app.admin().await, app.user("rep").await);
        let (heir, peer) = (app.user("rep").await, app.user("rep").await);
        let own = customer(&admin, &leaving, json!({ "service_rep_id": leaving.id })).await;
        let week = app.now().plus(chrono::Duration::days(7)).to_string();
        leaving.post(&format!("/customers/{own}/lock"), json!({ "until": week, "reason": "x" })).await.ok();
        work_together(&admin, &own, &[&peer]).await;
        let (mine, of_peer) = (deal(&leaving, &own, &leaving).await, deal(&admin, &own, &peer).await);
        let (planned, by_peer) = (plan(&leaving, &own, &leaving).await, plan(&peer, &own, &peer).await);
        // Of somebody else: with a part in it, and without.
        let shared = customer(&admin, &peer, json!({})).await;
        work_together(&admin, &shared, &[&leaving]).await;
        let (there, planned_there) = (deal(&leaving, &shared, &leaving).await, plan(&leaving, &shared, &leaving).await);
        let asked = customer(&admin, &peer, json!({ "service_rep_id": leaving.id })).await;
        let planned_for_peer = plan(&admin, &asked, &leaving).await;
        let gone = customer(&admin, &leaving, json!({})).await;
        admin.delete(&format!("/customers/{gone}")).await.no_content();

        let path = format!("/users/{}/handover", leaving.id);
        let body = json!({ "to_user_id": heir.id, "reason": " leaves ", "dry_run": true });
        let preview = admin.post(&path, body.clone()).await.ok();
        let keyed = || admin.request(reqwest::Method::POST, &path).header("idempotency-key", "once").json(&body);
        assert_eq!((admin.send(keyed()).await.ok(), admin.send(keyed()).await.ok()), (preview.clone(), preview.clone()));
        let receivers = json!([{ "user_id": heir.id, "pool_id": null, "customers": 1, "held": 0, "cap": null }]);
        let expected = json!({
            "user_id": leaving.id, "customers": 1, "locked_customers": 1, "opportunities": 2, "planned_touches": 3, "collaborations": 1,
            "service_rep_customers": 2, "receivers": receivers,
        });
        assert_eq!(preview, expected);
        assert_eq!(ids(&admin.get("/jobs").await.ok()).len(), 0, "nothing happened");

        let job = hand_over(&app, &admin, &leaving, json!({ "to_user_id": heir.id, "reason": " leaves " })).await;
        let result = json!({
            "customers": 1, "opportunities": 2, "planned_touches": 3, "collaborations": 1, "service_rep_customers": 2,
            "receivers": [{ "user_id": heir.id, "pool_id": null, "customers": 1 }],
        });
        assert_eq!((&job["status"], &job["result"], &job["progress"]), (&json!("succeeded"), &result, &json!({ "done": 3, "total": 3 })));
        let now = admin.get(&format!("/customers/{own}")).await.ok();
        assert_eq!((&now["owner_id"], &now["service_rep_id"], &now["locked_until"]), (&json!(heir.id), &json!(heir.id), &Value::Null));
        let owner = async |path: &str, member: &str| admin.get(path).await.ok()[member].clone();
        assert_eq!((owner(&mine, "owner_id").await, owner(&of_peer, "owner_id").await), (json!(heir.id), json!(peer.id)));
        assert_eq!((owner(&planned, "assignee_id").await, owner(&by_peer, "assignee_id").await), (json!(heir.id), json!(peer.id)));
        assert_eq!(collaborators(&admin, &own).await, [json!(peer.id)], "who helped goes on");
        assert_eq!((owner(&there, "owner_id").await, collaborators(&admin, &shared).await), (json!(heir.id), vec![json!(heir.id)]));
        assert_eq!(owner(&planned_there, "assignee_id").await, heir.id);
        assert_eq!(owner(&planned_for_peer, "assignee_id").await, peer.id, "the heir would not see it");
        assert_eq!(owner(&format!("/customers/{asked}"), "service_rep_id").await, heir.id);
        heir.get(&planned_there).await.ok();

        let history = admin.get(&format!("/customers/{own}/ownership")).await.ok();
        let event = &history["data"][0];
        assert_eq!((&event["type"], &event["reason"], &event["by_id"]), (&json!("handover"), &json!("leaves"), &json!(admin.id)));
        assert_eq!((&event["from_owner_id"], &event["to_owner_id"]), (&json!(leaving.id), &json!(heir.id)));
        let of_own = told(&admin, &own).await;
        assert_eq!(of_own.iter().filter(|kind| *kind == "customer.handed_over").count(), 1, "as one change: {of_own:?}");
        let audit = admin.get(&format!("/audit?types=customer.handed_over&object_id={own}")).await.ok();
        assert_eq!(audit["data"][0]["changed"]["owner_id"], json!({ "from": leaving.id, "to": heir.id }));
        let notices = heir.get("/me/notifications").await.ok();
        let notice = &notices["data"][0];
        assert_eq!((ids(&notices).len(), &notice["type"], &notice["object"]["id"]), (1, &json!("user.handed_over"), &json!(leaving.id)));
        assert_eq!(notice["data"], json!({ "name": "A rep", "customers": 1, "assigned_by_id": admin.id, "reason": "leaves" }));

        let again = hand_over(&app, &admin, &leaving, json!({ "to_user_id": heir.id })).await;
        assert_eq!((&again["result"]["customers"], &again["progress"]), (&json!(0), &json!({ "done": 0, "total": 0 })));
        assert_eq!(admin.get(&format!("/customers/{own}")).await.ok(), now);
    });
}

#[test]
fn into_a_pool_the_customers_go_alone() {
    on_both(|app| async move {
        let (admin, leaving, peer) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let narrow = json!({ "field": "kind", "op": "eq", "value": "person" });
        for keeps in [false, true] {
            let on_recycle = json!({ "planned_touches": if keeps { "keep" } else { "cancel" } });
            let pool = make(&admin, "/pools", json!({ "name": "P", "is_open": true, "filter": narrow, "on_recycle": on_recycle })).await;
            let own = customer(&admin, &leaving, json!({ "service_rep_id": leaving.id })).await;
            work_together(&admin, &own, &[&peer]).await;
            let (mine, planned) = (deal(&leaving, &own, &leaving).await, plan(&leaving, &own, &leaving).await);
            let shared = customer(&admin, &peer, json!({ "service_rep_id": leaving.id })).await;
            work_together(&admin, &shared, &[&leaving]).await;
            let (there, planned_there) = (deal(&leaving, &shared, &leaving).await, plan(&leaving, &shared, &leaving).await);
            let job = hand_over(&app, &admin, &leaving, json!({ "pool_id": pool })).await;
            let receivers = json!([{ "user_id": null, "pool_id": pool, "customers": 1 }]);
            assert_eq!((&job["status"], &job["result"]["receivers"]), (&json!("succeeded"), &receivers), "{job:#}");
            let now = admin.get(&format!("/customers/{own}")).await.ok();
            assert_eq!((&now["owner_id"], &now["pool_id"], &now["service_rep_id"]), (&Value::Null, &json!(pool), &Value::Null));
            assert_eq!(admin.get(&mine).await.ok()["owner_id"], leaving.id, "as after a release");
            let status = if keeps { "planned" } else { "cancelled" };
            assert_eq!(admin.get(&planned).await.ok()["status"], status);
            assert_eq!(admin.get(&there).await.ok()["owner_id"], peer.id);
            assert_eq!(admin.get(&planned_there).await.ok()["assignee_id"], peer.id);
            assert_eq!((collaborators(&admin, &own).await, collaborators(&admin, &shared).await), (Vec::new(), Vec::new()));
            assert_eq!(admin.get(&format!("/customers/{shared}")).await.ok()["service_rep_id"], Value::Null);
            let history = admin.get(&format!("/customers/{own}/ownership")).await.ok();
            assert_eq!((&history["data"][0]["type"], &history["data"][0]["to_pool_id"]), (&json!("handover"), &json!(pool)));
            peer.post(&format!("/pools/{pool}/claims"), json!({ "ids": [own], "mode": "atomic" })).await.ok();
            let ids = json!([mine.rsplit('/').next().unwrap()]);
            admin.post("/opportunities/transfer", json!({ "ids": ids, "to_user_id": peer.id, "reason": "x" })).await.ok();
        }
    });
}

#[test]
fn several_share_by_turns_and_caps_do_not_count() {
    on_both(|app| async move {
        let (admin, leaving) = (app.admin().await, app.user("rep").await);
        let (first, second) = (app.user("rep").await, app.user("rep").await);
        let mut all = admin.customers(230, &json!({ "owner_id": leaving.id })).await;
        all.sort();
        admin.post("/holding-caps", json!({ "scope": "user", "user_id": second.id, "cap": 1 })).await.created();
        let split = json!({ "split": [{ "user_id": first.id, "weight": 2 }, { "user_id": second.id, "weight": 1 }] });
        let mut tried = split.clone();
        tried["dry_run"] = json!(true);
        let preview = admin.post(&format!("/users/{}/handover", leaving.id), tried).await.ok();
        let shares: Vec<&Value> = preview["receivers"].as_array().unwrap().iter().map(|one| &one["customers"]).collect();
        assert_eq!((shares, &preview["receivers"][1]["cap"]), (vec![&json!(153), &json!(77)], &json!(1)));
        let job = hand_over(&app, &admin, &leaving, split).await;
        let got: Vec<&Value> = job["result"]["receivers"].as_array().unwrap().iter().map(|one| &one["customers"]).collect();
        assert_eq!((got, &job["progress"]), (vec![&json!(153), &json!(77)], &json!({ "done": 230, "total": 230 })));
        // By turns, also from one step to the next: 1 2 1, 1 2 1, …
        for (place, id) in all.iter().enumerate().filter(|(place, _)| place % 17 == 0 || (95..105).contains(place)) {
            let owner = admin.get(&format!("/customers/{id}")).await.ok()["owner_id"].clone();
            assert_eq!(owner, json!(if place % 3 == 1 { &second.id } else { &first.id }), "{place}");
        }
    });
}

#[test]
fn who_leaves_is_disabled_with_its_handover() {
    on_both(|app| async move {
        let (admin, leaving, heir) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let own = customer(&admin, &leaving, json!({})).await;
        deal(&leaving, &own, &leaving).await;
        let path = format!("/users/{}", leaving.id);
        let held = admin.patch(&path, json!({ "is_active": false })).await.problem(409, "user_still_holds");
        let counts = json!({ "count": 1, "resource": "customers", "opportunities": 1, "planned_touches": 0, "collaborations": 0 });
        assert_eq!(held["meta"], counts);
        assert_eq!(admin.patch(&path, json!({ "name": "B" })).await.ok()["handover_job_id"], Value::Null);
        for (patch, fault) in [
            (json!({ "name": "C", "handover": { "to_user_id": heir.id } }), ("/handover", "not_applicable")),
            (json!({ "is_active": false, "handover": {} }), ("/handover/to_user_id", "required")),
            (json!({ "is_active": false, "handover": { "to_user_id": leaving.id } }), ("/handover/to_user_id", "same_user")),
            (json!({ "is_active": false, "handover": { "nonsense": 1 } }), ("/handover/nonsense", "unknown_field")),
            (json!({ "is_active": false, "handover": { "split": [{ "user_id": heir.id }] } }), ("/handover/split/0/weight", "required")),
        ] {
            admin.patch(&path, patch).await.invalid(&[fault]);
        }
        leaving.get("/customers").await.ok();
        assert_eq!(admin.get(&path).await.ok()["is_active"], true, "and nothing happened");

        let body = json!({ "is_active": false, "handover": { "to_user_id": heir.id, "pool_id": null } });
        let changed = admin.patch(&path, body).await.ok();
        assert_eq!((&changed["is_active"], &changed["version"]), (&json!(false), &json!(3)));
        let job = format!("/jobs/{}", changed["handover_job_id"].as_str().unwrap());
        // Until it is done the customer is where it was, and nobody's to claim or to give to who has left.
        assert_eq!(admin.get(&job).await.ok()["status"], "queued");
        let there = admin.get(&format!("/customers/{own}")).await.ok();
        assert_eq!((&there["owner_id"], &there["pool_id"]), (&json!(leaving.id), &Value::Null));
        let back = json!({ "ids": [own], "to_user_id": leaving.id, "reason": "x" });
        admin.post("/customers/transfer", back).await.invalid(&[("/to_user_id", "inactive_reference")]);
        app.advance(chrono::Duration::seconds(6));
        leaving.get("/customers").await.problem(401, "invalid_token");
        app.run_due_jobs().await;
        assert_eq!(admin.get(&job).await.ok()["result"]["customers"], 1);
        assert_eq!(admin.get(&format!("/customers/{own}")).await.ok()["owner_id"], heir.id);

        let described = &DOCUMENT["components"]["schemas"]["ChangedUser"]["properties"];
        assert!(changed.as_object().unwrap().keys().all(|member| described.get(member).is_some()), "{described:#}");

        // Of oneself: the system goes on with it.
        let second = app.user("admin").await;
        let own = customer(&admin, &second, json!({})).await;
        let body = json!({ "is_active": false, "handover": { "to_user_id": heir.id } });
        let changed = second.patch(&format!("/users/{}", second.id), body).await.ok();
        app.run_due_jobs().await;
        let done = admin.get(&format!("/jobs/{}", changed["handover_job_id"].as_str().unwrap())).await.ok();
        assert_eq!((&done["status"], &done["created_by_id"]), (&json!("succeeded"), &Value::Null), "{done:#}");
        let history = admin.get(&format!("/customers/{own}/ownership")).await.ok();
        assert_eq!((&history["data"][0]["type"], &history["data"][0]["by_id"]), (&json!("handover"), &Value::Null));
        // Who holds nothing may name somebody as well.
        let idle = app.user("rep").await;
        let body = json!({ "is_active": false, "handover": { "to_user_id": heir.id } });
        assert!(admin.patch(&format!("/users/{}", idle.id), body).await.ok()["handover_job_id"].is_string());
    });
}
