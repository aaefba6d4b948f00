//! How many SQL statements a request makes: known, and the same for every page size.

use reqwest::Method;
use serde_json::json;

use crate::harness::on_both;

#[test]
fn a_request_makes_as_many_statements_as_it_should() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let mut last = String::new();
        for number in 0..60 {
            let input = json!({ "name": format!("C{number}"), "kind": "organization", "external_refs": [{ "system": "n", "value": number.to_string() }] });
            last = admin.post("/customers", input).await.created()["id"].as_str().unwrap().to_owned();
            let contact = json!({ "name": format!("P{number}"), "links": [{ "customer_id": last, "is_primary": true }] });
            admin.post("/contacts", contact).await.created();
        }
        let count = async |path: &str| {
            admin.get("/me").await.ok(); // the session is believed for a few seconds
            let before = app.statements().await;
            admin.get(path).await.ok();
            app.statements().await - before
        };
        assert_eq!(count(&format!("/customers/{last}")).await, 1);
        for limit in ["1", "50", "200"] {
            assert_eq!(count(&format!("/customers?limit={limit}")).await, 1, "customers, {limit}");
            assert_eq!(count(&format!("/contacts?limit={limit}")).await, 2, "contacts, {limit}");
            assert_eq!(
                count(&format!("/customers?limit={limit}&include_total=true&external_ref=n:7")).await,
                6,
                "how many have it, which, they, and the total, in one snapshot, which has a beginning and an end"
            );
            assert!(count(&format!("/customers?limit={limit}&q=c")).await <= 6, "three steps and the rows, in one snapshot");
        }
    });
}

/// What is added costs a statement for each kind of object, contacts two, whatever the page holds.
#[test]
fn expanding_makes_as_many_statements_for_every_page_size() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let tier = admin.post("/tiers", json!({ "code": "t", "name": "T", "rank": 1 })).await.created();
        let mut parent = json!(null);
        for number in 0..60 {
            let body = json!({
                "name": format!("C{number}"), "kind": "organization", "owner_id": admin.id, "service_rep_id": admin.id,
                "tier_id": tier["id"], "parent_id": parent,
            });
            let customer = admin.post("/customers", body).await.created()["id"].clone();
            parent = if number % 9 == 0 { json!(null) } else { customer.clone() };
            let contact = json!({ "name": "P", "links": [{ "customer_id": customer }] });
            let contact = admin.post("/contacts", contact).await.created()["id"].clone();
            let body = json!({ "name": "O", "customer_id": customer, "contact_id": contact });
            let opportunity = admin.post("/opportunities", body).await.created()["id"].clone();
            let body = json!({
                "customer_id": customer, "type": "call", "occurred_at": "2025-01-01T00:00:00Z", "summary": "S",
                "opportunity_id": opportunity, "contact_ids": [contact],
            });
            admin.post("/touch-records", body).await.created();
            let body = json!({
                "customer_id": customer, "type": "call", "due_at": "2025-01-01T00:00:00Z", "summary": "S",
                "opportunity_id": opportunity, "contact_id": contact,
            });
            admin.post("/planned-touches", body).await.created();
        }
        let cases = [
            ("/customers", "owner,tier,parent,service_rep,created_by", 4),
            ("/customers", "parent.owner,parent.tier,parent.parent,tier", 5),
            ("/contacts", "links.customer,links.customer.owner,links.customer.tier,links.customer.parent,created_by", 6),
            ("/opportunities", "customer,contact,owner,stage,pipeline", 7),
            ("/opportunities", "customer.tier,contact,stage,pipeline", 7),
            ("/touch-records", "customer,opportunity,contacts,author,created_by", 6),
            ("/touch-records", "opportunity.stage,opportunity.contact,contacts,author", 6),
            ("/planned-touches", "customer,contact,opportunity,assignee,touch_record", 6),
            ("/planned-touches", "customer.tier,opportunity.stage,assignee", 6),
        ];
        for (path, expand, expected) in cases {
            for limit in ["1", "50", "200"] {
                let admin = app.admin().await;
                admin.get("/me").await.ok(); // the new session is believed from here on
                let before = app.statements().await;
                admin.get(&format!("{path}?limit={limit}&expand={expand}")).await.ok();
                assert_eq!(app.statements().await - before, expected, "{path}?expand={expand}, {limit}");
            }
        }
    });
}

/// Transaction and savepoint included. A key costs a look and a row, on PostgreSQL a lock too; without one nothing is asked.
#[test]
fn a_write_makes_as_many_statements_as_it_should() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = admin.post("/customers", json!({ "name": "A", "kind": "organization" })).await.created();
        let path = format!("/customers/{}", made["id"].as_str().unwrap());
        let count = async |method: Method, path: &str, remarks: &str, key: Option<&str>| {
            let request = admin.request(method, path).json(&match path {
                "/customers" => json!({ "name": remarks, "kind": "organization" }),
                _ => json!({ "remarks": remarks }),
            });
            let request = match key {
                Some(key) => request.header("idempotency-key", key),
                None => request,
            };
            let before = app.statements().await;
            let reply = admin.send(request).await;
            assert!(reply.status < 300, "{reply:#?}");
            app.statements().await - before
        };
        let (plain, keyed, replayed) = if app.is_sqlite() { (8, 10, 5) } else { (6, 9, 4) };
        // The search document: one row and, on SQLite, one of tokens; a change holds it on PostgreSQL, and reads the contacts' names.
        // A new object also asks which custom fields there are. Its third row says since when it is where it is; on PostgreSQL these three
        // and the document are one statement. Its pool is known from the first one on. A change holds the customer first.
        let beside = if app.is_sqlite() { [(2 + 1 + 1, 1), (3, 0)] } else { [(1 + 1, 2 + 1), (1 + 3, 0)] };
        for ((method, path), (more, less)) in [(Method::POST, "/customers"), (Method::PATCH, path.as_str())].into_iter().zip(beside) {
            assert_eq!(count(method.clone(), path, "one", None).await, plain + more - less, "{method}");
            assert_eq!(count(method.clone(), path, "two", Some("k")).await, keyed + more - less, "{method} with a key");
            assert_eq!(count(method.clone(), path, "two", Some("k")).await, replayed, "{method} again");
        }
    });
}

/// A connection keeps what it has prepared, and callers can put filters together in more ways than it can keep.
#[test]
fn what_callers_put_together_is_not_kept() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let fields = ["source", "trade_type", "region", "country", "city", "email"];
        let two = |first: usize, second: usize| format!("{}=x&{}=x", fields[first], fields[second]);
        let list = async |filter: String| {
            for list in ["is_deleted=true", "include_total=true", "sort=name,created_at"] {
                admin.get(&format!("/customers?{list}&{filter}")).await.ok();
            }
        };
        list(two(0, 1)).await;
        let before = app.prepared().await;
        for (first, second) in (0..6).flat_map(|first| (0..first).map(move |second| (first, second))) {
            list(two(first, second)).await;
        }
        let kept = app.prepared().await - before;
        assert!(kept < 10, "{kept} statements for 45 lists");
        let eq = |field: &str| json!({ "field": field, "op": "eq", "value": "x" });
        let before = app.prepared().await;
        for count in 1..20 {
            let any: Vec<_> = (0..count).map(|place| eq(fields[place % 6])).collect();
            admin.post("/customers/search", json!({ "filter": { "or": any }, "include_total": true })).await.ok();
        }
        let kept = app.prepared().await - before;
        assert!(kept < 10, "{kept} statements for 19 searches");
    });
}

#[test]
fn a_capacity_costs_the_same_for_however_many_pools() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        rep.get("/me/capacity").await.ok();
        let count = async || {
            let before = app.statements().await;
            rep.get("/me/capacity").await.ok();
            app.statements().await - before
        };
        let few = count().await;
        for number in 0..10 {
            let members = json!([{ "user_id": rep.id }]);
            admin.post("/pools", json!({ "name": format!("P{number}"), "members": members })).await.created();
        }
        assert_eq!(count().await, few);
        assert!(few <= 7, "{few}: caps, what is held, its role, its days, members of pools, its standing, its claims");
    });
}
