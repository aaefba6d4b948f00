//! The statements that the server runs for each case, and how the database answers them.

use std::error::Error;
use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use fishpond::auth::Scope;
use fishpond::crm::{contacts, customers, opportunities, touch_records};
use fishpond::db::{Db, DbConnection, Failure};
use fishpond::http::problem::Problem;
use fishpond::http::query::Query;
use fishpond::listing::{Expand, List, Listed};
use fishpond::server::StartError;

use crate::cases::{self, Case, EVERYBODY, Who};
use crate::config;
use crate::statements::{Statement, Watch};

/// What is big; other tables may be scanned.
const BIG: [&str; 8] =
    ["customers", "customer_profiles", "contacts", "contact_links", "opportunities", "touch_records", "search_docs", "lookup_keys"];

/// Prints a line for each case; whole plans of those with `only` in their names.
pub fn explain(url: &str, only: Option<&str>) -> Result<(), Box<dyn Error>> {
    let config = config(url)?;
    Db::setup(&config.database, |conn| {
        let all = cases::all(conn).map_err(told)?;
        let scopes = EVERYBODY.iter().map(|who| Ok((*who, who.scope(conn)?))).collect::<QueryResult<Vec<(Who, Scope)>>>()?;
        let watch = Watch::on(conn);
        for case in all.iter().filter(|case| only.is_none_or(|part| case.name().contains(part))) {
            let Some((_, scope)) = scopes.iter().find(|(who, _)| *who == case.who) else { continue };
            if let Err(failure) = run(conn, scope, case) {
                println!("  FAILED    {}: {:?}", case.name(), failure);
                continue;
            }
            watch.take();
            let start = Instant::now();
            run(conn, scope, case).map_err(told)?;
            let elapsed = start.elapsed().as_secs_f64() * 1000.0;
            let statements = watch.take();
            let mut verdicts = Vec::new();
            let mut plans = String::new();
            for Statement { sql, values, is_prepared } in &statements {
                let plan = plan(conn, sql, values, *is_prepared)?;
                verdicts.extend(judge(&plan));
                // The columns of a row say nothing about its plan.
                let sql = sql.split_once(" FROM ").filter(|(columns, _)| columns.len() > 200).map_or(sql.as_str(), |(_, rest)| rest);
                plans.push_str(&format!("  {sql}\n  {}\n    {}\n", values.join(", "), plan.join("\n    ")));
            }
            verdicts.sort_unstable();
            verdicts.dedup();
            println!("{elapsed:8.1} ms  {}  [{}]", case.name(), verdicts.join(", "));
            if only.is_some() {
                println!("{plans}");
            }
        }
        Ok::<_, Box<dyn Error>>(())
    })?
}

fn told(failure: Failure) -> StartError {
    failure.into_problem().into()
}

/// Asks as the server does.
fn run(conn: &mut DbConnection, scope: &Scope, case: &Case) -> Result<(), Failure> {
    match case.resource {
        "customers" => pages(case, |list| customers::store::list(conn, scope, list).map(|page| page.next_cursor)),
        "contacts" => pages(case, |list| contacts::store::list(conn, scope, list).map(|page| page.next_cursor)),
        "opportunities" => pages(case, |list| opportunities::store::list(conn, scope, list).map(|page| page.next_cursor)),
        _ => pages(case, |list| touch_records::store::list(conn, scope, list).map(|page| page.next_cursor)),
    }
}

fn pages<R: Listed>(case: &Case, mut list: impl FnMut(&List<R>) -> Result<Option<String>, Failure>) -> Result<(), Failure> {
    let asked = |cursor: Option<String>| -> Result<List<R>, Problem> {
        if let Some(search) = &case.search {
            let search = serde_json::from_value(search.clone()).map_err(|_| Problem::not_found())?;
            return List::of_search(&search, Expand::default());
        }
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        List::parse("", &Query::parse(&format!("{}{cursor}", case.query))?)
    };
    let next = list(&asked(None)?)?;
    if case.is_second_page && next.is_some() {
        list(&asked(next)?)?;
    }
    Ok(())
}

fn plan(conn: &mut DbConnection, sql: &str, values: &[String], is_prepared: bool) -> Result<Vec<String>, Box<dyn Error>> {
    match conn {
        // The plan does not depend on the values.
        DbConnection::Sqlite(lite) => {
            #[derive(QueryableByName)]
            struct Step {
                #[diesel(sql_type = Integer)]
                id: i32,
                #[diesel(sql_type = Integer)]
                parent: i32,
                #[diesel(sql_type = Text)]
                detail: String,
            }
            let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(lite)?;
            let mut depths = std::collections::HashMap::from([(0, 0)]);
            let line = |step: Step| {
                let depth = depths.get(&step.parent).copied().unwrap_or_default();
                depths.insert(step.id, depth + 1);
                format!("{}{}", "  ".repeat(depth), step.detail)
            };
            Ok(steps.into_iter().map(line).collect())
        }
        // What stays prepared is planned for its values five times, and then perhaps for all values alike.
        DbConnection::Postgres(pg) => {
            #[derive(QueryableByName)]
            struct Line {
                #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
                line: String,
            }
            pg.batch_execute(&format!("PREPARE asked AS {sql}"))?;
            let literals: Vec<String> = values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
            let given = if literals.is_empty() { String::new() } else { format!("({})", literals.join(", ")) };
            for _ in 0..if is_prepared { 6 } else { 0 } {
                pg.batch_execute(&format!("EXPLAIN EXECUTE asked{given}"))?;
            }
            let lines: Vec<Line> = diesel::sql_query(format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE asked{given}")).load(pg)?;
            pg.batch_execute("DEALLOCATE asked")?;
            Ok(lines.into_iter().map(|line| line.line).collect())
        }
    }
}

/// What is wrong with a plan: scans of big tables, sorting, rows read in vain.
fn judge(plan: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for line in plan {
        let step = line.trim_start_matches([' ', '-', '>']);
        let words: Vec<&str> = step.split_whitespace().collect();
        let is_big = |table: Option<&&str>| table.is_some_and(|table| BIG.contains(table));
        match words.as_slice() {
            ["SCAN", table, rest @ ..] if is_big(Some(table)) => {
                found.push(format!("{} {table}", if rest.is_empty() { "SCAN" } else { "walk" }));
            }
            ["Seq", "Scan", "on", table, ..] | ["Parallel", "Seq", "Scan", "on", table, ..] if is_big(Some(table)) => {
                found.push(format!("SCAN {table}"));
            }
            ["USE", "TEMP", "B-TREE", "FOR", ..] => found.push("sort".to_owned()),
            // The rows of a page that was found are put in order.
            ["Sort", "Key:", expression, ..] if *expression != "(CASE" => found.push("sort".to_owned()),
            ["Rows", "Removed", "by", .., count] if count.parse::<u64>().is_ok_and(|count| count > 2_000) => {
                found.push(format!("{count} in vain"));
            }
            _ => {}
        }
    }
    found
}
