//! Finding objects by their values.

use serde_json::{Value, json};

use super::{customer, field, options, path};
use crate::harness::{Actor, ids, on_both};

/// The names of what is found, in the order of their creation.
fn names(page: &Value) -> String {
    let mut names: Vec<&str> = page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names.concat()
}

async fn named(admin: &Actor, name: &str, custom: Value) -> Value {
    let body = json!({ "name": name, "kind": "organization", "owner_id": admin.id, "custom": custom });
    admin.post("/customers", body).await.created()
}

/// Customers A, B and C with values of `kind`, and D without.
async fn three(admin: &Actor, kind: &str, more: Value, values: [Value; 3]) -> Value {
    let made = field(admin, "customers", "x", kind, more).await;
    for (name, value) in ["A", "B", "C"].into_iter().zip(values) {
        named(admin, name, json!({ "x": value })).await;
    }
    named(admin, "D", json!({})).await;
    made
}

/// Takes them away again.
async fn clear(admin: &Actor, made: &Value) {
    for id in ids(&admin.get("/customers").await.ok()) {
        admin.delete(&format!("/customers/{id}")).await.no_content();
    }
    admin.act(&format!("{}/retire", path(made))).await.ok();
    admin.delete(&path(made)).await.no_content();
}

#[test]
fn each_type_has_its_operators() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (other, third) = (app.user("rep").await, app.user("rep").await);
        let (first, second, last) = (json!(admin.id), json!(other.id), json!(third.id));
        let text = ["eq", "ne", "in", "nin", "contains", "starts_with", "is_null"].as_slice();
        let number = ["eq", "ne", "in", "nin", "lt", "lte", "gt", "gte", "is_null"].as_slice();
        let code = ["eq", "ne", "in", "nin", "is_null"].as_slice();
        // The values of A, B and C, what equals B's, and what a part of B's is.
        let cases = [
            ("text", json!({}), [json!("aa"), json!("Ｂ%b"), json!("cc")], json!("b%B"), text),
            ("url", json!({}), [json!("https://a.cn/"), json!("https://B.cn/%"), json!("https://c.cn/")], json!("https://b.cn/%"), text),
            ("integer", json!({}), [json!(-7), json!(10), json!(9_007_199_254_740_991_i64)], json!(10), number),
            ("decimal", json!({}), [json!("-7.5"), json!("10"), json!("10.0001")], json!("10.00"), number),
            ("date", json!({}), [json!("0001-01-01"), json!("2026-01-31"), json!("9999-12-31")], json!("2026-01-31"), number),
            (
                "datetime",
                json!({}),
                [json!("1960-01-01T00:00:00Z"), json!("2026-01-31T00:00:00.001Z"), json!("2026-01-31T00:00:00.002Z")],
                json!("2026-01-31T08:00:00.001+08:00"),
                number,
            ),
            ("select", options(&["a", "b", "c"]), [json!("a"), json!("b"), json!("c")], json!("b"), code),
            ("multi_select", options(&["a", "b", "c"]), [json!(["a", "c"]), json!(["a", "b"]), json!(["c"])], json!("b"), code),
            ("email", json!({}), [json!("a@x.cn"), json!("B@x.cn"), json!("c@x.cn")], json!("b@X.cn"), code),
            ("phone", json!({}), [json!("13800138001"), json!("+86 138 0013 8002"), json!("13800138003")], json!("13800138002"), code),
            ("user", json!({}), [first.clone(), second.clone(), last], second, code),
        ];
        for (kind, more, values, equal, offered) in cases {
            let made = three(&admin, kind, more, values.clone()).await;
            let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let search = async |op: &str, value: Value| {
                admin.post("/customers/search", json!({ "filter": { "field": "custom.x", "op": op, "value": value } })).await
            };
            for op in ["eq", "ne", "in", "nin", "lt", "lte", "gt", "gte", "contains", "starts_with", "is_null"] {
                let (value, expected) = match op {
                    "eq" => (equal.clone(), "B"),
                    "ne" => (equal.clone(), "ACD"),
                    "in" => (json!([equal]), "B"),
                    "nin" => (json!([equal]), "ACD"),
                    "lt" => (equal.clone(), "A"),
                    "lte" => (equal.clone(), "AB"),
                    "gt" => (equal.clone(), "C"),
                    "gte" => (equal.clone(), "BC"),
                    "contains" => (json!("%"), "B"),
                    "starts_with" => (json!(plain(&equal).chars().take(9).collect::<String>()), "B"),
                    _ => (json!(true), "D"),
                };
                let answer = search(op, value.clone()).await;
                if !offered.contains(&op) {
                    let refused = answer.invalid(&[("/filter/op", "invalid_choice")]);
                    assert_eq!(refused["errors"][0]["meta"]["allowed"], json!(offered), "{kind}");
                    continue;
                }
                assert_eq!(names(&answer.ok()), expected, "{kind} {op}");
                let negated = json!({ "filter": { "not": { "field": "custom.x", "op": op, "value": value } } });
                let others: String = "ABCD".chars().filter(|c| !expected.contains(*c)).collect();
                assert_eq!(names(&admin.post("/customers/search", negated).await.ok()), others, "not {kind} {op}");
                if matches!(op, "ne" | "nin" | "is_null") {
                    continue;
                }
                let name = if op == "eq" { "custom.x".to_owned() } else { format!("custom.x[{op}]") };
                let value = value.as_array().map_or_else(|| plain(&value), |items| plain(&items[0]));
                assert_eq!(names(&admin.list("/customers", &[(&name, &value)]).await.ok()), expected, "{name} of {kind}");
            }
            assert_eq!(names(&search("is_null", json!(false)).await.ok()), "ABC", "{kind}");
            let wrong = if kind == "text" || kind == "url" || code == offered && !["phone", "user"].contains(&kind) {
                json!(1)
            } else {
                json!("?")
            };
            search("eq", wrong).await.invalid(&[("/filter/value", "wrong_type")]);
            clear(&admin, &made).await;
        }
        let made = three(&admin, "boolean", json!({}), [json!(false), json!(true), json!(false)]).await;
        for (query, expected) in [("custom.x=true", "B"), ("custom.x=false", "AC")] {
            assert_eq!(names(&admin.get(&format!("/customers?{query}")).await.ok()), expected);
        }
        let not = json!({ "filter": { "field": "custom.x", "op": "ne", "value": true } });
        assert_eq!(names(&admin.post("/customers/search", not).await.ok()), "ACD");
        clear(&admin, &made).await;
        let made = three(&admin, "long_text", json!({}), [json!("a"), json!("b"), json!("c")]).await;
        let has = json!({ "filter": { "field": "custom.x", "op": "is_null", "value": false } });
        assert_eq!(names(&admin.post("/customers/search", has).await.ok()), "ABC");
        admin.get("/customers?custom.x=a").await.problem(400, "unknown_parameter");
        clear(&admin, &made).await;
        let hidden = customer(&other, json!({})).await;
        let made = three(&admin, "customer", json!({}), [hidden["id"].clone(), Value::Null, hidden["id"].clone()]).await;
        assert_eq!(names(&admin.list("/customers", &[("custom.x", hidden["id"].as_str().unwrap())]).await.ok()), "AC");
        assert!(made["id"].is_string());
    });
}

#[test]
fn what_cannot_be_asked_is_told() {
    on_both(|app| async move {
        let admin = app.admin().await;
        field(&admin, "customers", "level", "select", options(&["a"])).await;
        field(&admin, "customers", "seats", "integer", json!({})).await;
        let refused = async |query: &str, code: &str, meta: Value| {
            assert_eq!(admin.get(&format!("/customers?{query}")).await.problem(400, code)["meta"], meta, "{query}");
        };
        let unknown = |name: &str, meant: Value| json!({ "parameter": name, "did_you_mean": meant });
        refused("custom.levle=a", "unknown_parameter", unknown("custom.levle", json!("custom.level"))).await;
        refused("custom.level[gt]=a", "unknown_parameter", unknown("custom.level[gt]", json!("custom.level"))).await;
        admin.get("/customers?custom.level[ne]=a").await.problem(400, "unknown_parameter");
        for name in ["custom=a", "custom.=a", "custom.Level=a", "custom.level[]=a", "custom.level[in=a", "custom[level]=a"] {
            admin.get(&format!("/customers?{name}")).await.problem(400, "unknown_parameter");
        }
        refused("custom.seats=x", "invalid_parameter", json!({ "parameter": "custom.seats", "expected": "an integer" })).await;
        let many = vec!["1"; 201].join(",");
        refused(
            &format!("custom.seats[in]={many}"),
            "invalid_parameter",
            json!({ "parameter": "custom.seats[in]", "expected": "at most 200 values" }),
        )
        .await;
        admin.get("/customers?sort=custom.level").await.problem(400, "invalid_parameter");
        admin.get("/contacts?custom.level=a").await.problem(400, "unknown_parameter");
        admin.get("/users?custom.level=a").await.problem(400, "unknown_parameter");

        let search = async |filter: Value| admin.post("/customers/search", json!({ "filter": filter })).await;
        let leaf = |field: &str, op: &str, value: Value| json!({ "field": field, "op": op, "value": value });
        let all = json!({ "and": [
            leaf("custom.levle", "eq", json!("a")),
            leaf("custom.level", "gt", json!("a")),
            leaf("custom.seats", "in", json!([1, "x"])),
            leaf("custom.seats", "is_null", json!(1)),
        ] });
        let refused = search(all).await.invalid(&[
            ("/filter/and/0/field", "unknown_field"),
            ("/filter/and/1/op", "invalid_choice"),
            ("/filter/and/2/value/1", "wrong_type"),
            ("/filter/and/3/value", "wrong_type"),
        ]);
        assert_eq!(refused["errors"][0]["meta"], json!({ "field": "custom.levle", "did_you_mean": "custom.level" }));
        search(leaf("custom.seats", "in", json!(vec![1; 201]))).await.problem(400, "filter_too_complex");
        search(leaf("customer.custom.seats", "eq", json!(1))).await.invalid(&[("/filter/field", "unknown_field")]);
        search(leaf("owner.custom.seats", "eq", json!(1))).await.invalid(&[("/filter/field", "unknown_field")]);
        // Somebody else's fields are not there.
        app.db_stranger().await.get("/customers?custom.level=a").await.problem(400, "unknown_parameter");
    });
}

#[test]
fn related_objects_are_found_by_their_values() {
    on_both(|app| async move {
        let admin = app.admin().await;
        field(&admin, "customers", "level", "select", options(&["a", "b"])).await;
        field(&admin, "opportunities", "seats", "integer", json!({})).await;
        let (first, second) = (named(&admin, "A", json!({ "level": "a" })).await, named(&admin, "B", json!({ "level": "b" })).await);
        let third = named(&admin, "C", json!({})).await;
        for (company, seats) in [(&first, 1), (&second, 2), (&third, 3)] {
            let body = json!({ "name": company["name"], "customer_id": company["id"], "custom": { "seats": seats } });
            admin.post("/opportunities", body).await.created();
        }
        let found = async |resource: &str, filter: Value| {
            names(&admin.post(&format!("/{resource}/search"), json!({ "filter": filter })).await.ok())
        };
        let level = |op: &str, value: Value| json!({ "field": "customer.custom.level", "op": op, "value": value });
        assert_eq!(found("opportunities", level("eq", json!("a"))).await, "A");
        assert_eq!(found("opportunities", level("ne", json!("a"))).await, "BC");
        assert_eq!(found("opportunities", json!({ "not": level("in", json!(["a"])) })).await, "BC");
        assert_eq!(found("opportunities", level("is_null", json!(true))).await, "C");
        let has = |op: &str, seats: i64| json!({ "has": "opportunities", "filter": { "field": "custom.seats", "op": op, "value": seats } });
        assert_eq!(found("customers", has("gte", 2)).await, "BC");
        assert_eq!(found("customers", json!({ "and": [has("gte", 2), { "field": "custom.level", "op": "eq", "value": "b" }] })).await, "B");
        let key = app.api_key(&["opportunities:read"]).await;
        let refused = key.post("/opportunities/search", json!({ "filter": level("eq", json!("a")) })).await;
        assert_eq!(refused.problem(403, "insufficient_scope")["meta"]["required_scope"], "customers:read");
        // A rep finds nothing by a customer that it does not see.
        let rep = app.user("rep").await;
        assert_eq!(ids(&rep.post("/opportunities/search", json!({ "filter": level("eq", json!("a")) })).await.ok()).len(), 0);
    });
}

#[test]
fn pages_totals_and_searches_go_together_with_values() {
    on_both(|app| async move {
        let admin = app.admin().await;
        field(&admin, "customers", "seats", "integer", json!({})).await;
        for number in 0..30 {
            named(&admin, &format!("Company {}", number % 3), json!({ "seats": number % 2 })).await;
        }
        let before = admin.list("/customers", &[("custom.seats", "1"), ("limit", "4"), ("include_total", "true")]).await.ok();
        assert_eq!((&before["total"], ids(&before).len()), (&json!(15), 4));
        let mut seen = Vec::new();
        for query in [vec![], vec![("sort", "name")], vec![("q", "company")]] {
            let (mut cursor, mut found) = (String::new(), Vec::new());
            loop {
                let mut all = [query.clone(), vec![("custom.seats", "1"), ("limit", "4")]].concat();
                all.extend((!cursor.is_empty()).then_some(("cursor", cursor.as_str())));
                let page = admin.list("/customers", &all).await.ok();
                found.extend(ids(&page));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = next.to_owned();
            }
            found.sort_unstable();
            seen.push(found);
        }
        assert_eq!(seen[0].len(), 15);
        assert!(seen.iter().all(|found| *found == seen[0]));
        let cursor = before["next_cursor"].as_str().unwrap();
        admin.list("/customers", &[("custom.seats", "0"), ("limit", "4"), ("cursor", cursor)]).await.problem(400, "cursor_mismatch");
        let counted = async |query: &[(&str, &str)]| {
            let before = app.statements().await;
            admin.list("/customers", query).await.ok();
            app.statements().await - before
        };
        assert_eq!(counted(&[("limit", "4")]).await, 1, "nothing is looked up that nobody asks for");
        assert_eq!(
            counted(&[("custom.seats", "1"), ("custom.seats[gte]", "1")]).await,
            6,
            "definitions, how many there are, which, and they, these three in one snapshot, which has a beginning and an end"
        );
        assert_eq!(counted(&[("custom.seats", "1"), ("include_total", "true")]).await, 7);
    });
}
