//! The program is killed in the middle of a job, and goes on when it is started again: each customer is moved once.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use fishpond::db::{Condition, Db, DbConnection, Target, clock};
use fishpond::jobs::end_leases;
use serde_json::{Value, json};

use crate::harness::program::{SERVE, Serving, fishpond, folder};
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Actor, postgres_url};

/// Longest time for a job.
const PATIENCE: Duration = Duration::from_secs(240);

/// The program on a database; `jobs` is whether it works by itself.
struct Program<'a> {
    folder: &'a Path,
    url: String,
}

impl Program<'_> {
    async fn start(&self, jobs: &str) -> (Serving, Actor) {
        let mut command = fishpond(self.folder, &SERVE);
        command.env("FISHPOND_DATABASE_URL", &self.url).env("FISHPOND_JOBS", jobs);
        command.env("FISHPOND_ADMIN_EMAIL", ADMIN_EMAIL).env("FISHPOND_ADMIN_PASSWORD", ADMIN_PASSWORD);
        let server = Serving::start(&mut command).expect("it listens");
        let admin = server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
        (server, admin)
    }

    /// While no server runs.
    fn db<T>(&self, work: impl FnOnce(&mut DbConnection) -> T) -> T {
        Db::setup(&Target::parse(&self.url).expect("a known scheme"), work).expect("a connection")
    }

    /// Whoever had a job is known to be dead: on PostgreSQL it would take half a minute to find that out.
    fn db_end_leases(&self) {
        self.db(|conn| end_leases(conn, clock::now())).expect("the leases");
    }

    /// How many moves of this kind there were, and of how many customers.
    fn db_moves(&self, kind: &str) -> (i64, i64) {
        let moves = Condition::sql("SELECT count(*), count(DISTINCT customer_id) FROM customer_events WHERE ownership = ").bind(kind);
        self.db(|conn| moves.giving::<(BigInt, BigInt)>().get_result(conn)).expect("the history")
    }

    /// How many changes of this type there are.
    fn db_changes(&self, kind: &str) -> i64 {
        let told = Condition::sql("SELECT count(*) FROM changes WHERE type = ").bind(kind);
        self.db(|conn| told.giving::<BigInt>().get_result(conn)).expect("the log")
    }
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn user(admin: &Actor, name: &str) -> String {
    let person = json!({ "email": format!("{name}@example.com"), "name": name, "role": "rep", "password": ADMIN_PASSWORD });
    admin.post("/users", person).await.created()["id"].as_str().unwrap().to_owned()
}

async fn owned(admin: &Actor, owner: &str) -> i64 {
    let page = admin.get(&format!("/customers?include_total=true&limit=1&owner_id={owner}")).await.ok();
    page["total"].as_i64().unwrap()
}

#[tokio::test]
async fn a_handover_of_5000_customers_goes_on() {
    let (folder, postgres) = (folder(), postgres_url());
    let sqlite = format!("sqlite://{}/killed.db", folder.path().display());
    for url in [sqlite].into_iter().chain(postgres.as_ref().map(|database| database.url.clone())) {
        let program = Program { folder: folder.path(), url };
        let (mut server, admin) = program.start("on").await;
        let (leaving, first, second) = (user(&admin, "leaving").await, user(&admin, "first").await, user(&admin, "second").await);
        admin.customers(5000, &json!({ "owner_id": leaving })).await;
        let split = json!([{ "user_id": first, "weight": 3 }, { "user_id": second, "weight": 2 }]);
        let disabled = json!({ "is_active": false, "handover": { "split": split, "reason": "leaves" } });
        let job = admin.patch(&format!("/users/{leaving}"), disabled).await.ok()["handover_job_id"].clone();
        let job = format!("/jobs/{}", job.as_str().unwrap());
        until("it begins", async || admin.get(&job).await.ok()["progress"]["done"].as_i64() >= Some(500)).await;
        server.child.kill().expect("it is killed");
        drop(server);
        program.db_end_leases();
        let (moved, _) = program.db_moves("handover");
        assert!((500..5000).contains(&moved), "killed in the middle: {moved}");

        let (server, admin) = program.start("on").await;
        assert_eq!(admin.get(&job).await.ok()["finished_at"], Value::Null);
        until("it ends", async || admin.get(&job).await.ok()["finished_at"].is_string()).await;
        let done = admin.get(&job).await.ok();
        let got: Vec<&Value> = done["result"]["receivers"].as_array().unwrap().iter().map(|one| &one["customers"]).collect();
        assert_eq!((&done["status"], got), (&json!("succeeded"), vec![&json!(3000), &json!(2000)]), "{done:#}");
        assert_eq!(done["progress"], json!({ "done": 5000, "total": 5000 }));
        let owners = (owned(&admin, &leaving).await, owned(&admin, &first).await, owned(&admin, &second).await);
        assert_eq!(owners, (0, 3000, 2000));
        drop(server);
        assert_eq!(program.db_moves("handover"), (5000, 5000), "each once");
        assert_eq!(program.db_changes("customer.handed_over"), 5000);
    }
}

#[tokio::test]
async fn recycling_of_2000_customers_goes_on() {
    let (folder, postgres) = (folder(), postgres_url());
    let sqlite = format!("sqlite://{}/killed.db", folder.path().display());
    for url in [sqlite].into_iter().chain(postgres.as_ref().map(|database| database.url.clone())) {
        let program = Program { folder: folder.path(), url };
        let (server, admin) = program.start("off").await;
        let rep = user(&admin, "rep").await;
        let pool = admin.get("/pools").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
        admin.post(&format!("/pools/{pool}/recycle-rules"), json!({ "kind": "max_hold", "days": 5 })).await.created();
        admin.customers(2000, &json!({ "owner_id": rep })).await;
        drop(server);
        db_age(&program);

        let (mut server, admin) = program.start("on").await;
        until("it begins", async || owned(&admin, &rep).await <= 1800).await;
        server.child.kill().expect("it is killed");
        drop(server);
        program.db_end_leases();
        let (moved, _) = program.db_moves("recycle");
        assert!((200..2000).contains(&moved), "killed in the middle: {moved}");

        let (server, admin) = program.start("on").await;
        until("it ends", async || owned(&admin, &rep).await == 0).await;
        let pooled = admin.get(&format!("/customers?include_total=true&limit=1&pool_id={pool}")).await.ok();
        assert_eq!(pooled["total"], 2000);
        drop(server);
        assert_eq!((program.db_moves("recycle"), program.db_changes("customer.recycled")), ((2000, 2000), 2000), "each once");
    }
}

/// Lets a month pass since the customers got their owner and the rule was made.
fn db_age(program: &Program<'_>) {
    let then = clock::now().plus(-chrono::Duration::days(30));
    let holdings = Condition::sql("UPDATE customer_holdings SET since = ").bind(then).then(", recycle_due_at = ").bind(then);
    let holdings = holdings.then(" WHERE recycle_due_at IS NOT NULL");
    let rules = Condition::sql("UPDATE recycle_rules SET changed_at = ").bind(then);
    program.db(|conn| {
        assert_eq!(holdings.execute(conn).expect("the holdings"), 2000);
        assert_eq!(rules.execute(conn).expect("the rule"), 1);
    });
}
