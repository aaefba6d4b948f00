//! Who sees touch records, and who may change them.

use serde_json::{Value, json};

use super::{UNKNOWN, call, contact, customer, customer_path, opportunity, path, touch};
use crate::harness::{Actor, ids, on_both};

async fn seen(actor: &Actor) -> Vec<String> {
    ids(&actor.get("/touch-records?sort=created_at").await.ok())
}

#[test]
fn a_rep_sees_those_of_customers_it_sees() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (own, pooled, theirs) = (customer(&rep).await, customer(&admin).await, customer(&other).await);
        let by_rep = touch(&rep, &own, json!({})).await;
        let by_admin = touch(&admin, &own, json!({})).await;
        let in_pool = touch(&admin, &pooled, json!({})).await;
        let hidden = touch(&other, &theirs, json!({})).await;
        let stranger = app.db_stranger().await;
        let foreign = touch(&stranger, &customer(&stranger).await, json!({})).await;
        let id = |touch: &Value| touch["id"].as_str().unwrap().to_owned();
        assert_eq!(seen(&rep).await, [id(&by_rep), id(&by_admin), id(&in_pool)]);
        assert_eq!(seen(&other).await, [id(&in_pool), id(&hidden)]);
        assert_eq!(seen(&app.user("viewer").await).await, seen(&admin).await);
        assert_eq!(seen(&admin).await.len(), 4);
        assert_eq!(rep.get(&path(&in_pool)).await.ok(), in_pool);
        let theirs_only = [("customer_id", theirs["id"].as_str().unwrap()), ("include_total", "true")];
        assert_eq!(rep.list("/touch-records", &theirs_only).await.ok()["total"], 0);
        rep.get("/touch-records?is_deleted=true").await.problem(403, "insufficient_role");

        let never = json!({ "id": format!("tch_{UNKNOWN}") });
        let mut expected = rep.get(&path(&never)).await.problem(404, "not_found");
        expected["request_id"] = Value::Null;
        for gone in [&hidden, &foreign, &never] {
            let there = path(gone);
            for answer in [
                rep.get(&there).await,
                rep.patch(&there, json!({ "summary": "B" })).await,
                rep.delete(&there).await,
                rep.act(&format!("{there}/restore")).await,
            ] {
                let mut body = answer.problem(404, "not_found");
                body["request_id"] = Value::Null;
                assert_eq!(body, expected, "the same as for what never was");
            }
        }
        assert_eq!(other.get(&path(&hidden)).await.ok(), hidden, "untouched");

        // With the customer goes the sight, of one's own records as well.
        let moved = json!({ "ids": [own["id"]], "to_user_id": other.id, "reason": "r" });
        admin.post("/customers/transfer", moved).await.ok();
        assert_eq!(seen(&rep).await, [id(&in_pool)]);
        rep.patch(&path(&by_rep), json!({ "summary": "B" })).await.problem(404, "not_found");
        assert_eq!(other.get(&path(&by_rep)).await.ok(), by_rep);
        other.patch(&path(&by_rep), json!({ "summary": "B" })).await.problem(403, "not_owner");
    });
}

#[test]
fn a_rep_changes_what_it_wrote_itself() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (own, pooled, theirs) = (customer(&rep).await, customer(&admin).await, customer(&other).await);
        rep.post("/touch-records", call(&pooled, json!({}))).await.invalid(&[("/customer_id", "not_owner")]);
        rep.post("/touch-records", call(&theirs, json!({}))).await.invalid(&[("/customer_id", "unknown_reference")]);
        for customer in [&pooled, &theirs] {
            assert_eq!(admin.get(&customer_path(customer)).await.ok(), *customer, "untouched");
        }
        let mine = path(&touch(&rep, &own, json!({})).await);
        rep.patch(&mine, json!({ "summary": "B" })).await.ok();
        rep.delete(&mine).await.no_content();
        assert_eq!(rep.act(&format!("{mine}/restore")).await.ok()["version"], 4);

        let foreign = touch(&admin, &own, json!({})).await;
        let there = path(&foreign);
        rep.patch(&there, json!({ "summary": "B" })).await.problem(403, "not_owner");
        rep.patch_if(&there, "\"v9\"", json!({ "summary": "B" })).await.problem(403, "not_owner");
        rep.delete(&there).await.problem(403, "not_owner");
        assert_eq!(rep.get(&there).await.ok(), foreign);
        admin.delete(&there).await.no_content();
        rep.act(&format!("{there}/restore")).await.problem(403, "not_owner");
        assert_eq!(rep.get(&customer_path(&own)).await.ok()["touch_count"], 1);

        let manager = app.user("manager").await;
        assert_eq!(manager.patch(&mine, json!({ "summary": "C" })).await.ok()["author_id"], json!(rep.id), "still its author's");
        touch(&manager, &pooled, json!({})).await;
        let (viewer, reader) = (app.user("viewer").await, app.api_key(&["touch_records:read"]).await);
        for (caller, code) in [(viewer, "insufficient_role"), (reader, "insufficient_scope")] {
            caller.get(&mine).await.ok();
            caller.post("/touch-records", call(&own, json!({}))).await.problem(403, code);
            caller.patch(&mine, json!({ "summary": "D" })).await.problem(403, code);
            caller.delete(&mine).await.problem(403, code);
            caller.act(&format!("{mine}/restore")).await.problem(403, code);
        }
    });
}

#[test]
fn contacts_and_opportunity_are_the_customers() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (own, pooled, theirs) = (customer(&rep).await, customer(&admin).await, customer(&other).await);
        let (good, elsewhere, hidden) = (contact(&rep, &own).await, contact(&admin, &pooled).await, contact(&other, &theirs).await);
        let (gone, loose) = (contact(&rep, &own).await, rep.post("/contacts", json!({ "name": "L" })).await.created()["id"].clone());
        rep.delete(&format!("/contacts/{}", gone.as_str().unwrap())).await.no_content();
        let ids = json!([good, elsewhere, hidden, gone, format!("con_{UNKNOWN}"), loose]);
        let faults = [
            ("/contact_ids/1", "unrelated_reference"),
            ("/contact_ids/2", "unknown_reference"),
            ("/contact_ids/3", "unknown_reference"),
            ("/contact_ids/4", "unknown_reference"),
            ("/contact_ids/5", "unrelated_reference"),
        ];
        rep.post("/touch-records", call(&own, json!({ "contact_ids": ids }))).await.invalid(&faults);
        let deal = opportunity(&rep, &own).await;
        let made = touch(&rep, &own, json!({ "contact_ids": [good], "opportunity_id": deal })).await;
        rep.patch(&path(&made), json!({ "contact_ids": ids })).await.invalid(&faults);

        let dead = opportunity(&rep, &own).await;
        rep.delete(&format!("/opportunities/{}", dead.as_str().unwrap())).await.no_content();
        for (id, fault) in [
            (opportunity(&admin, &pooled).await, "unrelated_reference"),
            (opportunity(&other, &theirs).await, "unknown_reference"),
            (dead, "unknown_reference"),
            (json!(format!("opp_{UNKNOWN}")), "unknown_reference"),
            (good.clone(), "wrong_resource_type"),
        ] {
            let wrong = json!({ "opportunity_id": id });
            rep.post("/touch-records", call(&own, wrong.clone())).await.invalid(&[("/opportunity_id", fault)]);
            rep.patch(&path(&made), wrong).await.invalid(&[("/opportunity_id", fault)]);
        }
        assert_eq!(rep.get(&path(&made)).await.ok(), made);

        // What it has it keeps, though neither could be given anew.
        rep.delete(&format!("/contacts/{}", good.as_str().unwrap())).await.no_content();
        rep.delete(&format!("/opportunities/{}", deal.as_str().unwrap())).await.no_content();
        let kept = rep.patch(&path(&made), json!({ "summary": "B", "contact_ids": [good], "opportunity_id": deal })).await.ok();
        assert_eq!((&kept["contact_ids"], &kept["opportunity_id"], &kept["version"]), (&json!([good]), &deal, &json!(2)));
    });
}

#[test]
fn a_refused_restore_does_not_name_what_is_out_of_sight() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let refs = json!({ "external_refs": [{ "system": "dialer", "value": "1" }] });
        let mine = rep.post("/customers", json!({ "name": "Mine", "kind": "person" })).await.created();
        touch(&rep, &mine, refs.clone()).await;
        rep.delete(&customer_path(&mine)).await.no_content();
        let hidden = json!({ "name": "Hidden", "kind": "person", "owner_id": admin.id });
        let hidden = admin.post("/customers", hidden).await.created();
        let heir = touch(&admin, &hidden, refs).await;
        let restore = format!("{}/restore", customer_path(&mine));
        let refused = rep.act(&restore).await.problem(409, "external_ref_taken");
        assert!(refused["meta"]["existing_id"].is_null(), "{refused:#}");
        let told = admin.act(&restore).await.problem(409, "external_ref_taken");
        assert_eq!(told["meta"]["existing_id"], heir["id"]);
    });
}
