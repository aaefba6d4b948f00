//! Lists of opportunities: filters, amounts of one currency, order over pages.

use serde_json::{Value, json};

use super::{cny, customer, moved, opportunity};
use crate::harness::{Actor, ids, on_both};

/// The names of all rows, page by page.
async fn walk(actor: &Actor, query: &[(&str, &str)], limit: usize) -> Vec<String> {
    let (limit, mut cursor, mut names) = (limit.to_string(), None::<String>, Vec::new());
    loop {
        let page: Vec<_> =
            query.iter().copied().chain([("limit", limit.as_str())]).chain(cursor.as_deref().map(|c| ("cursor", c))).collect();
        let page = actor.list("/opportunities", &page).await.ok();
        names.extend(page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return names;
        }
    }
}

#[test]
fn every_field_filters() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let (here, theirs) = (customer(&admin, None).await, customer(&rep, None).await);
        let contact = admin.post("/contacts", json!({ "name": "P", "links": [{ "customer_id": here }] })).await.created();
        let first = json!({
            "name": "ＥＲＰ 升级", "contact_id": contact["id"], "amount": cny("1000"), "probability": 30, "forecast_category": "commit",
            "expected_close_date": "2026-03-31", "source": "referral", "competitor": "金蝶", "external_refs": [{ "system": "erp", "value": "1" }]
        });
        let usd = json!({ "amount": "1000", "currency": "USD" });
        let a = opportunity(&admin, &here, first).await;
        let b = opportunity(&rep, &theirs, json!({ "name": "B", "amount": usd, "expected_close_date": "2026-04-01" })).await;
        let c = opportunity(&admin, &here, json!({ "name": "C", "amount": cny("999.99"), "probability": 80 })).await;
        let c = moved(&admin, &c, 4, None).await;
        let d = moved(&admin, &opportunity(&admin, &here, json!({ "name": "D" })).await, 5, Some("price")).await;
        let made = [&a, &b, &c, &d].map(|made| made["id"].as_str().unwrap());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (closed, entered) = (text(&c["closed_at"]), text(&a["stage_entered_at"]));
        let stages = format!("{},{}", text(&a["stage_id"]), text(&d["stage_id"]));
        let (pipeline, contact) = (text(&a["pipeline_id"]), text(&contact["id"]));
        type Case<'c> = (&'c [(&'c str, &'c str)], &'c [usize]);
        let cases: &[Case<'_>] = &[
            (&[("name", "erp 升级")], &[0]),
            (&[("customer_id", theirs.as_str())], &[1]),
            (&[("contact_id", contact.as_str())], &[0]),
            (&[("pipeline_id", pipeline.as_str())], &[0, 1, 2, 3]),
            (&[("stage_id[in]", stages.as_str())], &[0, 1, 3]),
            (&[("stage_kind", "won")], &[2]),
            (&[("stage_kind[in]", "won,lost,void")], &[2, 3]),
            (&[("amount_currency", "CNY")], &[0, 2]),
            (&[("amount_currency[in]", "CNY,USD")], &[0, 1, 2]),
            (&[("amount", "1000.0"), ("amount_currency", "CNY")], &[0]),
            (&[("amount[in]", "1000,999.99"), ("amount_currency", "CNY")], &[0, 2]),
            (&[("amount[gte]", "999.99"), ("amount_currency", "CNY")], &[0, 2]),
            (&[("amount[gt]", "999.99"), ("amount_currency", "CNY")], &[0]),
            (&[("amount_currency", "CNY"), ("amount[lt]", "1000")], &[2]),
            (&[("amount[lte]", "1000"), ("amount_currency", "USD")], &[1]),
            (&[("amount[gte]", "-1"), ("amount_currency", "EUR")], &[]),
            (&[("forecast_category", "commit")], &[0]),
            (&[("expected_close_date", "2026-03-31")], &[0]),
            (&[("expected_close_date[gt]", "2026-03-31")], &[1]),
            (&[("expected_close_date[lte]", "2026-04-01")], &[0, 1]),
            (&[("expected_close_date[in]", "2026-03-31,2026-04-01")], &[0, 1]),
            (&[("closed_at", closed.as_str())], &[2]),
            (&[("closed_at[gt]", closed.as_str())], &[3]),
            (&[("closed_at[gte]", "2026-01-01T00:00:00+08:00")], &[2, 3]),
            (&[("closed_at[lt]", "2026-01-01T00:00:00+08:00")], &[]),
            (&[("close_reason_code", "price")], &[3]),
            (&[("owner_id", rep.id.as_str())], &[1]),
            (&[("created_by_id", rep.id.as_str())], &[1]),
            (&[("source", "referral")], &[0]),
            (&[("external_ref", "erp:1")], &[0]),
            (&[("stage_entered_at[lte]", entered.as_str())], &[0]),
            (&[("created_at[gte]", entered.as_str()), ("stage_kind", "open")], &[0, 1]),
        ];
        for &(query, expected) in cases {
            let mut found = ids(&admin.list("/opportunities", query).await.ok());
            found.sort_unstable();
            let expected: Vec<&str> = expected.iter().map(|index| made[*index]).collect();
            assert_eq!(found, expected, "{query:?}");
        }
    });
}

#[test]
fn they_are_filtered_by_their_own_probability() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        let made = opportunity(&admin, &customer, json!({ "probability": 30, "competitor": "金蝶" })).await;
        opportunity(&admin, &customer, json!({ "probability": 80 })).await;
        let made = [made["id"].as_str().unwrap()];
        for query in [("probability", "30"), ("probability[lt]", "80"), ("probability[in]", "30,31")] {
            assert_eq!(ids(&admin.list("/opportunities", &[query]).await.ok()), made, "{query:?}");
        }
    });
}

#[test]
fn amounts_are_compared_within_one_currency() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let refused = async |query: &[(&str, &str)], parameter: &str| {
            let refused = admin.list("/opportunities", query).await.problem(400, "invalid_parameter");
            assert_eq!(refused["meta"]["parameter"], parameter, "{query:?}");
        };
        for name in ["amount", "amount[in]", "amount[lt]", "amount[lte]", "amount[gt]", "amount[gte]"] {
            refused(&[(name, "5")], "amount").await;
            refused(&[(name, "5"), ("amount_currency[in]", "CNY")], "amount").await;
            for wrong in ["1.23456", "many", "", "1e3", "+5", "1,000.5x"] {
                refused(&[(name, wrong), ("amount_currency", "CNY")], name).await;
            }
        }
        refused(&[("sort", "-amount")], "amount").await;
        refused(&[("sort", "name,amount"), ("amount_currency[in]", "CNY")], "amount").await;
        for (name, value) in [
            ("expected_close_date[lt]", "2026-02-30"),
            ("expected_close_date", "soon"),
            ("closed_at[gte]", "2026-01-01"),
            ("stage_kind", "closed"),
            ("stage_kind[in]", "won,closed"),
            ("forecast_category", "maybe"),
            ("stage_id", "pip_01jd9xq3v8e6ft2m4k7w0zr5ya"),
            ("sort", "needs"),
        ] {
            refused(&[(name, value)], name).await;
        }
        for unknown in ["weighted_amount", "stage_kind[gt]", "needs", "amount_currency[gt]", "currency"] {
            admin.list("/opportunities", &[(unknown, "5")]).await.problem(400, "unknown_parameter");
        }
    });
}

#[test]
fn amounts_and_days_are_sorted_over_pages() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        for (name, amount, currency, day) in [
            ("f", "100", "CNY", None),
            ("b", "99999999999999.99", "CNY", Some("2026-04-01")),
            ("e", "100", "CNY", Some("2026-03-31")),
            ("z", "5000", "USD", Some("2025-12-31")),
            ("a", "100.01", "CNY", None),
            ("g", "0", "CNY", Some("2026-03-31")),
            ("d", "100", "CNY", Some("2026-04-01")),
        ] {
            let money = json!({ "amount": amount, "currency": currency });
            opportunity(&admin, &customer, json!({ "name": name, "amount": money, "expected_close_date": day })).await;
        }
        opportunity(&admin, &customer, json!({ "name": "y" })).await;
        let only = |sort| [("sort", sort), ("amount_currency", "CNY")];
        for limit in [1, 2, 3, 50] {
            assert_eq!(walk(&admin, &only("-amount,name"), limit).await, ["b", "a", "d", "e", "f", "g"], "in pages of {limit}");
            assert_eq!(walk(&admin, &only("amount,-name"), limit).await, ["g", "f", "e", "d", "a", "b"]);
            assert_eq!(walk(&admin, &only("expected_close_date,amount,name"), limit).await, ["g", "e", "d", "b", "f", "a"]);
            let by_day = walk(&admin, &[("sort", "expected_close_date,name")], limit).await;
            assert_eq!(by_day, ["z", "e", "g", "b", "d", "a", "f", "y"], "nulls last, in pages of {limit}");
            let by_day = walk(&admin, &[("sort", "-expected_close_date,name")], limit).await;
            assert_eq!(by_day, ["b", "d", "e", "g", "z", "a", "f", "y"], "nulls last as well");
            assert_eq!(walk(&admin, &[("sort", "closed_at,-name")], limit).await, ["z", "y", "g", "f", "e", "d", "b", "a"]);
        }
        let page = admin.list("/opportunities", &[("sort", "-amount,name"), ("amount_currency", "CNY"), ("limit", "2")]).await.ok();
        let cursor = page["next_cursor"].as_str().unwrap();
        let other = [("sort", "-amount,name"), ("amount_currency", "USD"), ("cursor", cursor)];
        admin.list("/opportunities", &other).await.problem(400, "cursor_mismatch");
    });
}

#[test]
fn a_list_makes_one_statement() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        for _ in 0..12 {
            opportunity(&admin, &customer, json!({ "amount": cny("5") })).await;
        }
        admin.get("/me").await.ok(); // the session is believed from here on
        for limit in ["1", "200"] {
            let before = app.statements().await;
            assert!(!ids(&admin.list("/opportunities", &[("limit", limit)]).await.ok()).is_empty());
            assert_eq!(app.statements().await - before, 1, "{limit}");
        }
    });
}
