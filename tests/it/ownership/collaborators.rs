//! Who else works on a customer: what is refused of a list of them.

use chrono::Duration;
use serde_json::{Value, json};

use crate::harness::on_both;

#[test]
fn a_part_may_be_over_but_not_begin_when_it_is() {
    on_both(|app| async move {
        let (admin, owner) = (app.admin().await, app.user("rep").await);
        let (peer, other) = (app.user("rep").await, app.user("rep").await);
        let made = admin.post("/customers", json!({ "name": "C", "kind": "organization", "owner_id": owner.id })).await.created();
        let path = format!("/customers/{}/collaborators", made["id"].as_str().unwrap());
        let end = app.now().plus(Duration::hours(1)).to_string();
        let of = |all: &[(&str, &Value)]| {
            let all: Vec<Value> = all.iter().map(|(id, end)| json!({ "user_id": id, "expires_at": end })).collect();
            json!({ "collaborators": all })
        };
        admin.put(&path, of(&[(&peer.id, &json!(end))])).await.ok();
        app.advance(Duration::hours(2));
        let admin = app.admin().await;
        let kept = admin.put(&path, of(&[(&peer.id, &json!(end)), (&other.id, &Value::Null)])).await.ok();
        assert_eq!(kept["collaborators"].as_array().unwrap().len(), 2, "what is over stays as it is");
        let wrong = [(peer.id.as_str(), &json!(end)), (&other.id, &json!(end)), (&owner.id, &Value::Null), (&other.id, &Value::Null)];
        let problem = admin.put(&path, of(&wrong)).await.problem(422, "validation_failed");
        let errors: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| (&error["pointer"], &error["code"])).collect();
        let expected = [
            (json!("/collaborators/1/expires_at"), json!("too_small")),
            (json!("/collaborators/2/user_id"), json!("duplicate_item")),
            (json!("/collaborators/3/user_id"), json!("duplicate_item")),
        ];
        assert_eq!(errors, expected.iter().map(|(pointer, code)| (pointer, code)).collect::<Vec<_>>());
    });
}

#[test]
fn whoever_is_new_must_be_somebody_and_who_left_may_stay() {
    on_both(|app| async move {
        let (admin, peer, gone) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let owner = app.user("rep").await;
        let made = admin.post("/customers", json!({ "name": "C", "kind": "organization", "owner_id": owner.id })).await.created();
        let path = format!("/customers/{}/collaborators", made["id"].as_str().unwrap());
        let of = |all: &[&str]| json!({ "collaborators": all.iter().map(|id| json!({ "user_id": id })).collect::<Vec<_>>() });
        admin.put(&path, of(&[&peer.id])).await.ok();
        for id in [&peer.id, &gone.id] {
            admin.patch(&format!("/users/{id}"), json!({ "is_active": false })).await.ok();
        }
        let problem = admin.put(&path, of(&[&peer.id, &gone.id, "usr_01jd9xq3v8e6ft2m4k7w0zr5ya"])).await.problem(422, "validation_failed");
        let errors: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
        assert_eq!(errors, ["/collaborators/1/user_id", "/collaborators/2/user_id"], "{problem:#}");
        admin.put(&path, of(&[&peer.id, &admin.id])).await.ok();
    });
}
