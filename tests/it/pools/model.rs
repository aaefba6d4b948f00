//! Whatever happens at the same time: a customer is always in one place, and its history says how it got there.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{path, pool, pooled};
use crate::harness::{Actor, Dice, on_both};

/// Where a customer is: the id of its owner or of its pool.
fn place(object: &Value, owner: &str, pool: &str) -> String {
    match (object[owner].as_str(), object[pool].as_str()) {
        (Some(owner), None) => owner.to_owned(),
        (None, Some(pool)) => pool.to_owned(),
        other => panic!("in one place, not in {other:?}"),
    }
}

/// Something that somebody does to one of the customers; whether it may be done is left to the server.
fn act(dice: &mut Dice, admin: &Actor, reps: &[Actor], pools: &[Value], customers: &[String]) -> (Actor, String, Value) {
    let (rep, pool, id) = (dice.pick(reps).clone(), dice.pick(pools).clone(), dice.pick(customers).clone());
    match dice.below(8) {
        0..=2 => {
            let other = dice.pick(customers).clone();
            let ids = if other == id { vec![id] } else { vec![id, other] };
            (rep, path(&pool, "claims"), json!({ "ids": ids, "mode": dice.pick(&["partial", "atomic"]) }))
        }
        3 | 4 => (rep, format!("/customers/{id}/release"), json!({ "reason_code": "other", "pool_id": pool["id"] })),
        5 => {
            let to = dice.pick(reps).id.clone();
            (admin.clone(), "/customers/transfer".to_owned(), json!({ "ids": [id], "to_user_id": to, "reason": "x" }))
        }
        6 => {
            let to = dice.pick(reps).id.clone();
            (admin.clone(), path(&pool, "assignments"), json!({ "ids": [id], "mode": "atomic", "to_user_id": to }))
        }
        _ => (admin.clone(), format!("/customers/{id}/unlock"), Value::Null),
    }
}

#[test]
fn two_hundred_moves_at_once_leave_each_customer_in_one_place() {
    on_both(|app| async move {
        let seed: u64 = std::env::var("MODEL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
        let mut dice = Dice(seed);
        let admin = app.admin().await;
        let (mut reps, mut pools, mut customers) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..3 {
            reps.push(app.user("rep").await);
        }
        for _ in 0..2 {
            pools.push(pool(&admin, json!({ "daily_claim_limit": 1000, "reclaim_cooldown_days": 0 })).await);
        }
        for number in 0..4 {
            customers.push(pooled(&admin, &pools[number % 2]).await);
        }
        let first: Vec<String> = (0..4).map(|number: usize| pools[number % 2]["id"].as_str().unwrap().to_owned()).collect();
        let mut done = 0;
        for round in 0..25 {
            let mut calls = Vec::new();
            for _ in 0..8 {
                calls.push(act(&mut dice, &admin, &reps, &pools, &customers));
            }
            let answers = join_all(calls.iter().map(|(actor, to, body)| async move {
                if body.is_null() { actor.act(to).await } else { actor.post(to, body.clone()).await }
            }));
            for answer in answers.await {
                assert!(matches!(answer.status, 200 | 207 | 403 | 404 | 409), "seed {seed}, round {round}: {answer:#?}");
                done += usize::from(answer.status == 200);
            }
        }
        assert!(done > 20, "seed {seed}: only {done} were done");
        for (id, began) in customers.iter().zip(first) {
            let now = admin.get(&format!("/customers/{id}")).await.ok();
            let history = admin.get(&format!("/customers/{id}/ownership?limit=200")).await.ok();
            let mut at = began;
            for event in history["data"].as_array().unwrap().iter().rev() {
                assert_eq!(place(event, "from_owner_id", "from_pool_id"), at, "seed {seed}: {history:#}");
                at = place(event, "to_owner_id", "to_pool_id");
            }
            assert_eq!(place(&now, "owner_id", "pool_id"), at, "seed {seed}: the history ends where the customer is");
        }
    });
}
