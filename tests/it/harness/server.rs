//! A server of a test's own, on port 0, with its own database and workspace.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use diesel::connection::SimpleConnection;
use fishpond::config::Config;
use fishpond::db::types::Instant;
use fishpond::db::{Clock, Db, DbConnection, Target};
use fishpond::http::draining::Draining;
use fishpond::jobs::Jobs;
use fishpond::server::{self, Running};
use futures_util::FutureExt;
use serde_json::json;

use super::client::Actor;
use super::postgres::Database;
use super::work;

pub const ADMIN_EMAIL: &str = "admin@example.com";
pub const ADMIN_PASSWORD: &str = "a-fine-long-passphrase";

enum Store {
    Sqlite(PathBuf),
    Postgres(Database),
}

impl Store {
    fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}/test.db", folder.display()),
            Self::Postgres(database) => database.url.clone(),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Self::Sqlite(folder) = self {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// A running server. Dropping it stops it and takes its database away.
pub struct App {
    pub base: String,
    pub metrics: String,
    pub config: Config,
    jobs: Jobs,
    handle: actix_web::dev::ServerHandle,
    draining: Draining,
    thread: Option<std::thread::JoinHandle<()>>,
    store: Option<Store>,
}

impl App {
    fn start(store: Store, settings: &[(&str, &str)]) -> Self {
        let mut app = Self::serve(&store.url(), settings, Clock::default());
        app.store = Some(store);
        app
    }

    /// A second server on the same database: PostgreSQL only.
    pub fn beside(&self) -> Option<Self> {
        (!self.is_sqlite()).then(|| Self::serve(&self.database_url(), &[], self.config.clock.clone()))
    }

    /// Lets time pass for this server, and for those beside it.
    pub fn advance(&self, by: chrono::Duration) {
        self.config.clock.advance(by);
    }

    /// Does the background jobs that are due, scheduled ones included.
    pub async fn run_due_jobs(&self) {
        self.jobs.run_due().await.expect("the jobs that are due");
    }

    /// Its time.
    pub fn now(&self) -> Instant {
        self.config.clock.now()
    }

    fn serve(database_url: &str, settings: &[(&str, &str)], clock: Clock) -> Self {
        let defaults = [
            ("listen", "127.0.0.1:0"),
            ("metrics_listen", "127.0.0.1:0"),
            ("admin_email", ADMIN_EMAIL),
            ("admin_password", ADMIN_PASSWORD),
            ("shutdown_seconds", "5"),
            // A test says when: `run_due_jobs`.
            ("jobs", "off"),
        ];
        let mut source: Vec<(String, String)> = defaults.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        source.push(("database_url".to_owned(), database_url.to_owned()));
        let own = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut config = Config::from_sources(vec![], source, own).expect("a valid configuration");
        config.clock = clock;
        let (sender, receiver) = mpsc::channel();
        let wanted = config.clone();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let works = [server::WORKS.as_slice(), &[work::WORK]].concat();
                let Running { address, metrics_address, jobs, server, draining, .. } =
                    server::start(&wanted, &works, |_| {}).expect("the server starts");
                sender.send((address, metrics_address, jobs, server.handle(), draining)).expect("the test waits");
                server.await.expect("the server runs");
            });
        });
        let (address, metrics, jobs, handle, draining) = receiver.recv().expect("the server started");
        let metrics = metrics.map(|address| format!("http://{address}/metrics")).unwrap_or_default();
        Self { base: format!("http://{address}"), metrics, config, jobs, handle, draining, thread: Some(thread), store: None }
    }

    /// Stops it as a signal does.
    pub async fn stop(&self) {
        Running::stop(self.handle.clone(), &self.draining, &self.jobs).await;
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.store, Some(Store::Sqlite(_)))
    }

    pub fn database_url(&self) -> String {
        self.store.as_ref().map(Store::url).unwrap_or_default()
    }

    /// Nobody in particular.
    pub fn anyone(&self) -> Actor {
        Actor::new(&self.base, None)
    }

    pub async fn admin(&self) -> Actor {
        self.login(ADMIN_EMAIL, ADMIN_PASSWORD).await
    }

    pub async fn login(&self, email: &str, password: &str) -> Actor {
        let pair = self.anyone().post("/auth/login", json!({ "email": email, "password": password })).await.ok();
        let token = pair["access_token"].as_str().expect("a token");
        Actor::new(&self.base, Some(token.to_owned())).with_id(pair["user"]["id"].as_str().expect("an id"))
    }

    /// A new person with a role.
    pub async fn user(&self, role: &str) -> Actor {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let email = format!("{role}{}@example.com", NEXT.fetch_add(1, Ordering::Relaxed));
        let person = json!({ "email": email, "name": format!("A {role}"), "role": role, "password": ADMIN_PASSWORD });
        self.admin().await.post("/users", person).await.created();
        self.login(&email, ADMIN_PASSWORD).await
    }

    /// The same person with a new session: time may have ended the old one.
    pub async fn again(&self, actor: &Actor) -> Actor {
        let user = self.admin().await.get(&format!("/users/{}", actor.id)).await.ok();
        self.login(user["email"].as_str().expect("an e-mail"), ADMIN_PASSWORD).await
    }

    pub async fn api_key(&self, scopes: &[&str]) -> Actor {
        let key = self.admin().await.post("/api-keys", json!({ "name": "a key", "scopes": scopes })).await.created();
        Actor::new(&self.base, Some(key["key"].as_str().expect("a key").to_owned())).with_id(key["user_id"].as_str().expect("an id"))
    }

    /// Somebody with this token.
    pub fn with_token(&self, token: &str) -> Actor {
        Actor::new(&self.base, Some(token.to_owned()))
    }

    /// The administrator of another workspace on the same server.
    pub async fn db_stranger(&self) -> Actor {
        let fields = fishpond::crm::workspaces::default_workspace("Elsewhere");
        let person = fishpond::crm::users::NewPerson {
            email: "stranger@example.com".to_owned(),
            name: "Stranger".to_owned(),
            role: fishpond::auth::privileges::Role::Admin,
            locale: Default::default(),
            password: ADMIN_PASSWORD.to_owned(),
            must_change_password: false,
        };
        fishpond::setup::create_workspace(&self.config, fields, &person).expect("another workspace");
        self.login("stranger@example.com", ADMIN_PASSWORD).await
    }

    /// Works on the database behind the server's back.
    pub fn db<T>(&self, work: impl FnOnce(&mut DbConnection) -> T) -> T {
        Db::setup(&Target::parse(&self.database_url()).expect("a known scheme"), work).expect("a connection")
    }

    /// Keeps everybody from writing customers, from the time that this returns until something is received.
    pub fn hold_writes(&self, released: mpsc::Receiver<()>) -> std::thread::JoinHandle<()> {
        let target = Target::parse(&self.database_url()).expect("a known scheme");
        let begin = if self.is_sqlite() { "BEGIN IMMEDIATE" } else { "BEGIN; LOCK TABLE customers IN EXCLUSIVE MODE" };
        let (holding, held) = mpsc::channel();
        let holder = std::thread::spawn(move || {
            let held = Db::setup(&target, |conn| {
                conn.batch_execute(begin).expect("a lock");
                holding.send(()).expect("the test waits");
                released.recv().expect("the test releases it");
                conn.batch_execute("COMMIT").expect("the end of it");
            });
            held.expect("a connection");
        });
        held.recv().expect("it is held");
        holder
    }

    /// SQL statements that the server has run.
    pub async fn statements(&self) -> u64 {
        self.metric("fishpond_sql_statements").await
    }

    /// SQL statements that its connections have prepared and keep.
    pub async fn prepared(&self) -> u64 {
        self.metric("fishpond_sql_prepared").await
    }

    /// Ends when so many requests wait for a change.
    pub async fn until_waiting(&self, count: u64) {
        let began = std::time::Instant::now();
        while self.metric("fishpond_feed_waiting").await != count {
            assert!(began.elapsed() < std::time::Duration::from_secs(20), "they do not wait, or do not end");
        }
    }

    async fn metric(&self, name: &str) -> u64 {
        let text = reqwest::get(&self.metrics).await.expect("metrics").text().await.expect("text");
        let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).expect("the number");
        line.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let stopping = self.handle.stop(false);
        std::thread::spawn(move || actix_web::rt::System::new().block_on(stopping)).join().expect("stopped");
        self.thread.take().map(std::thread::JoinHandle::join);
        self.store.take();
    }
}

fn stores() -> impl Iterator<Item = Store> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let folder = std::env::temp_dir().join(format!("fishpond-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    std::fs::create_dir_all(&folder).expect("a folder");
    [Some(Store::Sqlite(folder)), Database::create().map(Store::Postgres)].into_iter().flatten()
}

/// Runs a test that compares a server on SQLite with one on PostgreSQL, when there is one.
pub fn on_both_at_once<F>(test: impl FnOnce(App, App) -> F)
where
    F: Future<Output = ()>,
{
    let mut apps = stores().map(|store| App::start(store, &[]));
    let (Some(sqlite), Some(postgres)) = (apps.next(), apps.next()) else { return };
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test(sqlite, postgres));
}

/// Runs a test on SQLite and, when there is one, on PostgreSQL.
pub fn on_both<F>(test: impl Fn(App) -> F)
where
    F: Future<Output = ()>,
{
    on_both_with(&[], test);
}

/// The same, with settings of its own.
pub fn on_both_with<F>(settings: &[(&str, &str)], test: impl Fn(App) -> F)
where
    F: Future<Output = ()>,
{
    for store in stores() {
        let name = if matches!(store, Store::Sqlite(_)) { "SQLite" } else { "PostgreSQL" };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let outcome = runtime.block_on(AssertUnwindSafe(test(App::start(store, settings))).catch_unwind());
        if let Err(panic) = outcome {
            eprintln!("this was on {name}");
            resume_unwind(panic);
        }
    }
}
