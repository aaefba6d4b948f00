//! A PostgreSQL for the run: `TEST_POSTGRES_URL`, else a throw-away cluster of its own, else none, said plainly.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use fishpond::config::Config;
use fishpond::setup;

/// The server's URL, without a database.
static SERVER: LazyLock<Option<String>> = LazyLock::new(|| {
    let found = std::env::var("TEST_POSTGRES_URL").ok().or_else(start_cluster);
    if found.is_none() {
        let required = std::env::var("REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
        assert!(!required, "REQUIRE_POSTGRES=1, but there is neither TEST_POSTGRES_URL nor initdb");
        eprintln!("PostgreSQL was skipped: no TEST_POSTGRES_URL, and initdb was not found");
    }
    found
});

/// A migrated, empty database that the others are copied from.
static TEMPLATE: LazyLock<Option<String>> = LazyLock::new(|| {
    let server = SERVER.as_deref()?;
    let name = format!("fishpond_template_{}", std::process::id());
    execute(server, &format!("DROP DATABASE IF EXISTS {name}"));
    execute(server, &format!("CREATE DATABASE {name}"));
    let config =
        Config::from_sources(vec![], vec![("database_url".into(), with_database(server, &name))], vec![]).expect("a valid configuration");
    setup::migrate_only(&config).expect("migrations");
    Some(name)
});

/// A database of a test's own, dropped with this value.
pub struct Database {
    name: String,
    pub url: String,
}

impl Database {
    pub fn create() -> Option<Self> {
        Self::copy_of(TEMPLATE.as_deref()?)
    }

    /// Without any table.
    pub fn create_empty() -> Option<Self> {
        Self::copy_of("template0")
    }

    fn copy_of(template: &str) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = SERVER.as_deref()?;
        let name = format!("fishpond_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        execute(server, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Some(Self { url: with_database(server, &name), name })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(server) = SERVER.as_deref() {
            execute(server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// The URL of an empty database that lives until the value is dropped.
pub fn postgres_url() -> Option<Database> {
    Database::create_empty()
}

fn with_database(server: &str, name: &str) -> String {
    let (base, query) = server.split_once('?').map_or((server, String::new()), |(base, query)| (base, format!("?{query}")));
    let scheme_end = base.find("://").map_or(0, |at| at + 3);
    let path = base[scheme_end..].find('/').map_or(base.len(), |at| scheme_end + at);
    format!("{}/{name}{query}", &base[..path])
}

fn execute(server: &str, statement: &str) {
    let mut conn = PgConnection::establish(&with_database(server, "postgres")).expect("the PostgreSQL server answers");
    conn.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
}

fn start_cluster() -> Option<String> {
    let bin = find_bin()?;
    let folder = std::env::temp_dir().join(format!("fishpond-postgres-{}", std::process::id()));
    std::fs::create_dir_all(&folder).ok()?;
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0"));
    if is_root {
        run(Command::new("chown").arg("postgres").arg(&folder));
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
    let data = folder.join("data");
    let (data_text, folder_text, bin_text) = (data.display(), folder.display(), bin.display());
    as_postgres(is_root, &format!("{bin_text}/initdb -D {data_text} -U postgres -A trust -E UTF8 --locale=C -N >/dev/null"))?;
    let options = format!(
        "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder_text} -c fsync=off -c synchronous_commit=off \
         -c full_page_writes=off -c max_connections=300 -c shared_buffers=128MB -c log_min_messages=fatal"
    );
    as_postgres(is_root, &format!("{bin_text}/pg_ctl -D {data_text} -w -t 60 -l {folder_text}/log -o '{options}' start >/dev/null"))?;
    stop_with_this_process(is_root, &bin, &folder);
    Some(format!("postgres://postgres@127.0.0.1:{port}"))
}

fn find_bin() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).find(|folder| folder.join("initdb").exists());
    let debian = || {
        let mut versions: Vec<PathBuf> =
            std::fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect();
        versions.sort();
        versions.into_iter().rev().find(|folder| folder.join("initdb").exists())
    };
    on_path.or_else(debian)
}

fn as_postgres(is_root: bool, script: &str) -> Option<()> {
    let mut command = if is_root { Command::new("su") } else { Command::new("sh") };
    if is_root {
        command.args(["postgres", "-s", "/bin/sh"]);
    }
    run(command.args(["-c", script]).current_dir("/"))
}

fn run(command: &mut Command) -> Option<()> {
    command.status().ok().filter(std::process::ExitStatus::success).map(|_| ())
}

/// A child that waits for the end of this process (its pipe closes, however that comes) and then takes the cluster away.
fn stop_with_this_process(is_root: bool, bin: &Path, folder: &Path) {
    let (bin, folder) = (bin.display(), folder.display());
    let stop = format!("{bin}/pg_ctl -D {folder}/data -m immediate stop");
    let stop = if is_root { format!("su postgres -s /bin/sh -c '{stop}'") } else { stop };
    let script = format!("cd /; cat >/dev/null; {stop}; rm -rf {folder}");
    let mut child = Command::new("sh");
    // In a group of its own: a Ctrl-C that ends the tests must not end it.
    std::os::unix::process::CommandExt::process_group(&mut child, 0);
    let child = child.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("sh");
    std::mem::forget(child); // keeps the pipe open
}
