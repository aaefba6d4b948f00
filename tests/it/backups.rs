//! Copies of databases: while they are written to, and before a new version changes them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::connection::SimpleConnection;
use fishpond::db::{Condition, Db, Target};
use serde_json::{Value, json};

use crate::harness::program::{SERVE, Serving, fishpond, folder, run};
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Actor, ids, on_both};

/// The names of a folder's files.
fn files(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

async fn customers(actor: &Actor) -> BTreeSet<String> {
    let (mut all, mut query) = (BTreeSet::new(), "/customers?limit=200".to_owned());
    loop {
        let page = actor.get(&query).await.ok();
        all.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("/customers?limit=200&cursor={cursor}"),
            None => return all,
        }
    }
}

/// A server on this file.
fn serve(folder: &Path, file: &str) -> Serving {
    let url = format!("sqlite://{file}");
    Serving::start(&mut fishpond(folder, &[&SERVE[..], &["--database-url", &url]].concat())).expect("it starts")
}

#[test]
fn a_copy_of_a_running_server_is_one_moment_of_it() {
    on_both(|app| async move {
        let folder = folder();
        let copy = |file: &str| {
            let mut command = fishpond(folder.path(), &["backup", file, "--database-url", &app.database_url()]);
            tokio::task::spawn_blocking(move || run(&mut command))
        };
        if !app.is_sqlite() {
            let refused = copy("copy.db").await.unwrap().failed();
            assert!(refused.contains("pg_dump") && !refused.contains("postgres:"), "{refused}");
            assert_eq!(files(folder.path()), BTreeSet::new());
            return;
        }
        let admin = app.admin().await;
        let before: BTreeSet<String> = admin.customers(300, &json!({})).await.into_iter().collect();
        let is_over = AtomicBool::new(false);
        // Each batch is whole in the copy, or not in it.
        let writer = async |number: usize| {
            let mut batches: Vec<BTreeSet<String>> = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                batches.push(admin.customers(3, &json!({ "source": null, "remarks": number.to_string() })).await.into_iter().collect());
            }
            batches
        };
        let writing = futures_util::future::join_all((0..8).map(writer));
        let copying = async {
            for file in ["one.db", "two.db", "three.db"] {
                assert!(copy(file).await.unwrap().ok().contains(file));
            }
            is_over.store(true, Ordering::Relaxed);
        };
        let (written, ()) = tokio::join!(writing, copying);
        let refused = copy("one.db").await.unwrap().failed();
        assert!(refused.contains("one.db exists already"), "{refused}");
        assert_eq!(files(folder.path()), ["one.db", "two.db", "three.db"].map(str::to_owned).into());

        let mut last = before;
        for file in ["one.db", "two.db", "three.db"] {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600, "the keys are in it");
            }
            let server = serve(folder.path(), file);
            let restored = server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
            let found = customers(&restored).await;
            assert!(found.is_superset(&last), "what was there before it");
            for batch in written.iter().flatten() {
                let is_in = batch.intersection(&found).count();
                assert!(is_in == 0 || is_in == batch.len(), "half of {batch:?}");
            }
            // Rows and feed are of the same moment.
            let told = restored.changes_after("customer.created,api_key.*", &mut String::new()).await;
            let told = told.iter().filter(|change| change["type"] == "customer.created");
            let told: BTreeSet<String> = told.map(|change| change["object"]["id"].as_str().unwrap().to_owned()).collect();
            assert_eq!(told, found);
            assert_eq!(restored.get("/customers?q=C1&include_total=true").await.ok()["total"].as_i64().map(|total| total > 0), Some(true));
            assert_eq!(server.stop(), Some(0));
            last = found;
        }
        let all = customers(&admin).await;
        assert!(all.is_superset(&last));
    });
}

#[test]
fn a_copy_needs_a_database_and_a_place() {
    let folder = folder();
    let copy = |file: &str, url: &str| run(&mut fishpond(folder.path(), &["backup", file, "--database-url", url])).failed();
    assert!(copy("copy.db", "sqlite://none.db").contains("there is no database none.db"));
    assert_eq!(files(folder.path()), BTreeSet::new());
    run(&mut fishpond(folder.path(), &["migrate", "--database-url", "sqlite://some.db"])).ok();
    let before = files(folder.path());
    assert!(copy("no/such/folder/copy.db", "sqlite://some.db").contains("cannot write to no/such/folder"));
    assert!(copy("some.db", "sqlite://some.db").contains("some.db exists already"));
    std::fs::write(folder.path().join("text.db"), "nothing that a database would hold".repeat(100)).unwrap();
    assert!(copy("copy.db", "sqlite://text.db").contains("file is not a database"));
    // What another one writes, or an interrupted one has left.
    std::fs::write(folder.path().join("copy.db.partial"), "half").unwrap();
    assert!(copy("copy.db", "sqlite://some.db").contains("copy.db.partial exists"));
    assert_eq!(std::fs::read(folder.path().join("copy.db.partial")).unwrap(), b"half");
    for own in ["text.db", "copy.db.partial"] {
        std::fs::remove_file(folder.path().join(own)).unwrap();
    }
    assert_eq!(files(folder.path()), before);
}

/// The last migration, taken back.
fn make_older(file: &Path) -> String {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let last = files(&migrations).last().unwrap().clone();
    let version = last.split('_').next().unwrap().to_owned();
    let down = std::fs::read_to_string(migrations.join(last).join("down.sql")).unwrap();
    let forget = Condition::sql("DELETE FROM __diesel_schema_migrations WHERE version = ").bind(version.as_str());
    Db::setup(&Target::Sqlite(file.to_owned()), |conn| {
        conn.batch_execute(&down).unwrap();
        assert_eq!(forget.execute(conn), Ok(1));
    })
    .unwrap();
    version
}

#[tokio::test]
async fn what_an_older_version_had_is_kept_before_it_changes() {
    let folder = folder();
    let start = |file: &str, backup: &str| {
        let url = format!("sqlite://{file}");
        let mut command = fishpond(folder.path(), &[&SERVE[..], &["--database-url", &url]].concat());
        command.env("FISHPOND_MIGRATION_BACKUP", backup).env("FISHPOND_ADMIN_PASSWORD", ADMIN_PASSWORD);
        Serving::start(command.env("FISHPOND_ADMIN_EMAIL", ADMIN_EMAIL))
    };
    let server = start("a.db", "on").unwrap();
    let admin = server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
    let made: Value = admin.post("/customers", json!({ "name": "Old", "kind": "person" })).await.created();
    assert_eq!(server.stop(), Some(0));
    assert!(!files(folder.path()).iter().any(|name| name.contains("before")), "nothing is copied when nothing changes");
    let version = make_older(&folder.path().join("a.db"));
    let name = |file: &str| format!("{file}.before-{version}");
    std::fs::copy(folder.path().join("a.db"), folder.path().join("older.db")).unwrap();
    // One of an earlier try, and one that was interrupted.
    for end in ["", ".partial"] {
        std::fs::write(folder.path().join(name("a.db") + end), "half").unwrap();
    }

    let server = start("a.db", "on").unwrap();
    assert!(server.log().contains("copying the database before its schema changes"), "{}", server.log());
    assert_eq!(server.stop(), Some(0));
    assert!(!files(folder.path()).iter().any(|name| name.ends_with(".partial")));
    // The copy is what was there: starting with it changes it in turn.
    for file in ["a.db".to_owned(), name("a.db")] {
        let server = start(&file, "on").unwrap();
        let admin = server.login(ADMIN_EMAIL, ADMIN_PASSWORD).await;
        assert_eq!(admin.get(&format!("/customers/{}", made["id"].as_str().unwrap())).await.ok()["name"], "Old");
        assert_eq!(server.stop(), Some(0));
    }
    assert!(files(folder.path()).contains(&name(&name("a.db"))), "it was the older one");

    std::fs::copy(folder.path().join("older.db"), folder.path().join("b.db")).unwrap();
    std::fs::create_dir(folder.path().join(name("b.db"))).unwrap();
    let refused = start("b.db", "on").unwrap_err().failed();
    assert!(refused.contains("cannot copy b.db") && refused.contains("migration_backup"), "{refused}");
    std::fs::remove_dir(folder.path().join(name("b.db"))).unwrap();
    assert_eq!(start("b.db", "off").unwrap().stop(), Some(0), "it was left as it was");
    assert!(!files(folder.path()).contains(&name("b.db")));
}
