//! The program itself: its commands, its exit codes, and what it says.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::program::{SERVE, Serving, fishpond, folder, run};
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Actor, postgres_url};

mod serving;

/// The arguments of a command line; two spaces have an empty one between them.
fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// Why a server did not start.
fn refused(command: &mut Command) -> String {
    Serving::start(command).expect_err("it must not start").failed()
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
