//! The migrations: up, down and up again, the same on both databases as in `schema.rs`.

use std::collections::BTreeSet;
use std::path::Path;

use diesel::prelude::*;
use diesel::sql_types::Text;
use fishpond::db::migrate::{self, MigrateError};
use fishpond::db::{Db, DbConnection, Target};

use crate::harness::postgres_url;

const SOURCE: &str = env!("CARGO_MANIFEST_DIR");

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Asks either database, in its own words, for lines of text.
fn lines(conn: &mut DbConnection, sqlite: &str, postgres: &str) -> Vec<String> {
    let rows: QueryResult<Vec<Line>> = match conn {
        DbConnection::Sqlite(lite) => diesel::sql_query(sqlite).load(lite),
        DbConnection::Postgres(pg) => diesel::sql_query(postgres).load(pg),
    };
    rows.expect("lines").into_iter().map(|row| row.line).collect()
}

/// Everything that the migrations made.
fn schema(conn: &mut DbConnection) -> Vec<String> {
    lines(
        conn,
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_master ORDER BY name",
        "SELECT format('%s.%s %s %s %s %s', table_name, column_name, data_type, is_nullable, collation_name, column_default) AS line
         FROM information_schema.columns WHERE table_schema = 'public'
         UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
         UNION ALL SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace
         ORDER BY 1",
    )
}

/// The tables and sequences that there are.
fn relations(conn: &mut DbConnection) -> Vec<String> {
    lines(
        conn,
        "SELECT name AS line FROM sqlite_master WHERE type <> 'index' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        "SELECT relname::text AS line FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') ORDER BY 1",
    )
}

/// Columns as `table.column`, with a `?` when they may be null.
fn columns(conn: &mut DbConnection) -> BTreeSet<String> {
    let found = lines(
        conn,
        "SELECT tables.name || '.' || columns.name || CASE WHEN columns.\"notnull\" OR columns.pk THEN '' ELSE '?' END AS line
         FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns
         WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' AND tables.name <> '__diesel_schema_migrations'",
        "SELECT format('%s.%s%s', table_name, column_name, CASE is_nullable WHEN 'YES' THEN '?' ELSE '' END) AS line
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'",
    );
    found.into_iter().collect()
}

/// The same of `schema.rs`.
fn declared_columns() -> BTreeSet<String> {
    let text = std::fs::read_to_string(Path::new(SOURCE).join("src/db/schema.rs")).expect("schema.rs");
    let (mut table, mut renamed, mut found) = ("", None, BTreeSet::new());
    for line in text.lines().map(str::trim) {
        if let Some((name, _)) = line.strip_suffix(") {").and_then(|head| head.split_once(" (")) {
            table = name;
        } else if let Some(name) = line.strip_prefix("#[sql_name = \"").and_then(|rest| rest.strip_suffix("\"]")) {
            renamed = Some(name);
        } else if let Some((name, kind)) = line.split_once(" -> ") {
            let null = if kind.starts_with("Nullable<") { "?" } else { "" };
            found.insert(format!("{table}.{}{null}", renamed.take().unwrap_or(name)));
        }
    }
    found
}

/// The names of a tree's migrations.
fn migrations(tree: &str) -> Vec<String> {
    let entries = std::fs::read_dir(Path::new(SOURCE).join("migrations").join(tree)).expect("a folder");
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn up(conn: &mut DbConnection) -> Vec<String> {
    migrate::run(conn, |_| Ok(()), |_| ()).expect("migrations").0
}

/// Runs a test on an empty database of each kind.
fn on_empty(test: impl Fn(&mut DbConnection)) {
    let (folder, postgres) = (tempfile::tempdir().expect("a folder"), postgres_url());
    let sqlite = format!("sqlite://{}", folder.path().join("empty.db").display());
    for url in [sqlite].into_iter().chain(postgres.as_ref().map(|database| database.url.clone())) {
        Db::setup(&Target::parse(&url).expect("a known scheme"), |conn| test(conn)).expect("a connection");
    }
}

#[test]
fn up_down_and_up_again_is_up() {
    on_empty(|conn| {
        assert_eq!(up(conn).len(), migrations("sqlite").len());
        let first = schema(conn);
        assert!(first.len() > 50, "{first:#?}");
        assert_eq!(up(conn), Vec::<String>::new(), "nothing is left to do");
        migrate::revert_all(conn).expect("down");
        assert_eq!(relations(conn), ["__diesel_schema_migrations"]);
        assert_eq!(up(conn).len(), migrations("sqlite").len());
        assert_eq!(schema(conn), first);
    });
}

#[test]
fn both_trees_have_the_same_migrations() {
    let names = migrations("sqlite");
    assert!(!names.is_empty());
    assert_eq!(names, migrations("postgres"));
    for (tree, name) in ["sqlite", "postgres"].iter().flat_map(|tree| names.iter().map(move |name| (tree, name))) {
        let folder = Path::new(SOURCE).join("migrations").join(tree).join(name);
        assert!(["up.sql", "down.sql"].iter().all(|file| folder.join(file).is_file()), "{}", folder.display());
    }
}

#[test]
fn the_columns_are_those_of_the_schema() {
    on_empty(|conn| {
        up(conn);
        let (declared, found) = (declared_columns(), columns(conn));
        // Where tokens are searched is each database's own.
        let own = |column: &&String| {
            column.starts_with("search_tokens") || ["search_docs.number", "search_docs.tokens?"].contains(&column.as_str())
        };
        let found: BTreeSet<String> = found.iter().filter(|column| !own(column)).cloned().collect();
        assert!(declared.contains("changes.type") && declared.contains("users.email?"), "{declared:#?}");
        let missing: Vec<_> = declared.difference(&found).collect();
        let unknown: Vec<_> = found.difference(&declared).collect();
        assert!(missing.is_empty() && unknown.is_empty(), "only in schema.rs: {missing:?}; only in the database: {unknown:?}");
    });
}

#[test]
fn a_newer_database_is_refused() {
    on_empty(|conn| {
        up(conn);
        let newer = diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");
        match conn {
            DbConnection::Sqlite(lite) => newer.execute(lite),
            DbConnection::Postgres(pg) => newer.execute(pg),
        }
        .expect("a row");
        let before = schema(conn);
        match migrate::run(conn, |_| Ok(()), |_| panic!("it goes on")) {
            Err(MigrateError::Newer(versions)) => assert_eq!(versions, ["9999"]),
            other => panic!("{:?}", other.map(|(versions, ())| versions)),
        }
        assert_eq!(schema(conn), before);
    });
}

#[test]
fn many_may_migrate_at_once() {
    let Some(database) = postgres_url() else { return };
    let target = Target::parse(&database.url).expect("a known scheme");
    let run = |target: Target| std::thread::spawn(move || Db::setup(&target, up).expect("a connection"));
    let running: Vec<_> = (0..4).map(|_| run(target.clone())).collect();
    let done: Vec<String> = running.into_iter().flat_map(|thread| thread.join().expect("migrated")).collect();
    assert_eq!(done.len(), migrations("postgres").len(), "each ran once: {done:?}");
}
