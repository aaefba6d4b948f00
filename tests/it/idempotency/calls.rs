//! A call of every operation that takes a key.

use reqwest::Method;
use serde_json::{Value, json};

use super::{person, request};
use crate::harness::{ADMIN_PASSWORD, Actor, App, UNKNOWN};
use crate::jobs::ask_for;

/// An operation, and how to call it.
type Call = (&'static str, Method, String, Value);

/// Every operation that takes a key, on objects that are ready for it.
pub async fn calls(app: &App, admin: &Actor) -> Vec<Call> {
    use serde_json::Value::Null;
    let make = async |path: &str, body: Value| admin.post(path, body).await.created()["id"].as_str().expect("an id").to_owned();
    let user = app.user("rep").await.id;
    let key = make("/api-keys", json!({ "name": "K", "scopes": ["*"] })).await;
    let tier = make("/tiers", json!({ "code": "a", "name": "A", "rank": 1 })).await;
    let company = make("/customers", json!({ "name": "C", "kind": "organization" })).await;
    let contact = make("/contacts", json!({ "name": "P" })).await;
    let touch = json!({ "customer_id": company, "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "x" });
    let opportunity = json!({ "name": "O", "customer_id": company });
    let (open, record) = (make("/opportunities", opportunity.clone()).await, make("/touch-records", touch.clone()).await);
    let mut deleted = Vec::new();
    for (path, body) in [
        ("/customers", person("D")),
        ("/contacts", json!({ "name": "D" })),
        ("/tiers", json!({ "code": "d", "name": "D", "rank": 2 })),
        ("/opportunities", opportunity.clone()),
        ("/touch-records", touch.clone()),
    ] {
        let path = format!("{path}/{}", make(path, body).await);
        admin.delete(&path).await.no_content();
        deleted.push(format!("{path}/restore"));
    }
    let stages = admin.get("/pipelines").await.ok()["data"][0]["stages"].clone();
    let stage = stages.as_array().expect("stages").iter().find(|stage| stage["code"] == "proposal").expect("a stage")["id"].clone();
    let (post, patch) = (Method::POST, Method::PATCH);
    let remarks = json!({ "remarks": "changed" });
    let mut calls = vec![
        (
            "create_user",
            post.clone(),
            "/users".to_owned(),
            json!({ "email": "n@example.com", "name": "N", "role": "rep", "password": ADMIN_PASSWORD }),
        ),
        ("update_user", patch.clone(), format!("/users/{user}"), json!({ "name": "changed" })),
        ("set_user_password", post.clone(), format!("/users/{user}/password"), json!({ "password": "another fine passphrase" })),
        ("hand_over_user", post.clone(), format!("/users/{user}/handover"), json!({ "to_user_id": admin.id })),
        ("create_api_key", post.clone(), "/api-keys".to_owned(), json!({ "name": "N", "scopes": ["customers:read"] })),
        ("revoke_api_key", post.clone(), format!("/api-keys/{key}/revoke"), Null),
        ("update_workspace", patch.clone(), "/workspace".to_owned(), json!({ "name": "changed" })),
        ("create_customer", post.clone(), "/customers".to_owned(), person("N")),
        ("update_customer", patch.clone(), format!("/customers/{company}"), remarks.clone()),
        ("move_customer_lifecycle", post.clone(), format!("/customers/{company}/lifecycle"), json!({ "stage": "customer" })),
        ("set_customer_tier", post.clone(), format!("/customers/{company}/tier"), json!({ "tier_id": tier, "reason": "x" })),
        (
            "transfer_customers",
            post.clone(),
            "/customers/transfer".to_owned(),
            json!({ "ids": [company, "cus_01jd9xq3v8e6ft2m4k7w0zr5ya"], "to_user_id": user, "reason": "x" }),
        ),
        ("create_contact", post.clone(), "/contacts".to_owned(), json!({ "name": "N" })),
        ("update_contact", patch.clone(), format!("/contacts/{contact}"), json!({ "title": "changed" })),
        ("create_opportunity", post.clone(), "/opportunities".to_owned(), opportunity),
        ("update_opportunity", patch.clone(), format!("/opportunities/{open}"), json!({ "name": "changed" })),
        ("move_opportunity", post.clone(), format!("/opportunities/{open}/move"), json!({ "to_stage_id": stage })),
        (
            "transfer_opportunities",
            post.clone(),
            "/opportunities/transfer".to_owned(),
            json!({ "ids": [open], "to_user_id": admin.id, "reason": "x" }),
        ),
        ("create_touch_record", post.clone(), "/touch-records".to_owned(), touch),
        ("update_touch_record", patch.clone(), format!("/touch-records/{record}"), json!({ "summary": "changed" })),
        ("create_tier", post.clone(), "/tiers".to_owned(), json!({ "code": "n", "name": "N", "rank": 3 })),
        ("update_tier", patch, format!("/tiers/{tier}"), json!({ "name": "changed" })),
        (
            "change_my_password",
            post.clone(),
            "/me/password".to_owned(),
            json!({ "current_password": ADMIN_PASSWORD, "new_password": "quite another passphrase" }),
        ),
    ];
    let referred = "by-ref/s/1";
    for (resource, upsert, batch, data) in [
        ("customers", "upsert_customer", "batch_customers", person("N")),
        ("contacts", "upsert_contact", "batch_contacts", json!({ "name": "N" })),
        ("opportunities", "upsert_opportunity", "batch_opportunities", json!({ "name": "N", "customer_id": company })),
        ("touch-records", "upsert_touch_record", "batch_touch_records", calls[18].3.clone()),
        ("tiers", "upsert_tier", "batch_tiers", json!({ "code": "u", "name": "U", "rank": 9 })),
    ] {
        let again = json!({ "op": "upsert", "external_ref": { "system": "s", "value": "1" }, "data": { "external_refs": [{ "system": "t", "value": "1" }] } });
        calls.push((upsert, Method::PATCH, format!("/{resource}/{referred}"), data));
        calls.push((batch, post.clone(), format!("/{resource}/batch"), json!({ "mode": "partial", "operations": [again] })));
    }
    let text = |key: &str| json!({ "resource": "tiers", "key": key, "type": "text", "label": { "zh": "x", "en": "x" } });
    let (field, retired) = (make("/fields", text("x")).await, make("/fields", text("y")).await);
    admin.act(&format!("/fields/{retired}/retire")).await.ok();
    calls.extend([
        ("create_field", post.clone(), "/fields".to_owned(), text("z")),
        ("update_field", Method::PATCH, format!("/fields/{field}"), json!({ "is_unique": true })),
        ("retire_field", post.clone(), format!("/fields/{field}/retire"), Null),
        ("reactivate_field", post.clone(), format!("/fields/{retired}/reactivate"), Null),
    ]);
    let week = app.now().plus(chrono::Duration::days(7)).to_string();
    let owned = make("/customers", json!({ "name": "O", "kind": "person", "owner_id": admin.id })).await;
    let (open, other) = (make("/pools", json!({ "name": "P", "is_open": true })).await, make("/pools", json!({ "name": "R" })).await);
    let pooled = json!({ "name": "O", "kind": "person", "pool_id": open });
    let (claimed, assigned) = (make("/customers", pooled.clone()).await, make("/customers", pooled).await);
    let team = json!({ "name": "T", "type": "team" });
    let (unit, gone) = (make("/org-units", team.clone()).await, make("/org-units", team.clone()).await);
    let top = make("/org-units", team.clone()).await;
    let cap = json!({ "scope": "workspace", "cap": 1000 });
    let capped = make("/holding-caps", cap.clone()).await;
    let rule = json!({ "kind": "no_touch", "days": 30 });
    let ruled = make(&format!("/pools/{open}/recycle-rules"), rule.clone()).await;
    admin.delete(&format!("/pools/{other}")).await.no_content();
    admin.delete(&format!("/org-units/{gone}")).await.no_content();
    let changed = || json!({ "name": "changed" });
    let claim = json!({ "ids": [claimed], "mode": "atomic" });
    let assignment = json!({ "ids": [assigned], "mode": "atomic", "to_user_id": admin.id });
    calls.extend([
        ("create_org_unit", post.clone(), "/org-units".to_owned(), team.clone()),
        ("update_org_unit", Method::PATCH, format!("/org-units/{unit}"), changed()),
        ("move_org_unit", post.clone(), format!("/org-units/{unit}/move"), json!({ "parent_id": top })),
        ("restore_org_unit", post.clone(), format!("/org-units/{gone}/restore"), Null),
        ("upsert_org_unit", Method::PATCH, format!("/org-units/{referred}"), team),
        ("create_pool", post.clone(), "/pools".to_owned(), json!({ "name": "N" })),
        ("update_pool", Method::PATCH, format!("/pools/{open}"), changed()),
        ("restore_pool", post.clone(), format!("/pools/{other}/restore"), Null),
        ("claim_customers", post.clone(), format!("/pools/{open}/claims"), claim),
        ("assign_customers", post.clone(), format!("/pools/{open}/assignments"), assignment),
        ("create_holding_cap", post.clone(), "/holding-caps".to_owned(), cap),
        ("update_holding_cap", Method::PATCH, format!("/holding-caps/{capped}"), json!({ "cap": 999 })),
        ("lock_customer", post.clone(), format!("/customers/{owned}/lock"), json!({ "until": week, "reason": "x" })),
        ("unlock_customer", post.clone(), format!("/customers/{owned}/unlock"), Null),
        ("release_customer", post.clone(), format!("/customers/{owned}/release"), json!({ "reason_code": "other" })),
        ("create_recycle_rule", post.clone(), format!("/pools/{open}/recycle-rules"), rule.clone()),
        ("update_recycle_rule", Method::PATCH, format!("/recycle-rules/{ruled}"), json!({ "days": 99 })),
        ("update_stage", Method::PATCH, format!("/stages/{}", stage.as_str().expect("an id")), json!({ "cadence_days": 3 })),
    ]);
    let planned = json!({ "customer_id": company, "type": "call", "due_at": "2026-01-05T08:00:00Z", "summary": "x" });
    let (plan, off) = (make("/planned-touches", planned.clone()).await, make("/planned-touches", planned.clone()).await);
    let done = json!({ "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "x" });
    let many = json!({ "mode": "partial", "operations": [{ "op": "create", "data": planned }] });
    calls.extend([
        ("batch_planned_touches", post.clone(), "/planned-touches/batch".to_owned(), many),
        ("create_planned_touch", post.clone(), "/planned-touches".to_owned(), planned),
        ("update_planned_touch", Method::PATCH, format!("/planned-touches/{plan}"), json!({ "summary": "changed" })),
        ("reassign_planned_touch", post.clone(), format!("/planned-touches/{plan}/reassign"), json!({ "assignee_id": user })),
        ("complete_planned_touch", post.clone(), format!("/planned-touches/{plan}/complete"), done),
        ("cancel_planned_touch", post.clone(), format!("/planned-touches/{off}/cancel"), json!({ "reason": "x" })),
    ]);
    calls.extend(notices(app, admin).await);
    let job = ask_for(app, admin, &UNKNOWN, json!({})).await;
    calls.push(("cancel_job", post.clone(), format!("{job}/cancel"), Null));
    let restored = ["restore_customer", "restore_contact", "restore_tier", "restore_opportunity", "restore_touch_record"];
    calls.extend(restored.into_iter().zip(deleted).map(|(operation, path)| (operation, post.clone(), path, Null)));
    calls
}

/// Marking what the administrator was told.
async fn notices(app: &App, admin: &Actor) -> Vec<Call> {
    let manager = app.user("manager").await;
    for name in ["one", "two"] {
        let body = json!({ "name": name, "kind": "person", "owner_id": admin.id });
        manager.post("/customers", body).await.created();
    }
    let page = admin.get("/me/notifications").await.ok();
    let id = |place: usize| page["data"][place]["id"].as_str().expect("an id").to_owned();
    vec![
        ("read_my_notification", Method::POST, format!("/me/notifications/{}/read", id(0)), Value::Null),
        ("unread_my_notification", Method::POST, format!("/me/notifications/{}/unread", id(0)), Value::Null),
        ("read_my_notifications", Method::POST, "/me/notifications/read".to_owned(), json!({ "ids": [id(1)] })),
    ]
}

/// Does everything that can be done, once.
pub async fn do_everything(app: &App, admin: &Actor) {
    for (operation, method, path, body) in &calls(app, admin).await {
        let reply = admin.send(request(admin, method.clone(), path, "once", body)).await;
        assert!((200..300).contains(&reply.status), "{operation}: {reply:#?}");
    }
}
