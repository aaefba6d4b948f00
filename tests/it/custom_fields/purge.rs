//! Deleting a retired field takes its values from every object.

use diesel::prelude::*;
use fishpond::db::schema::{custom_fields, custom_values};
use futures_util::future::join_all;
use serde_json::json;

use super::{customer, field, like, path, resources};
use crate::harness::{ids, on_both};

#[test]
fn a_deleted_field_leaves_nothing_behind() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for (resource, collection, body) in resources(&admin).await {
            let (gone, kept) =
                (field(&admin, resource, "gone", "text", json!({})).await, field(&admin, resource, "kept", "text", json!({})).await);
            let live = admin.post(collection, like(&body, 1, json!({ "gone": "1", "kept": "2" }))).await.created();
            let other = admin.post(collection, like(&body, 2, json!({ "kept": "3" }))).await.created();
            let deleted = admin.post(collection, like(&body, 3, json!({ "gone": "4" }))).await.created();
            admin.delete(&path(&deleted)).await.no_content();
            admin.act(&format!("{}/retire", path(&gone))).await.ok();
            admin.delete(&path(&gone)).await.no_content();
            let after = admin.get(&path(&live)).await.ok();
            assert_eq!((&after["custom"], &after["version"]), (&json!({ "kept": "2" }), &json!(2)), "{resource}");
            assert_eq!(admin.get(&path(&other)).await.ok(), other, "{resource}: who had none is as it was");
            assert_eq!(admin.act(&format!("{}/restore", path(&deleted))).await.ok()["custom"], json!({}), "{resource}");
            let changes = admin.changes().await;
            let mut own = changes["data"].as_array().unwrap().iter().filter(|change| change["object"]["id"] == live["id"]);
            let last = own.next_back().unwrap();
            assert_eq!((&last["object"]["version"], last["type"].as_str().unwrap().split('.').nth(1)), (&json!(2), Some("updated")));
            assert_eq!(last["changed"], json!({ "custom": { "from": { "gone": "1", "kept": "2" }, "to": { "kept": "2" } } }), "{resource}");
            assert_eq!(ids(&admin.get(&format!("{collection}?custom.kept=2")).await.ok()).len(), 1, "{resource}");
            // The key is free, and means something else now.
            let again = field(&admin, resource, "gone", "integer", json!({})).await;
            assert_eq!(admin.patch(&path(&live), json!({ "custom": { "gone": 5 } })).await.ok()["custom"]["gone"], 5);
            admin.act(&format!("{}/retire", path(&again))).await.ok();
            admin.delete(&path(&again)).await.no_content();
            assert_eq!(admin.get(&path(&kept)).await.ok(), kept);
        }
    });
}

#[test]
fn many_objects_are_done_in_steps() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = field(&admin, "customers", "no", "integer", json!({ "is_unique": true })).await;
        for some in (0..450).collect::<Vec<_>>().chunks(50) {
            join_all(some.iter().map(|number| customer(&admin, json!({ "no": number })))).await;
        }
        admin.act(&format!("{}/retire", path(&made))).await.ok();
        // Somebody else may do the same at the same time.
        let there = path(&made);
        let mut statuses: Vec<u16> = join_all((0..3).map(|_| admin.delete(&there))).await.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert!(statuses[0] == 204 && statuses.iter().all(|status| [204, 404].contains(status)), "{statuses:?}");
        let mut seen = 0;
        let mut next = "/customers?limit=200".to_owned();
        loop {
            let page = admin.get(&next).await.ok();
            for row in page["data"].as_array().unwrap() {
                assert_eq!((&row["custom"], &row["version"]), (&json!({}), &json!(2)));
                seen += 1;
            }
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            next = format!("/customers?limit=200&cursor={cursor}");
        }
        assert_eq!(seen, 450);
        let left: (i64, i64) =
            app.db(|conn| (custom_values::table.count().get_result(conn).unwrap(), custom_fields::table.count().get_result(conn).unwrap()));
        assert_eq!(left, (0, 0));
    });
}

#[test]
fn what_was_interrupted_goes_on() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = field(&admin, "customers", "no", "text", json!({})).await;
        let (first, second) = (customer(&admin, json!({ "no": "1" })).await, customer(&admin, json!({ "no": "2" })).await);
        admin.act(&format!("{}/retire", path(&made))).await.ok();
        // As a step that came to an end would leave it.
        admin.patch(&path(&first), json!({ "custom": { "no": null } })).await.ok();
        admin.delete(&path(&made)).await.no_content();
        assert_eq!(admin.get(&path(&first)).await.ok()["version"], 2);
        assert_eq!(admin.get(&path(&second)).await.ok()["custom"], json!({}));
        admin.delete(&path(&made)).await.problem(404, "not_found");
    });
}
