//! Touch records: their life, what the customer says of them, how they are found.

use serde_json::{Value, json};

use crate::harness::{Actor, ids, on_both};

mod deletion;
mod faults;
mod races;
mod sight;

const UNKNOWN: &str = "01jd9xq3v8e6ft2m4k7w0zr5ya";

/// A new customer.
async fn customer(actor: &Actor) -> Value {
    actor.post("/customers", json!({ "name": "A", "kind": "organization" })).await.created()
}

/// What a new call of a customer says, with these members besides.
fn call(customer: &Value, members: Value) -> Value {
    let mut input = json!({ "customer_id": customer["id"], "type": "call", "occurred_at": "2026-01-01T00:00:00Z", "summary": "called" });
    for (name, value) in members.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

/// A new touch record of a customer.
async fn touch(actor: &Actor, customer: &Value, members: Value) -> Value {
    actor.post("/touch-records", call(customer, members)).await.created()
}

/// A new contact of a customer; gives its id.
async fn contact(actor: &Actor, customer: &Value) -> Value {
    let links = json!([{ "customer_id": customer["id"] }]);
    actor.post("/contacts", json!({ "name": "C", "links": links })).await.created()["id"].clone()
}

/// A new opportunity of a customer; gives its id.
async fn opportunity(actor: &Actor, customer: &Value) -> Value {
    actor.post("/opportunities", json!({ "name": "O", "customer_id": customer["id"] })).await.created()["id"].clone()
}

fn path(touch: &Value) -> String {
    format!("/touch-records/{}", touch["id"].as_str().unwrap())
}

fn customer_path(customer: &Value) -> String {
    format!("/customers/{}", customer["id"].as_str().unwrap())
}

/// What the feed says of an object, oldest first.
async fn changes_of(admin: &Actor, object: &Value) -> Vec<Value> {
    let feed = admin.changes().await;
    let mut changes = feed["data"].as_array().unwrap().clone();
    changes.retain(|change| change["object"]["id"] == object["id"]);
    changes
}

fn types(changes: &[Value]) -> Vec<&str> {
    changes.iter().map(|change| change["type"].as_str().unwrap()).collect()
}

#[test]
fn a_touch_record_lives_its_life() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let here = customer(&admin).await;
        let (first, second, deal) = (contact(&admin, &here).await, contact(&admin, &here).await, opportunity(&admin, &here).await);
        let input = json!({
            "customer_id": here["id"], "contact_ids": [second, first], "opportunity_id": deal, "type": "visit", "direction": "outbound",
            "occurred_at": "2026-01-10T16:00:00.1239+08:00", "duration_seconds": 1800, "summary": " 确认了报价 ", "content": "one\ntwo",
            "outcome": null, "location": { "lat": 22.65, "lng": -114.0, "accuracy_m": null }, "next_touch_at": "2026-02-01T00:00:00Z",
            "external_refs": [{ "system": "dialer", "value": "c:1" }]
        });
        let answer = admin.post("/touch-records", input.clone()).await;
        assert_eq!(answer.header("etag"), "\"v1\"");
        let made = answer.created();
        let mut expected = input;
        (expected["occurred_at"], expected["summary"]) = (json!("2026-01-10T08:00:00.123Z"), json!("确认了报价"));
        expected["next_touch_at"] = json!("2026-02-01T00:00:00.000Z");
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(made[member], *value, "{member}");
        }
        assert_eq!((&made["author_id"], &made["created_by_id"]), (&json!(admin.id), &json!(admin.id)));
        let there = path(&made);
        assert_eq!(admin.get(&there).await.ok(), made, "what was answered is what is stored");
        let unchanged = admin.send(admin.request(reqwest::Method::GET, &there).header("if-none-match", "\"v1\"")).await;
        assert_eq!(unchanged.status, 304);

        let same = json!({ "occurred_at": "2026-01-10T08:00:00.123Z", "contact_ids": [second, first], "location": made["location"] });
        assert_eq!(admin.patch(&there, same).await.ok(), made, "no change");
        let patch = json!({ "contact_ids": [first], "opportunity_id": null, "content": "", "location": { "lat": 0, "lng": -0.5 }, "direction": null });
        let patched = admin.patch_if(&there, "\"v1\"", patch).await.ok();
        assert_eq!(
            (&patched["contact_ids"], &patched["opportunity_id"], &patched["content"]),
            (&json!([first]), &Value::Null, &Value::Null)
        );
        assert_eq!(patched["location"]["lat"].as_f64().zip(patched["location"]["lng"].as_f64()), Some((0.0, -0.5)));
        assert_eq!((&patched["direction"], &patched["version"]), (&json!("none"), &json!(2)));
        assert_eq!(admin.get(&there).await.ok(), patched);
        admin.patch_if(&there, "\"v1\"", json!({ "summary": "B" })).await.problem(412, "version_conflict");
        assert_eq!(ids(&admin.list("/touch-records", &[("contact_ids", second.as_str().unwrap())]).await.ok()).len(), 0);

        admin.delete(&there).await.no_content();
        admin.get(&there).await.problem(404, "not_found");
        admin.patch(&there, json!({ "summary": "B" })).await.problem(404, "not_found");
        admin.delete(&there).await.problem(404, "not_found");
        assert_eq!(ids(&admin.get("/touch-records").await.ok()).len(), 0);
        assert_eq!(ids(&admin.get("/touch-records?is_deleted=true").await.ok()), [made["id"].as_str().unwrap()]);
        let restored = admin.act(&format!("{there}/restore")).await.ok();
        assert_eq!((&restored["version"], &restored["contact_ids"]), (&json!(4), &json!([first])));
        assert_eq!(admin.get(&there).await.ok(), restored);
        admin.act(&format!("{there}/restore")).await.problem(404, "not_found");
        assert_eq!(ids(&admin.list("/touch-records", &[("external_ref", "dialer:c:1")]).await.ok()).len(), 1);
        let changes = changes_of(&admin, &made).await;
        let kinds = ["touch_record.created", "touch_record.updated", "touch_record.deleted", "touch_record.restored"];
        assert_eq!(types(&changes), kinds);
    });
}

#[test]
fn the_customer_says_what_its_touches_are() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let here = customer(&admin).await;
        let day = |month: u32, day: u32| json!(format!("2026-{month:02}-{day:02}T08:00:00.000Z"));
        // The customer's version, last and next touch and their number, and the members of the latest change.
        let expect = async |version: i64, last: Value, count: i64, next: Value, members: &[&str]| {
            let now = admin.get(&customer_path(&here)).await.ok();
            let said = (&now["version"], &now["last_touch_at"], &now["touch_count"], &now["next_touch_at"]);
            assert_eq!(said, (&json!(version), &last, &json!(count), &next));
            let change = changes_of(&admin, &here).await.pop().unwrap();
            assert_eq!((&change["type"], &change["object"]["version"]), (&json!("customer.updated"), &json!(version)));
            let changed = change["changed"].as_object().unwrap();
            let mut names: Vec<&str> = changed.keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, members);
            assert!(changed.iter().all(|(member, change)| change["to"] == now[member]), "{changed:#?}");
        };
        let all = ["last_touch_at", "next_touch_at", "touch_count"];
        let one = touch(&admin, &here, json!({ "occurred_at": day(1, 10), "next_touch_at": day(2, 1) })).await;
        expect(2, day(1, 10), 1, day(2, 1), &all).await;
        touch(&admin, &here, json!({ "type": "note", "occurred_at": day(1, 20) })).await;
        expect(2, day(1, 10), 1, day(2, 1), &all).await; // a note does not count
        let plan = touch(&admin, &here, json!({ "type": "note", "occurred_at": day(1, 25), "next_touch_at": day(3, 1) })).await;
        expect(3, day(1, 10), 1, day(3, 1), &["next_touch_at"]).await;
        let two = touch(&admin, &here, json!({ "type": "sms", "occurred_at": day(1, 5), "next_touch_at": day(4, 1) })).await;
        expect(4, day(1, 10), 2, day(3, 1), &["touch_count"]).await;

        admin.patch(&path(&two), json!({ "occurred_at": day(1, 26) })).await.ok();
        expect(5, day(1, 26), 2, day(4, 1), &["last_touch_at", "next_touch_at"]).await;
        admin.patch(&path(&two), json!({ "next_touch_at": null })).await.ok();
        expect(6, day(1, 26), 2, day(3, 1), &["next_touch_at"]).await;
        admin.patch(&path(&two), json!({ "type": "note" })).await.ok();
        expect(7, day(1, 10), 1, day(3, 1), &["last_touch_at", "touch_count"]).await;
        admin.patch(&path(&one), json!({ "summary": "else", "duration_seconds": 60 })).await.ok();
        expect(7, day(1, 10), 1, day(3, 1), &["last_touch_at", "touch_count"]).await; // nothing of the customer's
        admin.delete(&path(&plan)).await.no_content();
        expect(8, day(1, 10), 1, day(2, 1), &["next_touch_at"]).await;
        admin.delete(&path(&one)).await.no_content();
        expect(9, Value::Null, 0, Value::Null, &all).await;
        admin.patch(&path(&two), json!({ "type": "meeting" })).await.ok();
        expect(10, day(1, 26), 1, Value::Null, &["last_touch_at", "touch_count"]).await;
        admin.act(&format!("{}/restore", path(&one))).await.ok();
        expect(11, day(1, 26), 2, day(2, 1), &["next_touch_at", "touch_count"]).await;

        let read_only = json!({ "last_touch_at": day(1, 1), "touch_count": 9, "next_touch_at": null });
        let faults = all.map(|member| format!("/{member}"));
        let faults: Vec<(&str, &str)> = faults.iter().map(|pointer| (pointer.as_str(), "read_only_field")).collect();
        admin.patch(&customer_path(&here), read_only).await.invalid(&faults);
    });
}

#[test]
fn what_counted_when_it_was_made_goes_on_counting() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let here = customer(&admin).await;
        let count = async || admin.get(&customer_path(&here)).await.ok()["touch_count"].as_i64().unwrap();
        let old = touch(&admin, &here, json!({})).await;
        let flags = json!({ "counts_as_touch": false, "resets_recycle": false, "customer_facing": true });
        let item = json!({ "code": "call", "label": { "zh": "电话", "en": "Call" }, "flags": flags });
        admin.put("/dictionaries/touch_type", json!({ "items": [item] })).await.ok();
        let new = touch(&admin, &here, json!({ "occurred_at": "2026-01-02T00:00:00Z" })).await;
        admin.patch(&path(&old), json!({ "summary": "B" })).await.ok();
        let now = admin.get(&customer_path(&here)).await.ok();
        assert_eq!((&now["touch_count"], &now["last_touch_at"]), (&json!(1), &old["occurred_at"]));
        admin.delete(&path(&new)).await.no_content();
        admin.delete(&path(&old)).await.no_content();
        assert_eq!(count().await, 0);
        admin.act(&format!("{}/restore", path(&new))).await.ok();
        assert_eq!(count().await, 0);
        admin.act(&format!("{}/restore", path(&old))).await.ok();
        assert_eq!(count().await, 1);
    });
}

#[test]
fn touch_records_are_found_by_what_they_are() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let (here, there) = (customer(&rep).await, customer(&admin).await);
        let (one, two) = (contact(&admin, &here).await, contact(&admin, &here).await);
        let deal = opportunity(&admin, &here).await;
        let refs = json!([{ "system": "dialer", "value": "1" }]);
        let made = [
            touch(&admin, &here, json!({ "contact_ids": [one, two], "summary": "Ｐrice 报价", "external_refs": refs, "outcome": null }))
                .await,
            touch(&rep, &here, json!({ "contact_ids": [two], "type": "visit", "occurred_at": "2026-01-02T00:00:00Z" })).await,
            touch(&admin, &there, json!({ "next_touch_at": "2026-02-01T00:00:00Z", "direction": "inbound" })).await,
            touch(&admin, &here, json!({ "opportunity_id": deal, "type": "note", "next_touch_at": "2026-02-02T00:00:00Z" })).await,
        ];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let both = format!("{},{}", text(&one), text(&two));
        for (field, value, expected) in [
            ("customer_id", text(&here["id"]), [0_usize, 1, 3].as_slice()),
            ("customer_id[in]", format!("{},{}", text(&here["id"]), text(&there["id"])), &[0, 1, 2, 3]),
            ("contact_ids", text(&two), &[0, 1]),
            ("contact_ids", text(&one), &[0]),
            ("contact_ids[in]", both, &[0, 1]),
            ("opportunity_id", text(&deal), &[3]),
            ("type", "call".to_owned(), &[0, 2]),
            ("type[in]", "visit,note,none".to_owned(), &[1, 3]),
            ("direction", "inbound".to_owned(), &[2]),
            ("author_id", rep.id.clone(), &[1]),
            ("occurred_at[gt]", "2026-01-01T00:00:00Z".to_owned(), &[1]),
            ("occurred_at[lte]", "2026-01-01T08:00:00+08:00".to_owned(), &[0, 2, 3]),
            ("occurred_at", "2026-01-02T00:00:00.000Z".to_owned(), &[1]),
            ("next_touch_at", "2026-02-01T00:00:00Z".to_owned(), &[2]),
            ("next_touch_at[gte]", "2026-02-01T00:00:00Z".to_owned(), &[2, 3]),
            ("next_touch_at[lt]", "2026-02-01T00:00:00Z".to_owned(), &[]),
            ("summary", "PRICE 报价".to_owned(), &[0]),
            ("external_ref", "dialer:1".to_owned(), &[0]),
        ] {
            let found =
                ids(&admin.list("/touch-records", &[(field, &value), ("sort", "created_at"), ("include_total", "true")]).await.ok());
            assert_eq!(found, expected.iter().map(|index| text(&made[*index]["id"])).collect::<Vec<_>>(), "{field}={value}");
        }
        for (field, value) in [("customer_id", "me"), ("occurred_at[gt]", "2026-01-01"), ("direction", "sideways"), ("sort", "summary")] {
            admin.list("/touch-records", &[(field, value)]).await.problem(400, "invalid_parameter");
        }
        admin.get("/touch-records?kind=call").await.problem(400, "unknown_parameter");
    });
}

#[test]
fn they_are_sorted_with_nulls_last_page_by_page() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let here = customer(&admin).await;
        for (day, next) in [(3, Some(5)), (1, None), (2, Some(9)), (5, Some(1)), (4, None), (2, Some(5)), (6, None)] {
            let next = next.map(|day| format!("2026-03-0{day}T00:00:00Z"));
            touch(&admin, &here, json!({ "occurred_at": format!("2026-01-0{day}T00:00:00Z"), "next_touch_at": next })).await;
        }
        for (field, days) in [("occurred_at", "1223456"), ("next_touch_at", "1559---")] {
            for (sort, expected) in [
                (field.to_owned(), days.to_owned()),
                (
                    format!("-{field}"),
                    days.trim_end_matches('-').chars().rev().collect::<String>() + days.trim_start_matches(char::is_numeric),
                ),
            ] {
                let whole = admin.get(&format!("/touch-records?sort={sort}&limit=200")).await.ok()["data"].clone();
                let digits = whole.as_array().unwrap().iter().map(|row| row[field].as_str().map_or("-", |at| &at[9..10]));
                assert_eq!(digits.collect::<String>(), expected, "{sort}");
                for limit in 1..=3 {
                    let (mut rows, mut query) = (Vec::new(), format!("/touch-records?sort={sort}&limit={limit}"));
                    loop {
                        let page = admin.get(&query).await.ok();
                        rows.extend(page["data"].as_array().unwrap().clone());
                        let Some(cursor) = page["next_cursor"].as_str() else { break };
                        query = format!("/touch-records?sort={sort}&limit={limit}&cursor={cursor}");
                    }
                    assert_eq!(json!(rows), whole, "{sort} in pages of {limit}");
                }
            }
        }
    });
}
