//! The program on a database of a test's own: one process of it, or several.

use std::path::Path;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use fishpond::db::{Condition, Db, DbConnection, Target, clock};
use fishpond::jobs::end_leases;

use super::{SERVE, Serving, fishpond};
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Actor};

/// Longest time for a job.
const PATIENCE: Duration = Duration::from_secs(240);

/// Waits for what processes do by themselves.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub struct Program<'a> {
    pub folder: &'a Path,
    pub url: String,
}

impl Program<'_> {
    /// A process of it, and its administrator; `jobs` is whether it works by itself.
    pub async fn start(&self, jobs: &str) -> (Serving, Actor) {
        let mut command = fishpond(self.folder, &SERVE);
        command.env("FISHPOND_DATABASE_URL", &self.url).env("FISHPOND_JOBS", jobs);
        command.env("FISHPOND_ADMIN_EMAIL", ADMIN_EMAIL).env("FISHPOND_ADMIN_PASSWORD", ADMIN_PASSWORD);
        let server = Serving::start(&mut command).expect("it listens");
        let admin = server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
        (server, admin)
    }

    /// On SQLite while no server runs.
    fn db<T>(&self, work: impl FnOnce(&mut DbConnection) -> T) -> T {
        Db::setup(&Target::parse(&self.url).expect("a known scheme"), work).expect("a connection")
    }

    /// Takes all jobs from those who have them: when they are dead, on PostgreSQL it would take half a minute to find that out; when
    /// they are not, two may believe that they have one.
    pub fn db_end_leases(&self) {
        self.db(|conn| end_leases(conn, clock::now())).expect("the leases");
    }

    /// How many moves of this kind there were, and of how many customers.
    pub fn db_moves(&self, kind: &str) -> (i64, i64) {
        let moves = Condition::sql("SELECT count(*), count(DISTINCT customer_id) FROM customer_events WHERE ownership = ").bind(kind);
        self.db(|conn| moves.giving::<(BigInt, BigInt)>().get_result(conn)).expect("the history")
    }

    /// How many changes of this type there are.
    pub fn db_changes(&self, kind: &str) -> i64 {
        let told = Condition::sql("SELECT count(*) FROM changes WHERE type = ").bind(kind);
        self.db(|conn| told.giving::<BigInt>().get_result(conn)).expect("the log")
    }

    /// Lets a month pass since customers got their owners and since the one rule was made; gives how many customers are due then.
    pub fn db_age(&self) -> usize {
        let then = clock::now().plus(-chrono::Duration::days(30));
        let holdings = Condition::sql("UPDATE customer_holdings SET since = ").bind(then).then(", recycle_due_at = ").bind(then);
        let holdings = holdings.then(" WHERE recycle_due_at IS NOT NULL");
        let rules = Condition::sql("UPDATE recycle_rules SET changed_at = ").bind(then);
        self.db(|conn| {
            assert_eq!(rules.execute(conn).expect("the rule"), 1);
            holdings.execute(conn).expect("the holdings")
        })
    }
}
