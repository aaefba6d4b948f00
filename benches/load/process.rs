//! Servers in processes of their own.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use fishpond::server::{self, Running};

use crate::config;

/// A server without background work. Dropping it kills it.
pub struct Process {
    child: Child,
    pub base: String,
}

impl Process {
    pub fn start(url: &str) -> Result<Self, Box<dyn Error>> {
        Self::with(&[url])
    }

    /// One that commits so many writes together at most (SQLite).
    pub fn with_write_group(url: &str, size: usize) -> Result<Self, Box<dyn Error>> {
        Self::with(&["--write-group", &size.to_string(), url])
    }

    fn with(arguments: &[&str]) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.arg("serve").args(arguments).stdout(Stdio::piped()).spawn()?;
        let mut base = String::new();
        BufReader::new(child.stdout.take().ok_or("a pipe")?).read_line(&mut base)?;
        Ok(Self { child, base: base.trim().to_owned() })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Serves until it is killed.
pub fn serve(url: &str, write_group: Option<usize>) -> Result<(), Box<dyn Error>> {
    let mut config = config(url)?;
    config.pool.write_group = write_group.unwrap_or(config.pool.write_group);
    actix_web::rt::System::new().block_on(async move {
        let Running { address, server, .. } = server::start(&config, &[], |_| {}).map_err(|error| error.to_string())?;
        println!("http://{address}");
        Ok(server.await?)
    })
}
