//! Types, pages and cursors.

use diesel::RunQueryDsl;
use fishpond::crm::feed::SHOWN;
use fishpond::db::{Condition, DbConnection};
use serde_json::{Value, json};

use super::{latest, since, told};
use crate::harness::{Actor, DOCUMENT, on_both};

async fn customer(actor: &Actor, name: &str) -> Value {
    actor.post("/customers", json!({ "name": name, "kind": "person" })).await.created()
}

#[test]
fn only_the_types_that_are_asked_for() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let start = latest(&admin).await;
        let made = customer(&admin, "A").await;
        let path = format!("/customers/{}", made["id"].as_str().unwrap());
        admin.patch(&path, json!({ "name": "B" })).await.ok();
        admin.post("/tiers", json!({ "code": "t", "name": "T", "rank": 1 })).await.created();
        let kinds = async |types: &str| -> Vec<String> {
            told(&since(&admin, &admin, &start, types).await)
                .into_iter()
                .map(|(kind, _)| kind)
                .filter(|kind| !kind.starts_with("api_key") && !kind.starts_with("user."))
                .collect()
        };
        assert_eq!(kinds("customer.updated").await, ["customer.updated"]);
        assert_eq!(kinds("customer.*").await, ["customer.created", "customer.updated"]);
        assert_eq!(kinds("tier.*, customer.created").await, ["customer.created", "tier.created"]);
        assert_eq!(kinds("customer.deleted").await, [""; 0]);
        assert_eq!(kinds("*").await, ["customer.created", "customer.updated", "tier.created"]);

        // The cursor goes on over what is left out.
        let page = admin.list("/changes", &[("after", &start), ("types", "customer.deleted")]).await.ok();
        let rest = admin.list("/changes", &[("after", page["next_cursor"].as_str().unwrap())]).await.ok();
        assert_eq!((&page["data"], &rest["data"]), (&json!([]), &json!([])));

        let nearest = |refused: Value| refused["meta"]["did_you_mean"].clone();
        assert_eq!(nearest(admin.get("/changes?types=customer.updatet").await.problem(400, "invalid_parameter")), "customer.updated");
        assert_eq!(nearest(admin.get("/changes?types=tier.*,custmer.*").await.problem(400, "invalid_parameter")), "customer.*");
        for wrong in ["", "customer", "customer.", ".*", "customer.stage_moved", "customer.*.*", ","] {
            admin.list("/changes", &[("types", wrong)]).await.problem(400, "invalid_parameter");
        }
    });
}

#[test]
fn every_type_is_described() {
    let operation = &DOCUMENT["paths"]["/api/v1/changes"]["get"];
    let text = operation["description"].as_str().unwrap();
    let missing: Vec<String> = SHOWN.iter().flat_map(|shown| shown.types()).filter(|kind| !text.contains(&format!("`{kind}`"))).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn the_latest_cursor_has_everything_behind_it() {
    on_both(|app| async move {
        let admin = app.admin().await;
        customer(&admin, "before").await;
        admin.changes().await;
        let start = latest(&admin).await;
        let made = customer(&admin, "after").await;
        let seen = since(&admin, &admin, &start, "customer.*").await;
        assert_eq!(told(&seen), [("customer.created".to_owned(), made["id"].as_str().unwrap().to_owned())]);
        // In a workspace of which nothing is seen yet, too.
        let stranger = app.db_stranger().await;
        let start = latest(&stranger).await;
        assert_eq!(stranger.list("/changes", &[("after", &start)]).await.ok()["data"], json!([]));
    });
}

#[test]
fn a_cursor_from_before_the_purge_has_expired() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let old = latest(&admin).await;
        customer(&admin, "A").await;
        let changes = admin.changes().await;
        let last = changes["data"].as_array().unwrap().last().unwrap()["seq"].as_i64().unwrap();
        app.db(|conn| {
            Condition::sql("DELETE FROM changes WHERE seq <= ").bind(last).execute(conn).unwrap();
            let floor = Condition::sql("INSERT INTO change_floors (workspace_id, seq) SELECT id, ").bind(last);
            floor.then(" FROM workspaces").execute(conn).unwrap();
        });
        let refused = admin.list("/changes", &[("after", &old)]).await.problem(410, "cursor_expired");
        let next = refused["meta"]["next_cursor"].as_str().unwrap().to_owned();
        assert!(refused["detail"].as_str().unwrap().contains(&next), "{refused:#}");
        admin.get("/changes?after=c1-0").await.problem(410, "cursor_expired");
        admin.list("/changes", &[("after", old.as_str()), ("types", "tier.*")]).await.problem(410, "cursor_expired");

        // The recipe: go on from the cursor that the refusal gives.
        let made = customer(&admin, "B").await;
        let seen = since(&admin, &admin, &next, "customer.*").await;
        assert_eq!(told(&seen), [("customer.created".to_owned(), made["id"].as_str().unwrap().to_owned())]);
        admin.list("/changes", &[("after", &format!("c1-{last}"))]).await.ok();
        assert!(!admin.get("/changes").await.ok()["next_cursor"].as_str().unwrap().is_empty(), "what is left, from its beginning");
    });
}

/// Rows that somebody does not see, as many as are looked at in three requests.
#[test]
fn a_request_looks_at_so_many_rows_and_not_more() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let other = app.user("rep").await;
        let start = latest(&admin).await;
        other.post("/customers", json!({ "name": "F", "kind": "person" })).await.created();
        app.db(|conn| multiply(conn, 24_000));
        let own = rep.post("/customers", json!({ "name": "O", "kind": "person" })).await.created();
        admin.changes().await;
        let (mut after, mut pages, mut seen) = (start, 0, Vec::new());
        loop {
            let before = app.statements().await;
            let page = rep.list("/changes", &[("after", &after)]).await.ok();
            assert!(app.statements().await - before <= 45, "a few statements for each thousand rows");
            seen.extend(page["data"].as_array().unwrap().iter().cloned());
            assert_ne!(page["next_cursor"].as_str().unwrap(), after, "it goes on");
            after = page["next_cursor"].as_str().unwrap().to_owned();
            pages += 1;
            if page["has_more"] == false {
                break;
            }
        }
        assert_eq!((pages, told(&seen)), (3, vec![("customer.created".to_owned(), own["id"].as_str().unwrap().to_owned())]));
    });
}

/// Copies the last change so many times.
fn multiply(conn: &mut DbConnection, count: i64) {
    let new_id = match conn {
        DbConnection::Sqlite(_) => "randomblob(16)",
        DbConnection::Postgres(_) => "gen_random_uuid()",
    };
    let copy = Condition::sql(format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         INSERT INTO changes (workspace_id, id, type, object_type, object_id, object_version, changed, actor_id, request_id, at) \
         SELECT workspace_id, {new_id}, 'customer.updated', object_type, object_id, 2, '{{}}', actor_id, request_id, at \
         FROM changes, n WHERE seq = (SELECT max(seq) FROM changes)"
    ));
    copy.execute(conn).expect("copies");
}

#[test]
fn whatever_is_written_is_shown() {
    on_both(|app| async move {
        let admin = app.admin().await;
        crate::idempotency::do_everything(&app, &admin).await;
        let known: Vec<String> = SHOWN.iter().flat_map(|shown| shown.types()).collect();
        let written: Vec<String> = app.db(|conn| {
            let kinds = Condition::sql("SELECT DISTINCT type FROM changes").giving::<diesel::sql_types::Text>();
            kinds.load(conn).expect("types")
        });
        assert!(written.len() > 20, "{written:?}");
        let missing: Vec<&String> = written.iter().filter(|kind| !known.contains(kind)).collect();
        assert!(missing.is_empty(), "these are nowhere in `crm::feed::SHOWN`: {missing:?}");
    });
}
