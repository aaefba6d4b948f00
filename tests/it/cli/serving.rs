//! A server as its operator sees it: its first start, its end, its health, its log.

use std::io::{BufRead, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use fishpond::http::openapi::operations;
use reqwest::Method;
use serde_json::{Value, json};

use super::refused;
use crate::harness::program::{PATIENCE, SERVE, Serving, ended, fishpond, folder, run};
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, DOCUMENT};

/// The generated password, from where it is shown.
fn generated_password(log: &str) -> Option<String> {
    let mut shown = log.lines().filter_map(|line| line.strip_prefix("  password  ")).filter(|text| text.contains("shown this once"));
    let password = shown.next().and_then(|text| text.split_whitespace().next().map(str::to_owned));
    assert!(shown.next().is_none(), "twice: {log}");
    password
}

#[tokio::test]
async fn a_first_start_makes_what_it_needs_and_its_password_must_be_changed() {
    let folder = folder();
    let server = Serving::start(&mut fishpond(folder.path(), &SERVE)).expect("it listens");
    server.anyone().get("/readyz").await.ok();
    assert!(folder.path().join("data/fishpond.db").exists(), "below the folder it was started in");
    let password = generated_password(&server.log()).expect("a generated password");
    assert_eq!(server.log().matches(&password).count(), 1);

    let admin = server.login("admin@fishpond.local", &password).await;
    assert_eq!(admin.get("/me").await.ok()["user"]["must_change_password"], true);
    for (path, method, operation) in operations(&DOCUMENT) {
        let is_allowed = matches!(operation["operationId"].as_str(), Some("get_me" | "change_my_password" | "logout"));
        if !is_allowed && operation["security"] != json!([{}]) {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let request = admin.request(method, &path.replace("{id}", "x").replace("{name}", "x"));
            admin.send(request).await.problem(403, "password_change_required");
        }
    }
    let change = |new: &str| admin.post("/me/password", json!({ "current_password": password, "new_password": new }));
    change("short").await.problem(422, "validation_failed");
    admin.get("/customers").await.problem(403, "password_change_required");
    change(ADMIN_PASSWORD).await.no_content();
    admin.post("/customers", json!({ "name": "A", "kind": "person" })).await.created();
    admin.act("/auth/logout").await.no_content();
    assert_eq!(server.stop(), Some(0));

    let server = Serving::start(&mut fishpond(folder.path(), &SERVE)).expect("it listens");
    assert!(!server.log().contains("password"), "it is not shown again: {}", server.log());
    server
        .anyone()
        .post("/auth/login", json!({ "email": "admin@fishpond.local", "password": password }))
        .await
        .problem(401, "invalid_credentials");
    let admin = server.login("admin@fishpond.local", ADMIN_PASSWORD).await;
    assert_eq!(admin.get("/customers?include_total=true").await.ok()["total"], 1, "what was written stays");
}

#[tokio::test]
async fn a_configured_administrator_needs_no_change() {
    let folder = folder();
    let mut command = fishpond(folder.path(), &SERVE);
    command.env("FISHPOND_ADMIN_EMAIL", ADMIN_EMAIL).env("FISHPOND_ADMIN_PASSWORD", ADMIN_PASSWORD);
    let server = Serving::start(&mut command).expect("it listens");
    server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await.get("/customers").await.ok();
    assert!(server.log().contains(ADMIN_EMAIL) && !server.log().contains(ADMIN_PASSWORD), "{}", server.log());

    let weak = refused(command.env("DATABASE_URL", "sqlite://weak.db").env("FISHPOND_ADMIN_PASSWORD", "short"));
    assert!(weak.contains("admin_password in the environment") && weak.contains("10 to 128") && !weak.contains("short"), "{weak}");
}

#[test]
fn a_first_start_that_cannot_listen_does_not_lose_the_password() {
    let (folder, taken) = (folder(), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = taken.local_addr().unwrap().to_string();
    let said = refused(&mut fishpond(folder.path(), &["serve", "--listen", &address]));
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
    let server = Serving::start(&mut fishpond(folder.path(), &SERVE)).expect("it listens");
    assert!(
        generated_password(&said).or(generated_password(&server.log())).is_some(),
        "nobody knows the password:\n{said}{}",
        server.log()
    );
}

#[tokio::test]
async fn health_says_whether_a_server_is_ready() {
    let folder = folder();
    let server = Serving::start(&mut fishpond(folder.path(), &SERVE)).expect("it listens");
    assert_eq!(run(&mut fishpond(folder.path(), &["health", "--listen", server.address()])).ok(), "");
    let port = server.address().rsplit(':').next().unwrap();
    run(fishpond(folder.path(), &["health"]).env("FISHPOND_LISTEN", format!("0.0.0.0:{port}"))).ok();
    let address = server.address().to_owned();
    server.anyone().get("/readyz").await.ok();
    assert_eq!(server.stop(), Some(0));
    assert!(run(&mut fishpond(folder.path(), &["health", "--listen", &address])).failed().contains(&address));
}

#[tokio::test]
async fn one_sqlite_file_has_one_server() {
    let folder = folder();
    let server = Serving::start(&mut fishpond(folder.path(), &SERVE)).expect("it listens");
    let said = refused(&mut fishpond(folder.path(), &SERVE));
    assert!(said.contains("another fishpond already serves data/fishpond.db"), "{said}");
    server.anyone().get("/readyz").await.ok();
    assert_eq!(server.stop(), Some(0));
    Serving::start(&mut fishpond(folder.path(), &SERVE)).expect("the next one may");
}

#[tokio::test]
async fn what_is_in_flight_is_finished_before_the_end() {
    let folder = folder();
    let mut command = fishpond(folder.path(), &SERVE);
    command.env("FISHPOND_ADMIN_EMAIL", ADMIN_EMAIL).env("FISHPOND_ADMIN_PASSWORD", ADMIN_PASSWORD);
    let mut server = Serving::start(&mut command).expect("it listens");
    let admin = server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;

    let body = json!({ "name": "In flight", "kind": "person" }).to_string();
    let head = format!(
        "POST /api/v1/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        admin.token(),
        body.len()
    );
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut going_on = [0; 25];
    stream.read_exact(&mut going_on).unwrap();
    assert_eq!(&going_on, b"HTTP/1.1 100 Continue\r\n\r\n", "the request is being worked on");

    server.ask_to_stop();
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(server.address()).is_ok() {
        assert!(Instant::now() < deadline, "it still accepts connections");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(server.child.try_wait().unwrap().is_none(), "it waits");
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 ") && answer.contains("In flight"), "{answer}");
    assert_eq!(ended(&mut server.child), Some(0));
}

#[test]
fn a_server_that_stops_says_so_in_its_last_answers() {
    let folder = folder();
    let mut server = Serving::start(&mut fishpond(folder.path(), &SERVE)).expect("it listens");
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    server.ask_to_stop();
    loop {
        stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = [0; 4096];
        let length = stream.read(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]);
        assert!(answer.starts_with("HTTP/1.1 200 "), "closed without a word: {answer}");
        if answer.contains("connection: close") {
            break;
        }
    }
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it is closed");
    assert_eq!(ended(&mut server.child), Some(0));
}

#[test]
fn a_signal_is_obeyed_from_the_first_line_on() {
    for _ in 0..3 {
        let folder = folder();
        let server = Serving::start(&mut fishpond(folder.path(), &SERVE)).expect("it listens");
        assert_eq!(server.stop(), Some(0));
    }
}

#[tokio::test]
async fn a_taken_metrics_port_is_a_warning_only() {
    let (folder, taken) = (folder(), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = taken.local_addr().unwrap().to_string();
    let server = Serving::start(fishpond(folder.path(), &SERVE).env("FISHPOND_METRICS_LISTEN", &address)).expect("it listens");
    server.anyone().get("/readyz").await.ok();
    let log = server.log();
    assert!(log.lines().any(|line| line.contains("no metrics") && line.contains(&address)), "{log}");
    drop(server);

    let mut server = Serving::start(fishpond(folder.path(), &SERVE).env("FISHPOND_METRICS_LISTEN", "127.0.0.1:0")).expect("it listens");
    let mut line = String::new();
    while !line.starts_with("metrics at ") {
        line.clear();
        assert!(server.stdout.read_line(&mut line).unwrap() > 0, "it does not say where its metrics are");
    }
    let metrics = reqwest::get(line.trim_start_matches("metrics at ").trim()).await.unwrap();
    assert_eq!(metrics.status().as_u16(), 200);
}

#[tokio::test]
async fn the_log_may_be_json_and_tells_no_secrets() {
    let folder = folder();
    let mut command = fishpond(folder.path(), &SERVE);
    command.env("FISHPOND_LOG_FORMAT", "json").env("FISHPOND_ADMIN_EMAIL", ADMIN_EMAIL).env("FISHPOND_ADMIN_PASSWORD", ADMIN_PASSWORD);
    let server = Serving::start(&mut command).expect("it listens");
    let admin = server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let asked = admin.send(admin.request(Method::GET, "/customers?name=whisper").header("x-request-id", "theirs")).await;
    let (request_id, token) = (asked.header("x-request-id").to_owned(), admin.token().to_owned());
    asked.ok();
    // The line is written before the answer is sent.
    let log = server.log();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let line = lines.iter().find(|line| line["fields"]["request_id"] == request_id.as_str()).unwrap_or_else(|| panic!("{log}"));
    let fields = &line["fields"];
    assert_eq!(
        (&fields["path"], &fields["status"], &fields["client_request_id"]),
        (&json!("/api/v1/customers"), &json!(200), &json!("theirs"))
    );
    assert!(![ADMIN_PASSWORD, token.as_str(), "whisper"].iter().any(|secret| log.contains(secret)), "{log}");
}
