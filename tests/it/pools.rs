//! The public sea: who claims, who is refused and why, who assigns, what is held.

mod claims;
mod holding;
mod masks;
mod members;
mod model;
mod processes;
mod races;

use serde_json::{Value, json};

use crate::harness::Actor;

/// A pool that everybody is a member of, with these members besides.
async fn pool(admin: &Actor, mut members: Value) -> Value {
    members["name"] = json!("P");
    if members.get("is_open").is_none() {
        members["is_open"] = json!(true);
    }
    admin.post("/pools", members).await.created()
}

async fn pooled(admin: &Actor, pool: &Value) -> String {
    let made = admin.post("/customers", json!({ "name": "C", "kind": "organization", "pool_id": pool["id"] })).await.created();
    made["id"].as_str().unwrap().to_owned()
}

fn path(pool: &Value, action: &str) -> String {
    format!("/pools/{}/{action}", pool["id"].as_str().unwrap())
}

fn claim(ids: &[&str], mode: &str) -> Value {
    json!({ "ids": ids, "mode": mode })
}

/// The code that each customer was refused with.
fn codes(results: &Value) -> Vec<Option<&str>> {
    results["results"].as_array().expect("results").iter().map(|result| result["problem"]["code"].as_str()).collect()
}
