//! How long recycling takes.

use std::error::Error;
use std::sync::mpsc;
use std::time::Instant;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use fishpond::crm::recycling::work;
use fishpond::db::{Condition, Db, DbConnection, clock};
use fishpond::jobs::Jobs;
use fishpond::server::{self, Running};
use serde_json::json;

use super::{Caller, make_due, make_rule};
use crate::config;

pub fn measure(url: &str, customers: usize) -> Result<(), Box<dyn Error>> {
    let mut config = config(url)?;
    config.does_jobs = false;
    let (sender, receiver) = mpsc::channel();
    let wanted = config.clone();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            match server::start(&wanted, &[work::RECYCLE], |_| {}) {
                Ok(Running { address, jobs, server, .. }) => {
                    let _ = sender.send(Ok((address, jobs)));
                    let _ = server.await;
                }
                Err(error) => drop(sender.send(Err(error.to_string()))),
            }
        });
    });
    let (address, jobs): (_, Jobs) = receiver.recv()??;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let admin = Caller::login(&format!("http://{address}"), "admin@load.example").await?;
        let pool = admin.default_pool().await?;
        // Half of the customers have an open opportunity at some time: they go back all the same.
        admin.patch(&format!("/pools/{pool}"), &json!({ "on_recycle": { "opportunities": "keep" } })).await?;
        make_rule(&admin, &pool).await?;
        jobs.run_due().await.map_err(|problem| problem.to_string())?;
        let due = Db::setup(&config.database, |conn| age(conn, customers))??;
        let start = Instant::now();
        jobs.run_due().await.map_err(|problem| problem.to_string())?;
        let seconds = start.elapsed().as_secs_f64();
        let left = Db::setup(&config.database, count_due)??;
        let moved = i64::try_from(due)? - left;
        println!("{due} customers were due, {left} are left: {seconds:.1} s, {:.0} customers/s", moved as f64 / seconds);
        Ok(())
    })
}

fn count_due(conn: &mut DbConnection) -> QueryResult<i64> {
    let due = Condition::sql("SELECT count(*) FROM customer_holdings WHERE recycle_due_at < ").bind(clock::now());
    due.giving::<BigInt>().get_result(conn)
}

/// Lets a month pass since the rule was made, and since the oldest customers that somebody owns got their owner.
fn age(conn: &mut DbConnection, customers: usize) -> QueryResult<usize> {
    let (then, yesterday) = (clock::now().plus(-chrono::Duration::days(30)), clock::now().plus(-chrono::Duration::days(1)));
    Condition::sql("UPDATE recycle_rules SET changed_at = ").bind(then).execute(conn)?;
    Condition::sql("UPDATE jobs SET run_at = ").bind(clock::now()).then(" WHERE is_scheduled AND kind = 'recycle_due'").execute(conn)?;
    let oldest = "id IN (SELECT id FROM customers WHERE owner_id IS NOT NULL AND deleted_at IS NULL ORDER BY id LIMIT ";
    make_due(conn, yesterday, Condition::sql(format!("{oldest}{customers})")))?;
    let since = Condition::sql("UPDATE customer_holdings SET since = ").bind(then).then(" WHERE recycle_due_at < ").bind(clock::now());
    since.execute(conn)
}
