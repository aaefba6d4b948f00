//! Many who want the same.

use serde_json::json;

use super::{claim, codes, path, pool, pooled};
use crate::harness::{Actor, App, on_both};

async fn reps(app: &App, count: usize) -> Vec<Actor> {
    let mut reps = Vec::new();
    for _ in 0..count {
        reps.push(app.user("rep").await);
    }
    reps
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
            async move { rep.post(to, claim(&[wanted], "atomic")).await }
        });
        let answers = futures_util::future::join_all(calls).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1);
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            assert_eq!((answer.status, answer.header("error-code")), (409, "already_claimed"));
        }
        let history = admin.get(&format!("/customers/{wanted}/ownership")).await.ok();
        assert_eq!(history["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn nobody_gets_more_than_its_limit() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let reps = reps(&app, 4).await;
        let pool = pool(&admin, json!({ "daily_claim_limit": 5 })).await;
        let mut all = Vec::new();
        for _ in 0..30 {
            all.push(pooled(&admin, &pool).await);
        }
        let to = path(&pool, "claims");
        // Everybody asks for everything, three at a time, in another order.
        let calls = (0..40).map(|place| {
            let (rep, to, all) = (&reps[place % reps.len()], &to, &all);
            async move {
                let wanted: Vec<&str> = (0..3).map(|step| all[(place * 7 + step * 11) % all.len()].as_str()).collect();
                rep.post(to, claim(&wanted, "partial")).await
            }
        });
        let answers = futures_util::future::join_all(calls).await;
        let mut won = 0;
        for answer in &answers {
            assert!(matches!(answer.status, 200 | 207), "{answer:#?}");
            won += codes(&answer.body).iter().filter(|code| code.is_none()).count();
        }
        for rep in &reps {
            let held = rep.get(&format!("/customers?owner_id={}&include_total=true", rep.id)).await.ok()["total"].as_u64().unwrap();
            assert!(held <= 5, "{held}");
            assert_eq!(rep.get("/me/capacity").await.ok()["held"], held);
        }
        let left = admin.get("/customers?include_total=true&owner_id[in]=usr_01jd9xq3v8e6ft2m4k7w0zr5ya").await.ok();
        assert_eq!(left["total"], 0);
        let pooled = admin.get(&format!("/customers?include_total=true&pool_id={}", pool["id"].as_str().unwrap())).await.ok();
        assert_eq!(pooled["total"].as_u64().unwrap() as usize + won, all.len());
    });
}
