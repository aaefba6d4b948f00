//! Many at once with one key, and servers that die.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use reqwest::Method;
use serde_json::{Value, json};

use super::{assert_replayed, customers, person, post, request};
use crate::harness::program::{PATIENCE, SERVE, Serving, fishpond, folder};
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Actor, Reply, on_both, postgres_url};

/// Sends until the answer is none of those that ask to come back.
async fn insist(actor: &Actor, key: &str, body: &Value) -> Reply {
    loop {
        let reply = post(actor, "/customers", key, body).await;
        if reply.status != 409 {
            return reply;
        }
        assert_eq!(reply.header("retry-after"), "1");
        assert_eq!(reply.problem(409, "idempotency_in_progress")["retryable"], true);
    }
}

/// A hundred at once, shared out among the callers, then again until all have an answer.
async fn storm(callers: &[&Actor]) {
    let body = person("A");
    let at_once = async |number: usize| {
        let reply = post(callers[number % callers.len()], "/customers", "storm", &body).await;
        assert!(reply.status == 201 || reply.header("error-code") == "idempotency_in_progress", "{reply:#?}");
        (reply.status == 201).then_some(reply.text)
    };
    let answered: Vec<String> = join_all((0..100).map(at_once)).await.into_iter().flatten().collect();
    assert!(!answered.is_empty(), "somebody does it");
    let retries = join_all(callers.iter().map(|caller| insist(caller, "storm", &body))).await;
    let all: BTreeSet<&str> = answered.iter().map(String::as_str).chain(retries.iter().map(|reply| reply.text.as_str())).collect();
    assert_eq!(all.len(), 1, "one answer for all");
    assert!(retries.iter().all(|reply| reply.header("idempotency-replayed") == "true"));
    assert_eq!(customers(callers[0]).await, 1);
}

#[test]
fn who_comes_while_it_runs_is_asked_to_come_back() {
    on_both(|app| async move {
        let (admin, body) = (app.admin().await, person("A"));
        let (release, released) = mpsc::channel();
        let holder = app.hold_writes(released);
        let [one, other] = [(); 2].map(|()| Box::pin(post(&admin, "/customers", "k", &body)));
        let (Either::Left((first, waiting)) | Either::Right((first, waiting))) = select(one, other).await;
        assert_eq!(first.header("retry-after"), "1");
        assert_eq!(first.problem(409, "idempotency_in_progress")["retryable"], true);
        release.send(()).expect("it waits");
        holder.join().expect("it held");
        let made = waiting.await;
        assert_eq!((made.status, made.header("idempotency-replayed")), (201, ""));
        assert_replayed(&made, &post(&admin, "/customers", "k", &body).await);
    });
}

#[test]
fn of_a_hundred_at_once_one_is_done() {
    on_both(|app| async move {
        let admin = app.admin().await;
        storm(&[&admin]).await;
    });
}

#[test]
fn of_a_hundred_at_once_on_two_servers_one_is_done() {
    on_both(|app| async move {
        let Some(other) = app.beside() else { return };
        let admin = app.admin().await;
        storm(&[&admin, &other.with_token(admin.token())]).await;
    });
}

#[test]
fn callers_that_go_away_leave_nothing_half_done() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let impatient = async |number: u64| {
            let (key, body) = (format!("k{number}"), person(&format!("A{number}")));
            let patience = Duration::from_micros(number * 250);
            let _ = tokio::time::timeout(patience, post(&admin, "/customers", &key, &body)).await;
            insist(&admin, &key, &body).await.created()["id"].to_string()
        };
        let made: BTreeSet<String> = join_all((0..40).map(impatient)).await.into_iter().collect();
        assert_eq!((made.len(), customers(&admin).await), (40, 40));
    });
}

/// The server waits between commit and answer, and is killed there.
#[cfg(debug_assertions)]
#[tokio::test]
async fn a_server_that_dies_before_it_answers_has_done_it_once() {
    let (folder, postgres) = (folder(), postgres_url());
    for url in ["sqlite://killed.db"].into_iter().chain(postgres.as_ref().map(|database| database.url.as_str())) {
        let start = |waits: bool| {
            let mut command = fishpond(folder.path(), &SERVE);
            command
                .env("FISHPOND_DATABASE_URL", url)
                .env("FISHPOND_ADMIN_EMAIL", ADMIN_EMAIL)
                .env("FISHPOND_ADMIN_PASSWORD", ADMIN_PASSWORD);
            if waits {
                command.env("TEST_WAIT_AFTER_COMMIT", "1");
            }
            Serving::start(&mut command).expect("it listens")
        };
        let mut server = start(true);
        let admin = server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let (waiting, body) = (admin.clone(), person("A"));
        let unanswered = tokio::spawn(request(&waiting, Method::POST, "/customers", "k", &body).send());
        let began = std::time::Instant::now();
        while customers(&admin).await == 0 {
            assert!(began.elapsed() < PATIENCE && !unanswered.is_finished(), "it is not committed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.child.kill().expect("it is killed");
        assert!(unanswered.await.expect("a result").is_err(), "nobody was answered");
        drop(server);

        let server = start(false);
        let admin = server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
        let retried = post(&admin, "/customers", "k", &body).await;
        assert_eq!((retried.status, retried.header("idempotency-replayed")), (201, "true"));
        let page = admin.get("/customers").await.ok();
        assert_eq!(page["data"], json!([retried.body]), "one customer, and it is this one");
    }
}
