//! Searching with trees of filters.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Actor, ids, on_both};

/// A new customer with these members; gives its id.
async fn customer(actor: &Actor, name: &str, members: Value) -> String {
    let mut body = json!({ "name": name, "kind": "organization" });
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    actor.post("/customers", body).await.created()["id"].as_str().unwrap().to_owned()
}

/// The names of what a filter finds.
async fn names(actor: &Actor, path: &str, filter: Value) -> BTreeSet<String> {
    let page = actor.post(path, json!({ "filter": filter })).await.ok();
    page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn what_is_no_filter_is_refused_at_every_depth() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let leaf = json!({ "field": "name", "op": "eq", "value": "x" });
        for (filter, pointer, code) in [
            (json!({ "and": [[null, null, null, null, null, "name", "eq", "x"]] }), "/filter/and/0", "wrong_type"),
            (json!({ "or": [{ "not": { "fild": "name" } }] }), "/filter/or/0/not/fild", "unknown_field"),
            (json!({ "and": [{ "or": [leaf, { "field": 5, "op": "eq", "value": 1 }] }] }), "/filter/and/0/or/1/field", "wrong_type"),
            (json!({ "not": { "not": { "not": "x" } } }), "/filter/not/not/not", "wrong_type"),
            (json!({ "or": [leaf, { "and": [] }] }), "/filter/or/1/and", "too_few_items"),
        ] {
            admin.post("/customers/search", json!({ "filter": filter })).await.invalid(&[(pointer, code)]);
        }
    });
}

#[test]
fn every_operator_means_what_it_says() {
    on_both(|app| async move {
        let admin = app.admin().await;
        customer(&admin, "Apfel", json!({ "employee_count": 5, "email": "A@b.example", "industries": ["manufacturing"] })).await;
        customer(&admin, "apfelmus_1", json!({ "employee_count": 10, "industries": ["finance", "manufacturing"] })).await;
        customer(
            &admin,
            "Birne 100%",
            json!({ "phones": [{ "number": "13800138000" }], "external_refs": [{ "system": "sap", "value": "a,b" }] }),
        )
        .await;
        for (field, op, value, expected) in [
            ("name", "eq", json!("APFEL"), set(["Apfel"])),
            ("name", "ne", json!("ａｐｆｅｌ"), set(["apfelmus_1", "Birne 100%"])),
            ("name", "in", json!(["apfel", "birne 100%"]), set(["Apfel", "Birne 100%"])),
            ("name", "in", json!([]), set([])),
            ("name", "nin", json!(["apfel"]), set(["apfelmus_1", "Birne 100%"])),
            ("name", "contains", json!("FEL"), set(["Apfel", "apfelmus_1"])),
            ("name", "contains", json!("_"), set(["apfelmus_1"])),
            ("name", "contains", json!("0%"), set(["Birne 100%"])),
            ("name", "starts_with", json!("apf"), set(["Apfel", "apfelmus_1"])),
            ("employee_count", "lt", json!(10), set(["Apfel"])),
            ("employee_count", "lte", json!(10), set(["Apfel", "apfelmus_1"])),
            ("employee_count", "gt", json!(5), set(["apfelmus_1"])),
            ("employee_count", "gte", json!(5), set(["Apfel", "apfelmus_1"])),
            ("employee_count", "ne", json!(5), set(["apfelmus_1", "Birne 100%"])),
            ("employee_count", "nin", json!([5, 10]), set(["Birne 100%"])),
            ("employee_count", "is_null", json!(true), set(["Birne 100%"])),
            ("employee_count", "is_null", json!(false), set(["Apfel", "apfelmus_1"])),
            ("email", "eq", json!("a@B.example"), set(["Apfel"])),
            ("industries", "eq", json!("manufacturing"), set(["Apfel", "apfelmus_1"])),
            ("industries", "ne", json!("finance"), set(["Apfel", "Birne 100%"])),
            ("industries", "is_null", json!(true), set(["Birne 100%"])),
            ("phone", "eq", json!("+86 138 0013 8000"), set(["Birne 100%"])),
            ("external_ref", "in", json!(["sap:a,b", "sap:x"]), set(["Birne 100%"])),
            ("external_ref", "is_null", json!(false), set(["Birne 100%"])),
        ] {
            let leaf = json!({ "field": field, "op": op, "value": value });
            let found = names(&admin, "/customers/search", leaf.clone()).await;
            assert_eq!(found, expected, "{leaf}");
            // There is no third case: what it does not mean is what its negation means.
            let all = names(&admin, "/customers/search", json!({ "or": [leaf.clone(), { "not": leaf.clone() }] })).await;
            assert_eq!(all.len(), 3, "{leaf} or not");
            let none = names(&admin, "/customers/search", json!({ "and": [leaf.clone(), { "not": leaf.clone() }] })).await;
            assert!(none.is_empty(), "{leaf} and not");
        }
        let both = json!({ "and": [{ "field": "name", "op": "contains", "value": "fel" }, { "not": { "field": "industries", "op": "eq", "value": "finance" } }] });
        assert_eq!(names(&admin, "/customers/search", both).await, set(["Apfel"]));
        for (query, expected) in [
            ("name[contains]", ("fel", 2)),
            ("name[starts_with]", ("BIRNE", 1)),
            ("name[in]", ("apfel,birne 100%", 2)),
            ("external_ref[in]", ("sap:x", 0)),
        ] {
            assert_eq!(ids(&admin.list("/customers", &[(query, expected.0)]).await.ok()).len(), expected.1, "{query}");
        }
        admin.list("/customers", &[("name[ne]", "x")]).await.problem(400, "unknown_parameter");
    });
}

#[test]
fn filters_reach_one_step_to_what_is_related() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let gold = admin.post("/tiers", json!({ "code": "gold", "name": "Gold", "rank": 30 })).await.created();
        let with = customer(&admin, "With", json!({ "tier_id": gold["id"], "owner_id": admin.id })).await;
        let without = customer(&admin, "Without", json!({})).await;
        for (customer_id, name, amount) in [(&with, "Big", "900"), (&with, "Small", "10"), (&without, "Other", "500")] {
            let body = json!({ "customer_id": customer_id, "name": name, "amount": { "amount": amount, "currency": "CNY" } });
            admin.post("/opportunities", body).await.created();
        }
        let leaf = |field: &str, op: &str, value: Value| json!({ "field": field, "op": op, "value": value });
        let customers = "/customers/search";
        assert_eq!(names(&admin, customers, leaf("tier.rank", "gte", json!(30))).await, set(["With"]));
        assert_eq!(
            names(&admin, customers, leaf("tier.rank", "ne", json!(30))).await,
            set(["Without"]),
            "what has no tier has not this one"
        );
        assert_eq!(names(&admin, customers, leaf("tier.code", "in", json!(["gold"]))).await, set(["With"]));
        assert_eq!(names(&admin, customers, leaf("owner.is_active", "eq", json!(true))).await, set(["With"]));
        let opportunities = "/opportunities/search";
        assert_eq!(names(&admin, opportunities, leaf("customer.name", "contains", json!("out"))).await, set(["Other"]));
        let big = json!({ "and": [leaf("amount_currency", "eq", json!("CNY")), leaf("amount", "gt", json!("500"))] });
        assert_eq!(names(&admin, opportunities, big.clone()).await, set(["Big"]));
        assert_eq!(names(&admin, customers, json!({ "has": "opportunities", "filter": big })).await, set(["With"]));
        assert_eq!(names(&admin, customers, json!({ "has": "opportunities" })).await, set(["With", "Without"]));
        assert_eq!(names(&admin, customers, json!({ "not": { "has": "touch_records" } })).await, set(["With", "Without"]));
        assert_eq!(
            names(&admin, "/tiers/search", json!({ "has": "customers", "filter": leaf("name", "eq", json!("with")) })).await,
            set(["Gold"])
        );

        // Nobody finds by what it does not see.
        let rep = app.user("rep").await;
        let hidden = customer(&admin, "Hidden", json!({ "owner_id": admin.id })).await;
        let mine = admin.post("/opportunities", json!({ "customer_id": hidden, "name": "Mine", "owner_id": rep.id })).await.created();
        assert_eq!(ids(&rep.post(opportunities, json!({})).await.ok())[0], mine["id"]);
        assert!(names(&rep, opportunities, leaf("customer.name", "eq", json!("Hidden"))).await.is_empty());
        assert_eq!(names(&rep, opportunities, leaf("customer.name", "ne", json!("Hidden"))).await, set(["Mine", "Other"]));
        let key = app.api_key(&["customers:read"]).await;
        let problem = key.post(customers, json!({ "filter": { "has": "opportunities" } })).await.problem(403, "insufficient_scope");
        assert_eq!(problem["meta"]["required_scope"], "opportunities:read");
        key.post(customers, json!({ "filter": leaf("tier.rank", "eq", json!(1)) })).await.problem(403, "insufficient_scope");
        key.post(customers, json!({})).await.ok();
    });
}

#[test]
fn a_search_answers_only_what_is_wanted() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for name in ["A", "B", "C"] {
            customer(&admin, name, json!({})).await;
        }
        let search = |body: Value| admin.post("/customers/search", body);
        let page = search(json!({ "fields": ["name"], "sort": "name", "limit": 2, "include_total": true })).await.ok();
        let rows = page["data"].as_array().unwrap();
        assert!(rows.iter().all(|row| row.as_object().unwrap().keys().eq(["id", "name"])), "{rows:?}");
        assert_eq!((&page["total"], &page["has_more"]), (&json!(3), &json!(true)));
        let next = json!({ "fields": ["id"], "sort": "name", "limit": 2, "cursor": page["next_cursor"] });
        assert_eq!(search(next).await.ok()["data"].as_array().map(Vec::len), Some(1), "other members are the same list");
        let other = json!({ "sort": "-name", "cursor": page["next_cursor"] });
        search(other).await.problem(400, "cursor_mismatch");
        search(json!({ "cursor": "nonsense" })).await.problem(400, "invalid_cursor");
        search(json!({ "fields": ["nmae", "id"] })).await.invalid(&[("/fields/0", "invalid_choice")]);
        search(json!({ "sort": "status" })).await.invalid(&[("/sort", "invalid_format")]);
        search(json!({ "sort": "name,-name" })).await.invalid(&[("/sort", "duplicate_item")]);
        search(json!({ "limit": 201 })).await.invalid(&[("/limit", "too_large")]);
        admin.get("/customers/search").await.problem(405, "method_not_allowed");
    });
}

#[test]
fn what_is_wrong_with_a_filter_is_said_at_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let search = |path: &'static str, filter: Value| admin.post(path, json!({ "filter": filter }));
        let filter = json!({ "and": [
            { "field": "nmae", "op": "eq", "value": "x" },
            { "field": "name", "op": "gt", "value": "x" },
            { "field": "employee_count", "op": "eq", "value": "5" },
            { "field": "created_at", "op": "gte", "value": "yesterday" },
            { "or": [{ "field": "kind", "op": "in", "value": ["person", "people"] }, { "has": "oportunities" }] },
            { "field": "name", "op": "eq" },
            { "field": "tier.rnak", "op": "eq", "value": 1 },
            { "field": "contacts.name", "op": "eq", "value": "x" },
            { "field": "name", "op": "eq", "value": "x", "not": { "field": "name", "op": "eq", "value": "x" } },
            { "field": "touch_count", "op": "is_null", "value": true }
        ] });
        let body = search("/customers/search", filter).await.invalid(&[
            ("/filter/and/0/field", "unknown_field"),
            ("/filter/and/1/op", "invalid_choice"),
            ("/filter/and/2/value", "wrong_type"),
            ("/filter/and/3/value", "wrong_type"),
            ("/filter/and/4/or/0/value/1", "wrong_type"),
            ("/filter/and/4/or/1/has", "invalid_choice"),
            ("/filter/and/5/value", "required"),
            ("/filter/and/6/field", "unknown_field"),
            ("/filter/and/7/field", "unknown_field"),
            ("/filter/and/8", "exclusive_fields"),
            ("/filter/and/9/op", "invalid_choice"),
        ]);
        let meant = |pointer: &str| {
            let error = body["errors"].as_array().unwrap().iter().find(|error| error["pointer"] == pointer).unwrap();
            error["meta"]["did_you_mean"].clone()
        };
        assert_eq!((meant("/filter/and/0/field"), meant("/filter/and/6/field")), (json!("name"), json!("tier.rank")));
        assert_eq!(meant("/filter/and/4/or/1/has"), "opportunities");
        search("/customers/search", json!({ "feild": "name" })).await.invalid(&[("/filter/feild", "unknown_field")]);
        search("/customers/search", json!({})).await.invalid(&[("/filter", "exclusive_fields")]);

        let leaf = json!({ "field": "name", "op": "eq", "value": "x" });
        let deep = |depth: usize| (1..depth).fold(leaf.clone(), |inner, _| json!({ "not": inner }));
        search("/customers/search", deep(4)).await.ok();
        search("/customers/search", deep(5)).await.problem(400, "filter_too_complex");
        search("/customers/search", json!({ "and": vec![leaf.clone(); 50] })).await.ok();
        search("/customers/search", json!({ "and": vec![leaf.clone(); 51] })).await.problem(400, "filter_too_complex");
        let many = |count: usize| json!({ "field": "name", "op": "in", "value": vec!["x"; count] });
        search("/customers/search", many(200)).await.ok();
        search("/customers/search", many(201)).await.problem(400, "filter_too_complex");
        let long = |count: usize| json!({ "field": "name", "op": "contains", "value": "华".repeat(count) });
        search("/customers/search", long(512)).await.ok();
        search("/customers/search", long(513)).await.problem(400, "filter_too_complex");

        let amount = json!({ "field": "amount", "op": "gt", "value": "1" });
        let currency = |code: &str| json!({ "field": "amount_currency", "op": "eq", "value": code });
        let opportunities = "/opportunities/search";
        search(opportunities, amount.clone()).await.problem(400, "invalid_parameter");
        search(opportunities, json!({ "or": [amount.clone(), currency("CNY")] })).await.problem(400, "invalid_parameter");
        search(opportunities, json!({ "and": [amount.clone(), currency("CNY")] })).await.ok();
        let either = |code: &str| json!({ "and": [currency(code), amount.clone()] });
        search(opportunities, json!({ "or": [either("CNY"), either("JPY")] })).await.ok();
        search("/customers/search", json!({ "has": "opportunities", "filter": amount })).await.problem(400, "invalid_parameter");
    });
}
