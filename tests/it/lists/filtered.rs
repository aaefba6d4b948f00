//! Lists: filters and totals.

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::{customer, db_customer, names};
use crate::harness::{ids, on_both};

#[test]
fn every_field_filters() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let huawei = json!({
            "name": "ＨＵＡＷＥＩ 华为", "lifecycle_stage": "prospect", "intent_level": "high", "source": "exhibition", "source_detail": "Hall 3",
            "industries": ["manufacturing", "retail"], "ownership_type": "private", "trade_type": "manufacturer",
            "location_type": "business_centre", "region": "south_china", "email": "Info@Huawei.com",
            "phones": [{ "number": "0755-2878 0808" }, { "number": "400" }], "address": { "country": "CN", "city": "深圳市" },
            "employee_count": 207_000, "external_refs": [{ "system": "sap", "value": "1" }], "service_rep_id": rep.id
        });
        let first = db_customer(&app, &admin, "2026-01-01T00:00:00Z", huawei);
        let soehne = json!({
            "name": "Straße & Söhne", "lifecycle_stage": "customer", "status": "blocked", "source": "referral", "industries": ["retail"],
            "email": "kontakt@strasse.de", "phones": [{ "number": "+49 30 123456", "label": "work" }], "employee_count": 50,
            "address": { "country": "DE", "city": "Berlin" }, "parent_id": first,
            "external_refs": [{ "system": "sap", "value": "2" }, { "system": "erp", "value": "x:y" }]
        });
        let second = db_customer(&app, &admin, "2026-01-01T00:00:00Z", soehne);
        let zhang = json!({
            "name": "张三", "kind": "person", "status": "inactive", "intent_level": "low", "owner_id": rep.id,
            "phones": [{ "number": "138 0013 8000" }], "address": { "country": "CN", "city": "上海市" }
        });
        let third = db_customer(&app, &admin, "2026-03-01T00:00:00Z", zhang);
        app.db(|conn| {
            let days = "UPDATE customers SET updated_at = '2026-01-31T16:00:00.000Z';
                        UPDATE customers SET touch_count = 2 WHERE kind = 'person';";
            conn.batch_execute(days).unwrap();
        });
        let pool = admin.get(&format!("/customers/{first}")).await.ok()["pool_id"].as_str().unwrap().to_owned();
        let (owners, both) = (format!("{},{}", admin.id, rep.id), format!("{second},{third}"));
        let made = [first.as_str(), second.as_str(), third.as_str()];
        let cases: &[(&str, &str, &[usize])] = &[
            ("name", "huawei 华为", &[0]),
            ("name", " Huawei　华为", &[0]),
            ("name", "STRASSE & SÖHNE", &[1]),
            ("name", "Strase & Söhne", &[]),
            ("name", "Straße", &[]),
            ("kind", "person", &[2]),
            ("kind[in]", "person,organization", &[0, 1, 2]),
            ("lifecycle_stage", "lead", &[2]),
            ("lifecycle_stage[in]", "lead,customer,churned", &[1, 2]),
            ("status[in]", "inactive,blocked", &[1, 2]),
            ("intent_level", "none", &[1]),
            ("source", "referral", &[1]),
            ("source", "nonsense", &[]),
            ("source[in]", "referral,exhibition", &[0, 1]),
            ("source_detail", "Hall 3", &[0]),
            ("industries", "retail", &[0, 1]),
            ("industries[in]", "manufacturing,retail,education", &[0, 1]),
            ("ownership_type", "private", &[0]),
            ("trade_type", "manufacturer", &[0]),
            ("location_type[in]", "business_centre,campus", &[0]),
            ("region", "south_china", &[0]),
            ("owner_id", rep.id.as_str(), &[2]),
            ("owner_id[in]", owners.as_str(), &[2]),
            ("pool_id", pool.as_str(), &[0, 1]),
            ("parent_id", first.as_str(), &[1]),
            ("parent_id[in]", both.as_str(), &[]),
            ("service_rep_id", rep.id.as_str(), &[0]),
            ("created_by_id", admin.id.as_str(), &[0, 1, 2]),
            ("email", "INFO@huawei.COM", &[0]),
            ("email[in]", "info@huawei.com,KONTAKT@STRASSE.DE", &[0, 1]),
            ("phone", "+86 755 28780808", &[0]),
            ("phone", "(0755) 2878-0808", &[0]),
            ("phone", "400", &[0]),
            ("phone", "13800138000", &[2]),
            ("phone", "008613800138000", &[2]),
            ("phone[in]", "+8613800138000,+49 (30) 12 34 56", &[1, 2]),
            ("phone", "28780808", &[]),
            ("country", "CN", &[0, 2]),
            ("country[in]", "CN,DE", &[0, 1, 2]),
            ("city", "上海市", &[2]),
            ("employee_count", "50", &[1]),
            ("employee_count[in]", "50,207000", &[0, 1]),
            ("employee_count[gte]", "50", &[0, 1]),
            ("employee_count[gt]", "50", &[0]),
            ("employee_count[lte]", "207000", &[0, 1]),
            ("employee_count[lt]", "207000", &[1]),
            ("employee_count[lt]", "0", &[]),
            ("touch_count", "0", &[0, 1]),
            ("touch_count[gt]", "1", &[2]),
            ("external_ref", "sap:1", &[0]),
            ("external_ref", "erp:x:y", &[1]),
            ("external_ref", "sap:y", &[]),
            ("created_at", "2026-03-01T00:00:00.000Z", &[2]),
            ("created_at", "2026-03-01T08:00:00+08:00", &[2]),
            ("created_at[gte]", "2026-03-01T08:00:00+08:00", &[2]),
            ("created_at[gt]", "2026-03-01T08:00:00+08:00", &[]),
            ("created_at[lt]", "2026-02-28T19:00:00.001-05:00", &[0, 1, 2]),
            ("created_at[lt]", "2026-02-28T19:00:00-05:00", &[0, 1]),
            ("created_at[lte]", "2026-03-01T00:00:00z", &[0, 1, 2]),
            ("created_at[in]", "2026-01-01T08:00:00+08:00,2026-03-01T00:00:00Z", &[0, 1, 2]),
            ("updated_at[gte]", "2026-02-01T00:00:00+08:00", &[0, 1, 2]),
        ];
        for &(name, value, expected) in cases {
            let mut found = ids(&admin.list("/customers", &[(name, value)]).await.ok());
            found.sort_unstable();
            let expected: Vec<&str> = expected.iter().map(|index| made[*index]).collect();
            assert_eq!(found, expected, "{name}={value}");
        }

        let found = async |path: &str| ids(&admin.get(path).await.ok());
        assert_eq!(found("/customers?created_at[gte]=2026-03-01T08:00:00+08:00").await, [third.as_str()], "a raw plus sign");
        assert_eq!(found("/customers?created_at[gt]=2026-03-01T08:00:00+08:00").await.len(), 0);
        assert_eq!(found("/customers?kind=organization&employee_count[gte]=50&employee_count[lt]=100&country=DE").await, [second.as_str()]);
        assert_eq!(found("/customers?kind=person&country=DE").await.len(), 0, "all of them must be true");
    });
}

#[test]
fn wrong_filters_are_refused_by_name() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let many = ["a"; 201].join(",");
        for (name, value) in [
            ("kind", "company"),
            ("kind", "Organization"),
            ("kind[in]", "person,company"),
            ("status", ""),
            ("owner_id", "cus_01jd9xq3v8e6ft2m4k7w0zr5ya"),
            ("owner_id[in]", "usr_01jd9xq3v8e6ft2m4k7w0zr5ya,me"),
            ("parent_id", "cus_1"),
            ("employee_count", "many"),
            ("employee_count[gte]", "1.5"),
            ("employee_count[lt]", "9223372036854775808"),
            ("touch_count[in]", "1,,2"),
            ("created_at", "2026-01-01"),
            ("created_at[gte]", "2026-01-01T00:00:00"),
            ("created_at[lt]", "yesterday"),
            ("updated_at[in]", "2026-01-01T00:00:00Z,2026-02-30T00:00:00Z"),
            ("phone", "call me"),
            ("external_ref", "sap"),
            ("is_deleted", "maybe"),
            ("include_total", "1"),
            ("name", "a\u{7}b"),
            ("source[in]", many.as_str()),
        ] {
            let refused = admin.list("/customers", &[(name, value)]).await.problem(400, "invalid_parameter");
            assert_eq!(refused["meta"]["parameter"], name, "{refused:#}");
        }
        for unknown in [
            "email[contains]",
            "kind[starts_with]",
            "name[nin]",
            "owner_id[is_null]",
            "name[]",
            "kind[gt]",
            "phone[lt]",
            "name[ne]",
            "expands",
        ] {
            let refused = admin.list("/customers", &[(unknown, "x")]).await.problem(400, "unknown_parameter");
            assert_eq!(refused["meta"]["parameter"], unknown);
        }
        let misspelt = admin.get("/customers?lifecyle_stage=lead").await.problem(400, "unknown_parameter");
        assert_eq!(misspelt["meta"]["did_you_mean"], "lifecycle_stage");
        let twice = admin.get("/customers?kind=person&kind=organization").await.problem(400, "repeated_parameter");
        assert_eq!(twice["meta"]["parameter"], "kind");
        admin.get("/customers?name=%ff").await.problem(400, "invalid_parameter");
    });
}

#[test]
fn text_is_taken_literally() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let plain = ["100%", "100x", "%", "_", "a_b", "axb", "a*b", "a?b", "a,b", "a&b=c", "a+b", "a b", "a#b", "$1", "🐟", "null"];
        let texts = [plain.as_slice(), &["O'Brien", "say \"hi\"", "back\\slash", "'; DROP TABLE customers; --"]].concat();
        for text in &texts {
            customer(&admin, json!({ "name": text, "source_detail": text, "external_refs": [{ "system": "erp", "value": text }] })).await;
        }
        for text in texts {
            let reference = format!("erp:{text}");
            for (field, value) in [("name", text), ("source_detail", text), ("external_ref", reference.as_str())] {
                let found = admin.list("/customers", &[(field, value)]).await.ok();
                assert_eq!(names(found["data"].as_array().unwrap()), [text], "by {field}");
            }
        }
    });
}

#[test]
fn a_total_counts_what_the_filter_matches() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        for number in 0..5 {
            let kind = if number < 3 { "person" } else { "organization" };
            customer(&admin, json!({ "name": number.to_string(), "kind": kind, "owner_id": admin.id })).await;
        }
        let page = admin.get("/customers?limit=2&kind=person&include_total=true").await.ok();
        assert_eq!((&page["total"], &page["total_capped"], &page["has_more"]), (&json!(3), &json!(false), &json!(true)));
        let next = format!("/customers?limit=2&kind=person&include_total=true&cursor={}", page["next_cursor"].as_str().unwrap());
        let page = admin.get(&next).await.ok();
        assert_eq!((&page["total"], ids(&page).len()), (&json!(3), 1), "the same on every page");
        assert_eq!(admin.get("/customers?include_total=true").await.ok()["total"], 5);
        assert_eq!(rep.get("/customers?include_total=true").await.ok()["total"], 0, "only what the caller sees");
        let without = admin.get("/customers?include_total=false").await.ok();
        assert!(without.get("total").is_none() && without.get("total_capped").is_none());
    });
}
