//! The command line: what can be asked, and who does it.

mod backup;
mod demo;
mod greeting;
mod health;
mod input;
mod serve;
mod signals;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use serde_json::json;

use crate::api;
use crate::auth::password;
use crate::auth::privileges::Role;
use crate::config::{Config, ConfigError, Source};
use crate::crm::api_keys::{CreateApiKey, store as api_keys};
use crate::crm::users::{create_person, store as users};
use crate::crm::workspaces::{WorkspaceFields, store as workspaces};
use crate::db::id::{UserId, WorkspaceId};
use crate::db::types::Instant;
use crate::db::{Actor, Db, Failure, Tx, transact};
use crate::http::problem::Problem;
use crate::setup;

type Outcome = Result<(), Box<dyn Error>>;

/// Fishpond (鱼池): a headless CRM, a JSON REST API over SQLite or PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "fishpond", version, about, long_about = None, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Clone, Default, Args)]
struct Common {
    /// sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME [default: sqlite://data/fishpond.db]
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Settings file [default: fishpond.toml, if there is one]
    #[arg(long, value_name = "FILE", env = "FISHPOND_CONFIG")]
    config: Option<PathBuf>,
}

impl Common {
    fn load(&self, mut flags: Source) -> Result<Config, ConfigError> {
        flags.extend(self.database_url.clone().map(|url| ("database_url".to_owned(), url)));
        Config::load(self.config.as_deref(), flags)
    }
}

#[derive(Debug, Clone, Default, Args)]
struct Serve {
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API (the default command)
    ///
    /// Migrates the database first. On an empty database it makes a workspace and its administrator, and prints the
    /// password once if it had to be generated. Prints `listening on http://…` once it answers.
    Serve(Serve),
    /// Bring the database's schema up to date
    Migrate(Common),
    /// Print the OpenAPI document
    Openapi {
        /// Compare with this file instead of printing; fails when it differs
        #[arg(long, value_name = "FILE")]
        check: Option<PathBuf>,
    },
    /// Workspaces
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Users
    #[command(subcommand)]
    User(UserCommand),
    /// API keys
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// A demo workspace to look around in
    #[command(subcommand)]
    Demo(demo::DemoCommand),
    /// Copy an SQLite database into a file, while a server runs
    ///
    /// The copy holds everything that was committed when it began, and nothing of what came later. Nobody waits for it. It is
    /// checked and on the disk before it gets its name; a file that exists is not replaced. To go back to it, stop the server and
    /// put the copy in the place of the database, and remove the files beside it that end with -wal and -shm.
    ///
    /// The keys that sign access tokens are in it: keep it secret. For PostgreSQL use pg_dump.
    Backup {
        /// Where to
        file: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Ask a running server whether it is ready (for container health checks)
    Health {
        /// Where it listens [default: the configured address]
        #[arg(long, value_name = "HOST:PORT")]
        listen: Option<String>,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Subcommand)]
enum WorkspaceCommand {
    /// Make a workspace and its administrator; prints the workspace's id
    Create {
        #[arg(long)]
        name: String,
        #[arg(long, value_name = "EMAIL")]
        admin_email: String,
        /// 10 to 128 characters
        #[arg(long, value_name = "PASSWORD")]
        admin_password: String,
        /// IANA name
        #[arg(long, default_value = "Asia/Shanghai", value_name = "ZONE")]
        time_zone: String,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make a person; prints the user's id
    Create {
        /// The workspace's id, `ws_…`
        #[arg(long, value_name = "ID")]
        workspace: WorkspaceId,
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        #[arg(long, value_parser = role_parser())]
        role: Role,
        /// 10 to 128 characters
        #[arg(long)]
        password: String,
        #[command(flatten)]
        common: Common,
    },
    /// Set a user's password; ends the user's sessions
    SetPassword {
        /// The workspace's id, `ws_…`
        #[arg(long, value_name = "ID")]
        workspace: WorkspaceId,
        /// The user's id, `usr_…`
        #[arg(long, value_name = "ID")]
        user: UserId,
        /// 10 to 128 characters
        #[arg(long)]
        password: String,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Subcommand)]
enum ApiKeyCommand {
    /// Make an API key; prints it, this once
    Create {
        /// The workspace's id, `ws_…`
        #[arg(long, value_name = "ID")]
        workspace: WorkspaceId,
        #[arg(long)]
        name: String,
        /// For example customers:read,customers:write, or *
        #[arg(long, value_delimiter = ',', value_name = "S[,S…]")]
        scopes: Vec<String>,
        /// When it stops working, as an RFC 3339 instant
        #[arg(long, value_name = "INSTANT")]
        expires_at: Option<Instant>,
        #[command(flatten)]
        common: Common,
    },
}

impl Cli {
    pub fn run(self) -> Outcome {
        match self.command.unwrap_or(Command::Serve(self.serve)) {
            Command::Serve(options) => serve::serve(&options),
            Command::Migrate(common) => migrate(&common),
            Command::Openapi { check } => openapi(check),
            Command::Workspace(WorkspaceCommand::Create { name, admin_email, admin_password, time_zone, common }) => {
                let fields: WorkspaceFields = input::checked("UpdateWorkspace", json!({ "name": name, "time_zone": time_zone }))?;
                let person = input::person(admin_email, "Administrator".to_owned(), Role::Admin, admin_password)?;
                let config = prepared(&common)?;
                println!("{}", setup::create_workspace(&config, fields, &person)?);
                Ok(())
            }
            Command::User(UserCommand::Create { workspace, email, name, role, password, common }) => {
                let person = input::person(email, name, role, password)?;
                let hash = person.hash_password()?;
                let user = in_workspace(&common, workspace, &|tx| create_person(tx, &person, &hash))?;
                println!("{}", user.id);
                Ok(())
            }
            Command::User(UserCommand::SetPassword { workspace, user, password: new, common }) => {
                Problem::check(password::check("/password", &new))?;
                let hash = password::hash_now(&new)?;
                in_workspace(&common, workspace, &|tx| users::set_password(tx, user, &hash, false, None))
            }
            Command::ApiKey(ApiKeyCommand::Create { workspace, name, scopes, expires_at, common }) => {
                let input: CreateApiKey =
                    input::checked("CreateApiKey", json!({ "name": name, "scopes": scopes, "expires_at": expires_at }))?;
                let (key, _) = in_workspace(&common, workspace, &|tx| api_keys::create(tx, &input))?;
                println!("{key}");
                Ok(())
            }
            Command::Demo(command) => command.run(),
            Command::Backup { file, common } => backup::copy(&file, &common),
            Command::Health { listen, common } => health::ask(listen, &common),
        }
    }
}

fn role_parser() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(["admin", "manager", "rep", "viewer"]).try_map(|name| name.parse::<Role>())
}

/// The configuration, with the database's schema up to date.
fn prepared(common: &Common) -> Result<Config, Box<dyn Error>> {
    let config = common.load(Vec::new())?;
    log_to_stderr(&config);
    setup::migrate_only(&config)?;
    Ok(config)
}

/// Runs work for an existing workspace, as the system.
fn in_workspace<T>(common: &Common, workspace: WorkspaceId, work: &dyn Fn(&mut Tx<'_>) -> Result<T, Failure>) -> Result<T, Box<dyn Error>> {
    let config = prepared(common)?;
    let done = Db::setup(&config.database, |conn| {
        let known = workspaces::is_known(conn, workspace)?;
        if !known {
            return Err(Problem::not_found().into());
        }
        transact(conn, &Actor::system(workspace), work)
    })?;
    done.map_err(|failure| failure.into_problem().into())
}

fn log_to_stderr(config: &Config) {
    use tracing_subscriber::EnvFilter;
    // The framework reports every thread it starts; a filter of the operator's own says otherwise.
    let filter = if config.log_level.contains('=') { config.log_level.clone() } else { format!("{},actix_server=warn", config.log_level) };
    let builder = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).with_writer(std::io::stderr);
    // A second initialisation (in tests) changes nothing.
    let _ = if config.is_json_log { builder.json().try_init() } else { builder.with_ansi(false).try_init() };
}

fn migrate(common: &Common) -> Outcome {
    let config = common.load(Vec::new())?;
    log_to_stderr(&config);
    let versions = setup::migrate_only(&config)?;
    if versions.is_empty() {
        println!("the schema is up to date");
    }
    versions.iter().for_each(|version| println!("migrated to {version}"));
    Ok(())
}

fn openapi(check: Option<PathBuf>) -> Outcome {
    let text = api::document().pretty();
    match check {
        None => std::io::stdout().write_all(text.as_bytes())?,
        Some(path) => {
            let stored = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            if stored != text {
                return Err(format!("{0} is not the document of this program: run `fishpond openapi > {0}`", path.display()).into());
            }
        }
    }
    Ok(())
}
