//! `fishpond backup`.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::{Common, Outcome};
use crate::db::backup::Copying;

const POSTGRES: &str = "PostgreSQL has its own tool, which copies one moment of a database while servers use it, and whose copies newer \
                        versions of PostgreSQL read too: pg_dump --format=custom --file FILE \"$DATABASE_URL\", and pg_restore to go back";

pub fn copy(file: &Path, common: &Common) -> Outcome {
    let config = common.load(Vec::new())?;
    let Some(database) = config.database.sqlite_path() else { return Err(POSTGRES.into()) };
    if file.exists() {
        return Err(format!("{} exists already: a backup does not replace another one", file.display()).into());
    }
    let copying = Copying::new(database, file, false)?;
    let (written, whole) = (copying.path().to_owned(), size(database));
    // Whoever waits hears that it is over when the thread ends.
    let (over, waiting) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        let _over = over;
        copying.run()
    });
    watch(&waiting, &written, whole);
    thread.join().map_err(|_| "the copying stopped in the middle")??;
    println!("copied {} to {}: {} MB", database.display(), file.display(), megabytes(size(file)));
    Ok(())
}

/// How far it is, on a terminal.
fn watch(waiting: &mpsc::Receiver<()>, written: &Path, whole: u64) {
    let mut stderr = std::io::stderr();
    let is_terminal = stderr.is_terminal();
    while waiting.recv_timeout(Duration::from_millis(200)) == Err(RecvTimeoutError::Timeout) {
        if is_terminal {
            let line = format!("{} of about {} MB", megabytes(size(written)), megabytes(whole));
            // Nobody to tell it to is no reason to stop.
            let _ = write!(stderr, "\r{line:40}").and_then(|()| stderr.flush());
        }
    }
    if is_terminal {
        let _ = write!(stderr, "\r{:40}\r", "").and_then(|()| stderr.flush());
    }
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |data| data.len())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}
