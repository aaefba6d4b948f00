//! What both databases have: names that are hard to fold, to sort and to find.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Asked, QUERIES};
use crate::harness::{Actor, App, Dice};

pub const NAMES: [&str; 20] = [
    "华为技术有限公司",
    "华为",
    "张三",
    "é",
    "É",
    "e\u{301}clair",
    "Straße",
    "STRASSE",
    "ＦＵＬＬ width",
    "full WIDTH",
    "😀 Smile",
    "%",
    "_",
    "*",
    "a_b%c",
    "O'Neil",
    "say \"hi\"",
    "back\\slash",
    "zz",
    "Äpfel",
];

pub const EMAILS: [&str; 3] = ["A@Example.com", "b@example.com", "U.V+w@Example.com"];

pub const INSTANTS: [&str; 4] = ["2025-01-01T00:00:00Z", "2025-06-01T08:00:00+08:00", "2025-06-01T00:00:00.001Z", "2026-01-01T00:00:00Z"];

/// What was made on one database: its caller, and each row's name in the test.
pub struct Side {
    admin: Actor,
    /// Ids by the label of the test, and back.
    ids: HashMap<String, String>,
    labels: HashMap<String, String>,
}

impl Side {
    pub async fn of(app: &App) -> Self {
        Self { admin: app.admin().await, ids: HashMap::new(), labels: HashMap::new() }
    }

    async fn make(&mut self, label: String, path: &str, body: Value) {
        let made = self.admin.post(path, self.with_ids(body)).await.created();
        let id = made["id"].as_str().unwrap().to_owned();
        self.labels.insert(id.clone(), label.clone());
        self.ids.insert(label, id);
    }

    /// Puts this side's ids where the labels are.
    fn with_ids(&self, body: Value) -> Value {
        match body {
            Value::String(text) => self.ids.get(&text).cloned().unwrap_or(text).into(),
            Value::Array(items) => items.into_iter().map(|item| self.with_ids(item)).collect(),
            Value::Object(members) => members.into_iter().map(|(name, member)| (name, self.with_ids(member))).collect(),
            other => other,
        }
    }

    /// All pages, by label; what it was refused with otherwise.
    pub async fn ask(&self, asked: &Asked) -> Vec<String> {
        let (mut cursor, mut found) = (Value::Null, Vec::new());
        for _ in 0..200 {
            let reply = match asked {
                Asked::Search(path, question) => {
                    let mut question = self.with_ids(question.clone());
                    question["cursor"] = cursor;
                    self.admin.post(&format!("{path}/search"), question).await
                }
                Asked::List(path, pairs) => {
                    let named = |value: &str| {
                        value.split(',').map(|text| self.ids.get(text).map_or(text, String::as_str)).collect::<Vec<_>>().join(",")
                    };
                    let mut pairs: Vec<(&str, String)> = pairs.iter().map(|(name, value)| (name.as_str(), named(value))).collect();
                    pairs.extend(cursor.as_str().map(|cursor| ("cursor", cursor.to_owned())));
                    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
                    self.admin.list(path, &pairs).await
                }
            };
            if reply.status != 200 {
                return vec![format!("{} {}", reply.status, reply.body["code"])];
            }
            let rows = reply.body["data"].as_array().unwrap();
            found.extend(rows.iter().map(|row| self.labels[row["id"].as_str().unwrap()].clone()));
            if reply.body["has_more"] == false {
                found.extend(reply.body.get("total").map(|total| format!("{total} in all")));
                return found;
            }
            cursor = reply.body["next_cursor"].clone();
        }
        panic!("{asked:?} has no end: {found:?}");
    }
}

/// The same rows on one side.
pub async fn fill(side: &mut Side) {
    let mut dice = Dice(7);
    for (tier, name) in NAMES.iter().take(3).enumerate() {
        let body = json!({ "code": format!("t{tier}"), "name": name, "rank": tier });
        side.make(format!("tier {tier}"), "/tiers", body).await;
    }
    for number in 0..60 {
        let mut body =
            json!({ "kind": "organization", "name": dice.pick(&NAMES), "external_refs": [{ "system": "t", "value": number.to_string() }] });
        let mut sometimes = |name: &str, value: Value| {
            if dice.below(2) == 0 {
                body[name] = value;
            }
        };
        sometimes("email", json!(EMAILS[number % 3]));
        sometimes("employee_count", json!(number % 4));
        sometimes("tier_id", json!(format!("tier {}", number % 3)));
        sometimes("industries", json!(["manufacturing"]));
        sometimes("phones", json!([{ "number": format!("1380013800{}", number % 3) }]));
        sometimes("address", json!({ "country": "CN", "city": NAMES[number % 5] }));
        sometimes("intent_level", json!("high"));
        sometimes("remarks", json!(QUERIES[number % 16]));
        side.make(format!("customer {number}"), "/customers", body).await;
        if number % 3 == 0 {
            let body = json!({ "name": NAMES[number % 20], "title": NAMES[(number + 1) % 20], "links": [{ "customer_id": format!("customer {number}") }], "remarks": QUERIES[number % 7] });
            side.make(format!("contact {number}"), "/contacts", body).await;
        }
        if number % 4 == 0 {
            let mut body = json!({ "name": NAMES[number % 20], "customer_id": format!("customer {number}") });
            if number % 8 == 0 {
                body["amount"] =
                    json!({ "amount": (number * 10 % 70).to_string(), "currency": if number % 16 == 0 { "CNY" } else { "JPY" } });
                body["expected_close_date"] = json!("2026-06-30");
            }
            side.make(format!("opportunity {number}"), "/opportunities", body).await;
        }
        if number % 2 == 0 {
            let kind = ["call", "note", "visit"][number % 3];
            let mut body = json!({ "customer_id": format!("customer {number}"), "type": kind, "occurred_at": INSTANTS[number % 4], "summary": NAMES[number % 20] });
            if number % 6 == 0 {
                body["next_touch_at"] = json!(INSTANTS[(number + 1) % 4]);
            }
            side.make(format!("touch {number}"), "/touch-records", body).await;
            let mut body = json!({ "customer_id": format!("customer {number}"), "type": kind, "due_at": INSTANTS[number % 4], "summary": NAMES[number % 20] });
            if number % 12 == 0 {
                body["opportunity_id"] = json!(format!("opportunity {number}"));
            }
            side.make(format!("plan {number}"), "/planned-touches", body).await;
        }
    }
}
