//! A customer's timeline: everything in one order, each entry once, nothing that is deleted.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::harness::{Actor, App, ids, on_both};

/// A new customer of this owner, or of the pool; gives its id.
async fn customer(actor: &Actor, owner_id: Option<&str>) -> String {
    let input = json!({ "name": "C", "kind": "organization", "owner_id": owner_id });
    actor.post("/customers", input).await.created()["id"].as_str().unwrap().to_owned()
}

/// A touch record of a customer, with its summary.
async fn touch(actor: &Actor, customer: &str, summary: &str, at: &str) -> Value {
    let input = json!({ "customer_id": customer, "type": "call", "summary": summary, "occurred_at": at });
    actor.post("/touch-records", input).await.created()
}

async fn opportunity(actor: &Actor, customer: &str) -> Value {
    actor.post("/opportunities", json!({ "customer_id": customer, "name": "ERP" })).await.created()
}

fn path(customer: &str) -> String {
    format!("/customers/{customer}/timeline")
}

async fn timeline(actor: &Actor, customer: &str) -> Vec<Value> {
    let page = actor.get(&format!("{}?limit=200", path(customer))).await.ok();
    assert_eq!((&page["has_more"], &page["next_cursor"]), (&json!(false), &Value::Null));
    page["data"].as_array().unwrap().clone()
}

fn types(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["type"].as_str().unwrap()).collect()
}

/// Newest first, by id where the instant is the same.
fn assert_ordered(entries: &[Value]) {
    let place = |entry: &Value| {
        (entry["at"].as_str().unwrap().to_owned(), entry["id"].as_str().unwrap().split('_').next_back().unwrap().to_owned())
    };
    assert!(entries.is_sorted_by(|newer, older| place(newer) > place(older)), "{entries:#?}");
}

/// The pages from here on, of one entry each; before every page something happens.
async fn walk<F: Future<Output = ()>>(actor: &Actor, customer: &str, before: impl Fn(usize) -> F) -> Vec<Value> {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = actor.get(&format!("{}?limit=1{cursor}", path(customer))).await.ok();
        assert!(page["data"].as_array().unwrap().len() <= 1);
        assert_eq!(page["has_more"], page["next_cursor"].is_string());
        entries.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
        before(entries.len()).await;
    }
}

/// Five entries of five types, oldest first: a move, an owner, a tier, a lifecycle stage, a touch.
async fn busy(app: &App, admin: &Actor) -> (String, Value, Value) {
    let rep = app.user("rep").await;
    let customer = customer(admin, None).await;
    let deal = opportunity(admin, &customer).await;
    let there = format!("/customers/{customer}");
    admin.post("/customers/transfer", json!({ "ids": [customer], "to_user_id": rep.id, "reason": "territory" })).await.ok();
    let tier = admin.post("/tiers", json!({ "code": "gold", "name": "Gold", "rank": 3 })).await.created();
    admin.post(&format!("{there}/tier"), json!({ "tier_id": tier["id"], "reason": "review" })).await.ok();
    let lifecycle = admin.post(&format!("{there}/lifecycle"), json!({ "stage": "prospect", "reason_code": "other" })).await.ok();
    let touch = touch(&rep, &customer, "called", lifecycle["updated_at"].as_str().unwrap()).await;
    (customer, deal, touch)
}

#[test]
fn everything_that_happened_is_told_newest_first() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let pool = admin.get(&format!("/customers/{}", customer(&admin, None).await)).await.ok()["pool_id"].clone();
        let (customer, deal, touch) = busy(&app, &admin).await;
        let entries = timeline(&admin, &customer).await;
        assert_ordered(&entries);
        assert_eq!(types(&entries), ["touch_record", "lifecycle_change", "tier_change", "owner_change", "stage_move"]);
        let members = ["touch_record", "stage_move", "owner_change", "tier_change", "lifecycle_change"];
        for entry in &entries {
            let there: Vec<&str> = members.into_iter().filter(|member| !entry[*member].is_null()).collect();
            assert_eq!(there, [entry["type"].as_str().unwrap()], "{entry:#}");
        }
        assert_eq!((&entries[0]["id"], &entries[0]["touch_record"], &entries[0]["at"]), (&touch["id"], &touch, &touch["occurred_at"]));
        assert_eq!(entries[0]["by_id"], touch["author_id"]);
        let lifecycle = json!({ "from_stage": "lead", "to_stage": "prospect", "reason_code": "other" });
        assert_eq!((&entries[1]["lifecycle_change"], &entries[1]["by_id"]), (&lifecycle, &json!(admin.id)));
        let now = admin.get(&format!("/customers/{customer}")).await.ok();
        assert_eq!(entries[2]["tier_change"], json!({ "from_tier_id": null, "to_tier_id": now["tier_id"], "reason": "review" }));
        let owner = json!({
            "from_owner_id": null, "to_owner_id": now["owner_id"], "from_pool_id": pool, "to_pool_id": null, "reason": "territory",
            "reason_code": null, "note": null
        });
        assert_eq!(entries[3]["owner_change"], owner);
        let started = json!({
            "opportunity_id": deal["id"], "opportunity_name": "ERP", "from_stage_id": null, "to_stage_id": deal["stage_id"], "amount": null,
            "probability": 10, "reason_code": null, "note": null
        });
        assert_eq!((&entries[4]["stage_move"], &entries[4]["at"]), (&started, &deal["stage_entered_at"]));

        // A later move says why; an older touch takes its place in the past.
        let stages = admin.get("/pipelines").await.ok()["data"][0]["stages"].clone();
        let there = format!("/opportunities/{}", deal["id"].as_str().unwrap());
        admin.patch(&there, json!({ "name": "CRM", "amount": { "amount": "9.5", "currency": "CNY" } })).await.ok();
        let lost = json!({ "to_stage_id": stages[5]["id"], "reason_code": "price", "note": "too dear" });
        admin.post(&format!("{there}/move"), lost).await.ok();
        self::touch(&admin, &customer, "long ago", "2020-01-01T00:00:00Z").await;
        let entries = timeline(&admin, &customer).await;
        assert_ordered(&entries);
        let moved = json!({
            "opportunity_id": deal["id"], "opportunity_name": "CRM", "from_stage_id": deal["stage_id"], "to_stage_id": stages[5]["id"],
            "amount": { "amount": "9.50", "currency": "CNY" }, "probability": 0, "reason_code": "price", "note": "too dear"
        });
        assert_eq!((entries.len(), &entries[0]["stage_move"]), (7, &moved));
        assert_eq!(entries[6]["touch_record"]["summary"], "long ago");
        assert_eq!((&entries[5]["stage_move"]["opportunity_name"], &entries[5]["stage_move"]["amount"]), (&json!("CRM"), &Value::Null));

        // A touch that is said to have been at another time moves.
        let moved = format!("/touch-records/{}", touch["id"].as_str().unwrap());
        admin.patch(&moved, json!({ "occurred_at": "2019-01-01T00:00:00Z" })).await.ok();
        let entries = timeline(&admin, &customer).await;
        assert_eq!((entries.len(), &entries[6]["id"]), (7, &touch["id"]));
    });
}

#[test]
fn pages_show_each_entry_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (customer, ..) = busy(&app, &admin).await;
        for number in 0..4 {
            touch(&admin, &customer, &number.to_string(), "2026-01-01T00:00:00Z").await;
        }
        let whole = timeline(&admin, &customer).await;
        assert_eq!(walk(&admin, &customer, |_| async {}).await, whole);
        let at_the_top = async |_| {
            let now = fishpond::db::clock::now().plus(chrono::Duration::seconds(60)).to_string();
            touch(&admin, &customer, "at the top", &now).await;
        };
        assert_eq!(walk(&admin, &customer, at_the_top).await, whole);
        let grown = timeline(&admin, &customer).await;
        assert_eq!(grown.len(), 2 * whole.len() - 1);
        assert_ordered(&grown);
        for limit in [2, 3, 7] {
            let first = admin.get(&format!("{}?limit={limit}", path(&customer))).await.ok();
            assert_eq!(first["data"], json!(grown[..limit]));
            let next = first["next_cursor"].as_str().unwrap();
            let rest = admin.get(&format!("{}?limit=200&cursor={next}", path(&customer))).await.ok();
            assert_eq!((&rest["data"], &rest["has_more"]), (&json!(grown[limit..]), &json!(false)), "another limit is no other list");
        }
        let just = admin.get(&format!("{}?limit={}", path(&customer), grown.len())).await.ok();
        assert_eq!(just["has_more"], false, "a page that just fits is the last one");
    });
}

#[test]
fn what_happened_in_the_same_instant_is_not_lost() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (customer, deal, _) = busy(&app, &admin).await;
        let entries = timeline(&admin, &customer).await;
        let instants: Vec<&str> = entries.iter().map(|entry| entry["at"].as_str().unwrap()).collect();
        for at in &instants {
            for summary in ["one", "two"] {
                touch(&admin, &customer, summary, at).await;
            }
        }
        app.db(|conn| {
            let same = "UPDATE customer_events SET at = '2026-01-01T00:00:00.000Z';
                        UPDATE stage_moves SET entered_at = '2026-01-01T00:00:00.000Z';
                        UPDATE touch_records SET occurred_at = '2026-01-01T00:00:00.000Z' WHERE summary = 'one';";
            conn.batch_execute(same).unwrap();
        });
        let whole = timeline(&admin, &customer).await;
        assert_eq!(whole.len(), 15);
        assert_ordered(&whole);
        assert_eq!(whole.iter().filter(|entry| entry["at"] == "2026-01-01T00:00:00.000Z").count(), 9);
        assert_eq!(walk(&admin, &customer, |_| async {}).await, whole);
        assert_eq!(whole.iter().filter(|entry| entry["stage_move"]["opportunity_id"] == deal["id"]).count(), 1);
    });
}

#[test]
fn a_cursor_belongs_to_one_timeline() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (customer, ..) = busy(&app, &admin).await;
        let other = self::customer(&admin, None).await;
        let first = admin.get(&format!("{}?limit=1", path(&customer))).await.ok();
        let cursor = first["next_cursor"].as_str().unwrap();
        admin.list(&path(&other), &[("cursor", cursor)]).await.problem(400, "cursor_mismatch");
        admin.list("/customers", &[("cursor", cursor)]).await.problem(400, "cursor_mismatch");
        let list = admin.get("/customers?limit=1").await.ok();
        admin.list(&path(&customer), &[("cursor", list["next_cursor"].as_str().unwrap())]).await.problem(400, "cursor_mismatch");
        let swapped = |place: usize| {
            let with = if cursor.as_bytes()[place] == b'A' { 'B' } else { 'A' };
            format!("{}{with}{}", &cursor[..place], &cursor[place + 1..])
        };
        let cut = [cursor[1..].to_owned(), cursor[..cursor.len() - 1].to_owned(), format!("{cursor}A"), String::new(), "é".to_owned()];
        for damaged in [swapped(0), swapped(9), swapped(cursor.len() / 2)].iter().chain(&cut) {
            admin.list(&path(&customer), &[("cursor", damaged.as_str())]).await.problem(400, "invalid_cursor");
        }
        for limit in ["0", "201", "-1", "many", ""] {
            let refused = admin.list(&path(&customer), &[("limit", limit)]).await.problem(400, "invalid_parameter");
            assert_eq!(refused["meta"]["parameter"], "limit");
        }
        admin.get(&format!("{}?type=touch_record", path(&customer))).await.problem(400, "unknown_parameter");
        admin.get(&format!("{}?limit=1&limit=2", path(&customer))).await.problem(400, "repeated_parameter");
    });
}

#[test]
fn what_is_deleted_is_not_told() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (customer, deal, touch) = busy(&app, &admin).await;
        let whole = timeline(&admin, &customer).await;
        for (path, kind) in [
            (format!("/touch-records/{}", touch["id"].as_str().unwrap()), "touch_record"),
            (format!("/opportunities/{}", deal["id"].as_str().unwrap()), "stage_move"),
        ] {
            admin.delete(&path).await.no_content();
            let left = timeline(&admin, &customer).await;
            assert_eq!((left.len(), types(&left).contains(&kind)), (4, false));
            assert_eq!(walk(&admin, &customer, |_| async {}).await, left);
            admin.act(&format!("{path}/restore")).await.ok();
        }
        let entry = |entries: Vec<Value>| entries.into_iter().map(|entry| entry["id"].clone()).collect::<Vec<Value>>();
        let expected = entry(whole);
        assert_eq!(entry(timeline(&admin, &customer).await), expected);
        let there = format!("/customers/{customer}");
        admin.delete(&there).await.no_content();
        admin.get(&path(&customer)).await.problem(404, "not_found");
        admin.act(&format!("{there}/restore")).await.ok();
        assert_eq!(entry(timeline(&admin, &customer).await), expected);
    });
}

#[test]
fn whoever_sees_the_customer_sees_its_timeline() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (own, pooled) = (customer(&rep, None).await, customer(&admin, None).await);
        let deal = json!({ "customer_id": own, "name": "O", "owner_id": other.id });
        let deal = admin.post("/opportunities", deal).await.created();
        touch(&rep, &own, "mine", "2026-01-01T00:00:00Z").await;
        touch(&admin, &pooled, "anybody's", "2026-01-01T00:00:00Z").await;
        let whole = timeline(&admin, &own).await;
        assert_eq!(types(&whole), ["stage_move", "touch_record"], "being created is no change");
        assert_eq!(timeline(&rep, &own).await, whole);
        assert_eq!(timeline(&app.user("viewer").await, &own).await, whole);
        assert_eq!(timeline(&other, &pooled).await.len(), 1);
        other.get(&format!("/opportunities/{}", deal["id"].as_str().unwrap())).await.ok();
        other.get(&path(&own)).await.problem(404, "not_found");
        other.get(&format!("{}?limit=1", path(&own))).await.problem(404, "not_found");
        app.db_stranger().await.get(&path(&own)).await.problem(404, "not_found");
        admin.get(&path("cus_01jd9xq3v8e6ft2m4k7w0zr5ya")).await.problem(404, "not_found");
        admin.get(&path(deal["id"].as_str().unwrap())).await.problem(404, "not_found");
        app.anyone().get(&path(&own)).await.problem(401, "unauthenticated");

        let scopes = ["customers:read", "opportunities:read", "touch_records:read"];
        assert_eq!(timeline(&app.api_key(&scopes).await, &own).await, whole);
        for lacking in scopes {
            let others: Vec<&str> = scopes.into_iter().filter(|scope| *scope != lacking).collect();
            let refused = app.api_key(&others).await.get(&path(&own)).await.problem(403, "insufficient_scope");
            assert_eq!(refused["meta"]["required_scope"], lacking);
        }
    });
}

#[test]
fn a_page_makes_as_many_statements_as_it_should() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (customer, ..) = busy(&app, &admin).await;
        for number in 0..40 {
            touch(&admin, &customer, &number.to_string(), "2026-01-01T00:00:00Z").await;
            opportunity(&admin, &customer).await;
        }
        admin.get("/me").await.ok(); // the session is believed from here on
        for limit in [1, 50, 85, 200] {
            let before = app.statements().await;
            let page = admin.get(&format!("{}?limit={limit}", path(&customer))).await.ok();
            assert_eq!((app.statements().await - before, ids(&page).len()), (4, limit.min(85)), "{limit}");
        }
    });
}
