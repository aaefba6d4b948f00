//! The organisation: its tree, and what managers see because of it.

use serde_json::{Value, json};

use crate::harness::{Actor, App, ids, on_both};

async fn unit(admin: &Actor, name: &str, parent: Option<&Value>) -> Value {
    let input = json!({ "name": name, "type": "department", "parent_id": parent.map(|parent| &parent["id"]) });
    admin.post("/org-units", input).await.created()
}

fn path(unit: &Value) -> String {
    format!("/org-units/{}", unit["id"].as_str().unwrap())
}

/// A user of this role in this unit.
async fn member(app: &App, admin: &Actor, role: &str, unit: &Value) -> Actor {
    let actor = app.user(role).await;
    admin.patch(&format!("/users/{}", actor.id), json!({ "org_unit_id": unit["id"] })).await.ok();
    actor
}

async fn customer(actor: &Actor, name: &str) -> Value {
    actor.post("/customers", json!({ "name": name, "kind": "organization" })).await.created()
}

async fn sees(actor: &Actor) -> Vec<String> {
    let page = actor.get("/customers?sort=name").await.ok();
    page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn units_make_a_tree_without_cycles() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let top = unit(&admin, "华南大区", None).await;
        let middle = unit(&admin, "深圳", Some(&top)).await;
        let low = unit(&admin, "南山", Some(&middle)).await;
        assert_eq!(
            ids(&admin.get(&format!("/org-units?parent_id={}", top["id"].as_str().unwrap())).await.ok()),
            [middle["id"].as_str().unwrap()]
        );
        admin.patch(&path(&top), json!({ "parent_id": low["id"] })).await.invalid(&[("/parent_id", "read_only_field")]);
        for below in [&top, &middle, &low] {
            admin.post(&format!("{}/move", path(&top)), json!({ "parent_id": below["id"] })).await.problem(409, "hierarchy_cycle");
        }
        let unknown = json!({ "parent_id": "org_01jd9xq3v8e6ft2m4k7w0zr5ya" });
        admin.post(&format!("{}/move", path(&top)), unknown).await.invalid(&[("/parent_id", "unknown_reference")]);
        admin.post(&format!("{}/move", path(&low)), json!({})).await.invalid(&[("/parent_id", "required")]);
        let moved = admin.post(&format!("{}/move", path(&low)), json!({ "parent_id": null })).await.ok();
        assert_eq!((&moved["parent_id"], &moved["version"]), (&Value::Null, &json!(2)));
        let again = admin.post(&format!("{}/move", path(&low)), json!({ "parent_id": null })).await.ok();
        assert_eq!(again["version"], 2, "it was there");
        admin.delete(&path(&top)).await.problem(409, "in_use");
        admin.delete(&path(&middle)).await.no_content();
        let restored = admin.act(&format!("{}/restore", path(&middle))).await.ok();
        assert_eq!(restored["parent_id"], top["id"]);
        admin.delete(&path(&middle)).await.no_content();
        admin.delete(&path(&top)).await.no_content();
        let restored = admin.act(&format!("{}/restore", path(&middle))).await.ok();
        assert_eq!(restored["parent_id"], Value::Null, "what was above it is gone");
        let upserted = admin.patch("/org-units/by-ref/oa/7", json!({ "name": "OA", "type": "team" })).await.created();
        assert_eq!(admin.get("/org-units/by-ref/oa/7").await.ok()["id"], upserted["id"]);
    });
}

#[test]
fn moves_at_the_same_time_make_no_cycle() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for _ in 0..8 {
            let (left, right) = (unit(&admin, "left", None).await, unit(&admin, "right", None).await);
            let to = |unit: &Value, parent: &Value| (format!("{}/move", path(unit)), json!({ "parent_id": parent["id"] }));
            let ((one, into_right), (other, into_left)) = (to(&left, &right), to(&right, &left));
            let (first, second) = tokio::join!(admin.post(&one, into_right), admin.post(&other, into_left));
            let mut answers = [first.status, second.status];
            answers.sort_unstable();
            assert_eq!(answers, [200, 409], "one of the two would close a cycle");
        }
    });
}

#[test]
fn a_manager_sees_and_changes_what_is_below_its_unit() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (south, north) = (unit(&admin, "South", None).await, unit(&admin, "North", None).await);
        let team = unit(&admin, "Team", Some(&south)).await;
        let manager = member(&app, &admin, "manager", &south).await;
        let viewer = member(&app, &admin, "viewer", &south).await;
        let (ann, bob, cem) = (
            member(&app, &admin, "rep", &south).await,
            member(&app, &admin, "rep", &team).await,
            member(&app, &admin, "rep", &north).await,
        );
        let (of_ann, of_bob, of_cem) = (customer(&ann, "a").await, customer(&bob, "b").await, customer(&cem, "c").await);
        assert_eq!((&of_ann["org_unit_id"], &of_bob["org_unit_id"]), (&south["id"], &team["id"]));
        for actor in [&manager, &viewer] {
            assert_eq!(sees(actor).await, ["a", "b"]);
            actor.get(&format!("/customers/{}", of_cem["id"].as_str().unwrap())).await.problem(404, "not_found");
        }
        assert_eq!(sees(&admin).await, ["a", "b", "c"]);
        let of_team = format!("/customers?org_unit_id={}", team["id"].as_str().unwrap());
        assert_eq!(ids(&manager.get(&of_team).await.ok()), [of_bob["id"].as_str().unwrap()]);

        // What belongs to a customer goes with it.
        let bobs = format!("/customers/{}", of_bob["id"].as_str().unwrap());
        bob.post("/contacts", json!({ "name": "P", "links": [{ "customer_id": of_bob["id"] }] })).await.created();
        let deal = bob.post("/opportunities", json!({ "name": "O", "customer_id": of_bob["id"] })).await.created();
        let touch = json!({ "customer_id": of_bob["id"], "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "hello there" });
        bob.post("/touch-records", touch.clone()).await.created();
        for resource in ["contacts", "opportunities", "touch-records"] {
            assert_eq!(ids(&manager.get(&format!("/{resource}")).await.ok()).len(), 1, "{resource}");
            assert_eq!(ids(&cem.get(&format!("/{resource}")).await.ok()).len(), 0, "{resource}");
        }
        assert_eq!(manager.patch(&bobs, json!({ "remarks": "x" })).await.ok()["remarks"], "x");
        manager.patch(&format!("/opportunities/{}", deal["id"].as_str().unwrap()), json!({ "needs": "x" })).await.ok();
        viewer.patch(&bobs, json!({ "remarks": "y" })).await.problem(403, "insufficient_role");
        for (owner, expected) in [(&bob, 201), (&cem, 422)] {
            let input = json!({ "name": "n", "kind": "person", "owner_id": owner.id });
            assert_eq!(manager.post("/customers?validate_only=true", input).await.status, if expected == 201 { 204 } else { 422 });
        }

        // Moving the unit moves what is seen; moving the user moves its customers.
        admin.post(&format!("{}/move", path(&team)), json!({ "parent_id": north["id"] })).await.ok();
        assert_eq!(sees(&manager).await, ["a"]);
        admin.patch(&format!("/users/{}", cem.id), json!({ "org_unit_id": south["id"] })).await.ok();
        assert_eq!(sees(&manager).await, ["a", "c"]);
        let moved = admin.get(&format!("/customers/{}", of_cem["id"].as_str().unwrap())).await.ok();
        assert_eq!((&moved["org_unit_id"], &moved["version"]), (&south["id"], &json!(2)));
        admin.patch(&format!("/users/{}", cem.id), json!({ "org_unit_id": null })).await.ok();
        assert_eq!(sees(&manager).await, ["a"]);
        admin.delete(&path(&south)).await.problem(409, "in_use");
    });
}
