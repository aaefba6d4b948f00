//! What the values of each type may be.

use serde_json::{Value, json};

use super::{company, customer, field, like, options, path, resources};
use crate::harness::{ids, on_both};

/// Something that is not a value of the type, and how it is refused.
type Bad = (Value, &'static [(&'static str, &'static str)]);

/// A type with what is special about its field, values with their one form, and what is no value.
type Case = (&'static str, Value, Vec<(Value, Value)>, Vec<Bad>);

#[test]
fn each_type_has_its_values() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let other = customer(&admin, json!({})).await["id"].clone();
        let long = |length: usize| json!("长".repeat(length));
        let same = |value: Value| (value.clone(), value);
        let text: &[(&str, &str)] = &[("/custom/x", "wrong_type")];
        let format: &[(&str, &str)] = &[("/custom/x", "invalid_format")];
        let cases: Vec<Case> = vec![
            (
                "text",
                json!({ "min": 2, "pattern": "[A-Z]+|长+" }),
                vec![(json!("  AB "), json!("AB")), same(long(500))],
                vec![
                    (json!(1), text),
                    (json!("A"), &[("/custom/x", "too_short")]),
                    (long(501), &[("/custom/x", "too_long")]),
                    (json!("ABc"), format),
                    (json!("A\nB"), format),
                    (json!("A\u{1}B"), &[("/custom/x", "invalid_characters")]),
                ],
            ),
            (
                "long_text",
                json!({ "max": 600 }),
                vec![same(long(600)), same(json!("a\nb"))],
                vec![(long(601), &[("/custom/x", "too_long")]), (json!(["a"]), text)],
            ),
            (
                "integer",
                json!({ "min": -5, "max": 9_007_199_254_740_991_i64 }),
                vec![same(json!(-5)), (json!(3.0), json!(3)), same(json!(9_007_199_254_740_991_i64))],
                vec![
                    (json!(-6), &[("/custom/x", "too_small")]),
                    (json!(9_007_199_254_740_992_i64), &[("/custom/x", "too_large")]),
                    (json!(1.5), text),
                    (json!("1"), text),
                    (json!(1e300), text),
                ],
            ),
            (
                "decimal",
                json!({ "min": "-1.5", "max": "99999999999999.9999" }),
                vec![
                    (json!("001.500"), json!("1.5")),
                    (json!("-0"), json!("0")),
                    (json!("-1.5"), json!("-1.5")),
                    same(json!("99999999999999.9999")),
                ],
                vec![
                    (json!("-1.5001"), &[("/custom/x", "too_small")]),
                    (json!(1.5), text),
                    (json!("1.23456"), format),
                    (json!("1e3"), format),
                    (json!("100000000000000"), format),
                ],
            ),
            ("boolean", json!({}), vec![same(json!(true)), same(json!(false))], vec![(json!("true"), text), (json!(1), text)]),
            (
                "date",
                json!({ "min": "2024-02-29", "max": "2026-12-31" }),
                vec![same(json!("2024-02-29")), same(json!("2026-12-31"))],
                vec![
                    (json!("2024-02-28"), &[("/custom/x", "too_small")]),
                    (json!("2027-01-01"), &[("/custom/x", "too_large")]),
                    (json!("2025-02-29"), format),
                    (json!("2025-1-1"), format),
                    (json!(20250101), text),
                ],
            ),
            (
                "datetime",
                json!({ "max": "2026-01-01T00:00:00Z" }),
                vec![
                    (json!("2025-12-31T20:00:00.1239+08:00"), json!("2025-12-31T12:00:00.123Z")),
                    (json!("2026-01-01T00:00:00Z"), json!("2026-01-01T00:00:00.000Z")),
                ],
                vec![
                    (json!("2026-01-01T00:00:00.001Z"), &[("/custom/x", "too_large")]),
                    (json!("2025-12-31T20:00:00"), format),
                    (json!("2025-12-31"), format),
                    (json!(0), text),
                ],
            ),
            (
                "select",
                options(&["a", "b"]),
                vec![same(json!("b"))],
                vec![(json!("c"), &[("/custom/x", "unknown_code")]), (json!(["a"]), text), (json!(true), text)],
            ),
            (
                "multi_select",
                options(&["a", "b", "c"]),
                vec![same(json!(["c", "a"])), same(json!(["b"]))],
                vec![
                    (json!("a"), text),
                    (json!(["a", "d", "a"]), &[("/custom/x/1", "unknown_code"), ("/custom/x/2", "duplicate_item")]),
                    (json!(["a", "d", "a", 1]), &[("/custom/x/3", "wrong_type")]),
                ],
            ),
            (
                "url",
                json!({}),
                vec![same(json!("https://例子.中国/a?b=C"))],
                vec![(json!("www.example.com"), format), (json!("javascript:alert(1)"), format), (json!(1), text)],
            ),
            ("email", json!({}), vec![same(json!("Zhang.San@Example.com"))], vec![(json!("zhang.san"), format), (json!({ "a": 1 }), text)]),
            (
                "phone",
                json!({}),
                vec![same(json!("+86 138-0013-8000")), same(json!("400"))],
                vec![(json!("call me"), format), (json!("1"), format), (json!(13_800_138_000_i64), text)],
            ),
            (
                "user",
                json!({}),
                vec![same(json!(admin.id))],
                vec![
                    (other.clone(), &[("/custom/x", "wrong_resource_type")]),
                    (json!("usr_01jd9xq3v8e6ft2m4k7w0zr5ya"), &[("/custom/x", "unknown_reference")]),
                    (json!(1), text),
                ],
            ),
            (
                "customer",
                json!({}),
                vec![same(other.clone())],
                vec![
                    (json!(admin.id), &[("/custom/x", "wrong_resource_type")]),
                    (json!("cus_01jd9xq3v8e6ft2m4k7w0zr5ya"), &[("/custom/x", "unknown_reference")]),
                ],
            ),
        ];
        for (kind, more, good, bad) in cases {
            let made = field(&admin, "customers", "x", kind, more).await;
            for (given, stored) in good {
                let created = admin.post("/customers", company(json!({ "x": given }))).await.created();
                assert_eq!(created["custom"], json!({ "x": stored }), "{kind}");
                assert_eq!(admin.get(&path(&created)).await.ok(), created, "{kind}: what was answered is what is stored");
                let again = admin.patch(&path(&created), json!({ "custom": { "x": given } })).await.ok();
                assert_eq!(again["version"], 1, "{kind}: {given} is what it is");
                for nothing in [Value::Null, json!(""), json!([])] {
                    let patched = admin.patch(&path(&created), json!({ "custom": { "x": nothing } })).await.ok();
                    assert_eq!(patched["custom"], json!({}), "{kind}: {nothing} is no value");
                    admin.patch(&path(&created), json!({ "custom": { "x": given } })).await.ok();
                }
            }
            for (given, expected) in bad {
                eprintln!("{kind}: {given}");
                admin.post("/customers", company(json!({ "x": given }))).await.invalid(expected);
            }
            admin.act(&format!("{}/retire", path(&made))).await.ok();
            admin.delete(&path(&made)).await.no_content();
        }
    });
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        field(&admin, "customers", "level", "select", options(&["gold"])).await;
        field(&admin, "customers", "seats", "integer", json!({ "min": 1, "is_required": true })).await;
        field(&admin, "customers", "buyer", "user", json!({ "is_required": true })).await;
        let body = json!({ "kind": "organization", "name": "A", "country": 1, "custom": 7 });
        admin.post("/customers", body).await.invalid(&[("/country", "unknown_field"), ("/custom", "wrong_type")]);
        let mut body = company(json!({ "levle": "gold", "level": "tin", "seats": 0 }));
        (body["birthday"], body["service_rep_id"]) = (json!("1990-01-01"), json!("usr_01jd9xq3v8e6ft2m4k7w0zr5ya"));
        admin.post("/customers", company(json!({ "A b": 1 }))).await.invalid(&[("/custom/A b", "unknown_field")]);
        let refused = admin.post("/customers", body).await.invalid(&[
            ("/birthday", "person_only"),
            ("/service_rep_id", "unknown_reference"),
            ("/custom/levle", "unknown_field"),
            ("/custom/level", "unknown_code"),
            ("/custom/seats", "too_small"),
            ("/custom/buyer", "required"),
        ]);
        let misspelt = refused["errors"].as_array().unwrap().iter().find(|error| error["pointer"] == "/custom/levle").unwrap();
        assert_eq!(misspelt["meta"], json!({ "field": "levle", "did_you_mean": "level" }));
        assert_eq!(ids(&admin.get("/customers").await.ok()).len(), 0, "nothing was made");
        admin.post("/customers", company(json!(["gold"]))).await.invalid(&[("/custom", "wrong_type")]);
    });
}

#[test]
fn every_resource_has_them() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for (resource, collection, body) in resources(&admin).await {
            let no = field(&admin, resource, "no", "text", json!({ "is_unique": true })).await;
            field(&admin, resource, "tags", "multi_select", options(&["a", "b"])).await;
            let made = admin.post(collection, like(&body, 1, json!({ "tags": ["b"], "no": "N 1" }))).await.created();
            let there = format!("{collection}/{}", made["id"].as_str().unwrap());
            assert_eq!(made["custom"], json!({ "no": "N 1", "tags": ["b"] }), "{resource}");
            assert_eq!(admin.get(&there).await.ok(), made, "{resource}");
            let plain = admin.post(collection, like(&body, 2, Value::Null)).await.created();
            assert_eq!(plain["custom"], json!({}), "{resource}");
            let found = async |query: &str| ids(&admin.get(&format!("{collection}?{query}")).await.ok());
            let own = [made["id"].as_str().unwrap()];
            assert_eq!(found("custom.no=ｎ%201").await, own, "{resource}");
            assert_eq!(found("custom.tags=b&custom.no[starts_with]=n").await, own, "{resource}");
            let taken = admin.post(collection, like(&body, 3, json!({ "no": "n 1" }))).await.problem(409, "value_taken");
            assert_eq!(taken["meta"], json!({ "field": "custom.no", "existing_id": made["id"] }), "{resource}");
            let patched = admin.patch(&there, json!({ "custom": { "tags": ["a", "b"], "no": null } })).await.ok();
            assert_eq!(patched["custom"], json!({ "tags": ["a", "b"] }), "{resource}: each key by itself");
            assert_eq!(found("custom.no=N%201").await, Vec::<String>::new(), "{resource}");
            assert_eq!(found("custom.tags=a").await, own, "{resource}");
            assert_eq!(admin.patch(&there, json!({ "custom": null })).await.ok()["custom"], json!({}), "{resource}");
            assert_eq!(found("custom.tags=a").await, Vec::<String>::new(), "{resource}");
            admin.post(collection, like(&body, 3, json!({ "no": "n 1" }))).await.created();
            let taken = admin.patch(&there, json!({ "custom": { "no": "N 1" } })).await.problem(409, "value_taken");
            assert_eq!(taken["meta"]["field"], "custom.no");
            let changes = admin.changes().await;
            let mut own = changes["data"].as_array().unwrap().iter().filter(|change| change["object"]["id"] == made["id"]);
            let change = own.find(|change| change["object"]["version"] == 2).unwrap();
            let moved = json!({ "from": { "no": "N 1", "tags": ["b"] }, "to": { "tags": ["a", "b"] } });
            assert_eq!(change["changed"]["custom"], moved, "{resource}");
            assert_eq!(admin.get(&path(&no)).await.ok(), no, "{resource}: values do not change their field");
        }
    });
}

#[test]
fn required_and_default_values() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let old = customer(&admin, json!({})).await;
        let seats = field(&admin, "customers", "seats", "integer", json!({ "is_required": true })).await;
        field(&admin, "customers", "level", "select", json!({ "options": options(&["a", "b"])["options"], "default": "b" })).await;
        admin.post("/customers", company(json!({}))).await.invalid(&[("/custom/seats", "required")]);
        admin.post("/customers", company(json!({ "seats": null }))).await.invalid(&[("/custom/seats", "required")]);
        let made = customer(&admin, json!({ "seats": 1, "level": null })).await;
        assert_eq!(made["custom"], json!({ "seats": 1, "level": "b" }), "in a create null is the default");
        let cleared = admin.patch(&path(&made), json!({ "custom": { "level": null } })).await.ok();
        assert_eq!(cleared["custom"], json!({ "seats": 1 }), "in a patch null clears");
        for patch in [json!({ "seats": null }), json!({ "seats": "" }), Value::Null] {
            admin.patch(&path(&made), json!({ "custom": patch })).await.invalid(&[("/custom/seats", "required")]);
        }
        let touched = admin.patch(&path(&old), json!({ "custom": { "level": "a" }, "name": "B" })).await.ok();
        assert_eq!(touched["custom"], json!({ "level": "a" }), "it is older than the field");
        admin.patch(&path(&seats), json!({ "default": 5 })).await.ok();
        assert_eq!(customer(&admin, json!({})).await["custom"], json!({ "seats": 5, "level": "b" }));
        // Rules that came later do not hold for what nobody touches.
        admin.patch(&path(&seats), json!({ "default": null, "min": 2 })).await.ok();
        assert_eq!(admin.patch(&path(&made), json!({ "custom": { "level": "a", "seats": 1 } })).await.ok()["custom"]["seats"], 1);
        admin.patch(&path(&old), json!({ "custom": { "seats": 1 } })).await.invalid(&[("/custom/seats", "too_small")]);
    });
}

#[test]
fn references_are_what_the_caller_sees() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (rep, other) = (app.user("rep").await, app.user("rep").await);
        field(&admin, "customers", "partner", "customer", json!({})).await;
        field(&admin, "customers", "buyer", "user", json!({})).await;
        let hidden = customer(&other, json!({})).await["id"].clone();
        let own = customer(&rep, json!({})).await["id"].clone();
        let stranger = app.db_stranger().await;
        let foreign = customer(&stranger, json!({})).await["id"].clone();
        for unseen in [&hidden, &foreign] {
            rep.post("/customers", company(json!({ "partner": unseen }))).await.invalid(&[("/custom/partner", "unknown_reference")]);
        }
        let made = customer(&rep, json!({ "partner": own, "buyer": other.id })).await;
        rep.patch(&path(&made), json!({ "custom": { "buyer": stranger.id } })).await.invalid(&[("/custom/buyer", "unknown_reference")]);
        let moved = json!({ "ids": [hidden], "to_user_id": admin.id, "reason": "leaves" });
        admin.post("/customers/transfer", moved).await.ok();
        admin.patch(&format!("/users/{}", other.id), json!({ "is_active": false })).await.ok();
        rep.patch(&path(&made), json!({ "custom": { "partner": null } })).await.ok();
        rep.post("/customers", company(json!({ "buyer": other.id }))).await.invalid(&[("/custom/buyer", "inactive_reference")]);
        assert_eq!(ids(&rep.get(&format!("/customers?custom.buyer={}", other.id)).await.ok()), [made["id"].as_str().unwrap()]);
    });
}
