//! The public sea under load: many who claim at once, recycling of what is due, worklists. What is measured also changes the database.

mod claims;
mod recycling;
mod worklists;

use std::error::Error;
use std::time::Duration;

use clap::Subcommand;
use diesel::QueryResult;
use fishpond::db::types::Instant;
use fishpond::db::{Condition, DbConnection};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::filling::PASSWORD;

#[derive(Debug, Subcommand)]
pub enum Sea {
    /// Claims of eight reps at once from the default pool
    ///
    /// Once all want the same customers in the same order, and once each goes through them in an order of its own.
    Claims {
        /// Servers on the one database, over which the reps are spread: PostgreSQL only
        #[arg(long, value_name = "N", default_value_t = 1)]
        processes: usize,
        /// Of each measurement
        #[arg(long, default_value_t = 8)]
        seconds: u64,
        url: String,
    },
    /// Recycling of customers that are all due at once
    Recycle {
        #[arg(long, value_name = "N", default_value_t = 100_000)]
        customers: usize,
        url: String,
    },
    /// `GET /me/worklist` of a rep and of a manager, who get planned touches and customers that go back soon
    Worklists {
        #[arg(long, value_name = "N", default_value_t = 200)]
        requests: usize,
        url: String,
    },
}

pub fn run(what: &Sea) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match what {
        Sea::Claims { processes, seconds, url } => runtime.block_on(claims::measure(url, *processes, Duration::from_secs(*seconds))),
        Sea::Recycle { customers, url } => recycling::measure(url, *customers),
        Sea::Worklists { requests, url } => runtime.block_on(worklists::measure(url, *requests)),
    }
}

/// Somebody who calls a server.
#[derive(Clone)]
struct Caller {
    client: Client,
    base: String,
    token: String,
    id: String,
}

impl Caller {
    async fn login(base: &str, email: &str) -> Result<Self, Box<dyn Error>> {
        let (client, base) = (Client::new(), format!("{base}/api/v1"));
        let login = json!({ "email": email, "password": PASSWORD });
        let pair: Value = client.post(format!("{base}/auth/login")).json(&login).send().await?.error_for_status()?.json().await?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Self { client, base, token: text(pair.get("access_token")), id: text(pair.pointer("/user/id")) })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, Box<dyn Error>> {
        let reply = request.send().await?;
        let (status, text) = (reply.status(), reply.text().await?);
        if !status.is_success() && status != 409 {
            return Err(format!("{status} {text}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }

    async fn get(&self, path: &str) -> Result<Value, Box<dyn Error>> {
        self.send(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Box<dyn Error>> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    async fn patch(&self, path: &str, body: &Value) -> Result<Value, Box<dyn Error>> {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    async fn default_pool(&self) -> Result<String, Box<dyn Error>> {
        let pools = self.get("/pools?limit=200").await?;
        let default =
            pools.get("data").and_then(Value::as_array).into_iter().flatten().find(|pool| pool.get("is_default") == Some(&json!(true)));
        Ok(default.and_then(|pool| pool.get("id")).and_then(Value::as_str).ok_or("a default pool")?.to_owned())
    }
}

/// A rule of the default pool, which nobody is due by yet.
async fn make_rule(admin: &Caller, pool: &str) -> Result<(), Box<dyn Error>> {
    admin.post(&format!("/pools/{pool}/recycle-rules"), &json!({ "kind": "max_hold", "days": 5 })).await.map(|_| ())
}

/// Customers that are to go back into the default pool by that rule at this time: those that the condition names. Gives how many.
fn make_due(conn: &mut DbConnection, at: Instant, which: Condition) -> QueryResult<usize> {
    let due = Condition::sql("UPDATE customer_holdings SET recycle_due_at = ").bind(at);
    let of = |table: &str| format!("(SELECT o.id FROM {table} o WHERE o.workspace_id = customer_holdings.workspace_id");
    let due = due.then(format!(", home_pool_id = {} AND o.is_default)", of("pools")));
    let due = due.then(format!(", recycle_rule_id = {} ORDER BY o.id LIMIT 1)", of("recycle_rules")));
    let due = due.then(" WHERE customer_id IN (SELECT id FROM customers WHERE owner_id IS NOT NULL AND deleted_at IS NULL AND ");
    due.append(which).then(")").execute(conn)
}

/// The ids of a page's rows.
fn ids(page: &Value) -> Vec<String> {
    let rows = page.get("data").and_then(Value::as_array).into_iter().flatten();
    rows.filter_map(|row| row.get("id").and_then(Value::as_str)).map(str::to_owned).collect()
}

/// p50 and p99 in milliseconds.
fn percentiles(mut taken: Vec<Duration>) -> [f64; 2] {
    taken.sort_unstable();
    [50, 99].map(|percent| {
        let at = (taken.len() * percent / 100).min(taken.len().saturating_sub(1));
        taken.get(at).copied().unwrap_or_default().as_secs_f64() * 1000.0
    })
}
