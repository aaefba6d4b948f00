//! What is cleared away by itself, as time passes.

use chrono::Duration;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use fishpond::db::Condition;
use serde_json::{Value, json};

use super::ask_for;
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Actor, App, UNKNOWN, ids, on_both};

/// Whatever objects consist of.
const TABLES: [&str; 14] = [
    "customers",
    "customer_profiles",
    "contacts",
    "contact_links",
    "opportunities",
    "stage_moves",
    "touch_records",
    "touch_record_contacts",
    "tiers",
    "custom_values",
    "external_refs",
    "lookup_keys",
    "search_docs",
    "customer_events",
];

fn count(app: &App, what: &str) -> i64 {
    let counted = Condition::sql(format!("SELECT count(*) FROM {what}")).giving::<BigInt>();
    app.db(|conn| counted.get_result(conn)).expect("a number")
}

/// Rows in each table that has any.
fn left(app: &App) -> Vec<(&'static str, i64)> {
    TABLES.into_iter().map(|table| (table, count(app, table))).filter(|(_, rows)| *rows > 0).collect()
}

async fn pass(app: &App, by: Duration) {
    app.advance(by);
    app.run_due_jobs().await;
}

/// A customer with one of everything; gives the paths of customer, contact, opportunity, touch record and tier.
async fn family(erp: &Actor) -> [String; 5] {
    let make = async |path: &str, body: Value| erp.post(path, body).await.created()["id"].as_str().unwrap().to_owned();
    let field = json!({ "resource": "customers", "key": "level", "type": "text", "label": { "zh": "级别", "en": "Level" } });
    let field = make("/fields", field).await;
    let refs = |value: &str| json!([{ "system": "sap", "value": value }]);
    let tier = make("/tiers", json!({ "code": "gold", "name": "Gold", "rank": 1, "external_refs": refs("t") })).await;
    let customer = json!({
        "name": "鱼池公司", "kind": "organization", "industries": ["manufacturing"], "phones": [{ "number": "13800138000" }],
        "external_refs": refs("1"), "custom": { "level": "high" }, "tier_id": tier, "remarks": "big",
    });
    let customer = make("/customers", customer).await;
    erp.post(&format!("/customers/{customer}/lifecycle"), json!({ "stage": "customer" })).await.ok();
    let contact = json!({ "name": "张三", "links": [{ "customer_id": customer, "is_primary": true }], "external_refs": refs("2") });
    let contact = make("/contacts", contact).await;
    let opportunity = json!({ "name": "Deal", "customer_id": customer, "contact_id": contact, "external_refs": refs("3") });
    let opportunity = make("/opportunities", opportunity).await;
    let touch = json!({
        "customer_id": customer, "contact_ids": [contact], "opportunity_id": opportunity, "type": "call", "summary": "called",
        "occurred_at": "2026-01-05T08:00:00Z", "external_refs": refs("4"),
    });
    let touch = make("/touch-records", touch).await;
    assert!(field.starts_with("fld_"));
    [("customers", customer), ("contacts", contact), ("opportunities", opportunity), ("touch-records", touch), ("tiers", tier)]
        .map(|(path, id)| format!("/{path}/{id}"))
}

#[test]
fn what_was_deleted_can_be_restored_for_thirty_days_and_then_nothing_is_left() {
    on_both(|app| async move {
        let erp = app.api_key(&["*"]).await;
        let [customer, contact, opportunity, touch, tier] = family(&erp).await;
        for path in [&customer, &contact] {
            erp.delete(path).await.no_content();
        }
        pass(&app, Duration::days(29)).await;
        erp.act(&format!("{customer}/restore")).await.ok();
        erp.act(&format!("{contact}/restore")).await.ok();
        assert_eq!(erp.get(&opportunity).await.ok()["name"], "Deal");
        assert_eq!(ids(&erp.list("/customers", &[("q", "鱼池")]).await.ok()).len(), 1);
        erp.get(&touch).await.ok();

        erp.delete(&customer).await.no_content();
        erp.delete(&contact).await.no_content();
        erp.delete(&tier).await.no_content();
        pass(&app, Duration::days(31)).await;
        assert_eq!(left(&app), []);
        if app.is_sqlite() {
            assert_eq!(count(&app, "search_tokens_docsize"), 0);
        }
        for path in [&customer, &contact, &opportunity, &touch, &tier] {
            erp.act(&format!("{path}/restore")).await.problem(404, "not_found");
        }
        assert_eq!(ids(&erp.get("/customers?is_deleted=true").await.ok()), Vec::<String>::new());
    });
}

#[test]
fn nothing_names_what_is_gone() {
    on_both(|app| async move {
        let erp = app.api_key(&["*"]).await;
        let [customer, contact, opportunity, touch, tier] = family(&erp).await;
        let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
        let second = json!({ "name": "Another", "customer_id": id(&customer), "contact_id": id(&contact) });
        let second = format!("/opportunities/{}", erp.post("/opportunities", second).await.created()["id"].as_str().unwrap());
        let parent = json!({ "name": "Parent", "kind": "organization", "tier_id": id(&tier) });
        let parent = format!("/customers/{}", erp.post("/customers", parent).await.created()["id"].as_str().unwrap());
        erp.patch(&customer, json!({ "parent_id": id(&parent) })).await.ok();
        for path in [&opportunity, &contact, &parent] {
            erp.delete(path).await.no_content();
        }
        let before = erp.get(&touch).await.ok();
        pass(&app, Duration::days(31)).await;
        let after = erp.get(&touch).await.ok();
        assert_eq!((&after["opportunity_id"], &after["contact_ids"]), (&Value::Null, &json!([])));
        assert_eq!(after["version"].as_i64(), before["version"].as_i64().map(|version| version + 2));
        assert_eq!(erp.get(&second).await.ok()["contact_id"], Value::Null);
        assert_eq!(erp.get(&customer).await.ok()["parent_id"], Value::Null);
        assert_eq!(erp.list("/customers", &[("q", "鱼池")]).await.ok()["data"][0]["tier_id"], json!(id(&tier)));
        let changes = erp.changes().await;
        let changes = changes["data"].as_array().unwrap();
        let of = |path: &str| changes.iter().filter(|change| change["object"]["id"] == json!(id(path))).collect::<Vec<_>>();
        assert_eq!(of(&customer)[0]["changed"]["parent_id"], json!({ "from": id(&parent), "to": null }));
        assert_eq!((&of(&customer)[0]["actor"], &of(&customer)[0]["type"]), (&Value::Null, &json!("customer.updated")));
        assert_eq!(of(&touch).len(), 2);

        // A tier goes although a deleted customer has it.
        erp.delete(&customer).await.no_content();
        app.advance(Duration::days(1));
        erp.delete(&tier).await.no_content();
        app.db(|conn| {
            // The customer is younger than its tier.
            let later = Condition::sql("UPDATE customers SET deleted_at = ").bind(app.now().plus(Duration::days(5)));
            later.execute(conn)
        })
        .expect("one row");
        pass(&app, Duration::days(31)).await;
        let deleted = erp.get("/customers?is_deleted=true").await.ok();
        assert_eq!((count(&app, "tiers"), &deleted["data"][0]["tier_id"]), (0, &Value::Null));
        pass(&app, Duration::days(6)).await;
        assert_eq!(left(&app), []);
    });
}

#[test]
fn many_go_in_steps_and_what_is_young_stays() {
    on_both(|app| async move {
        let erp = app.api_key(&["*"]).await;
        let mut made = Vec::new();
        for _ in 0..2 {
            let create = |name: usize| json!({ "op": "create", "data": { "name": format!("C{name}"), "kind": "person" } });
            let batch = json!({ "mode": "atomic", "operations": (0..250).map(create).collect::<Vec<_>>() });
            let results = erp.post("/customers/batch", batch).await.ok();
            made.extend(results["results"].as_array().unwrap().iter().map(|result| result["id"].clone()));
        }
        let delete = async |some: &[Value]| {
            let delete = |id: &Value| json!({ "op": "delete", "id": id });
            erp.post("/customers/batch", json!({ "mode": "atomic", "operations": some.iter().map(delete).collect::<Vec<_>>() })).await.ok();
        };
        delete(&made[..450]).await;
        app.advance(Duration::days(20));
        delete(&made[450..490]).await;
        pass(&app, Duration::days(11)).await;
        assert_eq!((count(&app, "customers"), count(&app, "customer_profiles"), count(&app, "search_docs")), (50, 50, 50));
        pass(&app, Duration::days(20)).await;
        assert_eq!(count(&app, "customers"), 10);
    });
}

#[test]
fn keys_sessions_and_jobs_are_cleared_away() {
    on_both(|app| async move {
        let erp = app.api_key(&["*"]).await;
        let keyed = |key: &str| {
            let body = json!({ "name": "A", "kind": "person" });
            erp.send(erp.request(reqwest::Method::POST, "/customers").header("idempotency-key", key).json(&body))
        };
        keyed("old").await.created();
        let login = json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD });
        let pair = app.anyone().post("/auth/login", login).await.ok();
        let job = ask_for(&app, &erp, &UNKNOWN, json!({})).await;
        erp.act(&format!("{job}/cancel")).await.ok();
        pass(&app, Duration::days(6)).await;
        keyed("young").await.created();
        assert_eq!(count(&app, "idempotency_keys"), 2);
        pass(&app, Duration::days(2)).await;
        assert_eq!(count(&app, "idempotency_keys"), 1);
        let sessions = count(&app, "sessions");
        let next = app.anyone().post("/auth/refresh", json!({ "refresh_token": pair["refresh_token"] })).await.ok();
        erp.get(&job).await.ok();
        pass(&app, Duration::days(24)).await;
        assert_eq!((count(&app, "idempotency_keys"), sessions > 1, count(&app, "sessions")), (0, true, 1), "the one that was refreshed");
        erp.get(&job).await.problem(404, "not_found");
        let last = app.anyone().post("/auth/refresh", json!({ "refresh_token": next["refresh_token"] })).await.ok();
        pass(&app, Duration::days(20)).await;
        assert_eq!(count(&app, "refresh_tokens"), 2, "the first one was used more than 30 days ago");
        app.with_token(last["access_token"].as_str().unwrap()).get("/me").await.problem(401, "expired_token");
        pass(&app, Duration::days(12)).await;
        assert_eq!((count(&app, "sessions"), count(&app, "refresh_tokens")), (0, 0));
    });
}

#[test]
fn changes_are_kept_for_thirty_days_and_the_floor_is_known() {
    on_both(|app| async move {
        let (erp, stranger) = (app.api_key(&["*"]).await, app.db_stranger().await);
        for _ in 0..205 {
            erp.post("/customers", json!({ "name": "A", "kind": "person" })).await.created();
        }
        stranger.post("/customers", json!({ "name": "B", "kind": "person" })).await.created();
        pass(&app, Duration::days(29)).await;
        assert_eq!(count(&app, "change_floors"), 0);
        let kept = erp.post("/customers", json!({ "name": "C", "kind": "person" })).await.created();
        pass(&app, Duration::days(2)).await;
        assert_eq!((count(&app, "changes"), count(&app, "change_floors")), (1, 2));
        let own = "SELECT f.seq FROM change_floors f JOIN changes c ON c.workspace_id = f.workspace_id";
        let floor: i64 = app.db(|conn| Condition::sql(own).giving::<BigInt>().get_result(conn)).expect("a floor");
        let feed = erp.changes().await;
        assert_eq!(feed["data"][0]["object"]["id"], kept["id"]);
        assert!(feed["data"][0]["seq"].as_i64() > Some(floor));
        pass(&app, Duration::days(31)).await;
        assert_eq!(count(&app, "changes"), 0);
    });
}

#[test]
fn after_a_pause_what_was_missed_is_done_once() {
    on_both(|app| async move {
        app.run_due_jobs().await;
        let runs = async || {
            let text = reqwest::get(&app.metrics).await.unwrap().text().await.unwrap();
            let line = text
                .lines()
                .find(|line| line.starts_with(r#"fishpond_jobs_total{kind="purge_deleted",outcome="succeeded"}"#))
                .expect("a line")
                .to_owned();
            line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
        };
        assert_eq!(runs().await, 1, "at the first start");
        app.run_due_jobs().await;
        assert_eq!(runs().await, 1, "not before its time");
        pass(&app, Duration::days(10)).await;
        assert_eq!(runs().await, 2, "not once for each time that was missed");
        app.db_stranger().await;
        pass(&app, Duration::zero()).await;
        assert_eq!(runs().await, 3, "in the new workspace");
        pass(&app, Duration::hours(7)).await;
        assert_eq!(runs().await, 5);
    });
}
