//! The program itself, in a process of its own.

mod database;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::{NamedTempFile, TempDir};

use super::Actor;
pub use database::{Program, until};

pub const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];
pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The program in a folder, without this process's own settings.
pub fn fishpond(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fishpond"));
    for (name, _) in std::env::vars_os() {
        if name == "DATABASE_URL" || name.to_string_lossy().starts_with("FISHPOND_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).current_dir(folder).env("FISHPOND_METRICS_LISTEN", "off").stdin(Stdio::null());
    command
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

pub fn run(command: &mut Command) -> Outcome {
    let output = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Outcome { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Outcome {
    /// What it printed.
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout.trim().to_owned()
    }

    /// Why it failed.
    pub fn failed(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(self.stdout.is_empty() && self.stderr.contains("error: "), "{self:?}");
        self.stderr
    }
}

/// A server of its own process. Dropping it kills it.
#[derive(Debug)]
pub struct Serving {
    pub child: Child,
    pub base: String,
    pub stdout: BufReader<ChildStdout>,
    pub stderr: NamedTempFile,
}

impl Serving {
    /// Waits for `listening on …`; `Err` is how it ended instead.
    pub fn start(command: &mut Command) -> Result<Self, Outcome> {
        let stderr = NamedTempFile::new().expect("a file");
        let appending = File::options().append(true).open(stderr.path()).expect("the file");
        let mut child = command.stdout(Stdio::piped()).stderr(appending).spawn().expect("it starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line or the end");
        match line.trim_end().strip_prefix("listening on ") {
            Some(base) => Ok(Self { child, base: base.to_owned(), stdout, stderr }),
            None => {
                let code = ended(&mut child);
                Err(Outcome { code, stdout: line, stderr: std::fs::read_to_string(stderr.path()).expect("text") })
            }
        }
    }

    /// HOST:PORT.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.stderr.path()).expect("text")
    }

    pub fn anyone(&self) -> Actor {
        Actor::new(&self.base, None)
    }

    pub async fn login(&self, email: &str, password: &str) -> Actor {
        let pair = self.anyone().post("/auth/login", json!({ "email": email, "password": password })).await.ok();
        Actor::new(&self.base, Some(pair["access_token"].as_str().expect("a token").to_owned()))
    }

    pub fn ask_to_stop(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    }

    /// Asks it to stop, and gives the exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.ask_to_stop();
        ended(&mut self.child)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The exit code, once there is one.
pub fn ended(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match child.try_wait().expect("its status") {
            Some(status) => return status.code(),
            None => assert!(Instant::now() < deadline, "it does not end"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
