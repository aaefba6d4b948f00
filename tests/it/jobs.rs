//! Background jobs: progress and results, failing and trying again, cancelling, crashes, and several servers.

use std::time::Duration as Patience;

use chrono::Duration;
use fishpond::db::id::UserId;
use fishpond::db::{Actor as Acting, transact};
use fishpond::jobs::{Work, enqueue};
use serde_json::{Value, json};

use crate::harness::{Actor, App, UNKNOWN, WORK, ids, on_both, on_both_with};

mod purges;

/// Asks for test work in somebody's name, as a request would; gives the job's path.
pub async fn ask_for(app: &App, who: &Actor, work: &Work, args: Value) -> String {
    let me = who.get("/me").await.ok();
    let workspace_id = me["workspace_id"].as_str().unwrap().parse().expect("an id");
    let user_id: UserId = me["user"]["id"].as_str().unwrap().parse().expect("an id");
    let acting = Acting { user_id: Some(user_id), request_id: "a request".to_owned(), ..Acting::system(workspace_id) };
    let job = app.db(|conn| transact(conn, &acting, &|tx| enqueue(tx, work, &args, None))).expect("a job");
    format!("/jobs/{}", job.id)
}

async fn job(who: &Actor, path: &str) -> Value {
    who.get(path).await.ok()
}

async fn customers(admin: &Actor) -> usize {
    let page = admin.get("/customers?limit=200").await.ok();
    let mut names: Vec<String> = page["data"].as_array().unwrap().iter().map(|row| row["name"].to_string()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), page["data"].as_array().unwrap().len(), "each step was done once");
    names.len()
}

/// Waits until it is true of a job.
async fn until(who: &Actor, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let waited = async {
        loop {
            let job = job(who, path).await;
            if is_so(&job) {
                return job;
            }
            tokio::time::sleep(Patience::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Patience::from_secs(60), waited).await.expect("it comes to that")
}

/// A server that runs a job and is gone after some steps.
async fn crash_in_the_middle(app: &App, who: &Actor, path: &str) {
    tokio::select! {
        _ = app.run_due_jobs() => panic!("the job is too short"),
        _ = until(who, path, |job| job["progress"]["done"].as_i64() >= Some(3)) => {}
    }
}

#[test]
fn a_job_is_done_and_says_what_came_of_it() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let path = ask_for(&app, &rep, &WORK, json!({ "steps": 3 })).await;
        let queued = job(&rep, &path).await;
        assert_eq!(
            (&queued["status"], &queued["kind"], &queued["progress"]),
            (&json!("queued"), &json!("test"), &json!({ "done": 0, "total": null }))
        );
        assert_eq!((&queued["created_by_id"], &queued["started_at"], &queued["result"]), (&json!(rep.id), &Value::Null, &Value::Null));
        app.run_due_jobs().await;
        let done = job(&rep, &path).await;
        assert_eq!(
            (&done["status"], &done["progress"], &done["result"]),
            (&json!("succeeded"), &json!({ "done": 3, "total": 3 }), &json!({ "customers": 3 }))
        );
        assert!(done["started_at"].is_string() && done["finished_at"].is_string() && done["error"].is_null(), "{done:#}");
        assert!(done["version"].as_i64() > queued["version"].as_i64());
        // Its steps were the user's own.
        let made = rep.get("/customers").await.ok();
        assert_eq!(made["data"].as_array().unwrap().iter().filter(|row| row["created_by_id"] == json!(rep.id)).count(), 3);
        let changes = admin.changes().await;
        let changes = changes["data"].as_array().unwrap().iter().filter(|change| change["object"]["type"] == "job");
        let statuses: Vec<Value> = changes.map(|change| change["changed"]["status"]["to"].clone()).collect();
        assert_eq!(statuses, ["queued", "running", "succeeded"]);

        let path = ask_for(&app, &rep, &WORK, json!({ "is_partial": true })).await;
        app.run_due_jobs().await;
        assert_eq!(job(&rep, &path).await["status"], "partially_succeeded");
        let text = reqwest::get(&app.metrics).await.unwrap().text().await.unwrap();
        assert!(text.contains(r#"fishpond_jobs_total{kind="test",outcome="succeeded"} 1"#), "{text}");
    });
}

#[test]
fn the_server_does_jobs_by_itself_and_cancels_them_between_two_steps() {
    on_both_with(&[("jobs", "on")], |app| async move {
        let admin = app.admin().await;
        let short = ask_for(&app, &admin, &WORK, json!({})).await;
        until(&admin, &short, |job| job["status"] == "succeeded").await;
        let long = ask_for(&app, &admin, &WORK, json!({ "steps": 100_000 })).await;
        until(&admin, &long, |job| job["progress"]["done"].as_i64() > Some(0)).await;
        assert_eq!(admin.act(&format!("{long}/cancel")).await.ok()["finished_at"], Value::Null, "it is in the middle");
        let cancelled = until(&admin, &long, |job| !job["finished_at"].is_null()).await;
        assert_eq!((&cancelled["status"], &cancelled["result"]), (&json!("cancelled"), &Value::Null));
        assert!(cancelled["progress"]["done"].as_i64() < Some(100_000));
    });
}

#[test]
fn a_job_that_waits_is_cancelled_at_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let path = ask_for(&app, &admin, &WORK, json!({})).await;
        let cancel = format!("{path}/cancel");
        let stale = admin.request(reqwest::Method::POST, &cancel).header("if-match", "\"v7\"");
        admin.send(stale).await.problem(412, "version_conflict");
        let cancelled = admin.act(&cancel).await.ok();
        assert_eq!((&cancelled["status"], cancelled["finished_at"].is_string()), (&json!("cancelled"), true));
        assert_eq!(admin.act(&cancel).await.ok(), cancelled, "it is over");
        app.run_due_jobs().await;
        assert_eq!((job(&admin, &path).await, customers(&admin).await), (cancelled, 0));

        let done = ask_for(&app, &admin, &WORK, json!({})).await;
        app.run_due_jobs().await;
        assert_eq!(admin.act(&format!("{done}/cancel")).await.ok()["status"], "succeeded");
    });
}

#[test]
fn what_fails_is_tried_again_later_and_later() {
    on_both(|app| async move {
        let erp = app.api_key(&["*"]).await;
        for (way, code) in [("breaks_until", "internal_error"), ("panics_until", "internal_error")] {
            let path = ask_for(&app, &erp, &WORK, json!({ way: app.now().plus(Duration::seconds(12)).to_string() })).await;
            app.run_due_jobs().await;
            let first = job(&erp, &path).await;
            assert_eq!((&first["status"], &first["error"]["code"]), (&json!("queued"), &json!(code)), "{first:#}");
            app.run_due_jobs().await;
            assert_eq!(job(&erp, &path).await, first, "not yet");
            app.advance(Duration::milliseconds(6500));
            app.run_due_jobs().await;
            let second = job(&erp, &path).await;
            assert!(second["status"] == "queued" && second["version"] != first["version"], "{second:#}");
            app.advance(Duration::seconds(6));
            app.run_due_jobs().await;
            assert_eq!(job(&erp, &path).await, second, "the second pause is longer");
            app.advance(Duration::seconds(7));
            app.run_due_jobs().await;
            let third = job(&erp, &path).await;
            assert_eq!((&third["status"], &third["error"]), (&json!("succeeded"), &Value::Null));
        }
        let path = ask_for(&app, &erp, &WORK, json!({ "breaks_until": app.now().plus(Duration::days(1)).to_string() })).await;
        for _ in 0..8 {
            assert_eq!(job(&erp, &path).await["status"], "queued");
            app.run_due_jobs().await;
            app.advance(Duration::hours(1));
        }
        let failed = job(&erp, &path).await;
        assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!("internal_error")));
        assert!(failed["finished_at"].is_string());
        // What would be refused again is not tried again.
        let path = ask_for(&app, &erp, &WORK, json!({ "refuses": true })).await;
        app.run_due_jobs().await;
        let refused = job(&erp, &path).await;
        assert_eq!((&refused["status"], &refused["error"]["code"]), (&json!("failed"), &json!("name_taken")));
    });
}

#[test]
fn a_job_of_somebody_who_may_not_act_any_more_fails() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let erp = app.api_key(&["*"]).await;
        let of_rep = ask_for(&app, &rep, &WORK, json!({})).await;
        let of_erp = ask_for(&app, &erp, &WORK, json!({})).await;
        admin.patch(&format!("/users/{}", rep.id), json!({ "is_active": false })).await.ok();
        let keys = admin.get(&format!("/api-keys?user_id={}", erp.id)).await.ok();
        admin.act(&format!("/api-keys/{}/revoke", ids(&keys)[0])).await.ok();
        app.run_due_jobs().await;
        for path in [of_rep, of_erp] {
            let failed = job(&admin, &path).await;
            assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!("requester_inactive")), "{failed:#}");
        }
        assert_eq!(customers(&admin).await, 0);
    });
}

#[test]
fn after_a_crash_it_goes_on_where_it_was() {
    on_both(|app| async move {
        let erp = app.api_key(&["*"]).await;
        let path = ask_for(&app, &erp, &WORK, json!({ "steps": 40 })).await;
        crash_in_the_middle(&app, &erp, &path).await;
        app.run_due_jobs().await;
        assert_eq!(job(&erp, &path).await["status"], "running", "whoever has it may still be there");
        app.advance(Duration::seconds(31));
        app.run_due_jobs().await;
        let done = job(&erp, &path).await;
        assert_eq!((&done["status"], &done["progress"]["done"], customers(&erp).await), (&json!("succeeded"), &json!(40), 40));

        // One that nobody is left to run is cancelled when its lease has ended.
        let path = ask_for(&app, &erp, &WORK, json!({ "steps": 40 })).await;
        crash_in_the_middle(&app, &erp, &path).await;
        erp.act(&format!("{path}/cancel")).await.ok();
        app.advance(Duration::seconds(31));
        app.run_due_jobs().await;
        assert_eq!(job(&erp, &path).await["status"], "cancelled");

        // One that ends every server is given up.
        let path = ask_for(&app, &erp, &WORK, json!({ "steps": 1 })).await;
        app.db(|conn| {
            use diesel::prelude::*;
            use fishpond::db::schema::jobs;
            let held = jobs::lease_token.eq(fishpond::db::condition::AnyId::new());
            diesel::update(jobs::table.filter(jobs::status.eq("queued").and(jobs::is_scheduled.eq(false))))
                .set((held, jobs::attempts.eq(7)))
                .execute(conn)
        })
        .expect("a job that was interrupted");
        app.run_due_jobs().await;
        assert_eq!(job(&erp, &path).await["error"]["code"], "job_interrupted");
    });
}

#[test]
fn two_servers_share_jobs_and_never_run_the_same() {
    on_both(|app| async move {
        let Some(other) = app.beside() else { return };
        let erp = app.api_key(&["*"]).await;
        let mut paths = Vec::new();
        for _ in 0..6 {
            paths.push(ask_for(&app, &erp, &WORK, json!({ "steps": 10 })).await);
        }
        tokio::join!(app.run_due_jobs(), other.run_due_jobs(), app.run_due_jobs(), other.run_due_jobs());
        for path in paths {
            let done = job(&erp, &path).await;
            assert_eq!((&done["status"], &done["error"], &done["progress"]["done"]), (&json!("succeeded"), &Value::Null, &json!(10)));
        }
        assert_eq!(erp.get("/customers?limit=200").await.ok()["data"].as_array().unwrap().len(), 60);

        // The other one takes over what this one left.
        let path = ask_for(&app, &erp, &WORK, json!({ "steps": 40 })).await;
        crash_in_the_middle(&app, &erp, &path).await;
        other.run_due_jobs().await;
        assert_eq!(job(&erp, &path).await["status"], "running");
        app.advance(Duration::seconds(31));
        other.run_due_jobs().await;
        assert_eq!(job(&erp, &path).await["progress"], json!({ "done": 40, "total": 40 }));
    });
}

#[test]
fn one_sees_ones_own_jobs_and_administrators_see_all() {
    on_both(|app| async move {
        let (admin, manager, rep) = (app.admin().await, app.user("manager").await, app.user("rep").await);
        let erp = app.api_key(&["jobs:read", "workspace:read"]).await;
        let path = ask_for(&app, &rep, &UNKNOWN, json!({})).await;
        let own = ask_for(&app, &manager, &UNKNOWN, json!({})).await;
        app.run_due_jobs().await;
        assert_eq!(job(&rep, &path).await["status"], "queued", "nobody knows how to do it");
        for who in [&admin, &erp] {
            who.get(&path).await.ok();
            assert_eq!(ids(&who.get("/jobs").await.ok()).len(), 2, "and none of the system's own");
        }
        assert_eq!(ids(&manager.get("/jobs").await.ok()), [own.trim_start_matches("/jobs/")]);
        assert_eq!(ids(&admin.get(&format!("/jobs?created_by_id={}&status=queued&kind=unknown", rep.id)).await.ok()).len(), 1);
        manager.get(&path).await.problem(404, "not_found");
        manager.act(&format!("{path}/cancel")).await.problem(404, "not_found");
        app.db_stranger().await.get(&path).await.problem(404, "not_found");
        let first = admin.get("/jobs?limit=1").await.ok();
        let second = admin.list("/jobs", &[("limit", "1"), ("cursor", first["next_cursor"].as_str().unwrap())]).await.ok();
        assert_eq!((ids(&first).len(), ids(&second).len(), &second["has_more"]), (1, 1, &json!(false)));
    });
}
