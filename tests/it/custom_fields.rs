//! Custom fields: what they may be, what their values may be, how these are found, and how they go.

use serde_json::{Value, json};

use crate::harness::Actor;

mod definitions;
mod filters;
mod life;
mod purge;
mod races;
mod values;

/// A new field; `more` says what is special about it.
async fn field(admin: &Actor, resource: &str, key: &str, kind: &str, more: Value) -> Value {
    admin.post("/fields", definition(resource, key, kind, more)).await.created()
}

fn definition(resource: &str, key: &str, kind: &str, more: Value) -> Value {
    let mut body = json!({ "resource": resource, "key": key, "type": kind, "label": { "zh": "字段", "en": "Field" } });
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    body
}

fn options(codes: &[&str]) -> Value {
    let option = |code: &&str| json!({ "code": code, "label": { "zh": code, "en": code } });
    json!({ "options": codes.iter().map(option).collect::<Vec<_>>() })
}

fn path(object: &Value) -> String {
    let id = object["id"].as_str().unwrap();
    let resource = match id.split('_').next().unwrap() {
        "fld" => "fields",
        "cus" => "customers",
        "con" => "contacts",
        "opp" => "opportunities",
        "tier" => "tiers",
        _ => "touch-records",
    };
    format!("/{resource}/{id}")
}

/// A new customer with these values.
async fn customer(actor: &Actor, custom: Value) -> Value {
    actor.post("/customers", company(custom)).await.created()
}

fn company(custom: Value) -> Value {
    json!({ "name": "A", "kind": "organization", "custom": custom })
}

/// The five resources: the name of each, and the bodies of its objects.
async fn resources(admin: &Actor) -> Vec<(&'static str, &'static str, Value)> {
    let company = customer(admin, json!({})).await["id"].clone();
    vec![
        ("customers", "/customers", json!({ "name": "A", "kind": "organization" })),
        ("contacts", "/contacts", json!({ "name": "A", "links": [{ "customer_id": company }] })),
        ("opportunities", "/opportunities", json!({ "name": "A", "customer_id": company })),
        ("tiers", "/tiers", json!({ "name": "A", "code": "a", "rank": 1 })),
        (
            "touch_records",
            "/touch-records",
            json!({ "customer_id": company, "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "x" }),
        ),
    ]
}

/// The body of another object like this one.
fn like(body: &Value, number: usize, custom: Value) -> Value {
    let mut body = body.clone();
    if body.get("code").is_some() {
        (body["code"], body["rank"]) = (json!(format!("t{number}")), json!(number));
    }
    body["custom"] = custom;
    body
}
