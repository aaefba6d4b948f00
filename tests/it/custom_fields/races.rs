//! Several who write values at the same moment.

use futures_util::future::{join, join_all};
use serde_json::json;

use super::{company, customer, field, path};
use crate::harness::{ids, on_both};

#[test]
fn one_of_many_gets_a_unique_value() {
    on_both(|app| async move {
        let admin = app.admin().await;
        field(&admin, "customers", "no", "text", json!({ "is_unique": true })).await;
        field(&admin, "customers", "n", "integer", json!({ "is_unique": true })).await;
        for (round, custom) in [json!({ "no": "A" }), json!({ "n": 1 }), json!({ "no": "B", "n": 2 })].into_iter().enumerate() {
            let mut replies = join_all((0..16).map(|_| admin.post("/customers", company(custom.clone())))).await;
            replies.sort_by_key(|reply| reply.status);
            let made = replies.remove(0).created();
            for reply in replies {
                assert_eq!(reply.problem(409, "value_taken")["meta"]["existing_id"], made["id"]);
            }
            assert_eq!(ids(&admin.get("/customers").await.ok()).len(), round + 1);
        }
    });
}

#[test]
fn a_field_becomes_unique_while_values_come() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for round in 0..8 {
            let key = format!("k{round}");
            let made = field(&admin, "customers", &key, "text", json!({})).await;
            let creators = join_all((0..4).map(|_| admin.post("/customers", company(json!({ key.as_str(): "x" })))));
            let (replies, patched) = join(creators, admin.patch(&path(&made), json!({ "is_unique": true }))).await;
            let made = replies.iter().filter(|reply| reply.status == 201).count();
            assert!(patched.status == 409 || made == 1, "{} of them were made, and it became unique", made);
            assert!(replies.iter().all(|reply| [201, 409].contains(&reply.status)), "{replies:#?}");
        }
    });
}

#[test]
fn no_value_comes_to_a_field_that_goes() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for round in 0..8 {
            let key = format!("k{round}");
            let made = field(&admin, "customers", &key, "text", json!({})).await;
            let old = customer(&admin, json!({ key.as_str(): "old" })).await;
            let work = (0..4).map(|_| admin.post("/customers", company(json!({ key.as_str(): "x" }))));
            let gone = async {
                admin.act(&format!("{}/retire", path(&made))).await.ok();
                let (old, made) = (path(&old), path(&made));
                let (patched, deleted) = join(admin.patch(&old, json!({ "name": "B" })), admin.delete(&made)).await;
                patched.ok();
                deleted.no_content();
            };
            let (replies, ()) = join(join_all(work), gone).await;
            assert!(replies.iter().all(|reply| [201, 422].contains(&reply.status)), "{replies:#?}");
            for row in admin.get("/customers?limit=200").await.ok()["data"].as_array().unwrap() {
                assert_eq!(row["custom"], json!({}), "{row:#}");
            }
        }
    });
}
