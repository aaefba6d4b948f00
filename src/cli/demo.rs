//! `fishpond demo`.

use std::io::{IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr};

use clap::Subcommand;

use super::{Common, Outcome, prepared};
use crate::demo::{self, Loaded, Login, Progress};

#[derive(Debug, Subcommand)]
pub enum DemoCommand {
    /// Make a workspace full of invented customers; prints who can log in
    ///
    /// A new workspace with an administrator, a manager and six reps, Chinese and other customers, their contacts,
    /// opportunities in all stages, and touch records of the last two years. It touches nothing that is there already, and may
    /// run beside a server. The logins and their one password are printed at the end, this once.
    ///
    /// Run again, it makes another workspace, with e-mail addresses of its own. Interrupted, it leaves an unfinished workspace
    /// behind that nobody has a password for: run it again for a whole one.
    ///
    /// On an empty database the demo is the first workspace: a server that starts later makes no other one. Use
    /// --database-url to try it on a database apart.
    Load {
        /// How many customers, from 1 to 20000
        #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=20_000))]
        customers: u32,
        #[command(flatten)]
        common: Common,
    },
}

impl DemoCommand {
    pub fn run(self) -> Outcome {
        let Self::Load { customers, common } = self;
        let config = prepared(&common)?;
        let mut shown = Shown::default();
        let loaded = demo::load(&config, usize::try_from(customers)?, |progress| shown.update(progress));
        shown.end();
        introduce(&loaded?, config.listen)?;
        Ok(())
    }
}

/// The progress as it was last shown: one line that changes on a terminal, elsewhere a line for each tenth of a long load.
#[derive(Default)]
struct Shown {
    tenths: usize,
    is_line_open: bool,
}

impl Shown {
    /// Less than this is over before anybody wonders.
    const LONG: usize = 20_000;

    fn update(&mut self, progress: Progress) {
        let Progress { customers, of_customers, events, of_events } = progress;
        let text = format!("customers {customers}/{of_customers}, events {events}/{of_events}");
        let tenths = events * 10 / of_events.max(1);
        let mut stderr = std::io::stderr();
        // Nobody to tell it to is no reason to stop.
        if stderr.is_terminal() {
            let _ = write!(stderr, "\r{text}").and_then(|()| stderr.flush());
            self.is_line_open = true;
        } else if tenths > self.tenths && of_events > Self::LONG {
            let _ = writeln!(stderr, "{text}");
        }
        self.tenths = tenths;
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.is_line_open) {
            let _ = writeln!(std::io::stderr());
        }
    }
}

/// Who can log in, and how.
fn introduce(loaded: &Loaded, listen: SocketAddr) -> std::io::Result<()> {
    let Loaded { workspace_id, logins, password } = loaded;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "A demo workspace was made: {}\n  workspace  {workspace_id}", demo::NAME)?;
    writeln!(stdout, "  password   {password}   (everybody's; shown this once)\n\nWho can log in:")?;
    let width = logins.iter().map(|login| login.email.len()).max().unwrap_or_default();
    for Login { email, name, role } in logins {
        writeln!(stdout, "  {email:width$}  {:8} {name}", role.as_ref())?;
    }
    let address = if listen.ip().is_unspecified() { SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port())) } else { listen };
    let manager = logins.iter().find(|login| login.role == crate::auth::privileges::Role::Manager);
    let email = manager.map(|login| login.email.as_str()).unwrap_or_default();
    writeln!(stdout, "\nHow, once `fishpond serve` runs; the answer has the access token for the second call:")?;
    writeln!(stdout, "  curl -s http://{address}/api/v1/auth/login -H 'Content-Type: application/json' \\")?;
    writeln!(stdout, "    -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}'")?;
    writeln!(stdout, "  curl -s http://{address}/api/v1/customers -H 'Authorization: Bearer ACCESS_TOKEN'")?;
    stdout.flush()
}
