//! Many planned touches at once: searches, batches, and by their ids.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{customer, done, plan, planned};
use crate::harness::{Actor, ids, on_both};

fn id(path: &str) -> String {
    path.rsplit('/').next().unwrap().to_owned()
}

async fn search(actor: &Actor, filter: Value) -> Vec<String> {
    ids(&actor.post("/planned-touches/search", json!({ "filter": filter, "sort": "due_at" })).await.ok())
}

fn is(field: &str, op: &str, value: impl Into<Value>) -> Value {
    json!({ "field": field, "op": op, "value": value.into() })
}

#[test]
fn they_are_searched_by_themselves_and_by_what_they_name() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let (here, there) = (customer(&rep).await, customer(&admin).await);
        admin.patch(&format!("/customers/{there}"), json!({ "name": "华为" })).await.ok();
        let contact = rep.post("/contacts", json!({ "name": "张三", "links": [{ "customer_id": here }] })).await.created()["id"].clone();
        let deal = rep.post("/opportunities", json!({ "name": "Big deal", "customer_id": here })).await.created()["id"].clone();
        let first = json!({ "contact_id": contact, "opportunity_id": deal, "summary": "Ｄemo and lunch" });
        let first = planned(&rep, &here, first).await;
        let second = planned(&rep, &here, json!({ "type": "visit", "due_at": "2026-03-03T00:00:00Z" })).await;
        let others = planned(&admin, &there, json!({ "due_at": "2026-03-02T00:00:00Z" })).await;
        rep.post(&format!("{second}/complete"), done()).await.ok();
        let (first, second, others) = (id(&first), id(&second), id(&others));

        let all = [first.clone(), others.clone(), second.clone()];
        assert_eq!(search(&admin, Value::Null).await, all);
        assert_eq!(search(&rep, Value::Null).await, [first.clone(), second.clone()], "of customers that it sees");
        for (filter, expected) in [
            (is("customer.name", "contains", "华"), vec![&others]),
            (is("customer.owner_id", "eq", rep.id.as_str()), vec![&first, &second]),
            (is("contact.name", "eq", "张三"), vec![&first]),
            (json!({ "not": is("opportunity.name", "starts_with", "big") }), vec![&others, &second]),
            (is("assignee.is_active", "eq", true), all.iter().collect()),
            (is("touch_record.summary", "contains", "报价方案"), vec![&second]),
            (is("summary", "contains", "demo AND"), vec![&first]),
            (is("completed_at", "gte", "2026-03-01T09:00:00Z"), vec![&second]),
            (is("completed_at", "is_null", true), vec![&first, &others]),
            (json!({ "or": [is("status", "ne", "planned"), is("due_at", "lt", "2026-03-02T00:00:00Z")] }), vec![&first, &second]),
        ] {
            assert_eq!(search(&admin, filter.clone()).await.iter().collect::<Vec<_>>(), expected, "{filter}");
        }
        assert_eq!(ids(&admin.list("/planned-touches", &[("summary[contains]", "LUNCH")]).await.ok()), [first.as_str()]);

        let some = json!({ "filter": is("id", "eq", "x"), "fields": ["summary"] });
        admin.post("/planned-touches/search", some).await.invalid(&[("/filter/field", "unknown_field")]);
        admin.post("/planned-touches/search", json!({ "q": "x" })).await.invalid(&[("/q", "unknown_field")]);
        let page = json!({ "limit": 1, "sort": "-due_at", "fields": ["due_at"], "expand": ["customer", "touch_record"] });
        let page = admin.post("/planned-touches/search", page).await.ok();
        let row = &page["data"][0];
        assert_eq!((&row["id"], &row["due_at"], &page["has_more"]), (&json!(second), &json!("2026-03-03T00:00:00.000Z"), &json!(true)));
        assert_eq!((&row["customer"]["id"], &row["touch_record"]["type"]), (&json!(here), &json!("visit")));
        assert_eq!(row.as_object().unwrap().len(), 4, "{row:#}");

        // Customers are found by what is planned with them.
        let open = json!({ "has": "planned_touches", "filter": is("status", "eq", "planned") });
        let found = async |filter: Value| ids(&admin.post("/customers/search", json!({ "filter": filter, "sort": "name" })).await.ok());
        assert_eq!(found(open.clone()).await.len(), 2);
        let late = json!({ "has": "planned_touches", "filter": is("due_at", "gt", "2026-03-01T12:00:00Z") });
        assert_eq!(found(json!({ "and": [open, late, is("owner_id", "eq", admin.id.as_str())] })).await, [there]);
        let key = app.api_key(&["touch_records:read"]).await;
        let asked = json!({ "filter": is("customer.name", "eq", "x") });
        let refused = key.post("/planned-touches/search", asked).await.problem(403, "insufficient_scope");
        assert_eq!(refused["meta"]["required_scope"], "customers:read");
    });
}

#[test]
fn a_batch_plans_and_changes() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let (here, there) = (customer(&rep).await, customer(&admin).await);
        let old = planned(&rep, &here, json!({})).await;
        let gone = planned(&rep, &here, json!({})).await;
        rep.post(&format!("{gone}/cancel"), json!({ "reason": "x" })).await.ok();
        let create = |customer: &str, members: Value| json!({ "op": "create", "data": plan(customer, members) });
        let update = |path: &str, data: Value| json!({ "op": "update", "id": id(path), "data": data });
        let operations = json!([
            create(&here, json!({ "summary": "one" })),
            update(&old, json!({ "summary": "two" })),
            create(&there, json!({})),
            update(&gone, json!({ "summary": "late" })),
            update(&old, json!({ "status": "done" })),
            { "op": "update", "id": id(&old), "version": 1, "data": { "summary": "three" } },
        ]);
        let body = rep.post("/planned-touches/batch", json!({ "mode": "partial", "operations": operations })).await.body;
        let status = |result: &Value| (result["status"].clone(), result["problem"]["code"].clone());
        let said: Vec<(Value, Value)> = body["results"].as_array().unwrap().iter().map(status).collect();
        let expected = [
            (json!(201), Value::Null),
            (json!(200), Value::Null),
            (json!(422), json!("validation_failed")),
            (json!(409), json!("invalid_transition")),
            (json!(422), json!("validation_failed")),
            (json!(412), json!("version_conflict")),
        ];
        assert_eq!(said, expected, "{body:#}");
        assert_eq!(body["results"][2]["problem"]["errors"][0]["pointer"], "/data/customer_id");
        assert_eq!(body["results"][4]["problem"]["errors"][0]["code"], "read_only_field");
        assert_eq!(rep.get(&old).await.ok()["summary"], "two");
        assert_eq!(body["results"][0]["data"]["assignee_id"], json!(rep.id));

        // What it has not.
        for operation in [json!({ "op": "delete", "id": id(&old) }), json!({ "op": "restore", "id": id(&old) }), json!({ "op": "upsert" })]
        {
            let reply = rep.post("/planned-touches/batch", json!({ "mode": "partial", "operations": [operation] })).await;
            let problem = reply.invalid(&[("/operations/0/op", "invalid_choice")]);
            assert_eq!(problem["errors"][0]["meta"]["allowed"], json!(["create", "update"]));
        }
        let referred = json!({ "op": "update", "external_ref": { "system": "s", "value": "1" }, "data": {} });
        let reply = rep.post("/planned-touches/batch", json!({ "mode": "partial", "operations": [referred] })).await;
        reply.invalid(&[("/operations/0/external_ref", "unknown_field")]);
        let nothing = json!({ "op": "update", "data": {} });
        let reply = rep.post("/planned-touches/batch", json!({ "mode": "partial", "operations": [nothing] })).await;
        let errors = &reply.body["results"][0]["problem"]["errors"];
        assert_eq!((&errors[0]["pointer"], &errors[0]["code"]), (&json!("/id"), &json!("required")), "{:#}", reply.body);

        // All or nothing, and nothing that is only tried.
        let both = json!([create(&here, json!({})), create(&here, json!({ "type": "nonsense" }))]);
        let atomic = json!({ "mode": "atomic", "operations": both });
        rep.post("/planned-touches/batch", atomic).await.invalid(&[("/operations/1/data/type", "unknown_code")]);
        let tried = json!({ "mode": "atomic", "operations": [create(&here, json!({}))] });
        let reply = rep.post("/planned-touches/batch?validate_only=true", tried).await;
        assert_eq!((reply.status, &reply.body["results"][0]["id"]), (207, &Value::Null));
        assert_eq!(ids(&rep.get("/planned-touches").await.ok()).len(), 3);
    });
}

#[test]
fn batches_that_cross_are_both_done() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let mut paths = Vec::new();
        for _ in 0..3 {
            let here = customer(&admin).await;
            paths.push(planned(&admin, &here, json!({})).await);
            paths.push(planned(&admin, &here, json!({})).await);
        }
        let mut bodies = Vec::new();
        for number in 0..6 {
            paths.rotate_left(2);
            paths.reverse();
            let update = |path: &String| json!({ "op": "update", "id": id(path), "data": { "summary": format!("{number}") } });
            bodies.push(json!({ "mode": "atomic", "operations": paths.iter().map(update).collect::<Vec<_>>() }));
        }
        let replies = join_all(bodies.into_iter().map(|body| admin.post("/planned-touches/batch", body))).await;
        assert!(replies.iter().all(|reply| reply.status == 200), "{replies:#?}");
        let rows = admin.get("/planned-touches").await.ok();
        for row in rows["data"].as_array().unwrap() {
            assert_eq!((&row["version"], &row["summary"]), (&json!(7), &rows["data"][0]["summary"]), "each batch is whole");
        }
    });
}

#[test]
fn some_are_got_by_their_ids() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let (here, there) = (customer(&rep).await, customer(&admin).await);
        let (own, others) = (planned(&rep, &here, json!({})).await, planned(&admin, &there, json!({})).await);
        let next = planned(&rep, &here, json!({})).await;
        let wanted = json!({ "ids": [id(&next), id(&others), id(&own)] });
        let found = rep.post("/planned-touches/batch-get", wanted).await.ok();
        assert_eq!((ids(&found), &found["missing"]), (vec![id(&next), id(&own)], &json!([id(&others)])));
        assert_eq!(found["data"][1], rep.get(&own).await.ok());
        let some = json!({ "ids": [id(&own)], "fields": ["status"] });
        let some = rep.post("/planned-touches/batch-get", some).await.ok();
        assert_eq!(some["data"], json!([{ "id": id(&own), "status": "planned" }]));
    });
}
