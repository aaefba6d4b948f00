//! Who has a tier, and what that means for it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{UNKNOWN, changes_of, customer, customer_path, path, tier, types};
use crate::harness::on_both;

#[test]
fn a_tier_in_use_stays() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let gold = tier(&admin, "gold", 1).await;
        let (one, two, gone) = (customer(&admin, &gold).await, customer(&rep, &gold).await, customer(&admin, &gold).await);
        admin.delete(&customer_path(&gone)).await.no_content();
        let refused = admin.delete(&path(&gold)).await.problem(409, "in_use");
        assert_eq!(refused["meta"], json!({ "count": 2, "resource": "customers" }), "the deleted one does not count");
        admin.post(&format!("{}/tier", customer_path(&one)), json!({ "tier_id": null, "reason": "gone" })).await.ok();
        admin.delete(&customer_path(&two)).await.no_content();
        admin.delete(&path(&gold)).await.no_content();

        let restored = admin.act(&format!("{}/restore", customer_path(&two))).await.ok();
        assert_eq!((&restored["tier_id"], &restored["version"]), (&Value::Null, &json!(4)), "its tier is no more");
        assert_eq!(admin.get(&customer_path(&two)).await.ok(), restored);
        let changes = changes_of(&admin, &two).await;
        assert_eq!(types(&changes), ["customer.created", "customer.deleted", "customer.restored", "customer.tier_changed"]);
        assert_eq!(changes[3]["changed"], json!({ "tier_id": { "from": gold["id"], "to": null } }));
        admin.act(&format!("{}/restore", path(&gold))).await.ok();
        assert_eq!(admin.get(&customer_path(&two)).await.ok(), restored);
        assert_eq!(admin.act(&format!("{}/restore", customer_path(&gone))).await.ok()["tier_id"], gold["id"]);
    });
}

#[test]
fn a_customer_is_given_a_tier() {
    on_both(|app| async move {
        let (admin, rep, viewer) = (app.admin().await, app.user("rep").await, app.user("viewer").await);
        let (gold, retired, deleted) = (tier(&admin, "gold", 1).await, tier(&admin, "old", 2).await, tier(&admin, "gone", 3).await);
        let foreign = tier(&app.db_stranger().await, "foreign", 1).await;
        let kept = customer(&rep, &retired).await;
        admin.patch(&path(&retired), json!({ "is_active": false })).await.ok();
        admin.delete(&path(&deleted)).await.no_content();
        let made = customer(&rep, &Value::Null).await;
        let there = format!("{}/tier", customer_path(&made));
        for (id, fault) in [
            (&json!(UNKNOWN), "unknown_reference"),
            (&foreign["id"], "unknown_reference"),
            (&deleted["id"], "unknown_reference"),
            (&retired["id"], "inactive_reference"),
            (&made["id"], "wrong_resource_type"),
            (&json!(7), "wrong_type"),
        ] {
            rep.post(&there, json!({ "tier_id": id, "reason": "r" })).await.invalid(&[("/tier_id", fault)]);
            let input = json!({ "name": "B", "kind": "person", "tier_id": id });
            rep.post("/customers", input).await.invalid(&[("/tier_id", fault)]);
        }
        rep.post(&there, json!({})).await.invalid(&[("/tier_id", "required"), ("/reason", "required")]);
        let wrong = json!({ "tier_id": null, "reason": "x".repeat(501), "locked": true });
        rep.post(&there, wrong).await.invalid(&[("/reason", "too_long"), ("/locked", "unknown_field")]);
        rep.post(&there, json!({ "tier_id": null, "reason": " " })).await.invalid(&[("/reason", "required")]);
        assert_eq!(rep.get(&customer_path(&made)).await.ok(), made);

        let to_gold = json!({ "tier_id": gold["id"], "reason": " annual review " });
        let given = rep.post(&there, to_gold.clone()).await;
        assert_eq!(given.header("etag"), "\"v2\"");
        let given = given.ok();
        assert_eq!((&given["tier_id"], rep.get(&customer_path(&made)).await.ok()), (&gold["id"], given.clone()));
        assert_eq!(rep.post(&there, to_gold.clone()).await.ok(), given, "it has it already");
        let stale = rep.request(Method::POST, &there).header("if-match", "\"v1\"").json(&to_gold);
        rep.send(stale).await.problem(412, "version_conflict");
        assert_eq!(rep.post(&there, json!({ "tier_id": null, "reason": "left" })).await.ok()["version"], 3);
        let changes = changes_of(&admin, &made).await;
        assert_eq!(types(&changes), ["customer.created", "customer.tier_changed", "customer.tier_changed"]);
        let fact = |from: &Value, to: &Value| json!({ "from": from, "to": to });
        let reason = fact(&Value::Null, &json!("annual review"));
        assert_eq!(changes[1]["changed"], json!({ "tier_id": fact(&Value::Null, &gold["id"]), "reason": reason }));
        let same = json!({ "tier_id": retired["id"], "reason": "r" });
        assert_eq!(rep.post(&format!("{}/tier", customer_path(&kept)), same).await.ok()["version"], 1, "a retired tier stays");

        let (pooled, hidden) = (customer(&admin, &gold).await, customer(&app.user("rep").await, &gold).await);
        rep.post(&format!("{}/tier", customer_path(&pooled)), to_gold.clone()).await.problem(403, "not_owner");
        rep.post(&format!("{}/tier", customer_path(&hidden)), to_gold.clone()).await.problem(404, "not_found");
        viewer.post(&there, to_gold).await.problem(403, "insufficient_role");
    });
}
