//! The statements that a connection is given, with their values.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use diesel::connection::{Connection, InstrumentationEvent};
use fishpond::db::DbConnection;
use fishpond::db::id::decode_any;

pub struct Statement {
    pub sql: String,
    /// As PostgreSQL reads them from text.
    pub values: Vec<String>,
    /// Whether the connection keeps it prepared.
    pub is_prepared: bool,
}

/// What a connection is given from now on.
pub struct Watch(Arc<Mutex<Seen>>);

/// The statements as Diesel shows them, and the texts of those that stay prepared.
#[derive(Default)]
struct Seen {
    statements: Vec<String>,
    prepared: HashSet<String>,
}

impl Watch {
    pub fn on(conn: &mut DbConnection) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let watched = Arc::clone(&seen);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            let Ok(mut seen) = watched.lock() else { return };
            match event {
                InstrumentationEvent::StartQuery { query, .. } => seen.statements.push(query.to_string()),
                InstrumentationEvent::CacheQuery { sql, .. } => {
                    seen.prepared.insert(sql.to_owned());
                }
                _ => {}
            }
        });
        Self(seen)
    }

    /// What it was given since the last time.
    pub fn take(&self) -> Vec<Statement> {
        let Ok(mut seen) = self.0.lock() else { return Vec::new() };
        let statements = std::mem::take(&mut seen.statements);
        let whole = |shown: String| {
            let (sql, values) = shown.rsplit_once(" -- binds: ").unwrap_or((&shown, "[]"));
            Statement { sql: sql.to_owned(), values: values_of(values), is_prepared: seen.prepared.contains(sql) }
        };
        statements.into_iter().map(whole).collect()
    }
}

/// Diesel's view of bound values as texts.
fn values_of(shown: &str) -> Vec<String> {
    let mut parts: Vec<String> = vec![String::new()];
    let (mut is_text, mut is_escaped) = (false, false);
    for c in shown.trim_start_matches('[').trim_end_matches(']').chars() {
        match c {
            '\\' if !is_escaped => {
                is_escaped = true;
                continue;
            }
            '"' if !is_escaped => is_text = !is_text,
            ',' if !is_text => parts.push(String::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.push(c)),
        }
        is_escaped = false;
    }
    let value = |part: &String| {
        let text = part.trim();
        let text = text.strip_prefix("Instant(").and_then(|text| text.strip_suffix(')')).unwrap_or(text);
        let id = text.split_once('_').filter(|(_, id)| id.len() == 26).and_then(|_| decode_any(text));
        id.map_or_else(|| text.to_owned(), |id| id.to_string())
    };
    parts.iter().filter(|part| !part.trim().is_empty()).map(value).collect()
}
