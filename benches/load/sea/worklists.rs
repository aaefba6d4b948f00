//! How long a worklist takes.

use std::error::Error;
use std::time::Instant;

use diesel::prelude::*;
use fishpond::db::condition::AnyId;
use fishpond::db::{Condition, Db, DbConnection, clock};
use serde_json::{Value, json};

use super::{Caller, ids, make_due, make_rule, percentiles};
use crate::cases::Who;
use crate::config;
use crate::process::Process;

/// Touches that each of them plans, for the last days, today and the next ones.
const PLANS: i64 = 200;

pub async fn measure(url: &str, requests: usize) -> Result<(), Box<dyn Error>> {
    let server = Process::start(url)?;
    let admin = Caller::login(&server.base, "admin@load.example").await?;
    make_rule(&admin, &admin.default_pool().await?).await?;
    println!("| who | own customers | p50 ms | p99 ms |\n| --- | --: | --: | --: |");
    for who in [Who::Rep, Who::SmallRep, Who::Manager] {
        let caller = Caller::login(&server.base, &who.email()).await?;
        prepare(url, &caller).await?;
        let own = caller.get(&format!("/customers?owner_id={}&limit=1&include_total=true", caller.id)).await?;
        let mut taken = Vec::new();
        for round in 0..requests + 5 {
            let asked = Instant::now();
            caller.get("/me/worklist").await?;
            // The first ones warm up.
            if round >= 5 {
                taken.push(asked.elapsed());
            }
        }
        let [p50, p99] = percentiles(taken);
        println!("| {} | {} | {p50:.1} | {p99:.1} |", who.as_ref(), own.get("total").cloned().unwrap_or_default());
    }
    Ok(())
}

async fn prepare(url: &str, caller: &Caller) -> Result<(), Box<dyn Error>> {
    let user = caller.id.clone();
    Db::setup(&config(url)?.database, |conn| go_back_soon(conn, &user))??;
    let planned = caller.get(&format!("/planned-touches?assignee_id={}&limit=1", caller.id)).await?;
    if !ids(&planned).is_empty() {
        return Ok(());
    }
    let own = ids(&caller.get(&format!("/customers?owner_id={}&limit=200", caller.id)).await?);
    for (days, id) in (-PLANS / 2..PLANS / 2).zip(own) {
        let due_at = clock::now().plus(chrono::Duration::days(days / 10)).to_string();
        let plan: Value = json!({ "customer_id": id, "type": "call", "due_at": due_at, "summary": "x" });
        caller.post("/planned-touches", &plan).await?;
    }
    Ok(())
}

/// Those customers of somebody that were touched go back in two days, the others in twenty.
fn go_back_soon(conn: &mut DbConnection, user: &str) -> QueryResult<()> {
    let Some(user) = fishpond::db::id::decode_any(user) else { return Ok(()) };
    for (days, part) in [(2, " AND touch_count > 0"), (20, " AND touch_count = 0")] {
        let own = Condition::sql("owner_id = ").bind(AnyId::from_uuid(user)).then(part);
        make_due(conn, clock::now().plus(chrono::Duration::days(days)), own)?;
    }
    Ok(())
}
