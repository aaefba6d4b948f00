//! What stands in front of every handler, attacked.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, HttpServer};
use fishpond::db::Statements;
use fishpond::http::metrics::Metrics;
use fishpond::http::openapi::operations;
use fishpond::http::shell::{ShellOptions, no_route, shell};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN_PASSWORD, Actor, App, DOCUMENT, on_both, on_both_with};

mod bodies;

const MIB: usize = 1024 * 1024;

/// Sends bytes as they are, and reads the status and the body of one answer.
fn raw(app: &App, parts: &[&[u8]]) -> (u16, Value) {
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    parts.iter().for_each(|part| stream.write_all(part).unwrap());
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).expect("an answer in time");
    let status = line.split(' ').nth(1).and_then(|text| text.parse().ok()).expect("a status");
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[test]
fn long_urls_are_refused() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let room = 8 * 1024 - "/api/v1/customers?name=".len();
        admin.list("/customers", &[("name", "a".repeat(room).as_str())]).await.ok();
        let refused = admin.list("/customers", &[("name", "a".repeat(room + 1).as_str())]).await.problem(414, "uri_too_long");
        assert_eq!(refused["meta"], json!({ "max_bytes": 8192 }));
        admin.get(&format!("/nowhere/{}", "a".repeat(9000))).await.problem(414, "uri_too_long");
    });
}

#[test]
fn big_answers_are_compressed_for_those_who_ask() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let asking = async |path: &str, encodings: &str| {
            admin.request(Method::GET, path).header("accept-encoding", encodings).send().await.expect("an answer")
        };
        for path in ["/dictionaries", "/openapi.json"] {
            let whole: usize = admin.get(path).await.header("content-length").parse().unwrap();
            for encoding in ["gzip", "br"] {
                let answer = asking(path, encoding).await;
                assert_eq!(answer.headers()["content-encoding"], encoding);
                assert_eq!(answer.headers()["vary"], "accept-encoding");
                let bytes = answer.bytes().await.unwrap();
                assert!(bytes.len() < whole / 2, "{path}: {} of {whole} bytes", bytes.len());
                assert!(encoding != "gzip" || bytes.starts_with(&[0x1f, 0x8b]));
            }
            assert!(!asking(path, "identity").await.headers().contains_key("content-encoding"));
        }
        for path in ["/livez", "/me", "/nowhere", "/customers/x"] {
            assert!(!asking(path, "gzip, br").await.headers().contains_key("content-encoding"), "{path} is small");
        }
    });
}

#[test]
fn secrets_never_come_back() {
    const ANOTHER: &str = "quite-another-passphrase";
    on_both(|app| async move {
        let (admin, rep, key) = (app.admin().await, app.user("rep").await, app.api_key(&["*"]).await);
        key.get("/customers").await.ok();
        admin.post(&format!("/users/{}/password", rep.id), json!({ "password": ANOTHER })).await.no_content();
        let documented = operations(&DOCUMENT).filter(|(path, method, _)| *method == "get" && !path.contains('{'));
        let mut paths: Vec<String> = documented.map(|(path, ..)| path.to_owned()).collect();
        paths.extend([format!("/users/{}", rep.id), format!("/users/{}", admin.id)]);
        for path in paths {
            let body = admin.get(&path).await.ok();
            let text = body.to_string();
            for secret in [ADMIN_PASSWORD, ANOTHER, "$argon2", &key.token()[12..]] {
                assert!(!text.contains(secret), "{path} shows {secret}");
            }
            let mut found = BTreeSet::new();
            names(&body, &mut found);
            found.retain(|name| ["password", "secret", "hash", "private"].iter().any(|word| name.contains(word)));
            found.remove("must_change_password");
            assert!(found.is_empty(), "{path} has {found:?}");
        }
        let keys = app.anyone().get("/.well-known/jwks.json").await.ok();
        assert!(keys["keys"].as_array().unwrap().iter().all(|key| key.get("d").is_none()), "public keys only");
    });
}

/// The names of all members.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.keys().cloned());
            members.values().for_each(|member| names(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

#[test]
fn only_browsers_of_allowed_origins_may_call() {
    const OURS: &str = "https://app.example.com";
    const ALLOWED: &str = "access-control-allow-origin";
    on_both_with(&[("cors_origins", OURS)], |app| async move {
        let anyone = app.anyone();
        let from = async |method: Method, origin: &str| {
            let request = anyone.request(method, "/customers").header("origin", origin).header("access-control-request-method", "POST");
            request.send().await.expect("an answer")
        };
        let preflight = from(Method::OPTIONS, OURS).await;
        assert_eq!(preflight.status().as_u16(), 200);
        assert_eq!(preflight.headers()[ALLOWED], OURS);
        let refused = from(Method::GET, OURS).await;
        assert_eq!(refused.status().as_u16(), 401);
        assert_eq!(refused.headers()[ALLOWED], OURS, "a page may read what went wrong");
        let exposed = refused.headers()["access-control-expose-headers"].to_str().unwrap();
        assert!(["error-code", "idempotency-replayed"].iter().all(|name| exposed.contains(name)), "{exposed}");
        for method in [Method::OPTIONS, Method::GET] {
            assert!(!from(method, "https://evil.example.com").await.headers().contains_key(ALLOWED));
        }
    });
    on_both(|app| async move {
        let anyone = app.anyone();
        let answer = anyone.send(anyone.request(Method::GET, "/livez").header("origin", OURS)).await;
        assert!(!answer.headers.contains_key(ALLOWED), "nobody, unless it is configured");
    });
}

async fn panicking() -> HttpResponse {
    panic!("the inner text of a panic")
}

#[actix_web::test]
async fn a_panic_is_a_500_problem_and_the_server_goes_on() {
    let document = Arc::new(fishpond::api::document());
    let metrics = Arc::new(Metrics::new().unwrap());
    let options = Data::new(ShellOptions { document, metrics: Arc::clone(&metrics), trusted_proxies: Vec::new() });
    let server = HttpServer::new(move || {
        let app = actix_web::App::new().app_data(options.clone()).route("/nowhere/panic", web::get().to(panicking));
        app.default_service(web::to(no_route)).wrap(from_fn(shell))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let anyone = Actor::new(&format!("http://{}", server.addrs()[0]), None);
    let running = server.run();
    let handle = running.handle();
    actix_web::rt::spawn(running);
    for _ in 0..3 {
        let body = anyone.get("/nowhere/panic").await.problem(500, "internal_error");
        assert!(!body.to_string().contains("inner text"), "{body}");
        anyone.get("/nowhere/else").await.problem(404, "route_not_found");
    }
    let counted = String::from_utf8(metrics.text(&Statements::default(), 0)).unwrap();
    assert!(counted.contains(r#"fishpond_http_requests_total{method="GET",route="unknown",status="500"} 3"#), "{counted}");
    handle.stop(false).await;
}
