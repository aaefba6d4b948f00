//! Load: fills a database with as many customers as wanted, shows the plans of what the server asks it, and measures lists, requests
//! a second and the public sea over HTTP. `cargo bench --bench load -- --help`

mod cases;
mod filling;
mod measure;
mod plans;
#[expect(dead_code, clippy::expect_used, reason = "it is the tests' own")]
#[path = "../../tests/it/harness/postgres.rs"]
mod postgres;
mod process;
mod rates;
mod sea;
mod statements;

use std::error::Error;
use std::io::{IsTerminal, Write};

use clap::{Parser, Subcommand};
use fishpond::config::Config;

use filling::Progress;

/// As the program has it.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[derive(Debug, Parser)]
#[command(name = "load", about = "Fills a database for load tests, explains the server's statements, and measures its lists")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// `cargo bench` gives it to every bench.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put customers, as many contacts and touch records, and a quarter as many opportunities into the oldest workspace
    ///
    /// A database without a workspace gets one, with the administrator admin@load.example. 200 reps rep1@load.example … are made;
    /// the password of all is only-for-load-tests. The workspace must have no customers, and nobody may use the database in the
    /// meantime: its indexes are made anew at the end. The same seed gives the same objects.
    Fill {
        /// How many customers
        #[arg(long, value_name = "N", default_value_t = 10_000)]
        customers: usize,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME
        url: String,
    },
    /// Show what is wrong with the plans of the server's lists in a filled database
    ///
    /// A line for each list: how long it took, and scans of big tables, walks along a whole index, sorting, and rows that
    /// PostgreSQL read in vain.
    Plans {
        /// Only lists with this in their names, with their statements and whole plans
        #[arg(long, value_name = "PART")]
        only: Option<String>,
        url: String,
    },
    /// Measure the server's lists over HTTP on two filled databases, the second bigger than the first
    Measure {
        #[arg(long, value_name = "PART")]
        only: Option<String>,
        /// Of each list
        #[arg(long, value_name = "N", default_value_t = 200)]
        requests: usize,
        small: String,
        big: String,
    },
    /// Measure how many requests a second the server answers, beside something that does the same with less
    ///
    /// One customer, a page of 50 and new customers on PostgreSQL beside pgbench with the server's own statements and as many clients;
    /// one customer on SQLite beside an answer that asks no database; new customers on SQLite beside a server that commits each by
    /// itself. Both sides take turns, and what counts is their ratio. Needs wrk and pgbench.
    Rates(rates::Rates),
    /// Measure claims, recycling and worklists on a filled database, which are then no longer what was filled in
    #[command(subcommand)]
    Sea(sea::Sea),
    /// A server for the others
    #[command(hide = true)]
    Serve {
        #[arg(long)]
        write_group: Option<usize>,
        url: String,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    match Cli::parse().command {
        Command::Fill { customers, seed, url } => fill(&url, customers, seed),
        Command::Plans { only, url } => plans::explain(&url, only.as_deref()),
        Command::Measure { only, requests, small, big } => measure::compare([&small, &big], requests, only.as_deref()),
        Command::Rates(rates) => rates::run(&rates),
        Command::Sea(what) => sea::run(&what),
        Command::Serve { write_group, url } => process::serve(&url, write_group),
    }
}

/// The configuration of a server on this database, whose first administrator has a known password.
fn config(url: &str) -> Result<Config, Box<dyn Error>> {
    let settings = [
        ("database_url", url),
        ("admin_email", "admin@load.example"),
        ("admin_password", filling::PASSWORD),
        ("listen", "127.0.0.1:0"),
        ("metrics_listen", "off"),
    ];
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Ok(Config::from_sources(vec![], vec![], settings)?)
}

fn fill(url: &str, customers: usize, seed: u64) -> Result<(), Box<dyn Error>> {
    let mut stderr = std::io::stderr();
    let is_terminal = stderr.is_terminal();
    let mut shown = String::new();
    let mut show = |Progress { what, done, of, rows, elapsed }: Progress| {
        let line = format!("{what} {done}/{of}, {:.0} rows/s", rows as f64 / elapsed.as_secs_f64().max(0.001));
        // Nobody to tell it to is no reason to stop.
        if is_terminal {
            let _ = write!(stderr, "\r{line:60}").and_then(|()| stderr.flush());
        } else if what != shown {
            let _ = writeln!(stderr, "{:4.0} s: {what}", elapsed.as_secs_f64());
            shown = what.to_owned();
        }
    };
    let done = filling::fill(&config(url)?, customers, seed, &mut show)?;
    if is_terminal {
        eprintln!();
    }
    let seconds = done.elapsed.as_secs_f64();
    println!("{} rows in {seconds:.1} s: {:.0} rows/s, indexes included", done.rows, done.rows as f64 / seconds.max(0.001));
    Ok(())
}
