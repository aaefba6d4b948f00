//! The change log and its feed.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl, sql_query};
use serde_json::{Value, json};

use crate::harness::on_both;

#[test]
fn every_write_leaves_one_change_in_order() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let before = admin.changes().await["data"].as_array().unwrap().len();
        let made = admin.post("/customers", json!({ "name": "A", "kind": "organization" })).await;
        let request_id = made.header("x-request-id").to_owned();
        let made = made.created();
        let path = format!("/customers/{}", made["id"].as_str().unwrap());
        admin.patch(&path, json!({ "name": "B", "employee_count": 3 })).await.ok();
        admin.patch(&path, json!({ "name": "B" })).await.ok();
        admin.patch(&path, json!({ "name": "" })).await.problem(422, "validation_failed");
        admin.delete(&path).await.no_content();
        admin.act(&format!("{path}/restore")).await.ok();

        let feed = admin.changes().await;
        let changes = &feed["data"].as_array().unwrap()[before..];
        let types: Vec<&str> = changes.iter().map(|change| change["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["customer.created", "customer.updated", "customer.deleted", "customer.restored"]);
        let versions: Vec<i64> = changes.iter().map(|change| change["object"]["version"].as_i64().unwrap()).collect();
        assert_eq!(versions, [1, 2, 3, 4]);
        assert_eq!(changes[0]["object"], json!({ "id": made["id"], "type": "customer", "version": 1 }));
        assert_eq!((&changes[0]["actor"]["id"], &changes[0]["request_id"]), (&json!(admin.id), &json!(request_id)));
        assert_eq!(changes[1]["changed"], json!({ "name": { "from": "A", "to": "B" }, "employee_count": { "from": null, "to": 3 } }));
    });
}

#[test]
fn the_feed_is_read_in_pages_and_belongs_to_its_workspace() {
    on_both(|app| async move {
        let (admin, stranger) = (app.admin().await, app.db_stranger().await);
        for number in 0..7 {
            admin.post("/customers", json!({ "name": number.to_string(), "kind": "person" })).await.created();
        }
        // From here on nothing is held back.
        admin.changes().await;
        let (mut after, mut seen) = (String::new(), Vec::new());
        loop {
            let page = admin.get(&format!("/changes?limit=3{after}")).await.ok();
            seen.extend(page["data"].as_array().unwrap().iter().map(|change| change["seq"].as_i64().unwrap()));
            after = format!("&after={}", page["next_cursor"].as_str().unwrap());
            if page["has_more"] == false {
                break;
            }
        }
        assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
        let whole = admin.get("/changes?limit=1000").await.ok();
        assert_eq!(whole["data"].as_array().unwrap().len(), seen.len());
        assert_eq!(admin.get(&format!("/changes?x{after}").replace("x&", "")).await.ok()["data"], json!([]));
        let foreign = stranger.get("/changes?limit=1000").await.ok();
        assert!(foreign["data"].as_array().unwrap().iter().all(|change| change["object"]["type"] != "customer"));
        admin.get("/changes?after=nonsense").await.problem(400, "invalid_cursor");
        admin.get("/changes?limit=1001").await.problem(400, "invalid_parameter");
        app.api_key(&["changes:read"]).await.get("/changes").await.ok();
        app.api_key(&["customers:read"]).await.get("/changes").await.problem(403, "insufficient_scope");
    });
}

/// A transaction that has taken a `seq` and commits late must not be skipped.
#[test]
fn a_late_commit_is_not_lost() {
    on_both(|app| async move {
        if app.is_sqlite() {
            return; // one writer: nothing commits late
        }
        let admin = app.admin().await;
        // Nothing from before is held back.
        admin.changes().await;
        let start = admin.get("/changes?limit=1000").await.ok()["next_cursor"].as_str().unwrap().to_owned();
        let feed = async || -> Vec<Value> {
            let page = admin.get(&format!("/changes?limit=1000&after={start}")).await.ok();
            page["data"].as_array().unwrap().iter().map(|change| change["object"]["id"].clone()).collect()
        };
        let first = admin.post("/customers", json!({ "name": "slow", "kind": "person" })).await.created();
        // Others in the cluster may hold the feed back for a while as well.
        let until = async |count: usize| -> Vec<Value> {
            for _ in 0..1000 {
                let ids = feed().await;
                if ids.len() >= count {
                    return ids;
                }
            }
            panic!("the feed is held back for ever");
        };
        assert_eq!(until(1).await, [first["id"].clone()]);

        let mut slow = PgConnection::establish(&app.database_url()).unwrap();
        slow.batch_execute("BEGIN").unwrap();
        sql_query("UPDATE customers SET version = version + 1").execute(&mut slow).unwrap();
        let copy = "INSERT INTO changes (workspace_id, id, type, object_type, object_id, object_version, changed, request_id, at) \
                    SELECT workspace_id, gen_random_uuid(), 'customer.updated', object_type, object_id, 2, '{}', 'slow', at \
                    FROM changes WHERE type = 'customer.created'";
        assert_eq!(sql_query(copy).execute(&mut slow).unwrap(), 1);

        let second = admin.post("/customers", json!({ "name": "fast", "kind": "person" })).await.created();
        assert_eq!(feed().await, [first["id"].clone()], "what came after the running transaction is held back");
        slow.batch_execute("COMMIT").unwrap();
        assert_eq!(until(3).await, [first["id"].clone(), first["id"].clone(), second["id"].clone()]);
    });
}

/// Many writers, one reader that keeps its cursor: in the end it has seen everything, each object in version order.
#[test]
fn a_reader_among_writers_misses_nothing() {
    on_both(|app| async move {
        let admin = app.admin().await;
        // Nothing from before is held back.
        admin.changes().await;
        let start = admin.get("/changes?limit=1000").await.ok()["next_cursor"].as_str().unwrap().to_owned();
        let writer = async |number: usize| {
            let made = admin.post("/customers", json!({ "name": "A", "kind": "person" })).await.created();
            let path = format!("/customers/{}", made["id"].as_str().unwrap());
            for step in 0..5 {
                admin.patch(&path, json!({ "name": format!("{number}-{step}") })).await.ok();
            }
        };
        let writers = futures_util::future::join_all((0..16).map(writer));
        let reader = async {
            let (mut after, mut seen) = (start.clone(), Vec::new());
            while seen.len() < 16 * 6 {
                let page = admin.get(&format!("/changes?limit=7&after={after}")).await.ok();
                after = page["next_cursor"].as_str().unwrap().to_owned();
                seen.extend(page["data"].as_array().unwrap().iter().map(|change| change["object"].clone()));
            }
            seen
        };
        let (_, seen) = tokio::time::timeout(std::time::Duration::from_secs(60), async { tokio::join!(writers, reader) })
            .await
            .expect("nothing is missing");
        let mut versions = std::collections::HashMap::new();
        for object in &seen {
            let version = versions.entry(object["id"].as_str().unwrap()).or_insert(0);
            *version += 1;
            assert_eq!(object["version"], *version, "versions of one object come in order");
        }
        assert_eq!(versions.len(), 16);
    });
}
