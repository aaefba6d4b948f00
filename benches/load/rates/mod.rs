//! Requests a second, as ratios of two sides that take turns on one machine.

mod pgbench;
mod wrk;

use std::error::Error;
use std::io::{IsTerminal, Write};

use clap::Args;
use diesel::prelude::*;
use fishpond::crm::customers;
use fishpond::db::Db;
use fishpond::db::id::CustomerId;
use fishpond::db::schema::customers as table;
use fishpond::http::query::Query;
use fishpond::listing::List;

use crate::cases::Who;
use crate::postgres::postgres_url;
use crate::process::Process;
use crate::statements::{Statement, Watch};
use crate::{config, filling};
use pgbench::Pgbench;
use wrk::{Asked, Wrk};

#[derive(Debug, Args)]
pub struct Rates {
    /// Only what has this in its name
    #[arg(long, value_name = "PART")]
    only: Option<String>,
    /// Of each turn
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Turns of each side
    #[arg(long, value_name = "N", default_value_t = 5)]
    turns: usize,
    /// In each database
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    customers: usize,
    /// postgres://USER@HOST/NAME of an empty database, or of one of an earlier run; without it that of TEST_POSTGRES_URL, or one that is started for the while
    url: Option<String>,
}

/// What is compared: requests a second of the server, and of what does the same with less.
struct Rate<'a> {
    what: &'static str,
    beside: &'static str,
    /// The ratio that it should have.
    bar: f64,
    server: Wrk<'a>,
    other: Other<'a>,
}

enum Other<'a> {
    Wrk(Wrk<'a>),
    Pgbench(Pgbench<'a>),
}

const READERS: usize = 16;
const WRITERS: usize = 64;
/// Customers that are asked for in turn.
const SOME: i64 = 16;

pub fn run(options: &Rates) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let sqlite = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
    let (grouped, alone) = (sqlite("grouped.db"), sqlite("alone.db"));
    let own = if options.url.is_none() { postgres_url() } else { None };
    let url = options.url.as_deref().or(own.as_ref().map(|database| database.url.as_str()));
    for url in [grouped.as_str(), &alone].into_iter().chain(url) {
        fill(url, options.customers)?;
    }
    let (lite, lite_alone) = (Process::start(&grouped)?, Process::with_write_group(&alone, 1)?);
    let postgres = url.map(|url| Ok::<_, Box<dyn Error>>((url, Process::start(url)?))).transpose()?;

    let mut rates = Vec::new();
    if let Some((url, server)) = &postgres {
        let known = Known::of(url)?;
        let read = |what, asked, statements| Rate {
            what,
            beside: "pgbench, the same SELECT",
            bar: 0.45,
            server: Wrk { base: &server.base, asked, connections: READERS },
            other: Other::Pgbench(Pgbench::reading(url, statements, READERS)),
        };
        rates.push(read("one customer, PostgreSQL", Asked::Paths(known.paths()), known.one));
        rates.push(read("50 customers, PostgreSQL", Asked::Paths(vec!["/api/v1/customers?limit=50".to_owned()]), known.page));
        rates.push(Rate {
            what: "a new customer, PostgreSQL",
            beside: "pgbench, two of its INSERTs",
            bar: 0.45,
            server: Wrk { base: &server.base, asked: Asked::NewCustomers, connections: READERS },
            other: Other::Pgbench(Pgbench::creating(url, READERS)?),
        });
    }
    rates.push(Rate {
        what: "one customer, SQLite",
        beside: "GET /livez",
        bar: 0.35,
        server: Wrk { base: &lite.base, asked: Asked::Paths(Known::of(&grouped)?.paths()), connections: READERS },
        other: Other::Wrk(Wrk { base: &lite.base, asked: Asked::Paths(vec!["/livez".to_owned()]), connections: READERS }),
    });
    rates.push(Rate {
        what: "a new customer, SQLite",
        beside: "the same, committed one by one",
        bar: 6.0,
        server: Wrk { base: &lite.base, asked: Asked::NewCustomers, connections: WRITERS },
        other: Other::Wrk(Wrk { base: &lite_alone.base, asked: Asked::NewCustomers, connections: WRITERS }),
    });

    println!(
        "| what | requests/s | beside it | per second | ratio | from – to | bar | |\n| --- | --: | --- | --: | --: | --: | --: | --- |"
    );
    for rate in rates.iter().filter(|rate| options.only.as_ref().is_none_or(|part| rate.what.contains(part.as_str()))) {
        rate.measure(options)?;
    }
    Ok(())
}

impl Rate<'_> {
    fn measure(&self, options: &Rates) -> Result<(), Box<dyn Error>> {
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for turn in 0..options.turns.max(1) {
            progress(&format!("{}, {} of {}", self.what, turn + 1, options.turns))?;
            let server = self.server.run(options.seconds)?;
            let other = match &self.other {
                Other::Wrk(wrk) => wrk.run(options.seconds)?,
                Other::Pgbench(pgbench) => pgbench.run(options.seconds)?,
            };
            ours.push(server);
            theirs.push(other);
            ratios.push(server / other);
        }
        progress("")?;
        let [(server, ..), (other, ..), (ratio, least, most)] = [ours, theirs, ratios].map(middle);
        let Self { what, beside, bar, .. } = self;
        let verdict = if ratio >= *bar { "met" } else { "NOT MET" };
        println!("| {what} | {server:.0} | {beside} | {other:.0} | {ratio:.2} | {least:.2} – {most:.2} | {bar} | {verdict} |");
        Ok(())
    }
}

/// Median, least and most.
fn middle(mut numbers: Vec<f64>) -> (f64, f64, f64) {
    numbers.sort_unstable_by(f64::total_cmp);
    let at = |place: usize| numbers.get(place).copied().unwrap_or_default();
    (at(numbers.len() / 2), at(0), at(numbers.len().saturating_sub(1)))
}

fn progress(text: &str) -> std::io::Result<()> {
    let mut stderr = std::io::stderr();
    if stderr.is_terminal() { write!(stderr, "\r{text:60}\r").and_then(|()| stderr.flush()) } else { Ok(()) }
}

fn fill(url: &str, customers: usize) -> Result<(), Box<dyn Error>> {
    progress(&format!("filling {}", url.split(':').next().unwrap_or_default()))?;
    let config = config(url)?;
    fishpond::setup::migrate_only(&config)?;
    let is_empty = Db::setup(&config.database, |conn| table::table.count().get_result::<i64>(conn))?? == 0;
    if is_empty {
        filling::fill(&config, customers, 1, |_| {})?;
    }
    Ok(())
}

/// What is asked for, and the statements with which the server answers.
struct Known {
    ids: Vec<CustomerId>,
    /// For each of them.
    one: Vec<Statement>,
    page: Vec<Statement>,
}

impl Known {
    fn of(url: &str) -> Result<Self, Box<dyn Error>> {
        let told = |failure: fishpond::db::Failure| failure.into_problem().to_string();
        Db::setup(&config(url)?.database, |conn| {
            let scope = Who::Admin.scope(conn)?;
            let ids: Vec<CustomerId> = table::table.order(table::id.desc()).limit(SOME).select(table::id).load(conn)?;
            let watch = Watch::on(conn);
            for id in &ids {
                customers::store::get(conn, &scope, *id).map_err(told)?;
            }
            let one = watch.take();
            let list = List::parse("", &Query::parse("limit=50").map_err(|problem| problem.to_string())?);
            customers::store::list(conn, &scope, &list.map_err(|problem| problem.to_string())?).map_err(told)?;
            Ok(Self { ids, one, page: watch.take() })
        })?
    }

    fn paths(&self) -> Vec<String> {
        self.ids.iter().map(|id| format!("/api/v1/customers/{id}")).collect()
    }
}
