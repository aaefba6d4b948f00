//! `fishpond`: parses the command line and runs the command.

use std::process::ExitCode;

use clap::Parser;
use fishpond::cli::Cli;
#[cfg(not(target_env = "msvc"))]
use tikv_jemallocator::Jemalloc;

/// Gives back what bursts of work have used: the C library keeps it, for each thread.
/// SQLite and libpq take theirs from it too.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
