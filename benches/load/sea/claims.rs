//! How many claims a pool takes.

use std::error::Error;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use serde_json::{Value, json};

use super::{Caller, ids, percentiles};
use crate::filling::rep_email;
use crate::process::Process;

const REPS: usize = 8;
/// Customers of a request.
const BATCHES: [usize; 2] = [1, 20];
/// More than are asked for in the time.
const CANDIDATES: usize = 20_000;

/// What one rep got.
#[derive(Default)]
struct Got {
    won: usize,
    refused: usize,
    taken: Vec<Duration>,
}

pub async fn measure(url: &str, processes: usize, time: Duration) -> Result<(), Box<dyn Error>> {
    let servers = (0..processes.max(1)).map(|_| Process::start(url)).collect::<Result<Vec<_>, _>>()?;
    let bases: Vec<&str> = servers.iter().map(|server| server.base.as_str()).collect();
    let admin = Caller::login(bases.first().copied().unwrap_or_default(), "admin@load.example").await?;
    let pool = admin.default_pool().await?;
    let free = json!({ "daily_claim_limit": 100_000, "claim_batch_max": 200, "reclaim_cooldown_days": 0 });
    admin.patch(&format!("/pools/{pool}"), &free).await?;
    let mut reps = Vec::new();
    for (number, base) in (1..=REPS).zip(bases.iter().cycle()) {
        reps.push(Caller::login(base, &rep_email(number)).await?);
    }
    println!(
        "| order | customers of a request | requests/s | claims/s | refused/s | p50 ms | p99 ms |\n| --- | --: | --: | --: | --: | --: | --: |"
    );
    for is_same in [true, false] {
        for batch in BATCHES {
            let all = candidates(&admin, &pool).await?;
            let start = Instant::now();
            let path = format!("/pools/{pool}/claims");
            let got = try_join_all(reps.iter().enumerate().map(|(number, rep)| {
                // Ways through all of them that do not meet for long.
                let step = if is_same { 1 } else { *[1, 3, 7, 9, 11, 13, 17, 19].get(number).unwrap_or(&1) };
                claim(rep, &path, &all, batch, step, start + time)
            }));
            let got = got.await?;
            let seconds = start.elapsed().as_secs_f64();
            let sum = |count: fn(&Got) -> usize| got.iter().map(count).sum::<usize>() as f64 / seconds;
            let (requests, won, refused) = (sum(|got| got.taken.len()), sum(|got| got.won), sum(|got| got.refused));
            let [p50, p99] = percentiles(got.into_iter().flat_map(|got| got.taken).collect());
            let order = if is_same { "the same" } else { "each its own" };
            println!("| {order} | {batch} | {requests:.0} | {won:.0} | {refused:.0} | {p50:.1} | {p99:.1} |");
        }
    }
    Ok(())
}

async fn candidates(admin: &Caller, pool: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let (mut all, mut cursor) = (Vec::new(), Value::Null);
    while all.len() < CANDIDATES {
        let filter = json!({ "field": "pool_id", "op": "eq", "value": pool });
        let search = json!({ "filter": filter, "fields": ["id"], "limit": 200, "cursor": cursor });
        let page = admin.post("/customers/search", &search).await?;
        all.extend(ids(&page));
        cursor = page.get("next_cursor").cloned().unwrap_or_default();
        if cursor.is_null() {
            break;
        }
    }
    Ok(all)
}

async fn claim(rep: &Caller, path: &str, all: &[String], batch: usize, step: usize, end: Instant) -> Result<Got, Box<dyn Error>> {
    let mut got = Got::default();
    let mut places = (0..all.len()).map(|place| place * step % all.len().max(1));
    while Instant::now() < end {
        let wanted: Vec<&String> = places.by_ref().take(batch).filter_map(|place| all.get(place)).collect();
        if wanted.is_empty() {
            break;
        }
        let asked = Instant::now();
        let done = rep.post(path, &json!({ "ids": wanted, "mode": "partial" })).await?;
        got.taken.push(asked.elapsed());
        let count = |name: &str| done.pointer(&format!("/summary/{name}")).and_then(Value::as_u64).unwrap_or_default() as usize;
        got.won += count("succeeded");
        got.refused += count("failed");
    }
    Ok(got)
}
