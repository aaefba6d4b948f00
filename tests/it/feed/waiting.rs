//! Waiting for a change.

use std::time::{Duration, Instant};

use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;
use fishpond::db::{Condition, DbConnection};
use futures_util::future::{Either, join_all, select};
use serde_json::{Value, json};

use super::{latest, told};
use crate::harness::{Actor, App, on_both};

/// Far less than what the requests here wait for.
const SOON: Duration = Duration::from_secs(10);

async fn poll(actor: &Actor, after: &str, types: &str) -> Value {
    actor.list("/changes", &[("after", after), ("types", types), ("wait", "30")]).await.ok()
}

async fn customer(actor: &Actor) -> Value {
    actor.post("/customers", json!({ "name": "A", "kind": "person" })).await.created()
}

/// Ends when nobody uses a connection to PostgreSQL, not even for a moment.
fn until_idle(app: &App) {
    const BUSY: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' \
                        AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let busy = |conn: &mut DbConnection| Condition::sql(BUSY).giving::<BigInt>().get_result::<i64>(conn).unwrap();
    let began = Instant::now();
    app.db(|conn| {
        while !conn.is_sqlite() && busy(conn) > 0 {
            assert!(began.elapsed() < SOON, "connections are held");
        }
    });
}

fn created(page: &Value) -> Vec<String> {
    told(page["data"].as_array().unwrap()).into_iter().map(|(_, id)| id).collect()
}

#[test]
fn it_ends_with_a_change_that_is_asked_for() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let start = latest(&admin).await;
        let began = Instant::now();
        let asked = poll(&admin, &start, "tier.*");
        let own = poll(&rep, &start, "customer.*");
        let writing = async {
            app.until_waiting(2).await;
            customer(&admin).await;
            let own = rep.post("/customers", json!({ "name": "O", "kind": "person" })).await.created();
            let tier = admin.post("/tiers", json!({ "code": "t", "name": "T", "rank": 1 })).await.created();
            (own, tier)
        };
        let (asked, own, (customer, tier)) = tokio::join!(asked, own, writing);
        assert_eq!(created(&asked), [tier["id"].as_str().unwrap()]);
        // What lies in the pool is seen by everybody.
        assert!(own["data"].as_array().unwrap().len() <= 2 && !own["data"].as_array().unwrap().is_empty(), "{own:#}");
        let rest = poll(&rep, &start, "customer.created").await;
        assert!(created(&rest).contains(&customer["id"].as_str().unwrap().to_owned()));
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        app.until_waiting(0).await;
    });
}

#[test]
fn what_is_there_is_not_waited_for_and_nothing_ends_after_its_time() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let start = latest(&admin).await;
        let made = customer(&admin).await;
        let began = Instant::now();
        assert_eq!(created(&poll(&admin, &start, "customer.*").await), [made["id"].as_str().unwrap()]);
        assert!(began.elapsed() < SOON);
        let page = admin.get("/changes?after=latest&wait=1").await.ok();
        assert_eq!((&page["data"], &page["has_more"]), (&json!([]), &json!(false)));
        assert!(began.elapsed() >= Duration::from_secs(1));
        for wrong in ["31", "-1", "x", "1.5"] {
            admin.get(&format!("/changes?wait={wrong}")).await.problem(400, "invalid_parameter");
        }
    });
}

/// More requests wait than there are connections; others are answered meanwhile, and then one write answers them all.
#[test]
fn many_wait_and_hold_nothing() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let start = latest(&admin).await;
        admin.get("/me").await.ok(); // the session is believed from here on
        let began = Instant::now();
        let waiting = join_all((0..200).map(|_| poll(&admin, &start, "tier.*")));
        let others = async {
            app.until_waiting(200).await;
            for reply in join_all((0..40).map(|_| admin.get("/customers"))).await {
                reply.ok();
            }
            customer(&admin).await;
            until_idle(&app);
            admin.post("/tiers", json!({ "code": "t", "name": "T", "rank": 1 })).await.created()
        };
        let (pages, tier) = tokio::join!(waiting, others);
        for page in pages {
            assert_eq!(created(&page), [tier["id"].as_str().unwrap()]);
        }
        assert!(began.elapsed() < 2 * SOON, "{:?}", began.elapsed());
    });
}

#[test]
fn what_another_server_writes_is_noticed() {
    on_both(|app| async move {
        let Some(beside) = app.beside() else { return };
        let (admin, elsewhere) = (app.admin().await, beside.admin().await);
        let start = latest(&admin).await;
        let began = Instant::now();
        let writing = async {
            app.until_waiting(1).await;
            customer(&elsewhere).await
        };
        let (page, made) = tokio::join!(poll(&admin, &start, "customer.*"), writing);
        assert_eq!(created(&page), [made["id"].as_str().unwrap()]);
        assert!(began.elapsed() < SOON);
    });
}

#[test]
fn whoever_has_gone_is_not_waited_for() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let start = latest(&admin).await;
        let polling = Box::pin(poll(&admin, &start, "tier.*"));
        let gone = match select(polling, Box::pin(app.until_waiting(1))).await {
            Either::Left(_) => panic!("nothing changed"),
            Either::Right(((), polling)) => polling,
        };
        drop(gone);
        app.until_waiting(0).await;
    });
}

#[test]
fn a_caller_that_was_revoked_meanwhile_is_told_nothing() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = admin.post("/api-keys", json!({ "name": "K", "scopes": ["*"] })).await.created();
        let key = app.with_token(made["key"].as_str().unwrap());
        let start = latest(&admin).await;
        let query = [("after", start.as_str()), ("types", "customer.*"), ("wait", "30")];
        let revoking = async {
            app.until_waiting(1).await;
            admin.act(&format!("/api-keys/{}/revoke", made["id"].as_str().unwrap())).await.ok();
            customer(&admin).await;
        };
        let (reply, ()) = tokio::join!(key.list("/changes", &query), revoking);
        reply.problem(401, "invalid_api_key");
    });
}

/// A server that is told to stop answers those who wait at once.
#[test]
fn a_server_that_stops_lets_nobody_wait() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let start = latest(&admin).await;
        let began = Instant::now();
        let stopping = async {
            app.until_waiting(3).await;
            app.stop().await;
        };
        let polls = join_all((0..3).map(|_| poll(&admin, &start, "tier.*")));
        let (pages, ()) = tokio::join!(polls, stopping);
        for page in pages {
            assert_eq!((&page["data"], &page["next_cursor"]), (&json!([]), &json!(start)));
        }
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    });
}

/// The harness' own server is dropped while somebody waits.
#[test]
fn waiting_does_not_keep_a_server_alive() {
    on_both(|app: App| async move {
        let admin = app.admin().await;
        let polling = Box::pin(admin.list("/changes", &[("after", "latest"), ("wait", "30")]));
        let began = Instant::now();
        match select(polling, Box::pin(app.until_waiting(1))).await {
            Either::Left(_) => panic!("nothing changed"),
            Either::Right(((), polling)) => drop(polling),
        }
        drop(app);
        assert!(began.elapsed() < 2 * SOON);
    });
}
