//! Opportunities that get another owner: by themselves, or along with their customer.

use serde_json::{Value, json};

use super::{changes_of, customer, moved, opportunity, path, types};
use crate::harness::{Actor, on_both};

async fn owner(admin: &Actor, opportunity: &Value) -> Value {
    admin.get(&path(opportunity)).await.ok()["owner_id"].clone()
}

#[test]
fn a_transfer_gives_opportunities_to_another_owner() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let customer = customer(&rep, None).await;
        let (first, second) = (opportunity(&rep, &customer, json!({})).await, opportunity(&rep, &customer, json!({})).await);
        let closed = moved(&rep, &opportunity(&rep, &customer, json!({})).await, 6, None).await;
        let already = opportunity(&admin, &customer, json!({ "owner_id": other.id })).await;
        let wanted = json!([closed["id"], already["id"], second["id"], first["id"]]);
        let input = json!({ "ids": wanted, "to_user_id": other.id, "reason": " holiday " });
        let done = admin.post("/opportunities/transfer", input).await.ok();
        let result =
            |index: usize, version: i64| json!({ "index": index, "id": wanted[index], "status": 200, "version": version, "problem": null });
        assert_eq!(done["results"], json!([result(0, 3), result(1, 1), result(2, 2), result(3, 2)]), "in the order that was given");
        assert_eq!(done["summary"], json!({ "succeeded": 4, "failed": 0 }));
        for opportunity in [&first, &second, &closed, &already] {
            assert_eq!(owner(&admin, opportunity).await, json!(other.id));
        }
        assert_eq!(admin.get(&path(&already)).await.ok(), already, "nothing to do");
        let changes = changes_of(&admin, &first).await;
        assert_eq!(types(&changes), ["opportunity.created", "opportunity.transferred"]);
        let changed = json!({ "owner_id": { "from": rep.id, "to": other.id }, "reason": { "from": null, "to": "holiday" } });
        assert_eq!((&changes[1]["changed"], &changes[1]["actor"]["id"]), (&changed, &json!(admin.id)));
        assert_eq!(changes_of(&admin, &already).await.len(), 1);
        rep.patch(&path(&first), json!({ "name": "B" })).await.problem(403, "not_owner");
        other.patch(&path(&first), json!({ "name": "B" })).await.ok();
    });
}

#[test]
fn a_transfer_moves_what_it_can() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (own, theirs, pooled) = (customer(&rep, None).await, customer(&other, None).await, customer(&admin, None).await);
        let (mine, hidden) = (opportunity(&rep, &own, json!({})).await, opportunity(&other, &theirs, json!({})).await);
        let seen = opportunity(&admin, &pooled, json!({})).await;
        let gone = opportunity(&rep, &own, json!({})).await;
        rep.delete(&path(&gone)).await.no_content();
        let never = json!("opp_01jd9xq3v8e6ft2m4k7w0zr5ya");
        let wanted = json!([seen["id"], hidden["id"], gone["id"], never, mine["id"]]);
        let transfer = async |actor: &Actor, ids: &Value, to: &str, reason: &str| {
            actor.post("/opportunities/transfer", json!({ "ids": ids, "to_user_id": to, "reason": reason })).await
        };
        let answer = transfer(&rep, &wanted, &other.id, "holiday").await;
        assert_eq!((answer.status, &answer.body["summary"]), (207, &json!({ "succeeded": 1, "failed": 4 })));
        let expected = [(403, "not_owner"), (404, "not_found"), (404, "not_found"), (404, "not_found")];
        for (index, (status, code)) in expected.into_iter().enumerate() {
            let result = &answer.body["results"][index];
            assert_eq!((&result["id"], &result["status"], &result["version"]), (&wanted[index], &json!(status), &Value::Null));
            assert_eq!((&result["problem"]["code"], &result["problem"]["status"]), (&json!(code), &json!(status)));
        }
        assert_eq!(owner(&admin, &mine).await, json!(other.id));
        assert_eq!((admin.get(&path(&seen)).await.ok(), admin.get(&path(&hidden)).await.ok()), (seen.clone(), hidden));

        let one = json!([seen["id"]]);
        let twice = json!([seen["id"], seen["id"]]);
        transfer(&admin, &twice, &rep.id, "x").await.invalid(&[("/ids/1", "duplicate_item")]);
        transfer(&admin, &json!([]), &rep.id, " ").await.invalid(&[("/ids", "too_few_items"), ("/reason", "required")]);
        let many: Vec<String> = (100..301).map(|number| format!("opp_01jd9xq3v8e6ft2m4k7w0zr{number}")).collect();
        transfer(&admin, &json!(many), &rep.id, "x").await.invalid(&[("/ids", "too_many_items")]);
        transfer(&admin, &one, &app.db_stranger().await.id, "x").await.invalid(&[("/to_user_id", "unknown_reference")]);
        let wrong = [("/ids/0", "wrong_resource_type"), ("/reason", "too_long")];
        transfer(&admin, &json!([own]), &rep.id, &"x".repeat(501)).await.invalid(&wrong);
        let left = app.user("rep").await;
        admin.patch(&format!("/users/{}", left.id), json!({ "is_active": false })).await.ok();
        transfer(&admin, &one, &left.id, "x").await.invalid(&[("/to_user_id", "inactive_reference")]);
        assert_eq!(admin.get(&path(&seen)).await.ok(), seen);
        assert_eq!(transfer(&admin, &one, &rep.id, "x").await.ok()["summary"]["succeeded"], 1);
        transfer(&app.user("viewer").await, &one, &rep.id, "x").await.problem(403, "insufficient_role");
    });
}

#[test]
fn open_opportunities_go_with_their_customer() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (given, kept) = (customer(&rep, None).await, customer(&rep, None).await);
        let mut all = Vec::new();
        for customer in [&given, &kept] {
            let open = opportunity(&rep, customer, json!({})).await;
            let anothers = opportunity(&admin, customer, json!({ "owner_id": admin.id })).await;
            let won = opportunity(&rep, customer, json!({ "amount": super::cny("5") })).await;
            let won = moved(&rep, &won, 4, None).await;
            let void = moved(&rep, &opportunity(&rep, customer, json!({})).await, 6, None).await;
            let gone = opportunity(&rep, customer, json!({})).await;
            rep.delete(&path(&gone)).await.no_content();
            all.push([open, anothers, won, void, gone]);
        }
        let transfer = |ids: Value, keep: Option<bool>| json!({ "ids": ids, "to_user_id": other.id, "reason": "territory", "keep_opportunities": keep });
        rep.post("/customers/transfer", transfer(json!([given]), None)).await.ok();
        admin.post("/customers/transfer", transfer(json!([kept]), Some(true))).await.ok();
        for kept in all[1].iter().take(4).chain(&all[0][2..4]) {
            assert_eq!(admin.get(&path(kept)).await.ok(), *kept, "untouched");
        }
        for (opportunity, from) in [(&all[0][0], &rep.id), (&all[0][1], &admin.id)] {
            assert_eq!(owner(&admin, opportunity).await, json!(other.id));
            let changes = changes_of(&admin, opportunity).await;
            assert_eq!(types(&changes), ["opportunity.created", "opportunity.transferred"]);
            let changed = json!({ "owner_id": { "from": from, "to": other.id }, "reason": { "from": null, "to": "territory" } });
            assert_eq!(changes[1]["changed"], changed);
        }
        assert_eq!(admin.act(&format!("{}/restore", path(&all[0][4]))).await.ok()["owner_id"], json!(rep.id), "it was not there");
        rep.get(&path(&all[0][0])).await.problem(404, "not_found");
        assert_eq!(rep.get(&path(&all[1][0])).await.ok()["owner_id"], json!(rep.id), "its own at a customer out of sight");

        // Out of the pool as well; and what fails takes nothing along.
        let pooled = customer(&admin, None).await;
        let waiting = opportunity(&admin, &pooled, json!({})).await;
        let refused = rep.post("/customers/transfer", transfer(json!([pooled]), None)).await;
        assert_eq!((refused.status, owner(&admin, &waiting).await), (207, json!(admin.id)));
        admin.post("/customers/transfer", transfer(json!([pooled]), Some(false))).await.ok();
        assert_eq!(owner(&admin, &waiting).await, json!(other.id));
    });
}

#[test]
fn transfers_at_the_same_moment_wait_for_each_other() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (mut customers, mut opportunities) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            customers.push(customer(&admin, Some(&rep.id)).await);
        }
        // Of the last customer first: customers and opportunities are not in the same order.
        for customer in customers.iter().rev() {
            opportunities.push(opportunity(&admin, customer, json!({})).await["id"].clone());
        }
        let transfers = (0..12).map(|number| {
            let to = if number % 4 < 2 { &rep.id } else { &other.id };
            let by_customer = number % 2 == 0;
            let (path, ids) = if by_customer { ("/customers", json!(customers)) } else { ("/opportunities", json!(opportunities)) };
            let late = json!({ "customer_id": customers[number % 4], "name": "late" });
            let admin = admin.clone();
            async move {
                let transfer = json!({ "ids": ids, "to_user_id": to, "reason": number.to_string() });
                let path = format!("{path}/transfer");
                let moved = admin.post(&path, transfer);
                let (moved, made) = futures_util::future::join(moved, admin.post("/opportunities", late)).await;
                assert_eq!(moved.ok()["summary"]["failed"], 0);
                made.created();
            }
        });
        futures_util::future::join_all(transfers).await;
        admin.post("/customers/transfer", json!({ "ids": customers, "to_user_id": other.id, "reason": "end" })).await.ok();
        let all = admin.get("/opportunities?limit=200").await.ok()["data"].as_array().unwrap().clone();
        assert_eq!(all.len(), 16);
        assert!(all.iter().all(|opportunity| opportunity["owner_id"] == json!(other.id)));
    });
}
