//! What a tier cannot be, and who cannot write one.

use serde_json::{Value, json};

use super::{UNKNOWN, changes_of, path, tier};
use crate::harness::on_both;

#[test]
fn every_fault_is_reported_at_once_and_nothing_is_written() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let shape = json!({
            "code": "Gold!", "rank": "7", "color": "#D4AF3", "discount_percent": "100.01", "benefits": "x".repeat(2001), "id": UNKNOWN,
            "credit_limit": { "amount": "-1", "currency": "yuan", "unit": 1 }, "payment_terms_days": -1, "cadence_days": 1.5,
            "recycle_days": 36_501, "customer_count": 3, "is_default": "yes", "colour": "red", "external_refs": [{ "system": "erp" }]
        });
        admin.post("/tiers", shape).await.invalid(&[
            ("/code", "invalid_format"),
            ("/name", "required"),
            ("/rank", "wrong_type"),
            ("/color", "invalid_format"),
            ("/discount_percent", "invalid_format"),
            ("/benefits", "too_long"),
            ("/id", "read_only_field"),
            ("/credit_limit/amount", "invalid_format"),
            ("/credit_limit/currency", "invalid_format"),
            ("/credit_limit/unit", "unknown_field"),
            ("/payment_terms_days", "too_small"),
            ("/cadence_days", "wrong_type"),
            ("/recycle_days", "too_large"),
            ("/customer_count", "read_only_field"),
            ("/is_default", "wrong_type"),
            ("/colour", "unknown_field"),
            ("/external_refs/0/value", "required"),
        ]);
        let money = |amount: &str, currency: &str| json!({ "amount": amount, "currency": currency });
        let twice = json!([{ "system": "a", "value": "1" }, { "system": "a", "value": "1" }]);
        let repeated = json!({ "code": "a", "name": "A", "rank": 1, "external_refs": twice });
        admin.post("/tiers", repeated).await.invalid(&[("/external_refs/1", "duplicate_item")]);
        let meaning = json!({ "code": "a", "name": "A", "rank": 1, "credit_limit": money("10.005", "CNY") });
        admin.post("/tiers", meaning).await.invalid(&[("/credit_limit/amount", "too_many_decimals")]);

        let made = tier(&admin, "gold", 1).await;
        for (member, value, pointer, fault) in [
            ("credit_limit", money("100.5", "JPY"), "/credit_limit/amount", "too_many_decimals"),
            ("credit_limit", money("1", "XYZ"), "/credit_limit/currency", "invalid_format"),
            ("credit_limit", money("1e3", "CNY"), "/credit_limit/amount", "invalid_format"),
            ("credit_limit", json!("1000 CNY"), "/credit_limit", "wrong_type"),
            ("discount_percent", json!("-1"), "/discount_percent", "invalid_format"),
            ("discount_percent", json!("12.34567"), "/discount_percent", "invalid_format"),
            ("discount_percent", json!(12.5), "/discount_percent", "wrong_type"),
            ("rank", json!(1_000_001), "/rank", "too_large"),
            ("rank", Value::Null, "/rank", "required"),
            ("name", json!(" "), "/name", "required"),
            ("color", json!("#D4AF37"), "/color", "invalid_format"),
            ("code", json!("silver"), "/code", "read_only_field"),
            ("version", json!(9), "/version", "read_only_field"),
        ] {
            admin.patch(&path(&made), json!({ member: value, "benefits": "b" })).await.invalid(&[(pointer, fault)]);
        }
        assert_eq!(admin.get("/tiers").await.ok()["data"], json!([made]));
        assert_eq!(changes_of(&admin, &made).await.len(), 1);

        for caller in [app.user("manager").await, app.user("rep").await, app.user("viewer").await] {
            let refused = caller.post("/tiers", json!({ "code": "x", "name": "X", "rank": 9 })).await.problem(403, "insufficient_role");
            assert_eq!(refused["meta"]["required_role"], "admin");
            caller.patch(&path(&made), json!({ "rank": 9 })).await.problem(403, "insufficient_role");
            caller.delete(&path(&made)).await.problem(403, "insufficient_role");
            caller.act(&format!("{}/restore", path(&made))).await.problem(403, "insufficient_role");
            assert_eq!(caller.get(&path(&made)).await.ok(), made);
        }
    });
}
