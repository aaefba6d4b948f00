//! What an opportunity cannot be: all of it said at once, and nothing changed.

use serde_json::{Value, json};

use super::{cny, customer, moved, opportunity, path, stages};
use crate::harness::on_both;

const UNKNOWN: [&str; 5] = [
    "cus_01jd9xq3v8e6ft2m4k7w0zr5ya",
    "con_01jd9xq3v8e6ft2m4k7w0zr5ya",
    "pip_01jd9xq3v8e6ft2m4k7w0zr5ya",
    "stg_01jd9xq3v8e6ft2m4k7w0zr5ya",
    "usr_01jd9xq3v8e6ft2m4k7w0zr5ya",
];

#[test]
fn every_faulty_member_is_named() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        let made = opportunity(&admin, &customer, json!({ "amount": cny("5"), "probability": 50 })).await;
        let long = |length: usize| "长".repeat(length);
        let many: Vec<Value> = (0..11).map(|number| json!({ "system": "erp", "value": number.to_string() })).collect();
        for (member, value, pointer, code) in [
            ("name", json!(" "), "/name", "required"),
            ("name", json!(long(201)), "/name", "too_long"),
            ("name", json!("a\u{0}b"), "/name", "invalid_characters"),
            ("name", json!(5), "/name", "wrong_type"),
            ("probability", json!(-1), "/probability", "too_small"),
            ("probability", json!(101), "/probability", "too_large"),
            ("probability", json!(1.5), "/probability", "wrong_type"),
            ("probability", json!("50"), "/probability", "wrong_type"),
            ("probability", json!(9_007_199_254_740_993_i64), "/probability", "too_large"),
            ("expected_close_date", json!("2026-02-30"), "/expected_close_date", "invalid_format"),
            ("expected_close_date", json!("soon"), "/expected_close_date", "invalid_format"),
            ("expected_close_date", json!("2026-02-28T00:00:00Z"), "/expected_close_date", "invalid_format"),
            ("expected_close_date", json!(20260228), "/expected_close_date", "wrong_type"),
            ("amount", json!("5.00"), "/amount", "wrong_type"),
            ("amount", json!(5), "/amount", "wrong_type"),
            ("amount", json!({ "amount": 5, "currency": "CNY" }), "/amount/amount", "wrong_type"),
            ("amount", cny("-5"), "/amount/amount", "invalid_format"),
            ("amount", cny("5."), "/amount/amount", "invalid_format"),
            ("amount", cny("1e3"), "/amount/amount", "invalid_format"),
            ("amount", cny("1,000"), "/amount/amount", "invalid_format"),
            ("amount", cny("５"), "/amount/amount", "invalid_format"),
            ("amount", cny("100000000000000"), "/amount/amount", "invalid_format"),
            ("amount", cny("1.234"), "/amount/amount", "too_many_decimals"),
            ("amount", json!({ "amount": "1.5", "currency": "JPY" }), "/amount/amount", "too_many_decimals"),
            ("amount", json!({ "amount": "5", "currency": "QQQ" }), "/amount/currency", "invalid_format"),
            ("amount", json!({ "amount": "5", "currency": "cny" }), "/amount/currency", "invalid_format"),
            ("amount", json!({ "amount": "5", "currency": "CNY", "units": 1 }), "/amount/units", "unknown_field"),
            ("forecast_category", json!("maybe"), "/forecast_category", "invalid_choice"),
            ("source", json!("nonsense"), "/source", "unknown_code"),
            ("competitor", json!(long(201)), "/competitor", "too_long"),
            ("needs", json!(long(2001)), "/needs", "too_long"),
            ("remarks", json!(long(5001)), "/remarks", "too_long"),
            ("contact_id", json!(customer), "/contact_id", "wrong_resource_type"),
            ("contact_id", json!(UNKNOWN[1]), "/contact_id", "unknown_reference"),
            ("external_refs", json!(many), "/external_refs", "too_many_items"),
            ("external_refs", json!([{ "system": "SAP", "value": "1" }]), "/external_refs/0/system", "invalid_format"),
            ("budget", json!(1), "/budget", "unknown_field"),
            ("weighted_amount", Value::Null, "/weighted_amount", "read_only_field"),
            ("stage_kind", json!("won"), "/stage_kind", "read_only_field"),
            ("closed_at", json!("2026-01-01T00:00:00Z"), "/closed_at", "read_only_field"),
            ("close_reason_code", json!("price"), "/close_reason_code", "read_only_field"),
            ("version", json!(1), "/version", "read_only_field"),
        ] {
            let mut input = json!({ "customer_id": customer, "name": "O" });
            input[member] = value.clone();
            admin.post("/opportunities", input).await.invalid(&[(pointer, code)]);
            admin.patch(&path(&made), json!({ member: value })).await.invalid(&[(pointer, code)]);
        }
        let half = json!({ "customer_id": customer, "name": "O", "amount": { "amount": "5" } });
        admin.post("/opportunities", half).await.invalid(&[("/amount/currency", "required")]);
        assert_eq!(admin.get(&path(&made)).await.ok(), made);
        assert_eq!(admin.get("/opportunities?include_total=true").await.ok()["total"], 1);

        let longest = json!({
            "name": long(200), "competitor": long(200), "needs": long(2000), "remarks": long(5000), "probability": 100,
            "expected_close_date": "9999-12-31", "external_refs": many[..10]
        });
        let longest = opportunity(&admin, &customer, longest).await;
        assert_eq!(admin.get(&path(&longest)).await.ok(), longest);
        let bare = opportunity(&admin, &customer, json!({})).await;
        let half = admin.patch(&path(&bare), json!({ "amount": { "amount": "5" } })).await;
        half.invalid(&[("/amount/currency", "required")]);
    });
}

#[test]
fn what_has_consequences_is_not_patched() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        let made = opportunity(&admin, &customer, json!({})).await;
        let actions = ["stage_id", "owner_id", "customer_id", "pipeline_id"];
        let mut patch = json!({ "name": "B" });
        for member in actions {
            patch[member] = made[member].clone();
        }
        let faults: Vec<(String, &str)> = actions.iter().map(|member| (format!("/{member}"), "read_only_field")).collect();
        let faults: Vec<(&str, &str)> = faults.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
        admin.patch(&path(&made), patch).await.invalid(&faults);
        admin.patch(&path(&made), json!({ "stage_id": null })).await.invalid(&[("/stage_id", "read_only_field")]);
        assert_eq!(admin.get(&path(&made)).await.ok(), made);
    });
}

#[test]
fn all_faults_are_told_at_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        let made = opportunity(&admin, &customer, json!({})).await;
        admin.post("/opportunities", json!({})).await.invalid(&[("/customer_id", "required"), ("/name", "required")]);
        let shape = json!({
            "customer_id": made["id"], "name": "x".repeat(201), "probability": 101, "amount": { "amount": 5 }, "expected_close_date": "soon",
            "stage_id": "stg_1", "owner_id": 5, "forecast_category": "Commit", "stage_kind": "won", "colour": "red"
        });
        admin.post("/opportunities", shape).await.invalid(&[
            ("/customer_id", "wrong_resource_type"),
            ("/name", "too_long"),
            ("/probability", "too_large"),
            ("/amount/amount", "wrong_type"),
            ("/amount/currency", "required"),
            ("/expected_close_date", "invalid_format"),
            ("/stage_id", "wrong_resource_type"),
            ("/owner_id", "wrong_type"),
            ("/forecast_category", "invalid_choice"),
            ("/stage_kind", "read_only_field"),
            ("/colour", "unknown_field"),
        ]);
        let [never, contact, pipeline, stage, user] = UNKNOWN;
        let unknown = json!({
            "customer_id": never, "name": "O", "contact_id": contact, "pipeline_id": pipeline, "owner_id": user, "source": "nonsense",
            "amount": cny("1.234")
        });
        let mut faults = vec![
            ("/customer_id", "unknown_reference"),
            ("/contact_id", "unknown_reference"),
            ("/pipeline_id", "unknown_reference"),
            ("/owner_id", "unknown_reference"),
            ("/source", "unknown_code"),
            ("/amount/amount", "too_many_decimals"),
        ];
        admin.post("/opportunities", unknown.clone()).await.invalid(&faults);
        let mut in_default = unknown;
        (in_default["pipeline_id"], in_default["stage_id"]) = (Value::Null, json!(stage));
        faults[2] = ("/stage_id", "unknown_reference");
        admin.post("/opportunities", in_default).await.invalid(&faults);
        assert_eq!(admin.get("/opportunities?include_total=true").await.ok()["total"], 1, "nothing was made");
    });
}

#[test]
fn references_lead_to_what_belongs_together() {
    on_both(|app| async move {
        let (admin, stranger) = (app.admin().await, app.db_stranger().await);
        let (here, elsewhere, foreign) = (customer(&admin, None).await, customer(&admin, None).await, customer(&stranger, None).await);
        let contact = async |links: Value| admin.post("/contacts", json!({ "name": "P", "links": links })).await.created()["id"].clone();
        let (own, other, loose) = (
            contact(json!([{ "customer_id": elsewhere }, { "customer_id": here }])).await,
            contact(json!([{ "customer_id": elsewhere }])).await,
            contact(json!([])).await,
        );
        let gone = contact(json!([{ "customer_id": here }])).await;
        admin.delete(&format!("/contacts/{}", gone.as_str().unwrap())).await.no_content();
        let made = opportunity(&admin, &here, json!({ "contact_id": own })).await;
        let inactive = app.user("rep").await;
        admin.patch(&format!("/users/{}", inactive.id), json!({ "is_active": false })).await.ok();
        let theirs = stranger.get("/pipelines").await.ok()["data"][0].clone();
        let stages = stages(&admin).await;
        for (member, value, code) in [
            ("contact_id", other.clone(), "unrelated_reference"),
            ("contact_id", loose, "unrelated_reference"),
            ("contact_id", gone, "unknown_reference"),
            ("customer_id", json!(foreign), "unknown_reference"),
            ("owner_id", json!(stranger.id), "unknown_reference"),
            ("owner_id", json!(inactive.id), "inactive_reference"),
            ("pipeline_id", theirs["id"].clone(), "unknown_reference"),
            ("stage_id", theirs["stages"][0]["id"].clone(), "unknown_reference"),
            ("stage_id", stages[4]["id"].clone(), "closed_stage"),
            ("stage_id", stages[5]["id"].clone(), "closed_stage"),
            ("stage_id", stages[6]["id"].clone(), "closed_stage"),
        ] {
            let mut input = json!({ "customer_id": here, "name": "O", "amount": cny("5") });
            input[member] = value.clone();
            let pointer = format!("/{member}");
            admin.post("/opportunities", input).await.invalid(&[(pointer.as_str(), code)]);
            if member == "contact_id" {
                admin.patch(&path(&made), json!({ member: value })).await.invalid(&[("/contact_id", code)]);
            }
        }
        // A contact that has gone to another customer stays where it was, and is not newly set.
        let unlink = json!({ "links": [{ "customer_id": elsewhere }] });
        admin.patch(&format!("/contacts/{}", own.as_str().unwrap()), unlink).await.ok();
        assert_eq!(admin.patch(&path(&made), json!({ "name": "B", "contact_id": own })).await.ok()["contact_id"], own);
        let fresh = opportunity(&admin, &here, json!({})).await;
        admin.patch(&path(&fresh), json!({ "contact_id": own })).await.invalid(&[("/contact_id", "unrelated_reference")]);
    });
}

#[test]
fn a_won_opportunity_keeps_an_amount() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        let made = opportunity(&admin, &customer, json!({ "amount": cny("0.01"), "source": "referral" })).await;
        let won = moved(&admin, &made, 4, None).await;
        for amount in [Value::Null, cny("0"), cny("0.00")] {
            admin.patch(&path(&won), json!({ "amount": amount })).await.invalid(&[("/amount", "amount_required")]);
        }
        assert_eq!(admin.get(&path(&won)).await.ok(), won);
        let patch = json!({ "amount": cny("8"), "name": "B", "probability": 5, "forecast_category": "omitted", "remarks": "paid" });
        let patched = admin.patch(&path(&won), patch).await.ok();
        assert_eq!((&patched["weighted_amount"], &patched["closed_at"]), (&cny("8.00"), &won["closed_at"]));
        assert_eq!((&patched["stage_entered_at"], &patched["version"]), (&won["stage_entered_at"], &json!(3)));
        let open = moved(&admin, &patched, 0, None).await;
        let lost = moved(&admin, &open, 5, Some("price")).await;
        let patched = admin.patch(&path(&lost), json!({ "amount": null, "competitor": "A" })).await.ok();
        assert_eq!((&patched["amount"], &patched["close_reason_code"]), (&Value::Null, &json!("price")));

        // A retired code stays, and is not newly set.
        let sources = json!({ "items": [{ "code": "fair", "label": { "zh": "展会", "en": "Fair" } }] });
        admin.put("/dictionaries/source", sources).await.ok();
        assert_eq!(admin.patch(&path(&lost), json!({ "source": "referral", "name": "C" })).await.ok()["source"], "referral");
        let fresh = opportunity(&admin, &customer, json!({})).await;
        admin.patch(&path(&fresh), json!({ "source": "referral" })).await.invalid(&[("/source", "retired_code")]);
    });
}
