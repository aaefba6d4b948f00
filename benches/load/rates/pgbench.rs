//! The other side of a comparison on PostgreSQL: the server's statements without the server, by pgbench.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use diesel::prelude::*;
use fishpond::db::Db;
use fishpond::db::id::{UserId, WorkspaceId};
use fishpond::db::schema::users;
use tempfile::NamedTempFile;

use crate::cases::Who;
use crate::config;
use crate::statements::Statement;

pub struct Pgbench<'a> {
    url: &'a str,
    /// One is taken at random for each transaction.
    scripts: Vec<String>,
    /// Values by name: they are parameters of prepared statements, as those of the server are.
    values: Vec<(String, String)>,
    clients: usize,
}

/// The row of a customer and that of its change, as the server writes them; the rest of what it writes is left out.
const CREATE: &str = r#"\set n :n + 1
BEGIN;
INSERT INTO customers (workspace_id, id, version, name, name_fold, kind, lifecycle_stage, status, owner_id, pool_id, tier_id, parent_id, service_rep_id, source, source_detail, ownership_type, trade_type, location_type, region, intent_level, email, email_key, employee_count, last_touch_at, next_touch_at, touch_count, external_refs, created_at, updated_at, created_by_id, org_unit_id)
VALUES (:workspace, ('0199' || lpad(to_hex(:client_id::bigint * 1000000000 + :n::bigint), 28, '0'))::uuid, 1, :name, :name, 'organization', 'lead', 'active', :user, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'none', NULL, NULL, NULL, NULL, NULL, 0, '[]', now(), now(), :user, NULL);
INSERT INTO changes (workspace_id, id, type, object_type, object_id, object_version, changed, actor_id, request_id, at)
VALUES (:workspace, ('0199' || lpad(to_hex(:client_id::bigint * 1000000000 + :n::bigint), 28, '0'))::uuid, 'customer.created', 'customer', ('0199' || lpad(to_hex(:client_id::bigint * 1000000000 + :n::bigint), 28, '0'))::uuid, 1, :changed, :user, '01jd9xq3v8e6ft2m4k7w0zr5ya', now());
COMMIT;
"#;
const CHANGED: &str = r#"{"id": {"to": "cus_01jd9xq3v8e6ft2m4k7w0zr5ya", "from": null}, "kind": {"to": "organization", "from": null}, "name": {"to": "Rate 1000", "from": null}, "custom": {"to": {}, "from": null}, "phones": {"to": [], "from": null}, "status": {"to": "active", "from": null}, "pool_id": {"to": "pool_01jd9xq3v8e6ft2m4k7w0zr5ya", "from": null}, "pooled_at": {"to": "2026-01-01T00:00:00.000Z", "from": null}, "created_at": {"to": "2026-01-01T00:00:00.000Z", "from": null}, "industries": {"to": [], "from": null}, "touch_count": {"to": 0, "from": null}, "intent_level": {"to": "none", "from": null}, "created_by_id": {"to": "usr_01jd9xq3v8e6ft2m4k7w0zr5ya", "from": null}, "external_refs": {"to": [], "from": null}, "lifecycle_stage": {"to": "lead", "from": null}}"#;

impl<'a> Pgbench<'a> {
    /// Each of these statements by itself.
    pub fn reading(url: &'a str, statements: Vec<Statement>, clients: usize) -> Self {
        let (mut scripts, mut values) = (Vec::new(), Vec::new());
        for (number, statement) in statements.into_iter().enumerate() {
            let mut sql = statement.sql;
            // The last one first: $1 is the beginning of $10.
            for (place, value) in statement.values.into_iter().enumerate().rev() {
                let name = format!("v{number}_{place}");
                sql = sql.replace(&format!("${}", place + 1), &format!(":{name}"));
                values.push((name, value));
            }
            scripts.push(format!("{sql};\n"));
        }
        Self { url, scripts, values, clients }
    }

    pub fn creating(url: &'a str, clients: usize) -> Result<Self, Box<dyn Error>> {
        let (workspace, user): (WorkspaceId, UserId) = Db::setup(&config(url)?.database, |conn| {
            users::table.filter(users::email_key.eq(Who::Admin.email())).select((users::workspace_id, users::id)).first(conn)
        })??;
        let values = [
            ("workspace", workspace.uuid().to_string()),
            ("user", user.uuid().to_string()),
            ("name", "rate 1000".to_owned()),
            ("changed", CHANGED.to_owned()),
        ];
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Self { url, scripts: vec![CREATE.to_owned()], values, clients })
    }

    /// Transactions a second.
    pub fn run(&self, seconds: u64) -> Result<f64, Box<dyn Error>> {
        let mut pgbench = Command::new(program());
        pgbench.args(["--no-vacuum", "-M", "prepared", "-j", "2", "-c", &self.clients.to_string(), "-T", &seconds.to_string()]);
        // Where a client's rows begin, so that no two runs make the same ones: it has a thousand for each second.
        let began = std::time::UNIX_EPOCH.elapsed()?.as_secs() % 1_000_000;
        pgbench.arg("-D").arg(format!("n={}", began * 1000));
        for (name, value) in &self.values {
            pgbench.arg("-D").arg(format!("{name}={value}"));
        }
        let mut files = Vec::new();
        for script in &self.scripts {
            let mut file = NamedTempFile::new()?;
            file.write_all(script.as_bytes())?;
            pgbench.arg("-f").arg(file.path());
            files.push(file);
        }
        let output = pgbench.arg(self.url).output().map_err(|error| format!("pgbench: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")).and_then(|rest| rest.split(' ').next()?.parse().ok());
        let rate = rate.filter(|_| output.status.success());
        rate.ok_or_else(|| format!("pgbench: {text}{}", String::from_utf8_lossy(&output.stderr)).into())
    }
}

/// Where Debian has it when it is not in the path.
fn program() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin/pgbench")).filter(|path| path.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from("pgbench"))
}
