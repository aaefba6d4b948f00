//! One side of a comparison: requests over HTTP, by wrk.

use std::error::Error;
use std::io::Write;
use std::process::Command;

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::filling::PASSWORD;

pub struct Wrk<'a> {
    /// Of a server on a filled database.
    pub base: &'a str,
    pub asked: Asked,
    pub connections: usize,
}

pub enum Asked {
    /// In turn.
    Paths(Vec<String>),
    NewCustomers,
}

impl Wrk<'_> {
    /// Requests a second, as the administrator. One that fails fails all.
    pub fn run(&self, seconds: u64) -> Result<f64, Box<dyn Error>> {
        let mut script = NamedTempFile::new()?;
        script.write_all(self.script(&self.token()?).as_bytes())?;
        let mut wrk = Command::new("wrk");
        wrk.args(["-t2", &format!("-c{}", self.connections), &format!("-d{seconds}s"), "-s"]).arg(script.path()).arg(self.base);
        let output = wrk.output().map_err(|error| format!("wrk: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let faults = |line: &&str| ["Non-2xx", "Socket errors"].iter().any(|fault| line.trim_start().starts_with(fault));
        if let Some(line) = text.lines().find(faults) {
            return Err(format!("{}: {line}", self.base).into());
        }
        let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:")).and_then(|rate| rate.trim().parse().ok());
        rate.ok_or_else(|| format!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr)).into())
    }

    /// A new one for each turn: it must not end in the middle.
    fn token(&self) -> Result<String, Box<dyn Error>> {
        let login = json!({ "email": "admin@load.example", "password": PASSWORD });
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let reply = Client::new().post(format!("{}/api/v1/auth/login", self.base)).json(&login).send().await?;
            let pair: Value = reply.error_for_status()?.json().await?;
            Ok(pair.get("access_token").and_then(Value::as_str).unwrap_or_default().to_owned())
        })
    }

    fn script(&self, token: &str) -> String {
        let request = match &self.asked {
            Asked::Paths(paths) => {
                let paths: Vec<String> = paths.iter().map(|path| format!("{path:?}")).collect();
                format!(
                    "local paths = {{ {} }}\nfunction request() n = n + 1; return wrk.format('GET', paths[n % #paths + 1]) end",
                    paths.join(", ")
                )
            }
            Asked::NewCustomers => r#"
                wrk.headers['Content-Type'] = 'application/json'
                function request()
                    n = n + 1
                    return wrk.format('POST', '/api/v1/customers', nil, '{"name":"Rate ' .. n .. '","kind":"organization"}')
                end"#
                .to_owned(),
        };
        format!("wrk.headers['Authorization'] = 'Bearer {token}'\nlocal n = 0\n{request}\n")
    }
}
