//! Two processes on one PostgreSQL: callers spread over both, and both recycle.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::races::{check_shares, insist, some};
use super::{path, pool};
use crate::harness::program::{Program, Serving, folder, until};
use crate::harness::{ADMIN_PASSWORD, Actor, Mirror, history, postgres_url};

/// A rep, logged in on both.
async fn rep(admin: &Actor, servers: &[&Serving; 2], number: usize) -> [Actor; 2] {
    let email = format!("rep{number}@example.com");
    let person = json!({ "email": email, "name": "R", "role": "rep", "password": ADMIN_PASSWORD });
    let id = admin.post("/users", person).await.created()["id"].as_str().unwrap().to_owned();
    let actor = servers[0].login(&email, ADMIN_PASSWORD).await.with_id(&id);
    // What one has signed the other knows.
    let there = Actor::new(&servers[1].base, Some(actor.token().to_owned())).with_id(&id);
    [actor, there]
}

#[tokio::test]
async fn claims_on_two_servers_have_one_winner_and_no_limit_is_exceeded() {
    let (folder, Some(postgres)) = (folder(), postgres_url()) else { return };
    let program = Program { folder: folder.path(), url: postgres.url.clone() };
    let ((first, admin), (second, _)) = (program.start("off").await, program.start("off").await);
    let servers = [&first, &second];
    let mut reps = Vec::new();
    for number in 0..8 {
        reps.push(rep(&admin, &servers, number).await);
    }
    // The last one is wanted by all, and counts for its winner in a pool of its own.
    let (wide, narrow) = (pool(&admin, json!({})).await, pool(&admin, json!({})).await);
    let all = admin.customers(200, &json!({ "pool_id": wide["id"] })).await;
    for wanted in admin.customers(5, &json!({ "pool_id": narrow["id"] })).await {
        let to = path(&narrow, "claims");
        let calls = (0..64).map(|place| {
            let (rep, to, wanted) = (&reps[place % 8][place / 8 % 2], &to, &wanted);
            async move { insist(rep, to, &[wanted], if place % 3 == 0 { "partial" } else { "atomic" }).await }
        });
        let answers = join_all(calls).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1);
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            let problem = if lost.status == 207 { &lost.body["results"][0]["problem"] } else { &lost.body };
            assert_eq!(problem["code"], "already_claimed", "{lost:#?}");
        }
        let moves = history(&admin, &wanted).await;
        assert_eq!((moves.len(), &Mirror::of(&admin).await.customers[&wanted].moves), (1, &moves));
        let owner = reps.iter().find(|rep| rep[0].id == moves[0].2).unwrap();
        let back = json!({ "reason_code": "other", "pool_id": narrow["id"] });
        owner[1].post(&format!("/customers/{wanted}/release"), back).await.ok();
        admin.delete(&format!("/customers/{wanted}")).await.no_content();
    }

    let to = path(&wide, "claims");
    let calls = (0..128).map(|place| {
        let (rep, to, all) = (&reps[place % 8][place / 8 % 2], &to, &all);
        async move { insist(rep, to, &some(all, place, 4), if place % 3 == 0 { "atomic" } else { "partial" }).await }
    });
    for answer in join_all(calls).await {
        assert!(matches!(answer.status, 200 | 207 | 409), "{answer:#?}");
    }
    for [rep, _] in &reps {
        for some in all.chunks(20) {
            insist(rep, &to, &some.iter().map(String::as_str).collect::<Vec<_>>(), "partial").await;
        }
    }
    let there: Vec<Actor> = reps.into_iter().map(|[_, there]| there).collect();
    check_shares(&admin, &there, wide["id"].as_str().unwrap(), 20, &all).await;
}

#[tokio::test]
async fn what_two_servers_recycle_at_once_moves_once() {
    let (folder, Some(postgres)) = (folder(), postgres_url()) else { return };
    let program = Program { folder: folder.path(), url: postgres.url.clone() };
    let (server, admin) = program.start("off").await;
    let rep = rep(&admin, &[&server, &server], 0).await[0].id.clone();
    let pool = admin.get("/pools").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    admin.post(&format!("/pools/{pool}/recycle-rules"), json!({ "kind": "max_hold", "days": 5 })).await.created();
    let all = admin.customers(1000, &json!({ "owner_id": rep })).await;
    drop(server);
    assert_eq!(program.db_age(), 1000);

    let ((_first, admin), (_second, there)) = (program.start("on").await, program.start("on").await);
    let pooled = format!("/customers?include_total=true&limit=1&pool_id={pool}");
    until("all are recycled", async || {
        // Whoever is in the middle of it does not know that the other one may begin.
        program.db_end_leases();
        there.get(&pooled).await.ok()["total"] == 1000
    })
    .await;
    assert_eq!((program.db_moves("recycle"), program.db_changes("customer.recycled")), ((1000, 1000), 1000), "each once");
    let mirror = Mirror::of(&admin).await;
    for id in &all {
        let mirrored = &mirror.customers[id];
        assert_eq!((mirrored.place(), mirrored.moves.len()), (pool.clone(), 1));
    }
    assert_eq!(history(&there, &all[0]).await, [("recycle".to_owned(), rep.clone(), pool.clone())]);
    let told = there.get(&format!("/audit?types=customer.recycled&object_id={}", all[999])).await.ok();
    assert_eq!((told["data"].as_array().unwrap().len(), &told["data"][0]["actor"]), (1, &Value::Null));
}
