//! Several who write tiers at the same moment.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::{changes_of, customer, customer_path, path, tier};
use crate::harness::{Actor, ids, on_both};

/// No customer that is there has a tier that is not.
async fn assert_tiers_stand(admin: &Actor) {
    let tiers = ids(&admin.get("/tiers?limit=200").await.ok());
    for customer in admin.get("/customers?limit=200").await.ok()["data"].as_array().unwrap() {
        let stands = customer["tier_id"].as_str().is_none_or(|id| tiers.iter().any(|tier| tier == id));
        assert!(stands, "a live customer has a deleted tier: {customer:#}");
    }
}

#[test]
fn one_of_many_creators_gets_the_rank() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let creators = (0..16).map(|number| admin.post("/tiers", json!({ "code": format!("t{number}"), "name": "T", "rank": 1 })));
        let mut replies = join_all(creators).await;
        replies.sort_by_key(|reply| reply.status);
        let made = replies.remove(0).created();
        for reply in replies {
            assert_eq!(reply.problem(409, "value_taken")["meta"], json!({ "field": "rank", "existing_id": made["id"] }));
        }
        assert_eq!(ids(&admin.get("/tiers").await.ok()).len(), 1);
    });
}

#[test]
fn of_many_that_become_the_default_one_is_it() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for number in 0..8 {
            tier(&admin, &format!("t{number}"), number).await;
        }
        let made = ids(&admin.get("/tiers").await.ok());
        let patches = made.iter().map(|id| {
            let (admin, there) = (&admin, format!("/tiers/{id}"));
            async move { admin.patch(&there, json!({ "is_default": true })).await.ok() }
        });
        let made: Vec<Value> = join_all(patches).await;
        assert!(made.iter().all(|tier| tier["is_default"] == true));
        assert_eq!(ids(&admin.get("/tiers?is_default=true").await.ok()).len(), 1);
        let changes = join_all(made.iter().map(|tier| changes_of(&admin, tier))).await.concat();
        let demoted = changes.iter().filter(|change| change["changed"]["is_default"]["to"] == false && change["type"] == "tier.updated");
        assert_eq!(demoted.count(), 7, "each change of place has its changes");
    });
}

#[test]
fn a_tier_does_not_go_while_customers_get_it() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for round in 0..10 {
            let gold = tier(&admin, &format!("t{round}"), round).await;
            let mut customers = Vec::new();
            for _ in 0..4 {
                customers.push(customer(&admin, &Value::Null).await);
            }
            let work = (0..8).map(|number| {
                let (admin, gold, customers) = (&admin, &gold, &customers);
                async move {
                    let status = match customers.get(number) {
                        Some(one) => {
                            let to = json!({ "tier_id": gold["id"], "reason": "r" });
                            admin.post(&format!("{}/tier", customer_path(one)), to).await.status
                        }
                        None if number == 4 => admin.delete(&path(gold)).await.status,
                        None => admin.post("/customers", json!({ "name": "B", "kind": "person", "tier_id": gold["id"] })).await.status,
                    };
                    assert!([200, 201, 204, 409, 422].contains(&status), "{status}");
                }
            });
            join_all(work).await;
            assert_tiers_stand(&admin).await;
        }
    });
}

#[test]
fn a_customer_does_not_come_back_with_a_tier_that_goes() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let mut pairs = Vec::new();
        for number in 0..24 {
            let tier = tier(&admin, &format!("t{number}"), number).await;
            let customer = customer(&admin, &tier).await;
            admin.delete(&customer_path(&customer)).await.no_content();
            pairs.push((path(&tier), format!("{}/restore", customer_path(&customer))));
        }
        for (tier, restore) in &pairs {
            let (deleted, restored) = join(admin.delete(tier), admin.act(restore)).await;
            assert!([204, 409].contains(&deleted.status), "{}", deleted.status);
            restored.ok();
        }
        assert_tiers_stand(&admin).await;
    });
}
