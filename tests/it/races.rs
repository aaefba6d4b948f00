//! Several callers at the same moment.

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{ids, on_both};

#[test]
fn parallel_patches_lose_nothing() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = admin.post("/customers", json!({ "name": "A", "kind": "organization" })).await.created();
        let path = format!("/customers/{}", made["id"].as_str().unwrap());
        let members = ["source_detail", "needs", "remarks", "email", "website"];
        let patches = (0..50).map(|number| {
            let (admin, path, member) = (admin.clone(), path.clone(), members[number % 5]);
            let value = match member {
                "email" => format!("a{number}@example.com"),
                "website" => format!("https://example.com/{number}"),
                _ => format!("value {number}"),
            };
            async move { admin.patch(&path, json!({ member: value })).await.ok()["version"].as_i64().unwrap() }
        });
        let mut versions = join_all(patches).await;
        versions.sort_unstable();
        assert_eq!(versions, (2..=51).collect::<Vec<i64>>(), "each patch made a version of its own");
        let end = admin.get(&path).await.ok();
        assert!(members.iter().all(|member| end[member].is_string()), "{end:#}");
    });
}

#[test]
fn one_of_many_patches_with_the_same_if_match_wins() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = admin.post("/customers", json!({ "name": "A", "kind": "organization" })).await.created();
        let path = format!("/customers/{}", made["id"].as_str().unwrap());
        let patches = (0..16).map(|number| admin.patch_if(&path, "\"v1\"", json!({ "name": format!("B{number}") })));
        let statuses: Vec<u16> = join_all(patches).await.into_iter().map(|reply| reply.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 15, "{statuses:?}");
    });
}

#[test]
fn one_of_many_creators_gets_the_external_reference() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let creators = (0..16).map(|number| {
            let input = json!({ "name": format!("C{number}"), "kind": "person", "external_refs": [{ "system": "erp", "value": "1" }] });
            admin.post("/customers", input)
        });
        let statuses: Vec<u16> = join_all(creators).await.into_iter().map(|reply| reply.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 15, "{statuses:?}");
        assert_eq!(ids(&admin.get("/customers").await.ok()).len(), 1, "the others left nothing behind");
    });
}

#[test]
fn a_customer_never_has_two_primary_contacts() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = admin.post("/customers", json!({ "name": "C", "kind": "organization" })).await.created()["id"].clone();
        let creators = (0..12).map(|number| {
            let input = json!({ "name": format!("P{number}"), "links": [{ "customer_id": customer, "is_primary": true }] });
            admin.post("/contacts", input)
        });
        for reply in join_all(creators).await {
            reply.created();
        }
        let contacts = admin.list("/contacts", &[("customer_id", customer.as_str().unwrap())]).await.ok();
        let rows = contacts["data"].as_array().unwrap();
        assert_eq!(rows.len(), 12);
        assert_eq!(rows.iter().filter(|row| row["links"][0]["is_primary"] == true).count(), 1);
    });
}

#[test]
fn parallel_parent_changes_make_no_cycle() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for _ in 0..5 {
            let mut made = Vec::new();
            for name in ["A", "B", "C"] {
                made.push(
                    admin.post("/customers", json!({ "name": name, "kind": "organization" })).await.created()["id"]
                        .as_str()
                        .unwrap()
                        .to_owned(),
                );
            }
            let moves = (0..3).map(|index| {
                let (path, parent) = (format!("/customers/{}", made[index]), made[(index + 1) % 3].clone());
                let admin = admin.clone();
                async move { admin.patch(&path, json!({ "parent_id": parent })).await.status }
            });
            let mut statuses = join_all(moves).await;
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 200, 409]);
        }
    });
}

/// On SQLite many writes share one commit: those that fail must not take the others with them, nor leave anything behind.
#[test]
fn failing_writes_do_not_touch_their_neighbours() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let writes = (0..60).map(|number| {
            let (admin, good) = (admin.clone(), number % 3 != 0);
            async move {
                let source = if good { "referral" } else { "nonsense" };
                let reply = admin.post("/customers", json!({ "name": format!("C{number}"), "kind": "person", "source": source })).await;
                if good { assert_eq!(reply.status, 201) } else { drop(reply.invalid(&[("/source", "unknown_code")])) }
            }
        });
        join_all(writes).await;
        assert_eq!(admin.get("/customers?limit=200").await.ok()["data"].as_array().unwrap().len(), 40);
    });
}
