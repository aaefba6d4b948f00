//! `fishpond`: parses the command line and runs the command.

use std::process::ExitCode;

use clap::Parser;
use fishpond::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
