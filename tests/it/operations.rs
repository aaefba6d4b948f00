//! Running it: is it alive, is it ready, what does it count, and what happens while its database is away.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use serde_json::json;

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, App, on_both};

#[test]
fn it_is_alive_and_ready() {
    on_both(|app| async move {
        for path in ["/livez", "/readyz"] {
            assert_eq!(app.anyone().get(path).await.ok(), json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }));
        }
    });
}

#[test]
fn requests_are_counted_by_route_on_a_listener_of_their_own() {
    on_both(|app| async move {
        let anyone = app.anyone();
        for id in ["a", "b", "c"] {
            anyone.get(&format!("/customers/{id}")).await.problem(401, "unauthenticated");
        }
        anyone.get("/livez").await.ok();
        anyone.get("/nowhere/a").await.problem(404, "route_not_found");
        anyone.get("/nowhere/b").await.problem(404, "route_not_found");

        let answer = reqwest::get(&app.metrics).await.unwrap();
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
        let text = answer.text().await.unwrap();
        for line in [
            r#"fishpond_http_requests_total{method="GET",route="/api/v1/customers/{id}",status="401"} 3"#,
            r#"fishpond_http_requests_total{method="GET",route="/livez",status="200"} 1"#,
            r#"fishpond_http_requests_total{method="GET",route="unknown",status="404"} 2"#,
            r#"fishpond_http_request_duration_seconds_count{method="GET",route="/livez"} 1"#,
            "# TYPE fishpond_http_requests_total counter",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        let before = app.statements().await;
        anyone.get("/readyz").await.ok();
        assert_eq!(app.statements().await, before + 1, "one to ask whether the database is there");
        assert_eq!(reqwest::get(format!("{}/metrics", app.base)).await.unwrap().status().as_u16(), 404, "not where clients come in");
    });
}

/// The way to a database's server from outside of the database.
struct Outside {
    server: String,
    name: String,
}

impl Outside {
    fn of(app: &App) -> Self {
        let mut url = url::Url::parse(&app.database_url()).expect("a URL");
        let name = url.path().trim_start_matches('/').to_owned();
        url.set_path("/postgres");
        Self { server: url.into(), name }
    }

    fn run(&self, statement: &str) {
        let mut conn = PgConnection::establish(&self.server).expect("the PostgreSQL server answers");
        conn.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    fn allow(&self, is_allowed: bool) {
        self.run(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS {is_allowed}", self.name));
    }

    /// Ends every connection to the database, and waits until they have ended.
    fn cut(&self) {
        self.run(&format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{}'", self.name));
    }
}

#[test]
fn without_its_database_it_says_so_and_recovers_by_itself() {
    on_both(|app| async move {
        if app.is_sqlite() {
            return; // a file does not go away
        }
        let (admin, anyone, outside) = (app.admin().await, app.anyone(), Outside::of(&app));
        let made = admin.post("/customers", json!({ "name": "A", "kind": "organization" })).await.created();
        let path = format!("/customers/{}", made["id"].as_str().unwrap());
        // So that there are several connections to lose.
        futures_util::future::join_all((0..6).map(|_| admin.get("/customers"))).await.into_iter().for_each(|reply| drop(reply.ok()));

        outside.allow(false);
        outside.cut();
        for _ in 0..2 {
            let (one, list, new, change, feed, login, ready) = tokio::join!(
                admin.get(&path),
                admin.get("/customers?include_total=true"),
                admin.post("/customers", json!({ "name": "B", "kind": "organization" })),
                admin.patch(&path, json!({ "name": "C" })),
                admin.get("/changes"),
                anyone.post("/auth/login", json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD })),
                anyone.get("/readyz"),
            );
            for refused in [one, list, new, change, feed, login, ready] {
                assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds >= 1), "{refused:?}");
                assert_eq!(refused.problem(503, "database_unavailable")["retryable"], true);
            }
            anyone.get("/livez").await.ok();
        }

        outside.allow(true);
        let began = Instant::now();
        loop {
            let reply = admin.get(&path).await;
            if reply.status == 200 {
                assert_eq!(reply.ok(), made, "nothing of what was refused was written");
                break;
            }
            reply.problem(503, "database_unavailable");
            assert!(began.elapsed() < Duration::from_secs(5), "it does not recover");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyone.get("/readyz").await.ok();
        assert_eq!(admin.get("/customers?include_total=true").await.ok()["total"], 1);
        admin.patch(&path, json!({ "name": "C" })).await.ok();
    });
}

#[test]
fn connections_that_were_cut_are_replaced() {
    on_both(|app| async move {
        if app.is_sqlite() {
            return;
        }
        let (admin, outside) = (app.admin().await, Outside::of(&app));
        futures_util::future::join_all((0..6).map(|_| admin.get("/customers"))).await.into_iter().for_each(|reply| drop(reply.ok()));
        outside.cut();
        // Each connection that was cut may cost one request.
        let mut refused = 0;
        loop {
            let reply = admin.post("/customers", json!({ "name": "A", "kind": "organization" })).await;
            if reply.status == 201 {
                break;
            }
            reply.problem(503, "database_unavailable");
            refused += 1;
            assert!(refused <= 8, "more requests than connections were refused");
        }
        for reply in futures_util::future::join_all((0..16).map(|_| admin.get("/customers"))).await {
            if reply.status != 200 {
                reply.problem(503, "database_unavailable");
                refused += 1;
            }
        }
        assert!(refused <= 8, "more requests than connections were refused");
        assert_eq!(admin.get("/customers?include_total=true").await.ok()["total"], 1, "refused is not written");
    });
}
