//! Copies of an SQLite database, while others read and write it.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use diesel::connection::{Connection, SimpleConnection};
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use tempfile::NamedTempFile;

/// Why there is no copy.
#[derive(Debug)]
pub struct BackupError(String);

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BackupError {}

/// A copy in the making, beside the place where it will be: it has that name when it is whole, and goes away otherwise. Only a process
/// that is killed leaves `….partial` behind. Like the database it is for nobody else to read.
pub struct Copying {
    from: PathBuf,
    to: PathBuf,
    file: NamedTempFile,
    is_alone: bool,
}

#[derive(QueryableByName)]
struct Checked {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

impl Copying {
    /// Who `is_alone`, since a lock keeps all others from making this copy, replaces an older one, and what an interrupted one left.
    pub fn new(from: &Path, to: &Path, is_alone: bool) -> Result<Self, BackupError> {
        // Opening would make one.
        if !from.is_file() {
            return Err(BackupError(format!("there is no database {}", from.display())));
        }
        let folder = folder_of(to);
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = folder.join(&name);
        let failed = |error: std::io::Error| {
            BackupError(match error.kind() {
                ErrorKind::AlreadyExists => {
                    format!("{} exists: another copy is being made, or one was interrupted; then remove it", partial.display())
                }
                _ => format!("cannot write to {}: {error}", folder.display()),
            })
        };
        if is_alone && partial.exists() {
            std::fs::remove_file(&partial).map_err(failed)?;
        }
        let file = tempfile::Builder::new().prefix(&name).rand_bytes(0).tempfile_in(folder).map_err(failed)?;
        Ok(Self { from: from.to_owned(), to: to.to_owned(), file, is_alone })
    }

    /// Where it is written.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Copies what is committed now, in one read: nobody waits for it, and what is written in the meantime is not in it. The copy is
    /// checked and on the disk when it gets its name.
    pub fn run(self) -> Result<(), BackupError> {
        let Self { from, to, file, is_alone } = self;
        let failed = |error: &dyn fmt::Display| BackupError(format!("cannot copy {} to {}: {error}", from.display(), to.display()));
        let path = file.path().to_str().ok_or_else(|| failed(&"its name is not UTF-8"))?;
        let mut conn = SqliteConnection::establish(&from.to_string_lossy()).map_err(|error| failed(&error))?;
        conn.batch_execute("PRAGMA busy_timeout = 5000").map_err(|error| failed(&error))?;
        sql_query("VACUUM INTO ?").bind::<Text, _>(path).execute(&mut conn).map_err(|error| failed(&error))?;
        let mut copy = SqliteConnection::establish(path).map_err(|error| failed(&error))?;
        let found: Vec<Checked> = sql_query("PRAGMA quick_check").load(&mut copy).map_err(|error| failed(&error))?;
        drop(copy);
        if let Some(wrong) = found.iter().find(|found| found.quick_check != "ok") {
            return Err(failed(&format!("the copy is damaged, and so may be the database: {}", wrong.quick_check)));
        }
        file.as_file().sync_all().map_err(|error| failed(&error))?;
        let kept = if is_alone { file.persist(&to) } else { file.persist_noclobber(&to) };
        kept.map_err(|error| failed(&error.error))?;
        // The name, too. Where folders cannot be opened, they need not be.
        std::fs::File::open(folder_of(&to))
            .and_then(|folder| folder.sync_all())
            .or_else(|error| if cfg!(unix) { Err(failed(&error)) } else { Ok(()) })
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}
