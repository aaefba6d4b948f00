//! A list looks for its rows in several ways, each with a bound. Whatever the bounds are, it finds the same rows in the same order,
//! page by page.

mod cast;

use diesel::prelude::*;
use fishpond::auth::Scope;
use fishpond::auth::privileges::Role;
use fishpond::crm::contacts::{self, Contacts};
use fishpond::crm::customers::{self, Customers};
use fishpond::crm::opportunities::{self, Opportunities};
use fishpond::crm::touch_records::{self, TouchRecords};
use fishpond::db::condition::AnyId;
use fishpond::db::id::{Id, UserId, WorkspaceId};
use fishpond::db::schema::workspaces;
use fishpond::db::types::{DbUuid, Instant};
use fishpond::db::{Condition, DbConnection, Failure};
use fishpond::http::page::Page;
use fishpond::http::query::Query;
use fishpond::listing::{Effort, Expand, List, Listed};
use serde_json::{Value, json};

use self::cast::{Cast, NOW, fill};
use crate::harness::{Actor, on_both};

const EFFORTS: [Effort; 7] = [
    // Nothing but the walk.
    Effort { few: -1, newest: 0, first: 0, many: -1, joined: -1 },
    Effort::USUAL,
    Effort { few: -1, newest: 0, first: 7, many: -1, joined: -1 },
    Effort { few: -1, newest: 0, first: 1_000, many: -1, joined: -1 },
    Effort { few: -1, newest: 1_000, first: 0, many: 1_000, joined: 1_000 },
    Effort { few: 5, newest: 8, first: 0, many: 1_000, joined: 1_000 },
    Effort { few: 5, newest: 5, first: 7, many: 12, joined: 12 },
];

const CUSTOMERS: [&str; 27] = [
    "",
    "sort=name",
    "sort=-name",
    "sort=-last_touch_at",
    "sort=last_touch_at,-name",
    "sort=created_at",
    "name[starts_with]=a",
    "name[starts_with]=a&sort=-name",
    "name[contains]=1",
    "lifecycle_stage=lead",
    "lifecycle_stage=lead&status=active",
    "lifecycle_stage=lead&sort=name",
    "lifecycle_stage[in]=prospect,customer",
    "lifecycle_stage[in]=prospect,customer&status=active&sort=-created_at",
    "employee_count[gte]=3",
    "country=CN",
    "country[in]=CN,DE&sort=name",
    "industries=manufacturing",
    "industries[in]=manufacturing,retail&sort=name",
    "last_touch_at[gte]=2025-01-05T00:00:00Z&last_touch_at[lt]=2025-01-20T00:00:00Z",
    "created_at[gte]=2020-01-01T00:00:00Z&sort=name",
    "created_at[lt]=2020-01-01T00:00:00Z",
    "custom.level=2",
    "custom.level[gte]=1&sort=name",
    "q=beta&sort=name",
    "q=beta&sort=-last_touch_at",
    "q=a 1&sort=-created_at&status=active",
];
const CONTACTS: [&str; 6] = ["", "sort=name", "name[starts_with]=p", "title=cto", "q=p&sort=-name", "created_at[gte]=2020-01-01T00:00:00Z"];
const OPPORTUNITIES: [&str; 6] = [
    "",
    "sort=-expected_close_date",
    "amount_currency=CNY&sort=-amount",
    "amount_currency=CNY&amount[gte]=20",
    "expected_close_date[lt]=2026-01-15&sort=name",
    "stage_kind=open&sort=created_at",
];
const TOUCHES: [&str; 5] =
    ["", "sort=-occurred_at", "direction=inbound", "occurred_at[gte]=2025-01-10T00:00:00Z", "type[in]=call,note&sort=-next_touch_at"];

/// The rows of which this is true, newest first, as nothing but one statement gives them.
fn plain<R: Listed>(conn: &mut DbConnection, visible: Condition) -> Vec<String> {
    let rows = Condition::sql(format!("SELECT id FROM {} WHERE ", R::TABLE)).append(visible).then(" ORDER BY id DESC");
    let found: Vec<AnyId> = rows.giving::<DbUuid>().load(conn).unwrap();
    found.into_iter().map(|id| Id::<R::Kind>::from_uuid(id.uuid()).to_string()).collect()
}

/// Ids of all pages.
fn walk<R: Listed>(
    conn: &mut DbConnection,
    scope: &Scope,
    effort: Effort,
    asked: &Asked,
    load: impl Fn(&mut DbConnection, &Scope, &List<R>) -> Result<Value, Failure>,
) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..100 {
        let mut list: List<R> = match asked {
            Asked::List(query) => {
                let cursor = cursor.iter().map(|cursor| format!("&cursor={cursor}")).collect::<String>();
                List::parse("", &Query::parse(&format!("limit=7&{query}{cursor}")).unwrap()).unwrap()
            }
            Asked::Search(filter, sort) => {
                let search = json!({ "filter": filter, "limit": 7, "cursor": cursor, "sort": sort });
                List::of_search(&serde_json::from_value(search).unwrap(), Expand::default()).unwrap()
            }
        };
        list.effort = effort;
        let page = load(conn, scope, &list).unwrap();
        found.extend(page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return found;
        }
    }
    panic!("{asked:?} has no end");
}

#[derive(Debug)]
enum Asked {
    List(&'static str),
    Search(Value, Option<&'static str>),
}

impl Asked {
    fn is_for_all(&self) -> bool {
        matches!(self, Self::List(""))
    }
}

fn json<T: serde::Serialize>(page: Page<T>) -> Value {
    serde_json::to_value(page).unwrap()
}

fn lists(queries: &[&'static str]) -> Vec<Asked> {
    queries.iter().map(|query| Asked::List(query)).collect()
}

/// Searches of customers, which need more than one way.
fn searches() -> Vec<Asked> {
    let leaf = |field: &str, op: &str, value: Value| json!({ "field": field, "op": op, "value": value });
    let has = |name: &str, filter: Value| json!({ "has": name, "filter": filter });
    let filters = [
        json!({ "or": [leaf("name", "eq", json!("a 1")), leaf("employee_count", "eq", json!(4))] }),
        json!({ "or": [leaf("name", "eq", json!("a 1")), leaf("industries", "eq", json!("retail"))] }),
        json!({ "not": leaf("lifecycle_stage", "eq", json!("lead")) }),
        leaf("owner.name", "starts_with", json!("r")),
        has("opportunities", leaf("stage_kind", "eq", json!("open"))),
        has("contacts", leaf("name", "eq", json!("p 2"))),
        json!({ "and": [has("touch_records", leaf("type", "eq", json!("call"))), leaf("lifecycle_stage", "eq", json!("lead"))] }),
        json!({ "not": has("touch_records", leaf("type", "eq", json!("call"))) }),
        leaf("last_touch_at", "is_null", json!(true)),
    ];
    filters
        .into_iter()
        .flat_map(|filter| [None, Some("name"), Some("-last_touch_at")].map(|sort| Asked::Search(filter.clone(), sort)))
        .collect()
}

#[test]
fn every_way_leads_to_the_same_rows() {
    on_both(|app| async move {
        let cast = Cast::of(&app).await;
        let [of_rep, of_other, of_manager] = fill(&cast).await;
        app.db(|conn| {
            let workspace_id: WorkspaceId = workspaces::table.select(workspaces::id).first(conn).unwrap();
            let now: Instant = NOW.parse().unwrap();
            let scope = |actor: &Actor, role| Scope::of(workspace_id, actor.id.parse::<UserId>().unwrap(), role, role != Role::Admin, now);
            let scopes = [
                (scope(&cast.admin, Role::Admin), None),
                (scope(&cast.rep, Role::Rep), Some(of_rep)),
                (scope(&cast.other, Role::Rep), Some(of_other)),
                (scope(&cast.manager, Role::Manager), Some(of_manager)),
            ];
            for (scope, seen) in scopes {
                if let Some(mut seen) = seen {
                    seen.reverse();
                    assert_eq!(plain::<Customers>(conn, customers::visible(&scope, false)), seen, "{scope:?}");
                }
                let mut rows = 0;
                let mut same = |asked: &Asked, all: &[String], walk: &mut dyn FnMut(Effort) -> Vec<String>| {
                    let [first, others @ ..] = EFFORTS;
                    let expected = walk(first);
                    rows += expected.len();
                    if asked.is_for_all() {
                        assert_eq!(expected, all, "{scope:?}");
                    }
                    for effort in others {
                        assert_eq!(walk(effort), expected, "{asked:?} with {effort:?}");
                    }
                };
                let all = plain::<Customers>(conn, customers::visible(&scope, false));
                for asked in lists(&CUSTOMERS).into_iter().chain(searches()) {
                    same(&asked, &all, &mut |effort| {
                        walk(conn, &scope, effort, &asked, |conn, scope, list| customers::store::list(conn, scope, list).map(json))
                    });
                }
                let all = plain::<Contacts>(conn, contacts::visible(&scope, false));
                for asked in lists(&CONTACTS) {
                    same(&asked, &all, &mut |effort| {
                        walk(conn, &scope, effort, &asked, |conn, scope, list| contacts::store::list(conn, scope, list).map(json))
                    });
                }
                let all = plain::<Opportunities>(conn, opportunities::visible(&scope, false));
                for asked in lists(&OPPORTUNITIES) {
                    same(&asked, &all, &mut |effort| {
                        walk(conn, &scope, effort, &asked, |conn, scope, list| opportunities::store::list(conn, scope, list).map(json))
                    });
                }
                let all = plain::<TouchRecords>(conn, touch_records::visible(&scope, false));
                for asked in lists(&TOUCHES) {
                    same(&asked, &all, &mut |effort| {
                        walk(conn, &scope, effort, &asked, |conn, scope, list| touch_records::store::list(conn, scope, list).map(json))
                    });
                }
                assert!(rows > 500, "{rows} rows are few for so many questions");
            }
        });
    });
}
