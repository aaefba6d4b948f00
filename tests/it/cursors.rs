//! Pages while others write: a row that does not change is seen exactly once, in its place.
//!
//! `CURSOR_ROUNDS` says how often (1), `CURSOR_SEED` where chance begins.

use diesel::sql_types::Text;
use diesel::{QueryDsl, RunQueryDsl};
use fishpond::auth::Scope;
use fishpond::auth::privileges::Role;
use fishpond::crm::customers::{self, Customers};
use fishpond::db::Condition;
use fishpond::db::condition::AnyId;
use fishpond::db::id::{CustomerId, WorkspaceId};
use fishpond::db::schema::workspaces;
use fishpond::db::types::DbUuid;
use fishpond::http::query::Query;
use fishpond::listing::List;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::harness::{Actor, Dice, Reply, ids, on_both};

/// With ties, also of names that are only the same when folded; all of them are found by `q=eva`.
const NAMES: [&str; 8] = ["Eva", "eva", "Éva", "ＥＶＡ", "Eva Ltd", "Evander", "Old Eva", "鱼池 Eva"];
const DAYS: [Option<&str>; 4] = [None, None, Some("2026-06-01"), Some("2026-06-02")];
/// Writes in one walk through the pages: an end must be in sight.
const WRITES: usize = 36;

const QUESTIONS: [&str; 13] = [
    "",
    "sort=created_at",
    "sort=name",
    "sort=-name",
    "sort=expected_close_date",
    "sort=-expected_close_date",
    "sort=-expected_close_date,name",
    "sort=expected_close_date,-name,-created_at",
    "sort=name,-expected_close_date",
    "sort=-name,-expected_close_date,created_at",
    "sort=updated_at",
    "q=eva",
    "q=eva&sort=-expected_close_date",
];

enum Write {
    Create(Value),
    Change(usize, Value),
    Delete(usize),
    Restore(usize),
}

struct Row {
    id: String,
    is_deleted: bool,
}

/// The opportunities of one customer.
struct Pond {
    admin: Actor,
    customer: String,
    /// Nobody touches these.
    still: Vec<String>,
    moving: Vec<Row>,
}

impl Pond {
    async fn of(admin: Actor, dice: &mut Dice) -> Self {
        let customer = admin.post("/customers", json!({ "kind": "organization", "name": "C" })).await.created();
        let mut pond = Self { admin, customer: customer["id"].as_str().unwrap().to_owned(), still: Vec::new(), moving: Vec::new() };
        for number in 0..40 {
            let made = pond.admin.post("/opportunities", pond.new_row(dice)).await.created();
            let id = made["id"].as_str().unwrap().to_owned();
            match number % 2 {
                0 => pond.still.push(id),
                _ => pond.moving.push(Row { id, is_deleted: false }),
            }
        }
        pond
    }

    fn new_row(&self, dice: &mut Dice) -> Value {
        json!({ "customer_id": self.customer, "name": dice.pick(&NAMES), "expected_close_date": dice.pick(&DAYS) })
    }

    /// A few writes of different rows.
    fn writes(&self, dice: &mut Dice, most: usize) -> Vec<Write> {
        let mut free: Vec<usize> = (0..self.moving.len()).collect();
        let mut write = |dice: &mut Dice| {
            let row = free.swap_remove(dice.below(free.len()));
            match dice.below(6) {
                0 => Write::Create(self.new_row(dice)),
                _ if self.moving[row].is_deleted => Write::Restore(row),
                1 => Write::Delete(row),
                2 => Write::Change(row, json!({ "name": "Somebody else" })),
                3 => Write::Change(row, json!({ "expected_close_date": dice.pick(&DAYS) })),
                _ => Write::Change(row, json!({ "name": dice.pick(&NAMES), "expected_close_date": dice.pick(&DAYS) })),
            }
        };
        (0..dice.below(4).min(most)).map(|_| write(dice)).collect()
    }

    async fn send(&self, write: &Write) -> Reply {
        let path = |row: &usize| format!("/opportunities/{}", self.moving[*row].id);
        match write {
            Write::Create(body) => self.admin.post("/opportunities", body.clone()).await,
            Write::Change(row, body) => self.admin.patch(&path(row), body.clone()).await,
            Write::Delete(row) => self.admin.delete(&path(row)).await,
            Write::Restore(row) => self.admin.act(&format!("{}/restore", path(row))).await,
        }
    }

    fn note(&mut self, writes: &[Write], replies: Vec<Reply>) {
        for (write, reply) in writes.iter().zip(replies) {
            match write {
                Write::Create(_) => self.moving.push(Row { id: reply.created()["id"].as_str().unwrap().to_owned(), is_deleted: false }),
                Write::Change(..) => drop(reply.ok()),
                Write::Delete(row) => {
                    reply.no_content();
                    self.moving[*row].is_deleted = true;
                }
                Write::Restore(row) => {
                    reply.ok();
                    self.moving[*row].is_deleted = false;
                }
            }
        }
    }

    fn still_among(&self, found: &[String]) -> Vec<String> {
        found.iter().filter(|id| self.still.contains(id)).cloned().collect()
    }

    /// Walks through all pages while rows are written, both at the same time and between.
    async fn walk(&mut self, dice: &mut Dice, question: &str) {
        let limit = *dice.pick(&[1, 2, 3, 5]);
        let list = format!("/opportunities?customer_id={}&{question}", self.customer);
        let (mut found, mut cursor, mut left) = (Vec::new(), String::new(), WRITES);
        loop {
            let during = self.writes(dice, left);
            let path = format!("{list}&limit={limit}{cursor}");
            let (page, replies) = join(self.admin.get(&path), join_all(during.iter().map(|write| self.send(write)))).await;
            self.note(&during, replies);
            let page = page.ok();
            found.extend(ids(&page));
            left -= during.len();
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
            let between = self.writes(dice, left);
            let replies = join_all(between.iter().map(|write| self.send(write))).await;
            self.note(&between, replies);
            left -= between.len();
        }
        let order = ids(&self.admin.get(&format!("{list}&limit=200")).await.ok());
        let (seen, expected) = (self.still_among(&found), self.still_among(&order));
        assert_eq!(expected.len(), self.still.len(), "{question}: all of them are there");
        assert_eq!(seen, expected, "{question} in pages of {limit}");
    }
}

#[test]
fn a_row_that_does_not_change_is_seen_exactly_once() {
    let setting = |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (rounds, seed) = (setting("CURSOR_ROUNDS", 1), setting("CURSOR_SEED", 20_261_122));
    on_both(|app| async move {
        println!("{rounds} rounds from seed {seed}");
        let mut dice = Dice(seed);
        for _ in 0..rounds {
            let mut pond = Pond::of(app.admin().await, &mut dice).await;
            for question in QUESTIONS {
                pond.walk(&mut dice, question).await;
            }
        }
    });
}

/// Which rows a page has is found by one statement, and another loads them: what is written in between, neither sees.
#[test]
fn a_page_is_found_and_loaded_in_one_snapshot() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for name in ["A", "B", "C", "D"] {
            admin.post("/customers", json!({ "kind": "organization", "name": name })).await.created();
        }
        let workspace_id: WorkspaceId = app.db(|conn| workspaces::table.select(workspaces::id).first(conn).unwrap());
        let scope = Scope::of(workspace_id, admin.id.parse().unwrap(), Role::Admin, false, app.now());
        let query = Query::parse("kind=organization&sort=name&limit=2").unwrap();
        let list = List::<Customers>::parse("/customers", &query).unwrap();
        let page = app.db(|conn| {
            list.load_page(conn, &scope, &customers::visible(&scope, false), |conn, which, order| {
                app.db(|other| Condition::sql("UPDATE customers SET deleted_at = created_at").execute(other).unwrap());
                let rows = Condition::sql("SELECT id, name FROM customers WHERE ").append(which).then(" ORDER BY ").append(order);
                let rows: Vec<(AnyId, String)> = rows.giving::<(DbUuid, Text)>().load(conn)?;
                let row = |(id, name): (AnyId, String)| json!({ "id": CustomerId::from_uuid(id.uuid()).to_string(), "name": name });
                Ok(rows.into_iter().map(row).collect())
            })
        });
        let page = page.unwrap();
        let names: Vec<_> = page.data.iter().map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!((names.as_slice(), page.has_more), (["A", "B"].as_slice(), true));
    });
}
