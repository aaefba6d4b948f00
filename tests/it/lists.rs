//! Lists: order, pages and cursors, filters, totals.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use fishpond::auth::Scope;
use fishpond::auth::privileges::Role;
use fishpond::crm::customers::{CreateCustomer, store};
use fishpond::db::id::{UserId, WorkspaceId};
use fishpond::db::schema::workspaces;
use fishpond::db::transact;
use serde_json::{Value, json};

use crate::harness::{Actor, App, ids, on_both};

mod filtered;

/// A new customer, an organization unless it says otherwise; gives its id.
async fn customer(actor: &Actor, mut members: Value) -> String {
    if members.get("kind").is_none() {
        members["kind"] = json!("organization");
    }
    actor.post("/customers", members).await.created()["id"].as_str().unwrap().to_owned()
}

/// The same for an administrator, made at another time.
fn db_customer(app: &App, admin: &Actor, at: &str, mut members: Value) -> String {
    if members.get("kind").is_none() {
        members["kind"] = json!("organization");
    }
    let input: CreateCustomer = serde_json::from_value(members).unwrap();
    app.db(|conn| {
        let workspace_id: WorkspaceId = workspaces::table.select(workspaces::id).first(conn).unwrap();
        let user_id: UserId = admin.id.parse().unwrap();
        let actor = fishpond::db::Actor { user_id: Some(user_id), ..fishpond::db::Actor::system(workspace_id) };
        let made = transact(conn, &actor, &|tx| {
            tx.now = at.parse().unwrap();
            store::create(tx, &Scope::of(workspace_id, user_id, Role::Admin, false, tx.now), &input)
        });
        made.unwrap().id.to_string()
    })
}

/// The rows of the list of customers that follow a page, page by page.
async fn rest(actor: &Actor, query: &str, page: &Value) -> Vec<Value> {
    let (mut rows, mut next) = (Vec::new(), page["next_cursor"].clone());
    while let Some(cursor) = next.as_str() {
        let page = actor.get(&format!("/customers?{query}&cursor={cursor}")).await.ok();
        assert_eq!(page["has_more"], page["next_cursor"].is_string());
        rows.extend(page["data"].as_array().unwrap().clone());
        next = page["next_cursor"].clone();
    }
    rows
}

/// All rows of the list of customers, page by page.
async fn walk(actor: &Actor, query: &str) -> Vec<Value> {
    let first = actor.get(&format!("/customers?{query}")).await.ok();
    let mut rows = first["data"].as_array().unwrap().clone();
    rows.extend(rest(actor, query, &first).await);
    rows
}

fn names(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[test]
fn the_newest_come_first_and_links_lead_through_the_pages() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let mut made = Vec::new();
        for number in 0..7 {
            made.push(customer(&admin, json!({ "name": format!("C{number}") })).await);
        }
        made.reverse();
        let target = |link: &str| link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).unwrap().to_owned();

        let first = admin.get("/customers?limit=3").await;
        let next = target(first.header("link"));
        let first = first.ok();
        assert_eq!(ids(&first), made[..3]);
        assert_eq!((&first["has_more"], &first["total"]), (&json!(true), &Value::Null));
        let second = admin.get(&next).await;
        let next = target(second.header("link"));
        let second = second.ok();
        assert_eq!(ids(&second), made[3..6]);
        let by_cursor = format!("/customers?limit=3&cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(admin.get(&by_cursor).await.ok(), second, "the link and the cursor are the same page");
        let third = admin.get(&next).await;
        assert_eq!(third.header("link"), "");
        let third = third.ok();
        assert_eq!(ids(&third), made[6..]);
        assert_eq!((&third["has_more"], &third["next_cursor"]), (&json!(false), &Value::Null));

        let whole = admin.get("/customers?limit=7").await.ok();
        assert_eq!((ids(&whole), &whole["has_more"]), (made, &json!(false)), "a page that just fits is the last one");
        for limit in ["0", "201", "abc", "-1", "1.5", ""] {
            let refused = admin.list("/customers", &[("limit", limit)]).await.problem(400, "invalid_parameter");
            assert_eq!(refused["meta"]["parameter"], "limit");
        }
        assert_eq!(admin.get("/customers?limit=200").await.ok()["data"], whole["data"]);
    });
}

#[test]
fn names_are_sorted_folded_and_ties_are_not_lost() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for name in ["B", "a", "华为", "Ｂ", "A", "c", "b", "Ａ", "华为"] {
            customer(&admin, json!({ "name": name })).await;
        }
        let whole = walk(&admin, "sort=name&limit=200").await;
        assert_eq!(names(&whole), ["a", "A", "Ａ", "B", "Ｂ", "b", "c", "华为", "华为"]);
        for limit in 1..=4 {
            assert_eq!(walk(&admin, &format!("sort=name&limit={limit}")).await, whole, "in pages of {limit}");
            let mut descending = walk(&admin, &format!("sort=-name&limit={limit}")).await;
            descending.reverse();
            assert_eq!(descending, whole, "descending, in pages of {limit}");
        }
    });
}

#[test]
fn several_keys_sort_in_their_own_directions() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for name in ["a2", "b1", "a1", "a3", "c", "b2", "a1"] {
            customer(&admin, json!({ "name": name, "source_detail": name })).await;
        }
        app.db(|conn| {
            let days = "UPDATE customers SET created_at = '2026-01-01T00:00:00.000Z' WHERE name LIKE 'a%';
                        UPDATE customers SET created_at = '2026-01-02T00:00:00.000Z' WHERE name LIKE 'b%';";
            conn.batch_execute(days).unwrap();
        });
        for limit in [1, 2, 3, 50] {
            let rows = async |sort: &str| walk(&admin, &format!("sort={sort}&limit={limit}")).await;
            let mixed = rows("-created_at,name").await;
            assert_eq!(names(&mixed), ["c", "b1", "b2", "a1", "a1", "a2", "a3"]);
            assert!(mixed[3]["id"].as_str() > mixed[4]["id"].as_str(), "the newer of two equal ones comes first");
            let mut reversed = rows("created_at,-name").await;
            reversed.reverse();
            assert_eq!(reversed, mixed);
            assert_eq!(names(&rows("created_at,name").await), ["a1", "a1", "a2", "a3", "b1", "b2", "c"]);
            assert_eq!(names(&rows("created_at,-name,-updated_at").await), ["a3", "a2", "a1", "a1", "b2", "b1", "c"]);
        }
        for sort in ["employee_count", "nam", "", "name,", "name,-name", "+name", "name,created_at,updated_at,last_touch_at"] {
            let refused = admin.list("/customers", &[("sort", sort)]).await.problem(400, "invalid_parameter");
            assert_eq!(refused["meta"]["parameter"], "sort");
        }
    });
}

#[test]
fn nulls_come_last_in_both_directions() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for name in ["n2", "t1", "n1", "u", "t2", "n3"] {
            customer(&admin, json!({ "name": name })).await;
        }
        for limit in 1..=4 {
            let rows = walk(&admin, &format!("sort=last_touch_at&limit={limit}")).await;
            assert_eq!(names(&rows), ["n2", "t1", "n1", "u", "t2", "n3"], "all of them are null");
        }
        app.db(|conn| {
            let touched = "UPDATE customers SET last_touch_at = '2026-01-01T00:00:00.000Z' WHERE name IN ('t1', 't2');
                           UPDATE customers SET last_touch_at = '2026-01-01T00:00:00.001Z' WHERE name = 'u';
                           UPDATE customers SET next_touch_at = '2026-02-01T00:00:00.000Z' WHERE name IN ('n1', 't2');";
            conn.batch_execute(touched).unwrap();
        });
        for limit in [1, 2, 3, 4, 50] {
            for (sort, expected) in [
                ("last_touch_at", ["t1", "t2", "u", "n2", "n1", "n3"]),
                ("-last_touch_at", ["u", "t2", "t1", "n3", "n1", "n2"]),
                ("last_touch_at,-name", ["t2", "t1", "u", "n3", "n2", "n1"]),
                ("-last_touch_at,name", ["u", "t1", "t2", "n1", "n2", "n3"]),
                ("last_touch_at,next_touch_at", ["t2", "t1", "u", "n1", "n2", "n3"]),
                ("-last_touch_at,-next_touch_at", ["u", "t2", "t1", "n1", "n3", "n2"]),
                ("next_touch_at,-last_touch_at,name", ["t2", "n1", "u", "t1", "n2", "n3"]),
            ] {
                let rows = walk(&admin, &format!("sort={sort}&limit={limit}")).await;
                assert_eq!(names(&rows), expected, "by {sort} in pages of {limit}");
            }
        }
        let touched = admin.list("/customers", &[("last_touch_at[gte]", "2026-01-01T00:00:00.001Z")]).await.ok();
        assert_eq!(names(touched["data"].as_array().unwrap()), ["u"], "null is not greater");
    });
}

#[test]
fn writes_between_two_pages_do_not_disturb_the_rest() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let mut paths = Vec::new();
        for number in 1..=8 {
            paths.push(format!("/customers/{}", customer(&admin, json!({ "name": format!("c{number}") })).await));
        }
        let by_name = admin.get("/customers?limit=3&sort=name").await.ok();
        assert_eq!(names(by_name["data"].as_array().unwrap()), ["c1", "c2", "c3"]);
        let newest = admin.get("/customers?limit=3").await.ok();
        assert_eq!(names(newest["data"].as_array().unwrap()), ["c8", "c7", "c6"]);

        for name in ["b", "c35", "d"] {
            customer(&admin, json!({ "name": name })).await;
        }
        admin.delete(&paths[2]).await.no_content(); // where the first page by name ended
        admin.delete(&paths[5]).await.no_content(); // where the newest ones ended
        admin.patch(&paths[6], json!({ "name": "a" })).await.ok();
        admin.patch(&paths[3], json!({ "remarks": "another version" })).await.ok();

        let by_name = rest(&admin, "limit=3&sort=name", &by_name).await;
        assert_eq!(names(&by_name), ["c35", "c4", "c5", "c8", "d"]);
        let newest = rest(&admin, "limit=3", &newest).await;
        assert_eq!(names(&newest), ["c5", "c4", "c2", "c1"]);
    });
}

#[test]
fn a_cursor_belongs_to_one_list() {
    on_both(|app| async move {
        let (admin, stranger) = (app.admin().await, app.db_stranger().await);
        for who in [&admin, &stranger] {
            for name in ["a", "b", "c"] {
                customer(who, json!({ "name": name })).await;
            }
        }
        let first = admin.get("/customers?limit=1&sort=name&kind=organization&status=active").await.ok();
        let cursor = first["next_cursor"].as_str().unwrap();
        let next = format!("/customers?status=active&include_total=true&kind=organization&limit=2&sort=name&cursor={cursor}");
        let page = admin.get(&next).await.ok();
        assert_eq!(names(page["data"].as_array().unwrap()), ["b", "c"], "the parameters' order, limit and total make no other list");
        for other in [
            "sort=name&kind=organization",
            "sort=name&kind=person&status=active",
            "sort=name&kind[in]=organization&status=active",
            "sort=name&kind=organization&status=active&is_deleted=true",
            "sort=-name&kind=organization&status=active",
            "sort=name,created_at&kind=organization&status=active",
            "kind=organization&status=active",
        ] {
            admin.get(&format!("/customers?{other}&cursor={cursor}")).await.problem(400, "cursor_mismatch");
        }
        admin.get(&format!("/contacts?sort=name&cursor={cursor}")).await.problem(400, "cursor_mismatch");
        stranger.get(&next).await.problem(400, "cursor_mismatch");

        let swapped = |place: usize| {
            let with = if cursor.as_bytes()[place] == b'A' { 'B' } else { 'A' };
            format!("{}{with}{}", &cursor[..place], &cursor[place + 1..])
        };
        let end = cursor.len() - 1;
        let cut = [cursor[1..].to_owned(), cursor[..end].to_owned(), cursor.repeat(2), format!("{cursor}A"), format!("{cursor}=")];
        let nonsense = ["", "nonsense", "AAAA", "é", "../.."].map(str::to_owned);
        for damaged in [swapped(0), swapped(3), swapped(9), swapped(end / 2), swapped(end)].iter().chain(&cut).chain(&nonsense) {
            let query = [("sort", "name"), ("kind", "organization"), ("status", "active"), ("cursor", damaged.as_str())];
            admin.list("/customers", &query).await.problem(400, "invalid_cursor");
        }
    });
}

#[test]
fn deleted_rows_are_listed_to_administrators_only() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let gone = customer(&admin, json!({ "name": "gone" })).await;
        let here = customer(&admin, json!({ "name": "here" })).await;
        admin.delete(&format!("/customers/{gone}")).await.no_content();
        assert_eq!(ids(&admin.get("/customers?is_deleted=true").await.ok()), [gone.as_str()]);
        assert_eq!(ids(&admin.get("/customers?is_deleted=true&name=here").await.ok()).len(), 0);
        assert_eq!(ids(&app.api_key(&["customers:read"]).await.get("/customers?is_deleted=true").await.ok()), [gone]);
        for role in ["rep", "manager", "viewer"] {
            let person = app.user(role).await;
            let refused = person.get("/customers?is_deleted=true").await.problem(403, "insufficient_role");
            assert_eq!(refused["meta"]["required_role"], "admin");
            assert_eq!(ids(&person.get("/customers?is_deleted=false").await.ok()), [here.as_str()]);
        }
    });
}

#[test]
fn a_name_with_a_tab_can_be_paged_over() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for name in ["Aaa\tBbb", "Ccc"] {
            admin.post("/customers", json!({ "name": name, "kind": "person" })).await.created();
        }
        let first = admin.get("/customers?sort=name&limit=1").await.ok();
        let next =
            admin.list("/customers", &[("sort", "name"), ("limit", "1"), ("cursor", first["next_cursor"].as_str().unwrap())]).await.ok();
        assert_eq!(next["data"][0]["name"], "Ccc");
    });
}
