//! Opportunities: their life, what they are worth, deletion.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::harness::{Actor, ids, on_both};

mod faults;
mod lists;
mod sight;
mod transfers;

/// A new customer of this owner, or of the pool; gives its id.
async fn customer(actor: &Actor, owner_id: Option<&str>) -> String {
    let input = json!({ "name": "C", "kind": "organization", "owner_id": owner_id });
    actor.post("/customers", input).await.created()["id"].as_str().unwrap().to_owned()
}

/// A new opportunity with these members besides.
async fn opportunity(actor: &Actor, customer: &str, mut members: Value) -> Value {
    members["customer_id"] = json!(customer);
    if members.get("name").is_none() {
        members["name"] = json!("O");
    }
    actor.post("/opportunities", members).await.created()
}

fn path(opportunity: &Value) -> String {
    format!("/opportunities/{}", opportunity["id"].as_str().unwrap())
}

/// The default pipeline's stages, in order.
async fn stages(actor: &Actor) -> Vec<Value> {
    actor.get("/pipelines").await.ok()["data"][0]["stages"].as_array().unwrap().clone()
}

/// The opportunity after a move to this place of the default pipeline.
async fn moved(actor: &Actor, opportunity: &Value, place: usize, reason: Option<&str>) -> Value {
    let stage = &stages(actor).await[place];
    actor.post(&format!("{}/move", path(opportunity)), json!({ "to_stage_id": stage["id"], "reason_code": reason })).await.ok()
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

fn cny(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "CNY" })
}

#[test]
fn an_opportunity_lives_its_life() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        let contact = json!({ "name": "张三", "links": [{ "customer_id": customer }] });
        let contact = admin.post("/contacts", contact).await.created()["id"].clone();
        let input = json!({
            "customer_id": customer, "name": "  ERP 升级项目 ", "contact_id": contact, "amount": cny("0120000.5"), "probability": 60,
            "forecast_category": "commit", "expected_close_date": "2028-02-29", "source": "referral", "competitor": "", "needs": "a\nb",
            "remarks": null, "external_refs": [{ "system": "erp", "value": "P 1" }]
        });
        let answer = admin.post("/opportunities", input).await;
        assert_eq!(answer.header("etag"), "\"v1\"");
        let made = answer.created();
        let first = stages(&admin).await[0].clone();
        assert_eq!((&made["name"], &made["competitor"], &made["version"]), (&json!("ERP 升级项目"), &Value::Null, &json!(1)));
        assert_eq!((&made["amount"], &made["weighted_amount"]), (&cny("120000.50"), &cny("72000.30")));
        assert_eq!((&made["stage_id"], &made["stage_kind"]), (&first["id"], &json!("open")));
        assert_eq!((&made["closed_at"], &made["close_reason_code"]), (&Value::Null, &Value::Null));
        assert_eq!((&made["contact_id"], &made["owner_id"], &made["created_by_id"]), (&contact, &json!(admin.id), &json!(admin.id)));
        assert_eq!((&made["stage_entered_at"], &made["updated_at"]), (&made["created_at"], &made["created_at"]));
        let path = path(&made);
        assert_eq!(admin.get(&path).await.ok(), made, "what was answered is what is stored");
        let held = admin.request(reqwest::Method::GET, &path).header("if-none-match", "\"v1\"");
        assert_eq!(admin.send(held).await.status, 304);

        let same = json!({ "name": " ERP 升级项目", "amount": cny("120000.5"), "contact_id": contact, "remarks": "" });
        assert_eq!(admin.patch(&path, same).await.ok(), made, "no change");
        let patch =
            json!({ "probability": null, "forecast_category": null, "contact_id": null, "expected_close_date": null, "external_refs": [] });
        let patched = admin.patch(&path, patch).await.ok();
        assert_eq!((&patched["probability"], &patched["weighted_amount"]), (&Value::Null, &cny("12000.05")), "the stage's probability");
        assert_eq!((&patched["contact_id"], &patched["version"], &patched["needs"]), (&Value::Null, &json!(2), &json!("a\nb")));
        admin.patch_if(&path, "\"v1\"", json!({ "name": "B" })).await.problem(412, "version_conflict");
        let patched = admin.patch_if(&path, "W/\"v2\"", json!({ "amount": cny("7") })).await.ok();
        assert_eq!((&patched["amount"], &patched["version"]), (&cny("7.00"), &json!(3)));
        assert_eq!(admin.patch(&path, json!({ "amount": null })).await.ok()["weighted_amount"], Value::Null);

        admin.delete(&path).await.no_content();
        admin.get(&path).await.problem(404, "not_found");
        admin.get(&format!("{path}/stage-history")).await.problem(404, "not_found");
        admin.patch(&path, json!({ "name": "B" })).await.problem(404, "not_found");
        admin.post(&format!("{path}/move"), json!({ "to_stage_id": first["id"] })).await.problem(404, "not_found");
        admin.delete(&path).await.problem(404, "not_found");
        assert_eq!(ids(&admin.get("/opportunities").await.ok()).len(), 0);
        assert_eq!(ids(&admin.get("/opportunities?is_deleted=true").await.ok()).len(), 1);
        let restored = admin.act(&format!("{path}/restore")).await.ok();
        assert_eq!((&restored["version"], admin.get(&path).await.ok()), (&json!(6), restored.clone()));
        admin.act(&format!("{path}/restore")).await.problem(404, "not_found");
        let changes = changes_of(&admin, &made).await;
        let updated = "opportunity.updated";
        assert_eq!(types(&changes), ["opportunity.created", updated, updated, updated, "opportunity.deleted", "opportunity.restored"]);
        assert_eq!(changes[2]["changed"]["amount"], json!({ "from": cny("120000.50"), "to": cny("7.00") }));
    });
}

#[test]
fn a_new_opportunity_has_what_nobody_named() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let (owned, pooled) = (customer(&admin, Some(&rep.id)).await, customer(&admin, None).await);
        let made = opportunity(&admin, &owned, json!({})).await;
        let pipeline = admin.get("/pipelines").await.ok()["data"][0].clone();
        assert_eq!((&made["pipeline_id"], &made["stage_id"]), (&pipeline["id"], &pipeline["stages"][0]["id"]));
        assert_eq!(made["owner_id"], json!(rep.id), "the customer's owner");
        assert_eq!(opportunity(&admin, &pooled, json!({})).await["owner_id"], json!(admin.id), "else the caller");
        let key = app.api_key(&["*"]).await;
        assert_eq!(opportunity(&key, &pooled, json!({})).await["owner_id"], json!(key.id), "even a service");
        assert_eq!(opportunity(&admin, &owned, json!({ "owner_id": admin.id })).await["owner_id"], json!(admin.id));
        for empty in ["amount", "weighted_amount", "probability", "forecast_category", "expected_close_date", "contact_id", "source"] {
            assert_eq!(made[empty], Value::Null, "{empty}");
        }
        assert_eq!(made["external_refs"], json!([]));
        let proposal = &pipeline["stages"][2];
        let later = json!({ "stage_id": proposal["id"], "pipeline_id": pipeline["id"], "amount": cny("100") });
        let later = opportunity(&admin, &owned, later).await;
        assert_eq!((&later["stage_id"], &later["weighted_amount"]), (&proposal["id"], &cny("50.00")));
    });
}

#[test]
fn money_is_canonical_and_weighted_half_to_even() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        for (currency, amount, percent, canonical, weighted) in [
            ("CNY", "0.05", 50, "0.05", "0.02"),
            ("CNY", "0.15", 50, "0.15", "0.08"),
            ("CNY", "0.01", 50, "0.01", "0.00"),
            ("CNY", "007", 100, "7.00", "7.00"),
            ("CNY", "0", 100, "0.00", "0.00"),
            ("CNY", "123.4", 0, "123.40", "0.00"),
            ("JPY", "1", 50, "1", "0"),
            ("JPY", "3", 50, "3", "2"),
            ("KWD", "1.005", 50, "1.005", "0.502"),
            ("CNY", "99999999999999.99", 99, "99999999999999.99", "98999999999999.99"),
            ("CNY", "99999999999999.99", 10, "99999999999999.99", "10000000000000.00"),
        ] {
            let money = |amount: &str| json!({ "amount": amount, "currency": currency });
            let made = opportunity(&admin, &customer, json!({ "amount": money(amount), "probability": percent })).await;
            let case = format!("{percent} % of {amount} {currency}");
            assert_eq!((&made["amount"], &made["weighted_amount"]), (&money(canonical), &money(weighted)), "{case}");
            assert_eq!(admin.get(&path(&made)).await.ok(), made, "{case}");
        }
        let made = opportunity(&admin, &customer, json!({ "amount": cny("10.50"), "probability": 10 })).await;
        let other = admin.patch(&path(&made), json!({ "amount": { "amount": "10.50", "currency": "JPY" } })).await;
        other.invalid(&[("/amount/amount", "too_many_decimals")]);
        let yen = admin.patch(&path(&made), json!({ "amount": { "currency": "JPY", "amount": "25" } })).await.ok();
        assert_eq!(yen["weighted_amount"], json!({ "amount": "2", "currency": "JPY" }), "2.5 is halfway");
        let won = moved(&admin, &yen, 4, None).await;
        assert_eq!((&won["weighted_amount"], &won["probability"]), (&yen["amount"], &json!(10)), "what is won counts whole");
        let open = moved(&admin, &won, 1, None).await;
        assert_eq!(open["weighted_amount"], yen["weighted_amount"], "its own probability has stayed");
        for (place, reason) in [(5, Some("price")), (6, None)] {
            let closed = moved(&admin, &open, place, reason).await;
            assert_eq!(closed["weighted_amount"], json!({ "amount": "0", "currency": "JPY" }));
            moved(&admin, &closed, 0, None).await;
        }
    });
}

#[test]
fn a_patch_merges_into_an_amount() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        let made = opportunity(&admin, &customer, json!({ "amount": cny("10.50") })).await;
        let other = admin.patch(&path(&made), json!({ "amount": { "currency": "JPY" } })).await;
        other.invalid(&[("/amount/amount", "too_many_decimals")]);
        let patched = admin.patch(&path(&made), json!({ "amount": { "amount": "7" } })).await.ok();
        assert_eq!(patched["amount"], cny("7.00"), "the currency stays");
    });
}

#[test]
fn an_external_reference_belongs_to_one_opportunity() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        let with = |value: &str| json!({ "external_refs": [{ "system": "erp", "value": value }] });
        let (first, second) = (opportunity(&admin, &customer, with("1")).await, opportunity(&admin, &customer, with("2")).await);
        let taken = admin.patch(&path(&second), with("1")).await.problem(409, "external_ref_taken");
        assert_eq!(taken["meta"]["existing_id"], first["id"]);
        let again = json!({ "customer_id": customer, "name": "X", "external_refs": [{ "system": "erp", "value": "1" }] });
        admin.post("/opportunities", again).await.problem(409, "external_ref_taken");
        let twice = json!({ "external_refs": [with("3")["external_refs"][0], with("3")["external_refs"][0]] });
        admin.patch(&path(&second), twice).await.invalid(&[("/external_refs/1", "duplicate_item")]);
        assert_eq!(ids(&admin.list("/opportunities", &[("external_ref", "erp:1")]).await.ok()), [first["id"].as_str().unwrap()]);
        admin.delete(&path(&first)).await.no_content();
        admin.patch(&path(&second), with("1")).await.ok();
        admin.act(&format!("{}/restore", path(&first))).await.problem(409, "external_ref_taken");
        admin.patch(&path(&second), with("2")).await.ok();
        assert_eq!(admin.act(&format!("{}/restore", path(&first))).await.ok()["external_refs"], with("1")["external_refs"]);

        // The same with the customer: its references are free while it is deleted.
        let there = format!("/customers/{customer}");
        admin.delete(&there).await.no_content();
        let other = self::customer(&admin, None).await;
        let usurper = opportunity(&admin, &other, with("1")).await;
        admin.act(&format!("{there}/restore")).await.problem(409, "external_ref_taken");
        admin.get(&there).await.problem(404, "not_found");
        assert_eq!(ids(&admin.get("/opportunities").await.ok()).len(), 1, "nothing of it came back");
        admin.patch(&path(&usurper), json!({ "external_refs": [] })).await.ok();
        admin.act(&format!("{there}/restore")).await.ok();
        assert_eq!(ids(&admin.list("/opportunities", &[("external_ref", "erp:1")]).await.ok()), [first["id"].as_str().unwrap()]);
        admin.patch(&path(&usurper), with("2")).await.problem(409, "external_ref_taken");
    });
}

#[test]
fn a_deleted_customer_hides_its_opportunities() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (here, elsewhere) = (customer(&admin, None).await, customer(&admin, None).await);
        let (kept, gone) = (opportunity(&admin, &here, json!({})).await, opportunity(&admin, &here, json!({})).await);
        let closed = opportunity(&admin, &here, json!({})).await;
        let closed = moved(&admin, &closed, 5, Some("price")).await;
        let other = opportunity(&admin, &elsewhere, json!({})).await;
        admin.delete(&path(&gone)).await.no_content();
        let there = format!("/customers/{here}");
        admin.delete(&there).await.no_content();
        for hidden in [&kept, &closed, &gone] {
            admin.get(&path(hidden)).await.problem(404, "not_found");
            admin.patch(&path(hidden), json!({ "name": "B" })).await.problem(404, "not_found");
            admin.act(&format!("{}/restore", path(hidden))).await.problem(409, "customer_deleted");
        }
        assert_eq!(ids(&admin.get("/opportunities").await.ok()), [other["id"].as_str().unwrap()]);
        assert_eq!(ids(&admin.get("/opportunities?is_deleted=true").await.ok()).len(), 3);
        let late = json!({ "customer_id": here, "name": "X" });
        admin.post("/opportunities", late).await.invalid(&[("/customer_id", "unknown_reference")]);

        admin.act(&format!("{there}/restore")).await.ok();
        for (before, version) in [(&kept, 3), (&closed, 4)] {
            let mut back = admin.get(&path(before)).await.ok();
            assert_eq!(back["version"], version);
            assert!(back["updated_at"].as_str() >= before["updated_at"].as_str());
            (back["version"], back["updated_at"]) = (before["version"].clone(), before["updated_at"].clone());
            assert_eq!(&back, before, "as it was");
        }
        admin.get(&path(&gone)).await.problem(404, "not_found");
        let types_of = async |object: &Value| types(&changes_of(&admin, object).await).join(" ");
        assert_eq!(types_of(&kept).await, "opportunity.created opportunity.deleted opportunity.restored");
        assert_eq!(types_of(&gone).await, "opportunity.created opportunity.deleted", "once is enough");

        // What came back with its customer and is deleted by itself stays deleted the next time.
        admin.delete(&path(&kept)).await.no_content();
        admin.delete(&there).await.no_content();
        admin.act(&format!("{there}/restore")).await.ok();
        admin.get(&path(&kept)).await.problem(404, "not_found");
        assert_eq!(admin.act(&format!("{}/restore", path(&gone))).await.ok()["version"], 3);
        admin.act(&format!("{}/restore", path(&kept))).await.ok();
        assert_eq!(ids(&admin.list("/opportunities", &[("customer_id", here.as_str())]).await.ok()).len(), 3);
    });
}

#[test]
fn thirty_days_are_the_end() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        let made = opportunity(&admin, &customer, json!({})).await;
        admin.delete(&path(&made)).await.no_content();
        app.db(|conn| {
            conn.batch_execute("UPDATE opportunities SET deleted_at = '2020-01-01T00:00:00.000Z'").unwrap();
        });
        admin.act(&format!("{}/restore", path(&made))).await.problem(404, "not_found");
    });
}
