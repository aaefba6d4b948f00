//! The configuration: defaults < `fishpond.toml` < environment < flags, checked once, at the start.
//!
//! Every setting is one row of `SETTINGS`: its name in the file, `FISHPOND_` + upper case in the environment.

mod reader;
mod sources;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use ipnet::IpNet;
use url::Url;

use reader::Reader;
use sources::{Origin, environment, read_file};

use crate::auth::password;
use crate::db::{Clock, PoolOptions, Target};
use crate::http::formats::is_email;
use crate::http::schemas::nearest;

/// What can be set: name, default, meaning.
pub const SETTINGS: &[(&str, &str, &str)] = &[
    ("listen", "127.0.0.1:8080", "address of the API; port 0 takes a free one"),
    ("database_url", "sqlite://data/fishpond.db", "sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME; DATABASE_URL is read too"),
    ("migration_backup", "on", "on or off: whether an SQLite database is copied, beside itself, before a new version changes its schema"),
    ("metrics_listen", "127.0.0.1:9464", "address of the Prometheus metrics, or off"),
    ("log_format", "text", "text or json"),
    ("log_level", "info", "error, warn, info, debug or trace; or a filter such as fishpond=debug"),
    ("workers", "0", "threads that answer requests; 0 is one for each core"),
    ("db_connections", "8", "connections of the pool (readers on SQLite)"),
    ("read_queue", "128", "requests that may wait for a connection before the rest is told to come back"),
    ("write_queue", "1024", "writes that may wait for the writer (SQLite)"),
    ("max_connections", "10000", "open client connections for each worker"),
    ("shutdown_seconds", "30", "time for requests in flight when stopping"),
    ("jobs", "on", "on or off: whether this server does background jobs; off leaves them to the others"),
    ("cors_origins", "", "origins of browsers that may call, separated by commas; * is any"),
    ("trusted_proxies", "", "networks whose X-Forwarded-For is believed, separated by commas: 10.0.0.0/8,::1/128"),
    ("public_url", "", "address under which clients reach the API; issuer of the access tokens"),
    ("admin_email", "admin@fishpond.local", "administrator made on an empty database"),
    ("admin_password", "", "its password; without it one is generated and printed once"),
];

#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub database: Target,
    pub does_migration_backup: bool,
    /// `None` is off.
    pub metrics_listen: Option<SocketAddr>,
    pub is_json_log: bool,
    pub log_level: String,
    pub workers: usize,
    pub pool: PoolOptions,
    pub max_connections: usize,
    pub shutdown_seconds: u64,
    pub does_jobs: bool,
    pub cors_origins: Vec<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub public_url: Option<String>,
    pub admin_email: String,
    pub admin_password: Option<String>,
    /// No setting: the machine's time, which tests move.
    pub clock: Clock,
    values: BTreeMap<&'static str, String>,
}

/// Which setting is wrong, where it was set, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Settings from one place, by name.
pub type Source = Vec<(String, String)>;

impl Config {
    /// Reads the file (if there is one), the process's environment and the flags.
    pub fn load(file: Option<&Path>, flags: Source) -> Result<Self, ConfigError> {
        let usual = Path::new("fishpond.toml");
        let path = file.or_else(|| usual.exists().then_some(usual));
        let settings = path.map(read_file).transpose()?.unwrap_or_default();
        let environment = environment(std::env::vars());
        let sources = [
            (path.unwrap_or(usual).display().to_string(), settings),
            ("the environment".into(), environment),
            ("the command line".into(), flags),
        ];
        Self::from_places(sources)
    }

    pub fn from_sources(file: Source, environment: Source, flags: Source) -> Result<Self, ConfigError> {
        Self::from_places([("fishpond.toml".into(), file), ("the environment".into(), environment), ("the command line".into(), flags)])
    }

    /// Later places win.
    fn from_places(sources: [(String, Source); 3]) -> Result<Self, ConfigError> {
        let mut values: BTreeMap<&'static str, (String, String)> =
            SETTINGS.iter().map(|(name, default, _)| (*name, ((*default).to_owned(), "the default".to_owned()))).collect();
        for (place, source) in sources {
            for (name, value) in source {
                let known = SETTINGS.iter().map(|(known, ..)| *known);
                let Some(name) = known.clone().find(|known| *known == name) else {
                    let meant = nearest(&name, known).map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
                    return Err(ConfigError(format!("unknown setting {name} in {place}{meant}")));
                };
                values.insert(name, (value, place.clone()));
            }
        }
        let reader = Reader(&values);
        let database_url = reader.text("database_url");
        Ok(Self {
            listen: reader.parsed("listen", "HOST:PORT")?,
            database: Target::parse(&database_url).map_err(|error| reader.wrong("database_url", &error.to_string()))?,
            does_migration_backup: reader.is_on("migration_backup")?,
            metrics_listen: if reader.text("metrics_listen") == "off" {
                None
            } else {
                Some(reader.parsed("metrics_listen", "HOST:PORT or off")?)
            },
            is_json_log: match reader.text("log_format").as_str() {
                "json" => true,
                "text" => false,
                _ => return Err(reader.wrong("log_format", "it must be text or json")),
            },
            log_level: reader.log_filter()?,
            workers: match reader.parsed::<usize>("workers", "a number")? {
                0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
                workers => workers,
            },
            pool: PoolOptions {
                connections: reader.at_least_one("db_connections")?,
                read_queue: reader.parsed("read_queue", "a number")?,
                write_queue: reader.at_least_one("write_queue")?,
                ..PoolOptions::default()
            },
            max_connections: reader.at_least_one("max_connections")?,
            shutdown_seconds: reader.parsed("shutdown_seconds", "a number of seconds")?,
            does_jobs: reader.is_on("jobs")?,
            cors_origins: reader
                .list::<Origin>("cors_origins", "origins such as https://app.example.com, or *")?
                .into_iter()
                .map(|origin| origin.0)
                .collect(),
            trusted_proxies: reader.list("trusted_proxies", "networks such as 10.0.0.0/8")?,
            public_url: match reader.text("public_url") {
                empty if empty.is_empty() => None,
                url if Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) => Some(url),
                _ => return Err(reader.wrong("public_url", "it must be an http or https URL")),
            },
            admin_email: match reader.text("admin_email") {
                email if is_email(&email) => email,
                _ => return Err(reader.wrong("admin_email", "it must be an e-mail address")),
            },
            admin_password: match reader.0.get("admin_password").map(|(password, _)| password.clone()) {
                Some(password) if !password.is_empty() => match password::check("", &password).first() {
                    Some(_) => return Err(reader.wrong("admin_password", "it must have 10 to 128 characters and not be a common one")),
                    None => Some(password),
                },
                _ => None,
            },
            clock: Clock::default(),
            values: values.iter().map(|(name, (value, _))| (*name, value.clone())).collect(),
        })
    }
}

/// Shows every setting, with secrets hidden.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.values {
            let shown = match *name {
                "admin_password" if !value.is_empty() => "…".to_owned(),
                // Neither what stands before the host nor what stands after the name.
                "database_url" => match value.split('?').next().unwrap_or_default().rsplit_once('@') {
                    Some((_, host)) => format!("…@{host}"),
                    None => value.split('?').next().unwrap_or_default().to_owned(),
                },
                _ => value.clone(),
            };
            writeln!(f, "{name} = {shown}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(pairs: &[(&str, &str)]) -> Source {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn error(environment: &[(&str, &str)]) -> String {
        Config::from_sources(Vec::new(), source(environment), Vec::new()).expect_err("refused").0
    }

    #[test]
    fn later_sources_win() {
        let file = source(&[("listen", "127.0.0.1:1"), ("log_format", "json")]);
        let config = Config::from_sources(file, source(&[("listen", "127.0.0.1:2")]), source(&[("listen", "127.0.0.1:3")])).expect("valid");
        assert_eq!(config.listen.port(), 3);
        assert!(config.is_json_log);
        assert_eq!(config.database, Target::Sqlite("data/fishpond.db".into()));
    }

    #[test]
    fn errors_name_the_setting() {
        assert!(error(&[("lisen", "x")]).contains("unknown setting lisen in the environment; did you mean listen?"));
        assert!(error(&[("listen", "nowhere")]).contains("listen \"nowhere\" in the environment"));
        assert!(error(&[("database_url", "mysql://u:secret@h/x")]).contains("unknown database URL scheme"));
        assert!(!error(&[("database_url", "mysql://u:secret@h/x")]).contains("secret"));
        assert!(error(&[("trusted_proxies", "10.0.0.0/8,home")]).contains("trusted_proxies"));
        assert!(error(&[("db_connections", "0")]).contains("at least 1"));
        assert!(error(&[("log_format", "xml")]).contains("text or json"));
        assert!(error(&[("jobs", "maybe")]).contains("on or off"));
        assert!(error(&[("log_level", "verbose")]).contains("log_level"));
        assert!(error(&[("cors_origins", "https://a.example.com/path")]).contains("cors_origins"));
        assert!(error(&[("public_url", "here")]).contains("public_url"));
        assert!(error(&[("admin_email", "here")]).contains("admin_email"));
        let weak = error(&[("admin_password", "password1234")]);
        assert!(weak.contains("admin_password") && !weak.contains("1234"), "{weak}");
    }

    #[test]
    fn the_usual_variable_is_read_and_secrets_are_hidden() {
        let variables = [("DATABASE_URL".to_owned(), "postgres://u:se@cret@h/x?password=secret".to_owned())];
        let environment = environment(variables.into_iter());
        let config = Config::from_sources(Vec::new(), environment, source(&[("admin_password", "hunter2@hunter2")])).expect("valid");
        assert!(matches!(config.database, Target::Postgres(_)));
        let shown = config.to_string();
        assert!(!shown.contains("cret") && !shown.contains("hunter2") && shown.contains("…@h/x"), "{shown}");
    }
}
