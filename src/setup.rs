//! The first start: migrations, and on an empty database a workspace with its administrator.

use std::path::PathBuf;

use crate::auth::privileges::Role;
use crate::auth::store::ensure_key;
use crate::auth::{password, secrets};
use crate::config::Config;
use crate::crm::pipelines::store as pipelines;
use crate::crm::search;
use crate::crm::users::{NewPerson, create_person};
use crate::crm::workspaces::{Locale, WorkspaceFields, default_workspace, store as workspaces};
use crate::db::backup::{BackupError, Copying};
use crate::db::id::WorkspaceId;
use crate::db::migrate;
use crate::db::{Actor, Db, DbConnection, Failure, transact};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;
use crate::server::StartError;

/// The administrator of a first workspace.
#[derive(Debug, Clone)]
pub struct FirstAdmin {
    pub email: String,
    /// `Some` when it was generated: to be shown once.
    pub generated_password: Option<String>,
}

/// Brings the schema up to date and fills an empty database, under one lock. Gives the migrations that were run.
pub fn migrate_and_seed(config: &Config) -> Result<(Vec<String>, Option<FirstAdmin>), StartError> {
    let done = Db::setup(&config.database, |conn| {
        migrate::run(
            conn,
            |version| copy_before(config, version),
            |conn| {
                // Under the lock: servers that start together must not make a signing key each.
                ensure_key(conn, config.clock.now())?;
                create_missing(conn)?;
                if workspaces::exists(conn)? {
                    return Ok(None);
                }
                let generated = match config.admin_password {
                    Some(_) => None,
                    None => Some(secrets::random_text(20).map_err(|_| Problem::new(Code::InternalError))?),
                };
                let password = generated.as_ref().or(config.admin_password.as_ref()).cloned().unwrap_or_default();
                let person = NewPerson {
                    email: config.admin_email.clone(),
                    name: "Administrator".to_owned(),
                    role: Role::Admin,
                    locale: Locale::default(),
                    password,
                    must_change_password: generated.is_some(),
                };
                let hash = person.hash_password()?;
                let actor = Actor::system(WorkspaceId::new());
                transact(conn, &actor, &|tx| {
                    workspaces::create(tx, default_workspace("Fishpond"))?;
                    create_person(tx, &person, &hash)
                })?;
                Ok::<_, Failure>(Some(FirstAdmin { email: config.admin_email.clone(), generated_password: generated }))
            },
        )
    })?;
    let (versions, seeded) = done?;
    Ok((versions, seeded.map_err(Failure::into_problem)?))
}

/// Keeps what an SQLite database was before this migration, beside it. Nobody can write in the meantime.
fn copy_before(config: &Config, version: &str) -> Result<(), BackupError> {
    let Some(path) = config.database.sqlite_path().filter(|_| config.does_migration_backup) else { return Ok(()) };
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".before-{version}"));
    let copy = PathBuf::from(name);
    tracing::info!(to = %copy.display(), "copying the database before its schema changes");
    Copying::new(path, &copy, true)?.run()
}

/// What a database lacks that was made by an older version.
fn create_missing(conn: &mut DbConnection) -> Result<(), Failure> {
    pipelines::create_missing(conn)?;
    search::create_missing(conn)
}

/// Brings the schema up to date; for commands that make what they need themselves.
pub fn migrate_only(config: &Config) -> Result<Vec<String>, StartError> {
    Db::prepare(&config.database)?;
    let (versions, filled) =
        Db::setup(&config.database, |conn| migrate::run(conn, |version| copy_before(config, version), create_missing))??;
    filled.map_err(Failure::into_problem)?;
    Ok(versions)
}

/// A workspace and its administrator, from the command line.
pub fn create_workspace(config: &Config, fields: WorkspaceFields, person: &NewPerson) -> Result<WorkspaceId, StartError> {
    let hash = person.hash_password()?;
    let actor = Actor::system(WorkspaceId::new());
    let made = Db::setup(&config.database, |conn| {
        transact(conn, &actor, &|tx| {
            workspaces::create(tx, fields.clone())?;
            create_person(tx, person, &hash)
        })
    })?;
    made.map_err(Failure::into_problem)?;
    Ok(actor.workspace_id)
}

impl NewPerson {
    /// Refuses a weak password, and hashes a good one. The rest has been checked where it was read.
    pub fn hash_password(&self) -> Result<String, Problem> {
        Problem::check(password::check("/password", &self.password))?;
        password::hash_now(&self.password)
    }
}
