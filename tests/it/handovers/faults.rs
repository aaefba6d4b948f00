//! Handovers that are refused, and jobs that end because of what has changed since they were asked for.

use serde_json::{Value, json};

use super::customer;
use crate::harness::{ids, on_both};

#[test]
fn what_is_wrong_is_told_before_anything_happens() {
    on_both(|app| async move {
        let (admin, leaving, heir) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (viewer, gone, stranger) = (app.user("viewer").await, app.user("rep").await, app.db_stranger().await);
        admin.patch(&format!("/users/{}", gone.id), json!({ "is_active": false })).await.ok();
        let closed = admin.post("/pools", json!({ "name": "closed", "is_enabled": false })).await.created()["id"].clone();
        let foreign = ids(&stranger.get("/pools").await.ok())[0].clone();
        let own = customer(&admin, &leaving, json!({})).await;
        let path = format!("/users/{}/handover", leaving.id);
        let share = |id: &str| json!({ "user_id": id, "weight": 1 });
        for (body, faults) in [
            (json!({}), vec![("/to_user_id", "required")]),
            (
                json!({ "to_user_id": heir.id, "split": [share(&heir.id)] }),
                vec![("/split", "exclusive_fields"), ("/split/0/user_id", "duplicate_item")],
            ),
            (json!({ "to_user_id": heir.id, "pool_id": closed }), vec![("/pool_id", "exclusive_fields")]),
            (json!({ "pool_id": closed }), vec![("/pool_id", "inactive_reference")]),
            (json!({ "pool_id": foreign }), vec![("/pool_id", "unknown_reference")]),
            (json!({ "to_user_id": gone.id }), vec![("/to_user_id", "inactive_reference")]),
            (json!({ "to_user_id": stranger.id }), vec![("/to_user_id", "unknown_reference")]),
            (json!({ "to_user_id": viewer.id }), vec![("/to_user_id", "may_not_own")]),
            (json!({ "to_user_id": leaving.id }), vec![("/to_user_id", "same_user")]),
            (
                json!({ "split": [share(&heir.id), share(&heir.id), share(&viewer.id)] }),
                vec![("/split/1/user_id", "duplicate_item"), ("/split/2/user_id", "may_not_own")],
            ),
            (json!({ "split": [] }), vec![("/split", "too_few_items")]),
            (json!({ "split": [{ "user_id": heir.id, "weight": 0 }] }), vec![("/split/0/weight", "too_small")]),
            (json!({ "to_user_id": heir.id, "pool": closed }), vec![("/pool", "unknown_field")]),
        ] {
            let mut tried = body.clone();
            tried["dry_run"] = json!(true);
            for body in [body, tried] {
                let mut expected = faults.clone();
                if body["pool_id"] == closed && body["to_user_id"].is_string() {
                    // Told first of two at one place.
                    expected = vec![("/pool_id", "exclusive_fields"), ("/pool_id", "inactive_reference")];
                    let problem = admin.post(&path, body).await.problem(422, "validation_failed");
                    let codes: Vec<(&str, &str)> = problem["errors"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
                        .collect();
                    assert_eq!(codes, expected);
                    continue;
                }
                admin.post(&path, body).await.invalid(&expected);
            }
        }
        let good = json!({ "to_user_id": heir.id });
        for id in ["usr_01jd9xq3v8e6ft2m4k7w0zr5ya", stranger.id.as_str(), "nonsense"] {
            admin.post(&format!("/users/{id}/handover"), good.clone()).await.problem(404, "not_found");
        }
        for who in [&leaving, &app.user("manager").await, &viewer] {
            let refused = who.post(&path, good.clone()).await.problem(403, "insufficient_role");
            assert_eq!(refused["meta"]["required_role"], "admin");
        }
        app.api_key(&["customers:write", "users:read"]).await.post(&path, good.clone()).await.problem(403, "insufficient_scope");
        let erp = app.api_key(&["users:write"]).await;
        erp.post(&format!("/users/{}/handover", admin.id), good.clone()).await.problem(403, "insufficient_scope");
        assert_eq!(ids(&admin.get("/jobs").await.ok()).len(), 0);
        assert_eq!(admin.get(&format!("/customers/{own}")).await.ok()["version"], 1);
        assert_eq!(erp.post(&path, good).await.status, 202, "like an administrator's");
        app.run_due_jobs().await;
        assert_eq!(admin.get(&format!("/customers/{own}")).await.ok()["owner_id"], heir.id);
    });
}

#[test]
fn it_ends_when_it_may_not_go_on() {
    on_both(|app| async move {
        let (admin, second, leaving) = (app.admin().await, app.user("admin").await, app.user("rep").await);
        let own = customer(&admin, &leaving, json!({})).await;
        let path = format!("/users/{}/handover", leaving.id);
        let mut ended = Vec::new();
        // Who asked for it is no administrator any more, or not there any more; who was to get it has left, and so has the pool.
        let heir = app.user("rep").await;
        let pool = admin.post("/pools", json!({ "name": "P" })).await.created()["id"].as_str().unwrap().to_owned();
        for (who, to) in
            [(&second, json!({ "to_user_id": admin.id })), (&admin, json!({ "to_user_id": heir.id })), (&admin, json!({ "pool_id": pool }))]
        {
            let answer = who.post(&path, to).await;
            ended.push(answer.body["id"].as_str().unwrap().to_owned());
        }
        admin.patch(&format!("/users/{}", second.id), json!({ "role": "rep" })).await.ok();
        admin.patch(&format!("/users/{}", heir.id), json!({ "is_active": false })).await.ok();
        admin.delete(&format!("/pools/{pool}")).await.no_content();
        app.run_due_jobs().await;
        for (job, code) in ended.iter().zip(["insufficient_role", "inactive_reference", "unknown_reference"]) {
            let failed = admin.get(&format!("/jobs/{job}")).await.ok();
            assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!(code)), "{failed:#}");
        }
        assert_eq!(admin.get(&format!("/customers/{own}")).await.ok()["version"], 1, "nothing is lost by that");
        // Cancelled, it stays where it is, too.
        let asked = admin.post(&path, json!({ "to_user_id": admin.id })).await;
        admin.act(&format!("/jobs/{}/cancel", asked.body["id"].as_str().unwrap())).await.ok();
        app.run_due_jobs().await;
        assert_eq!(admin.get(&format!("/customers/{own}")).await.ok()["owner_id"], leaving.id);
    });
}

/// What a customer costs does not grow with the customers.
#[test]
fn a_step_makes_so_many_statements_for_each_customer() {
    on_both(|app| async move {
        let admin = app.admin().await;
        app.run_due_jobs().await;
        let mut made = Vec::new();
        for count in [40, 80] {
            let (leaving, heir) = (app.user("rep").await, app.user("rep").await);
            admin.customers(count, &json!({ "owner_id": leaving.id })).await;
            let asked = admin.post(&format!("/users/{}/handover", leaving.id), json!({ "to_user_id": heir.id })).await;
            let before = app.statements().await;
            app.run_due_jobs().await;
            made.push(app.statements().await - before);
            let done: Value = admin.get(&format!("/jobs/{}", asked.body["id"].as_str().unwrap())).await.ok();
            assert_eq!(done["result"]["customers"], count);
        }
        let each = (made[1] - made[0]) / 40;
        assert!(each <= 11, "{each} statements for a customer: {made:?}");
    });
}
