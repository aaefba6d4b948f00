//! The program itself: its commands, its exit codes, and what it says.

use std::io::{BufRead, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use fishpond::http::openapi::operations;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::program::{PATIENCE, SERVE, Serving, ended, fishpond, folder, run};
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Actor, DOCUMENT, postgres_url};

/// The arguments of a command line; two spaces have an empty one between them.
fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// Why a server did not start.
fn refused(command: &mut Command) -> String {
    Serving::start(command).expect_err("it must not start").failed()
}

/// The generated password, from where it is shown.
fn generated_password(log: &str) -> Option<String> {
    let mut shown = log.lines().filter_map(|line| line.strip_prefix("  password  ")).filter(|text| text.contains("shown this once"));
    let password = shown.next().and_then(|text| text.split_whitespace().next().map(str::to_owned));
    assert!(shown.next().is_none(), "twice: {log}");
    password
}

#[test]
fn the_document_is_printed_and_compared() {
    let folder = folder();
    let printed = run(&mut fishpond(folder.path(), &["openapi"]));
    assert!(
        printed.code == Some(0) && printed.stdout == fishpond::api::document().pretty(),
        "what is printed is what the tests hold answers against"
    );
    std::fs::write(folder.path().join("document.json"), &printed.stdout).unwrap();
    let check = || run(&mut fishpond(folder.path(), &["openapi", "--check", "document.json"]));
    assert_eq!(check().ok(), "");
    std::fs::write(folder.path().join("document.json"), printed.stdout.replace("customers", "clients")).unwrap();
    assert!(check().failed().contains("document.json is not the document of this program"));
    std::fs::remove_file(folder.path().join("document.json")).unwrap();
    assert!(check().failed().contains("cannot read document.json"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no database was made for that");
}

#[test]
fn every_command_has_help() {
    let folder = folder();
    for command in [
        "",
        "serve",
        "migrate",
        "openapi",
        "workspace",
        "workspace create",
        "user",
        "user create",
        "user set-password",
        "api-key",
        "api-key create",
        "demo",
        "demo load",
        "backup",
        "health",
    ] {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        assert!(run(&mut fishpond(folder.path(), &arguments)).ok().contains("Usage: fishpond"), "{command}");
    }
    assert_eq!(run(&mut fishpond(folder.path(), &["--version"])).ok(), concat!("fishpond ", env!("CARGO_PKG_VERSION")));
    for wrong in [&["nonsense"][..], &["serve", "--nonsense"], &["user", "create"], &["migrate", "serve"]] {
        assert_eq!(run(&mut fishpond(folder.path(), wrong)).code, Some(2), "{wrong:?}");
    }
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

#[test]
fn migrating_twice_is_migrating_once() {
    let (folder, postgres) = (folder(), postgres_url());
    for url in ["sqlite://new/folder/x.db"].into_iter().chain(postgres.as_ref().map(|database| database.url.as_str())) {
        let migrate = || run(&mut fishpond(folder.path(), &["migrate", "--database-url", url])).ok();
        assert!(migrate().starts_with("migrated to 0001"));
        assert_eq!(migrate(), "the schema is up to date");
    }
    assert!(folder.path().join("new/folder/x.db").exists());
}

#[tokio::test]
async fn the_command_line_makes_workspaces_users_and_keys_beside_a_server() {
    let (folder, postgres) = (folder(), postgres_url());
    for url in ["sqlite://beside.db"].into_iter().chain(postgres.as_ref().map(|database| database.url.as_str())) {
        let cli = |line: &str| run(fishpond(folder.path(), &words(line)).env("FISHPOND_DATABASE_URL", url));
        let workspace = cli(&format!("workspace create --name Acme --admin-email {ADMIN_EMAIL} --admin-password {ADMIN_PASSWORD}")).ok();
        assert!(workspace.starts_with("ws_"), "{workspace}");
        let user = |email: &str| {
            cli(&format!("user create --workspace {workspace} --email {email} --name R --role rep --password {ADMIN_PASSWORD}"))
        };
        let set =
            |user: &str, password: &str| cli(&format!("user set-password --workspace {workspace} --user {user} --password {password}"));
        let key = |scopes: &str| cli(&format!("api-key create --workspace {workspace} --name ERP --scopes {scopes}"));
        let first = user("first@example.com").ok();
        assert!(first.starts_with("usr_"), "{first}");
        let early = key("customers:read,contacts:read").ok();

        let server = Serving::start(fishpond(folder.path(), &SERVE).env("FISHPOND_DATABASE_URL", url)).expect("it listens");
        assert!(!server.log().contains("password"), "there is a workspace already: {}", server.log());
        let admin = server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
        assert_eq!(admin.get("/workspace").await.ok()["name"], "Acme");
        let late = key("*").ok();
        for (secret, status) in [(&early, 403), (&late, 200)] {
            let erp = Actor::new(&server.base, Some(secret.clone()));
            erp.get("/customers").await.ok();
            assert_eq!(erp.get("/users").await.status, status);
        }
        let second = user("second@example.com").ok();
        let me = server.login("second@example.com", ADMIN_PASSWORD).await.get("/me").await.ok();
        assert_eq!(me["user"]["id"], second.as_str());

        let session = server.login("first@example.com", ADMIN_PASSWORD).await;
        session.get("/me").await.ok();
        assert_eq!(set(&first, "quite-another-passphrase").ok(), "");
        let began = Instant::now();
        while session.get("/me").await.status != 401 {
            assert!(began.elapsed() < Duration::from_secs(5), "the session goes on");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let old = server.anyone().post("/auth/login", json!({ "email": "first@example.com", "password": ADMIN_PASSWORD })).await;
        old.problem(401, "invalid_credentials");
        server.login("first@example.com", "quite-another-passphrase").await.get("/customers").await.ok();

        assert!(user("first@example.com").failed().contains("Another user of this workspace has this e-mail"));
        assert!(user("nobody").failed().contains("email"));
        assert!(key("customers:raed").failed().contains("scopes/0"));
        assert!(set(&first, "short").failed().contains("At least 10 characters"));
        assert!(set("usr_01jd9xq3v8e6ft2m4k7w0zr5ya", ADMIN_PASSWORD).failed().contains("no such object"));
        let elsewhere = cli("api-key create --workspace ws_01jd9xq3v8e6ft2m4k7w0zr5ya --name K --scopes *");
        assert!(elsewhere.failed().contains("no such object"));
        assert_eq!(cli("api-key create --workspace nonsense --name K --scopes *").code, Some(2));
        let users = admin.get("/users").await.ok();
        assert_eq!(users["data"].as_array().map(Vec::len), Some(5), "an administrator, two people, two keys: {users:#}");
    }
}

#[test]
fn the_command_line_takes_no_more_than_the_api() {
    let folder = folder();
    let cli = |line: &str| run(&mut fishpond(folder.path(), &words(line)));
    let workspace =
        |name: &str| cli(&format!("workspace create --name {name} --admin-email {ADMIN_EMAIL} --admin-password {ADMIN_PASSWORD}"));
    let acme = workspace("Acme").ok();
    for name in ["", "\t", "x".repeat(300).as_str()] {
        workspace(name).failed();
        cli(&format!("api-key create --workspace {acme} --name {name} --scopes *")).failed();
        cli(&format!("user create --workspace {acme} --email a@b.example --name {name} --role rep --password {ADMIN_PASSWORD}")).failed();
    }
    assert_ne!(cli(&format!("api-key create --workspace {acme} --name K")).code, Some(0), "a key without scopes");
}

#[test]
fn a_wrong_setting_is_named() {
    let with = |name: &str, value: &str| refused(fishpond(folder().path(), &SERVE).env(name, value));
    for (name, value, expected) in [
        ("FISHPOND_LISEN", "127.0.0.1:0", "unknown setting lisen in the environment; did you mean listen?"),
        ("FISHPOND_METRICS_LISTEN", "nowhere", "the setting metrics_listen \"nowhere\" in the environment is not valid"),
        ("FISHPOND_WORKERS", "-1", "the setting workers \"-1\" in the environment is not valid"),
        ("FISHPOND_DB_CONNECTIONS", "0", "it must be at least 1"),
        ("FISHPOND_LOG_FORMAT", "xml", "it must be text or json"),
        ("FISHPOND_TRUSTED_PROXIES", "10.0.0.0/8,home", "the setting trusted_proxies"),
        ("DATABASE_URL", "mysql://u:hunter2@h/x", "unknown database URL scheme \"mysql\""),
        ("FISHPOND_DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/x", "cannot open the database"),
        ("FISHPOND_CONFIG", "nowhere.toml", "nowhere.toml cannot be read"),
    ] {
        let said = with(name, value);
        assert!(said.contains(expected) && !said.contains("hunter2"), "{name}={value}: {said}");
    }
    let flag = folder();
    let said = refused(&mut fishpond(flag.path(), &["serve", "--listen", "nowhere"]));
    assert!(said.contains("the setting listen \"nowhere\" in the command line"), "{said}");
    assert_eq!(std::fs::read_dir(flag.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn the_settings_file_is_read_strictly() {
    let folder = folder();
    let write = |text: &str| std::fs::write(folder.path().join("fishpond.toml"), text).unwrap();
    for (text, expected) in [
        ("lisen = \"127.0.0.1:0\"", "unknown setting lisen in fishpond.toml; did you mean listen?"),
        ("workers = \"many\"", "the setting workers \"many\" in fishpond.toml is not valid"),
        ("[server]\nlisten = \"127.0.0.1:0\"", "fishpond.toml cannot be read: server must be"),
        ("listen", "fishpond.toml cannot be read"),
    ] {
        write(text);
        let said = refused(&mut fishpond(folder.path(), &["serve"]));
        assert!(said.contains(expected), "{text}: {said}");
    }
    write("listen = \"nowhere\"\ndatabase_url = \"sqlite://from-file.db\"\nworkers = 1\ncors_origins = [\"https://a.example\"]");
    let server = Serving::start(&mut fishpond(folder.path(), &SERVE)).expect("a flag counts more than the file");
    assert!(folder.path().join("from-file.db").exists(), "the rest of the file counts: {}", server.log());
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
