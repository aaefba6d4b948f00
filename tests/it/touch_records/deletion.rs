//! What becomes of touch records when their customer is deleted and restored.

use serde_json::{Value, json};

use super::{call, changes_of, customer, customer_path, opportunity, path, touch, types};
use crate::harness::{Actor, ids, on_both};

/// The ids of a customer's touch records, oldest first.
async fn touches(actor: &Actor, customer: &Value, is_deleted: &str) -> Vec<String> {
    let query = [("customer_id", customer["id"].as_str().unwrap()), ("is_deleted", is_deleted), ("sort", "created_at")];
    ids(&actor.list("/touch-records", &query).await.ok())
}

#[test]
fn they_go_and_come_back_with_their_customer() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let (here, elsewhere) = (customer(&rep).await, customer(&admin).await);
        let deal = opportunity(&admin, &here).await;
        let one = touch(&rep, &here, json!({ "opportunity_id": deal, "next_touch_at": "2026-02-01T00:00:00Z" })).await;
        let two = touch(&admin, &here, json!({ "type": "note" })).await;
        let before = touch(&admin, &here, json!({ "occurred_at": "2026-01-09T00:00:00Z" })).await;
        let stays = touch(&admin, &elsewhere, json!({})).await;
        admin.delete(&path(&before)).await.no_content();
        let there = customer_path(&here);
        let said = admin.get(&there).await.ok();
        let id = |touch: &Value| touch["id"].as_str().unwrap().to_owned();

        rep.delete(&there).await.no_content();
        for touch in [&one, &two, &before] {
            admin.get(&path(touch)).await.problem(404, "not_found");
            admin.patch(&path(touch), json!({ "summary": "B" })).await.problem(404, "not_found");
            admin.delete(&path(touch)).await.problem(404, "not_found");
            admin.act(&format!("{}/restore", path(touch))).await.problem(409, "customer_deleted");
        }
        assert_eq!(ids(&admin.get("/touch-records").await.ok()), [id(&stays)]);
        assert_eq!(ids(&rep.get("/touch-records").await.ok()), [id(&stays)]);
        assert_eq!(touches(&admin, &here, "true").await, [id(&one), id(&two), id(&before)]);
        assert_eq!(types(&changes_of(&admin, &two).await), ["touch_record.created", "touch_record.deleted"]);
        admin.post("/touch-records", call(&here, json!({}))).await.invalid(&[("/customer_id", "unknown_reference")]);

        let restored = rep.act(&format!("{there}/restore")).await.ok();
        let members = ["last_touch_at", "touch_count", "next_touch_at"];
        assert!(members.iter().all(|member| restored[member] == said[member]), "{restored:#}");
        assert_eq!(touches(&admin, &here, "false").await, [id(&one), id(&two)]);
        assert_eq!(touches(&admin, &here, "true").await, [id(&before)], "what had been deleted before stays deleted");
        for touch in [&one, &two] {
            let now = admin.get(&path(touch)).await;
            assert_eq!(now.header("etag"), "\"v3\"");
            let mut now = now.ok();
            (now["version"], now["updated_at"]) = (touch["version"].clone(), touch["updated_at"].clone());
            assert_eq!(now, *touch, "as it was");
            let changes = changes_of(&admin, touch).await;
            assert_eq!(types(&changes), ["touch_record.created", "touch_record.deleted", "touch_record.restored"]);
            let versions: Vec<&Value> = changes.iter().map(|change| &change["object"]["version"]).collect();
            assert_eq!(versions, [&json!(1), &json!(2), &json!(3)]);
        }
        assert_eq!(types(&changes_of(&admin, &before).await), ["touch_record.created", "touch_record.deleted"]);
        assert_eq!(admin.get(&path(&stays)).await.ok(), stays);

        // A second time: now all three are there, and one is restored by itself.
        admin.act(&format!("{}/restore", path(&before))).await.ok();
        admin.delete(&path(&one)).await.no_content();
        rep.delete(&there).await.no_content();
        let restored = rep.act(&format!("{there}/restore")).await.ok();
        assert_eq!((&restored["touch_count"], &restored["last_touch_at"]), (&json!(1), &before["occurred_at"]));
        assert_eq!(touches(&admin, &here, "false").await, [id(&two), id(&before)]);
        assert_eq!(admin.act(&format!("{}/restore", path(&one))).await.ok()["version"], 5);
    });
}

#[test]
fn references_freed_with_a_customer_can_be_taken() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (here, there) = (customer(&admin).await, customer(&admin).await);
        let refs = |value: &str| json!([{ "system": "dialer", "value": value }]);
        let other = touch(&admin, &here, json!({ "external_refs": refs("2") })).await;
        let made = touch(&admin, &here, json!({ "external_refs": refs("1") })).await;
        let again = call(&there, json!({ "external_refs": refs("1") }));
        let taken = |problem: Value, holder: &Value| {
            assert_eq!(problem["meta"], json!({ "system": "dialer", "value": "1", "existing_id": holder["id"] }));
        };
        taken(admin.post("/touch-records", again.clone()).await.problem(409, "external_ref_taken"), &made);
        assert_eq!(admin.get(&customer_path(&there)).await.ok(), there, "nor does its customer say that it was touched");

        admin.delete(&customer_path(&here)).await.no_content();
        let heir = admin.post("/touch-records", again).await.created();
        let restore = format!("{}/restore", customer_path(&here));
        let count = async || admin.changes().await["data"].as_array().unwrap().len();
        let changes = count().await;
        taken(admin.act(&restore).await.problem(409, "external_ref_taken"), &heir);
        assert_eq!(count().await, changes);
        admin.get(&customer_path(&here)).await.problem(404, "not_found");
        assert_eq!(touches(&admin, &here, "false").await.len(), 0);
        assert_eq!(touches(&admin, &here, "true").await.len(), 2);
        let by_ref = async |value: &str| ids(&admin.list("/touch-records", &[("external_ref", value)]).await.ok());
        assert_eq!((by_ref("dialer:1").await.len(), by_ref("dialer:2").await.len()), (1, 0));

        admin.delete(&path(&heir)).await.no_content();
        assert_eq!(admin.act(&restore).await.ok()["touch_count"], 2);
        assert_eq!(by_ref("dialer:1").await, [made["id"].as_str().unwrap()]);
        assert_eq!(by_ref("dialer:2").await, [other["id"].as_str().unwrap()]);
        taken(admin.act(&format!("{}/restore", path(&heir))).await.problem(409, "external_ref_taken"), &made);
        assert_eq!(admin.get(&customer_path(&there)).await.ok()["touch_count"], 0);
    });
}
