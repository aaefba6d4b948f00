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
        let mut child = Command::new(std::env::current_exe()?).args(["sea", "serve", url]).stdout(Stdio::piped()).spawn()?;
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
pub fn serve(url: &str) -> Result<(), Box<dyn Error>> {
    let config = config(url)?;
    actix_web::rt::System::new().block_on(async move {
        let Running { address, server, .. } = server::start(&config, &[], |_| {}).map_err(|error| error.to_string())?;
        println!("http://{address}");
        Ok(server.await?)
    })
}
