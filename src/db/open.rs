//! What stands before the doors: the SQLite file, its lock, and connections outside the pools.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::{Db, DbConnection, Manager, Target};

/// Why the database cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Another server has this SQLite file.
    Locked(String),
    Failed(String),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Locked(path) => write!(f, "another fishpond already serves {path}"),
            Self::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<std::io::Error> for OpenError {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Db {
    /// Makes the SQLite file and the folder it lies in. The file holds the signing keys: nobody else may read it.
    pub fn prepare(target: &Target) -> Result<(), OpenError> {
        let folder = Self::prepare_folder(target);
        if let (Ok(()), Some(path)) = (&folder, target.sqlite_path()) {
            let mut options = File::options();
            options.create(true).truncate(false).write(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(path).map_err(|error| OpenError::Failed(format!("cannot open {}: {error}", path.display())))?;
        }
        folder
    }

    fn prepare_folder(target: &Target) -> Result<(), OpenError> {
        match target.sqlite_path().and_then(std::path::Path::parent).filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(|error| OpenError::Failed(format!("cannot create {}: {error}", folder.display())))
            }
            None => Ok(()),
        }
    }

    /// Puts everything into the one file (SQLite), so that a stopped server's file can be copied.
    pub fn checkpoint(target: &Target) {
        use diesel::connection::SimpleConnection;
        if target.sqlite_path().is_none() {
            return;
        }
        let done = Self::setup(target, |conn| conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)"));
        if !matches!(done, Ok(Ok(()))) {
            tracing::warn!("the write-ahead log was not folded into the database file; both belong together");
        }
    }

    /// Runs on a connection of its own, outside the pools: migrations and first seeding.
    pub fn setup<T>(target: &Target, work: impl FnOnce(&mut DbConnection) -> T) -> Result<T, OpenError> {
        let manager = Manager::new(target.clone(), Arc::default());
        let mut conn = manager.open().map_err(|error| OpenError::Failed(format!("cannot open the database: {error}")))?;
        Ok(work(&mut conn))
    }
}

pub fn lock_file(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = File::options().create(true).truncate(false).write(true).open(&name)?;
    file.try_lock().map_err(|_| OpenError::Locked(path.display().to_string()))?;
    Ok(file)
}
