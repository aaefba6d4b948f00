//! Many who want the same.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;

use super::{claim, path, pool, pooled};
use crate::harness::{Actor, App, Mirror, Reply, history, on_both};

async fn reps(app: &App, count: usize) -> Vec<Actor> {
    let mut reps = Vec::new();
    for _ in 0..count {
        reps.push(app.user("rep").await);
    }
    reps
}

/// Claims. Whom a busy server has no place for comes again.
pub async fn insist(rep: &Actor, to: &str, wanted: &[&str], mode: &str) -> Reply {
    loop {
        let answer = rep.post(to, claim(wanted, mode)).await;
        if answer.status != 503 {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn of_64_claims_of_one_customer_one_wins() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let reps = reps(&app, 8).await;
        let pool = pool(&admin, json!({ "daily_claim_limit": 1000 })).await;
        let wanted = pooled(&admin, &pool).await;
        let to = path(&pool, "claims");
        let calls = (0..64).map(|place| {
            let (rep, to, wanted) = (&reps[place % reps.len()], &to, &wanted);
            async move { insist(rep, to, &[wanted], "atomic").await }
        });
        let answers = futures_util::future::join_all(calls).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1);
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            assert_eq!((answer.status, answer.header("error-code")), (409, "already_claimed"));
        }
        let moves = history(&admin, &wanted).await;
        assert_eq!((moves.len(), &Mirror::of(&admin).await.customers[&wanted].moves), (1, &moves));
    });
}

/// What reps got who asked for more than they may have, and what was left: nobody has too much, and nothing is lost.
pub async fn check_shares(admin: &Actor, reps: &[Actor], pool: &str, limit: usize, all: &[String]) {
    let mirror = Mirror::of(admin).await;
    let mut got: HashMap<String, usize> = HashMap::new();
    for id in all {
        let mirrored = &mirror.customers[id];
        let moves = history(admin, id).await;
        assert_eq!(mirrored.moves, moves, "each move is told once");
        match moves.as_slice() {
            [] => assert_eq!(mirrored.place(), pool, "it was left"),
            [(kind, from, to)] => {
                assert_eq!((kind.as_str(), from.as_str(), to), ("claim", pool, &mirrored.place()));
                *got.entry(to.clone()).or_default() += 1;
            }
            more => panic!("one winner for each: {more:?}"),
        }
    }
    for rep in reps {
        let own = rep.get(&format!("/customers?owner_id={}&include_total=true&limit=1", rep.id)).await.ok()["total"].clone();
        assert_eq!((got.get(&rep.id), &own), (Some(&limit), &json!(limit)), "all that it may have, and not one more");
        let capacity = rep.get("/me/capacity").await.ok();
        let of_pool = capacity["pools"].as_array().unwrap().iter().find(|one| one["pool_id"] == *pool).unwrap();
        assert_eq!((&capacity["held"], &of_pool["claimed_today"]), (&own, &own));
    }
    let left = admin.get(&format!("/customers?include_total=true&limit=1&pool_id={pool}")).await.ok();
    assert_eq!(left["total"].as_u64().unwrap() as usize + got.values().sum::<usize>(), all.len(), "nothing is lost");
}

/// What one of many requests asks for, which all go through the pool in another order.
pub fn some(all: &[String], place: usize, count: usize) -> Vec<&str> {
    (0..count).map(|step| all[(place * 7 + step * 11) % all.len()].as_str()).collect()
}

#[test]
fn nobody_gets_more_than_its_limit() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let reps = reps(&app, 8).await;
        let pool = pool(&admin, json!({})).await;
        let all = admin.customers(200, &json!({ "pool_id": pool["id"] })).await;
        let to = path(&pool, "claims");
        // Eight times five of four are as many as there may be; some are lost to others, so everybody asks for twice as much.
        let calls = (0..96).map(|place| {
            let (rep, to, all) = (&reps[place % reps.len()], &to, &all);
            async move { insist(rep, to, &some(all, place, 4), if place % 3 == 0 { "atomic" } else { "partial" }).await }
        });
        for answer in futures_util::future::join_all(calls).await {
            assert!(matches!(answer.status, 200 | 207 | 409), "{answer:#?}");
        }
        // What is left over is there for whoever may have more.
        for rep in &reps {
            for place in 0..all.len() / 20 {
                let wanted: Vec<&str> = all[place * 20..][..20].iter().map(String::as_str).collect();
                insist(rep, &to, &wanted, "partial").await;
            }
        }
        check_shares(&admin, &reps, pool["id"].as_str().unwrap(), 20, &all).await;
    });
}
