//! Tiers: their life, what belongs to one of them only, who has them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Actor, ids, on_both};

mod customers;
mod faults;
mod races;

const UNKNOWN: &str = "tier_01jd9xq3v8e6ft2m4k7w0zr5ya";

/// A new tier.
async fn tier(admin: &Actor, code: &str, rank: i64) -> Value {
    admin.post("/tiers", json!({ "code": code, "name": code, "rank": rank })).await.created()
}

/// A new customer of a tier.
async fn customer(actor: &Actor, tier: &Value) -> Value {
    actor.post("/customers", json!({ "name": "A", "kind": "organization", "tier_id": tier["id"] })).await.created()
}

fn path(tier: &Value) -> String {
    format!("/tiers/{}", tier["id"].as_str().unwrap())
}

fn customer_path(customer: &Value) -> String {
    format!("/customers/{}", customer["id"].as_str().unwrap())
}

/// What the feed says of an object, oldest first.
async fn changes_of(admin: &Actor, object: &Value) -> Vec<Value> {
    let feed = admin.changes().await;
    let mut changes = feed["data"].as_array().unwrap().clone();
    changes.retain(|change| change["object"]["id"] == object["id"]);
    changes
}

fn types(changes: &[Value]) -> Vec<&str> {
    changes.iter().map(|change| change["type"].as_str().unwrap()).collect()
}

#[test]
fn a_tier_lives_its_life() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let input = json!({
            "code": "gold", "name": " 金牌客户 ", "rank": 30, "color": "#d4af37", "benefits": "", "is_default": null,
            "credit_limit": { "amount": "1000", "currency": "CNY" }, "payment_terms_days": 30, "cadence_days": 7, "recycle_days": 0,
            "discount_percent": "12.50", "external_refs": [{ "system": "erp", "value": "T 1" }]
        });
        let answer = admin.post("/tiers", input.clone()).await;
        assert_eq!(answer.header("etag"), "\"v1\"");
        let made = answer.created();
        let mut expected = input;
        (expected["name"], expected["benefits"], expected["is_default"]) = (json!("金牌客户"), Value::Null, json!(false));
        (expected["discount_percent"], expected["credit_limit"]["amount"]) = (json!("12.5"), json!("1000.00"));
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(made[member], *value, "{member}");
        }
        assert_eq!((&made["is_active"], &made["customer_count"], &made["version"]), (&json!(true), &Value::Null, &json!(1)));
        assert_eq!(made["created_by_id"], json!(admin.id));
        let there = path(&made);
        assert_eq!(admin.get(&there).await.ok(), made, "what was answered is what is stored");

        let patched = admin.patch_if(&there, "W/\"v1\"", json!({ "name": "Gold", "color": null, "is_active": false })).await.ok();
        assert_eq!((&patched["name"], &patched["color"], &patched["is_active"]), (&json!("Gold"), &Value::Null, &json!(false)));
        assert_eq!((&patched["version"], &patched["rank"], &patched["code"]), (&json!(2), &json!(30), &json!("gold")));
        let late = admin.patch_if(&there, "\"v1\"", json!({ "rank": 1 })).await.problem(412, "version_conflict");
        assert_eq!(late["meta"]["current_version"], 2);
        admin.send(admin.request(Method::DELETE, &there).header("if-match", "\"v1\"")).await.problem(412, "version_conflict");
        let active = admin.patch(&there, json!({ "is_active": null })).await.ok();
        assert_eq!((&active["is_active"], &active["version"]), (&json!(true), &json!(3)), "null is the default");

        admin.delete(&there).await.no_content();
        admin.get(&there).await.problem(404, "not_found");
        admin.patch(&there, json!({ "name": "B" })).await.problem(404, "not_found");
        admin.delete(&there).await.problem(404, "not_found");
        assert_eq!(ids(&admin.get("/tiers").await.ok()).len(), 0);
        assert_eq!(ids(&admin.get("/tiers?is_deleted=true").await.ok()), [made["id"].as_str().unwrap()]);
        let restored = admin.act(&format!("{there}/restore")).await.ok();
        assert_eq!((&restored["version"], &restored["external_refs"]), (&json!(5), &made["external_refs"]));
        assert_eq!(admin.get(&there).await.ok(), restored);
        admin.act(&format!("{there}/restore")).await.problem(404, "not_found");
        assert_eq!(ids(&admin.list("/tiers", &[("external_ref", "erp:T 1")]).await.ok()).len(), 1);
        let changes = changes_of(&admin, &made).await;
        assert_eq!(types(&changes), ["tier.created", "tier.updated", "tier.updated", "tier.deleted", "tier.restored"]);
        assert_eq!(changes[1]["changed"]["name"], json!({ "from": "金牌客户", "to": "Gold" }));
    });
}

#[test]
fn an_etag_answers_for_what_has_no_counts() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let there = path(&tier(&admin, "gold", 1).await);
        let ask = async |path: &str| admin.send(admin.request(Method::GET, path).header("if-none-match", "\"v1\"")).await.status;
        assert_eq!(ask(&format!("{there}?include_counts=true")).await, 200, "the count changes without the version");
        assert_eq!(ask(&there).await, 304);
    });
}

#[test]
fn amounts_have_one_form() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let there = path(&tier(&admin, "gold", 1).await);
        let limit = |amount: &str, currency: &str| json!({ "credit_limit": { "amount": amount, "currency": currency } });
        for (amount, currency, form) in [
            ("1000", "CNY", "1000.00"),
            ("0", "CNY", "0.00"),
            ("007.5", "CNY", "7.50"),
            ("500", "JPY", "500"),
            ("1.2", "KWD", "1.200"),
            ("99999999999999.99", "CNY", "99999999999999.99"),
        ] {
            let patched = admin.patch(&there, limit(amount, currency)).await.ok();
            assert_eq!(patched["credit_limit"], limit(form, currency)["credit_limit"]);
            assert_eq!(admin.get(&there).await.ok(), patched);
        }
        for (percent, form) in
            [("0", "0"), ("100.0000", "100"), ("12.50", "12.5"), ("10", "10"), ("0.0001", "0.0001"), ("33.3300", "33.33")]
        {
            let patched = admin.patch(&there, json!({ "discount_percent": percent })).await.ok();
            assert_eq!(patched["discount_percent"], form);
            assert_eq!(admin.get(&there).await.ok(), patched);
        }
        let stands = admin.patch(&there, limit("1000.5", "CNY")).await.ok();
        let mut same = limit("1000.50", "CNY");
        same["discount_percent"] = json!("33.330");
        assert_eq!(admin.patch(&there, same).await.ok(), stands, "the same in another form is no change");
        assert_eq!(admin.patch(&there, json!({ "credit_limit": null })).await.ok()["credit_limit"], Value::Null);
    });
}

#[test]
fn a_patch_is_merged_into_the_credit_limit() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let limit = json!({ "amount": "1000.50", "currency": "CNY" });
        let made = admin.post("/tiers", json!({ "code": "gold", "name": "A", "rank": 1, "credit_limit": limit })).await.created();
        let patch = async |members: Value| admin.patch(&path(&made), json!({ "credit_limit": members })).await;
        assert_eq!(patch(json!({ "amount": "1000.5" })).await.ok(), made);
        assert_eq!(patch(json!({ "amount": "7" })).await.ok()["credit_limit"], json!({ "amount": "7.00", "currency": "CNY" }));
        patch(json!({ "currency": "JPY" })).await.invalid(&[("/credit_limit/amount", "too_many_decimals")]);
        patch(json!({ "currency": null })).await.invalid(&[("/credit_limit/currency", "required")]);
        patch(Value::Null).await.ok();
        patch(json!({ "currency": "JPY" })).await.invalid(&[("/credit_limit/amount", "required")]);
    });
}

#[test]
fn tiers_are_found_by_what_they_are() {
    on_both(|app| async move {
        let (admin, viewer) = (app.admin().await, app.user("viewer").await);
        for (code, rank) in [("silver", 20), ("basic", 0), ("platinum", 40), ("gold", 30)] {
            tier(&admin, code, rank).await;
        }
        let silver = ids(&admin.get("/tiers?code=silver").await.ok());
        admin.patch(&format!("/tiers/{}", silver[0]), json!({ "name": "Ｓilver", "is_active": false, "is_default": true })).await.ok();
        let codes = async |query: &[(&str, &str)]| {
            let page = viewer.list("/tiers", query).await.ok();
            page["data"].as_array().unwrap().iter().map(|tier| tier["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        for (query, expected) in [
            (&[("sort", "rank")] as &[_], &["basic", "silver", "gold", "platinum"] as &[_]),
            (&[("sort", "-rank"), ("limit", "2")], &["platinum", "gold"]),
            (&[("rank[gte]", "20"), ("rank[lt]", "40"), ("sort", "rank")], &["silver", "gold"]),
            (&[("rank[in]", "0,40"), ("sort", "rank")], &["basic", "platinum"]),
            (&[("rank", "30")], &["gold"]),
            (&[("code[in]", "gold,none,basic"), ("sort", "rank")], &["basic", "gold"]),
            (&[("name", "SILVER")], &["silver"]),
            (&[("is_default", "true")], &["silver"]),
            (&[("is_active", "true"), ("sort", "-rank")], &["platinum", "gold", "basic"]),
        ] {
            assert_eq!(codes(query).await, expected, "{query:?}");
        }
        // What floats count exactly is the same for every reader of JSON.
        let search = async |rank: &str| {
            let body = format!(r#"{{"filter": {{"field": "rank", "op": "lt", "value": {rank}}}}}"#);
            viewer.post("/tiers/search", serde_json::from_str(&body).unwrap()).await
        };
        assert_eq!(ids(&search("9007199254740991.0").await.ok()).len(), 4);
        search("9007199254740992.0").await.invalid(&[("/filter/value", "wrong_type")]);
        for (name, value) in
            [("rank", "high"), ("rank", "9007199254740992"), ("include_counts", "yes"), ("is_default", "1"), ("sort", "name")]
        {
            viewer.list("/tiers", &[(name, value)]).await.problem(400, "invalid_parameter");
        }
        viewer.get("/tiers?colour=red").await.problem(400, "unknown_parameter");
        assert_eq!(ids(&app.db_stranger().await.get("/tiers").await.ok()).len(), 0);
    });
}

#[test]
fn everybody_counts_the_customers_it_sees() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (gold, empty) = (tier(&admin, "gold", 2).await, tier(&admin, "empty", 1).await);
        for actor in [&admin, &rep, &other, &other] {
            customer(actor, &gold).await;
        }
        let gone = customer(&rep, &gold).await;
        rep.delete(&customer_path(&gone)).await.no_content();
        for (actor, count) in [(&admin, 4), (&rep, 2), (&other, 3)] {
            let one = actor.get(&format!("{}?include_counts=true", path(&gold))).await.ok();
            let none = actor.get(&format!("{}?include_counts=true", path(&empty))).await.ok();
            assert_eq!((&one["customer_count"], &none["customer_count"]), (&json!(count), &json!(0)));
            assert_eq!(actor.get("/tiers?include_counts=true&sort=-rank").await.ok()["data"], json!([one, none]));
            assert_eq!(actor.get(&path(&gold)).await.ok(), gold, "nobody asked for the count");
        }
    });
}

#[test]
fn code_and_rank_are_one_tiers() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (gold, silver) = (tier(&admin, "gold", 2).await, tier(&admin, "silver", 1).await);
        let taken = |problem: Value, field: &str, holder: &Value| {
            assert_eq!(problem["meta"], json!({ "field": field, "existing_id": holder["id"] }));
        };
        let input = |code: &str, rank: i64| json!({ "code": code, "name": "B", "rank": rank });
        taken(admin.post("/tiers", input("gold", 7)).await.problem(409, "value_taken"), "code", &gold);
        taken(admin.post("/tiers", input("other", 1)).await.problem(409, "value_taken"), "rank", &silver);
        taken(admin.patch(&path(&gold), json!({ "rank": 1 })).await.problem(409, "value_taken"), "rank", &silver);
        assert_eq!(admin.patch(&path(&gold), json!({ "rank": 2 })).await.ok(), gold, "its own it may keep");
        app.db_stranger().await.post("/tiers", input("gold", 2)).await.created();

        let restore = format!("{}/restore", path(&gold));
        admin.delete(&path(&gold)).await.no_content();
        let heir = admin.post("/tiers", input("gold", 5)).await.created();
        taken(admin.act(&restore).await.problem(409, "value_taken"), "code", &heir);
        admin.delete(&path(&heir)).await.no_content();
        let refs = json!({ "rank": 2, "external_refs": [{ "system": "erp", "value": "1" }] });
        let silver = admin.patch(&path(&silver), refs).await.ok();
        taken(admin.act(&restore).await.problem(409, "value_taken"), "rank", &silver);
        admin.get(&path(&gold)).await.problem(404, "not_found");
        admin.patch(&path(&silver), json!({ "rank": 9 })).await.ok();
        assert_eq!(admin.act(&restore).await.ok()["version"], 3);
        let with_ref = json!({ "external_refs": silver["external_refs"] });
        let refused = admin.patch(&path(&gold), with_ref).await.problem(409, "external_ref_taken");
        assert_eq!(refused["meta"]["existing_id"], silver["id"]);
        assert_eq!(types(&changes_of(&admin, &gold).await), ["tier.created", "tier.deleted", "tier.restored"]);
    });
}

#[test]
fn one_tier_is_the_default() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let old = admin.post("/tiers", json!({ "code": "old", "name": "A", "rank": 1, "is_default": true })).await.created();
        let new = admin.post("/tiers", json!({ "code": "new", "name": "B", "rank": 2, "is_default": true })).await.created();
        assert_eq!(new["is_default"], true);
        let demoted = admin.get(&path(&old)).await.ok();
        assert_eq!((&demoted["is_default"], &demoted["version"]), (&json!(false), &json!(2)));
        let changes = changes_of(&admin, &old).await;
        assert_eq!((changes.len(), &changes[1]["type"], &changes[1]["object"]["version"]), (2, &json!("tier.updated"), &json!(2)));
        assert_eq!(changes[1]["changed"], json!({ "is_default": { "from": true, "to": false } }));
        let refused = json!({ "code": "third", "name": "C", "rank": 2, "is_default": true });
        admin.post("/tiers", refused).await.problem(409, "value_taken");
        assert_eq!(admin.get(&path(&new)).await.ok(), new, "who is refused demotes nobody");

        assert_eq!(admin.patch(&path(&old), json!({ "is_default": true })).await.ok()["version"], 3);
        assert_eq!(admin.get(&path(&new)).await.ok()["is_default"], false);
        assert_eq!(admin.patch(&path(&old), json!({ "is_default": true })).await.ok()["version"], 3);
        assert_eq!(admin.patch(&path(&old), json!({ "is_default": null })).await.ok()["is_default"], false, "there may be none");
        admin.patch(&path(&old), json!({ "is_default": true })).await.ok();
        admin.delete(&path(&old)).await.no_content();
        admin.patch(&path(&new), json!({ "is_default": true })).await.ok();
        assert_eq!(changes_of(&admin, &old).await.len(), 6, "a deleted one is not demoted");
        let restored = admin.act(&format!("{}/restore", path(&old))).await.ok();
        assert_eq!(admin.get(&path(&old)).await.ok(), restored);
        assert_eq!(ids(&admin.get("/tiers?is_default=true").await.ok()).len(), 1);
    });
}
