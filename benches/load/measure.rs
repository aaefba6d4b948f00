//! How long lists take over HTTP, on a small database and on a big one, side by side.

use std::error::Error;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use fishpond::db::Db;
use fishpond::server::{self, Running};
use reqwest::Client;
use serde_json::{Value, json};

use crate::cases::{self, Case, EVERYBODY, Who};
use crate::config;
use crate::filling::PASSWORD;

/// A server in a thread of this process, which ends with it.
struct Served {
    base: String,
    cases: Vec<Case>,
    tokens: Vec<(Who, String)>,
}

/// Prints a row for each case: p50 and p99 in milliseconds of both, and the ratio of the two p99.
pub fn compare(urls: [&str; 2], requests: usize, only: Option<&str>) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = Client::new();
        let [small, big] = urls;
        let (small, big) = (serve(&client, small).await?, serve(&client, big).await?);
        println!("| list | small p50 | small p99 | big p50 | big p99 | ratio |\n| --- | --: | --: | --: | --: | --: |");
        for (one, other) in small.cases.iter().zip(&big.cases) {
            if only.is_some_and(|part| !one.name().contains(part)) {
                continue;
            }
            let asked = [(&small, address(&client, &small, one).await?, one), (&big, address(&client, &big, other).await?, other)];
            let mut taken: [Vec<Duration>; 2] = Default::default();
            let start = Instant::now();
            for round in 0..requests + 5 {
                for ((served, address, case), taken) in asked.iter().zip(&mut taken) {
                    let elapsed = ask(&client, served, address, case).await?.0;
                    // The first ones warm up.
                    if round >= 5 {
                        taken.push(elapsed);
                    }
                }
                // What is slow is known soon enough.
                if round > 20 && start.elapsed() > Duration::from_secs(8) {
                    break;
                }
            }
            let [small, big] = taken.map(|mut taken| {
                taken.sort_unstable();
                let at = |percent: usize| {
                    taken.get((taken.len() * percent / 100).min(taken.len().saturating_sub(1))).copied().unwrap_or_default()
                };
                [at(50), at(99)].map(|time| time.as_secs_f64() * 1000.0)
            });
            let [[a, b], [c, d]] = [small, big];
            println!("| {} | {a:.1} | {b:.1} | {c:.1} | {d:.1} | {:.1} |", one.name(), d / b);
        }
        Ok(())
    })
}

async fn serve(client: &Client, url: &str) -> Result<Served, Box<dyn Error>> {
    let config = config(url)?;
    let cases = Db::setup(&config.database, cases::all)?.map_err(|failure| failure.into_problem().to_string())?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            match server::start(&config, &[], |_| {}) {
                Ok(Running { address, server, .. }) => {
                    let _ = sender.send(Ok(address));
                    let _ = server.await;
                }
                Err(error) => drop(sender.send(Err(error.to_string()))),
            }
        });
    });
    let base = format!("http://{}/api/v1", receiver.recv()??);
    let mut tokens = Vec::new();
    for who in EVERYBODY {
        let login = json!({ "email": who.email(), "password": PASSWORD });
        let pair: Value = client.post(format!("{base}/auth/login")).json(&login).send().await?.error_for_status()?.json().await?;
        tokens.push((who, pair.get("access_token").and_then(Value::as_str).unwrap_or_default().to_owned()));
    }
    Ok(Served { base, cases, tokens })
}

/// Where the case's page is.
async fn address(client: &Client, served: &Served, case: &Case) -> Result<String, Box<dyn Error>> {
    let action = if case.search.is_some() { "/search" } else { "" };
    let first = format!("{}/{}{action}?{}", served.base, case.resource, case.query.replace('+', "%2B"));
    if !case.is_second_page {
        return Ok(first);
    }
    let page: Value = serde_json::from_slice(&ask(client, served, &first, case).await?.1)?;
    Ok(match page.get("next_cursor").and_then(Value::as_str) {
        Some(cursor) => format!("{first}&cursor={cursor}"),
        None => first,
    })
}

async fn ask(client: &Client, served: &Served, address: &str, case: &Case) -> Result<(Duration, Vec<u8>), Box<dyn Error>> {
    let token = served.tokens.iter().find(|(who, _)| *who == case.who).map(|(_, token)| token.as_str()).unwrap_or_default();
    let request = match &case.search {
        Some(search) => client.post(address).json(search),
        None => client.get(address),
    };
    let start = Instant::now();
    let reply = request.bearer_auth(token).send().await?;
    let (status, body) = (reply.status(), reply.bytes().await?);
    let elapsed = start.elapsed();
    if !status.is_success() {
        return Err(format!("{}: {status} {}", case.name(), String::from_utf8_lossy(&body)).into());
    }
    Ok((elapsed, body.to_vec()))
}
