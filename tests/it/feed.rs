//! The feed of changes for integrators: types, cursors, who sees what, and waiting.

mod cursors;
mod sight;
mod waiting;

use serde_json::Value;

use crate::harness::Actor;

/// The cursor of now, asked for by an administrator when nothing is held back any more.
async fn latest(actor: &Actor) -> String {
    actor.changes().await;
    let page = actor.get("/changes?after=latest").await.ok();
    assert_eq!((&page["data"], &page["has_more"]), (&serde_json::json!([]), &Value::Bool(false)));
    page["next_cursor"].as_str().expect("a cursor").to_owned()
}

/// Type and object of each change.
fn told(changes: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    changes.iter().map(|change| (text(&change["type"]), text(&change["object"]["id"]))).collect()
}

/// Everything behind a cursor up to a mark that an administrator makes, as somebody sees it.
async fn since(actor: &Actor, admin: &Actor, cursor: &str, types: &str) -> Vec<Value> {
    admin.changes().await;
    let (mut after, mut seen) = (cursor.to_owned(), Vec::new());
    loop {
        let page = actor.list("/changes", &[("after", after.as_str()), ("types", types), ("limit", "1000")]).await.ok();
        seen.extend(page["data"].as_array().expect("changes").iter().cloned());
        after = page["next_cursor"].as_str().expect("a cursor").to_owned();
        if page["has_more"] == false {
            return seen;
        }
    }
}
