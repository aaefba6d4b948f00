//! Who sees an opportunity, and who may change it.

use serde_json::json;

use super::{customer, moved, opportunity, path, stages};
use crate::harness::{ids, on_both};

#[test]
fn a_rep_sees_its_own_and_those_of_customers_it_sees() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (own, theirs, pooled) = (customer(&rep, None).await, customer(&other, None).await, customer(&admin, None).await);
        let mine = opportunity(&rep, &own, json!({ "name": "mine" })).await;
        let of_mine = opportunity(&admin, &own, json!({ "name": "of mine", "owner_id": other.id })).await;
        let of_pool = opportunity(&admin, &pooled, json!({ "name": "of the pool" })).await;
        let at_theirs = opportunity(&admin, &theirs, json!({ "name": "mine at theirs", "owner_id": rep.id })).await;
        let hidden = opportunity(&other, &theirs, json!({ "name": "hidden" })).await;
        let foreign = app.db_stranger().await;
        let foreign = opportunity(&foreign, &customer(&foreign, None).await, json!({})).await;

        let seen = rep.get("/opportunities?sort=created_at").await.ok();
        assert_eq!(seen["data"], json!([mine, of_mine, of_pool, at_theirs]));
        assert_eq!(rep.get("/opportunities?include_total=true").await.ok()["total"], 4);
        assert_eq!(ids(&rep.list("/opportunities", &[("customer_id", theirs.as_str())]).await.ok()), [at_theirs["id"].as_str().unwrap()]);
        let all = app.user("viewer").await.get("/opportunities?sort=created_at").await.ok();
        assert_eq!(all["data"], json!([mine, of_mine, of_pool, at_theirs, hidden]));
        rep.get(&format!("/customers/{theirs}")).await.problem(404, "not_found");

        let stage = stages(&rep).await[1]["id"].clone();
        let never = json!({ "id": "opp_01jd9xq3v8e6ft2m4k7w0zr5ya" });
        for unseen in [&hidden, &foreign, &never] {
            let path = path(unseen);
            rep.get(&path).await.problem(404, "not_found");
            rep.get(&format!("{path}/stage-history")).await.problem(404, "not_found");
            rep.patch_if(&path, "\"v9\"", json!({ "name": "B" })).await.problem(404, "not_found");
            rep.delete(&path).await.problem(404, "not_found");
            rep.act(&format!("{path}/restore")).await.problem(404, "not_found");
            rep.post(&format!("{path}/move"), json!({ "to_stage_id": stage })).await.problem(404, "not_found");
        }
        for only_seen in [&of_mine, &of_pool] {
            let path = path(only_seen);
            assert_eq!(rep.get(&path).await.ok(), *only_seen);
            assert_eq!(rep.get(&format!("{path}/stage-history")).await.ok()["data"].as_array().unwrap().len(), 1);
            rep.patch(&path, json!({ "name": "B" })).await.problem(403, "not_owner");
            rep.patch(&path, json!({})).await.problem(403, "not_owner");
            rep.delete(&path).await.problem(403, "not_owner");
            rep.post(&format!("{path}/move"), json!({ "to_stage_id": stage })).await.problem(403, "not_owner");
            assert_eq!(admin.get(&path).await.ok(), *only_seen, "untouched");
            admin.delete(&path).await.no_content();
            rep.act(&format!("{path}/restore")).await.problem(403, "not_owner");
        }
        for changeable in [&mine, &at_theirs] {
            let path = path(changeable);
            rep.patch(&path, json!({ "name": "B" })).await.ok();
            moved(&rep, changeable, 1, None).await;
            rep.delete(&path).await.no_content();
            assert_eq!(rep.act(&format!("{path}/restore")).await.ok()["version"], 5);
        }
        rep.get("/opportunities?is_deleted=true").await.problem(403, "insufficient_role");
        let viewer = app.user("viewer").await;
        viewer.patch(&path(&mine), json!({ "name": "B" })).await.problem(403, "insufficient_role");
        viewer.post(&format!("{}/move", path(&mine)), json!({ "to_stage_id": stage })).await.problem(403, "insufficient_role");
    });
}

#[test]
fn a_rep_creates_for_its_own_customers_and_itself() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (own, theirs, pooled) = (customer(&rep, None).await, customer(&other, None).await, customer(&admin, None).await);
        let input = |customer: &str, owner: Option<&str>| json!({ "customer_id": customer, "name": "O", "owner_id": owner });
        rep.post("/opportunities", input(&theirs, None)).await.invalid(&[("/customer_id", "unknown_reference")]);
        rep.post("/opportunities", input(&pooled, None)).await.invalid(&[("/customer_id", "not_owner")]);
        let both = [("/customer_id", "not_owner"), ("/owner_id", "not_owner")];
        rep.post("/opportunities", input(&pooled, Some(&other.id))).await.invalid(&both);
        rep.post("/opportunities", input(&own, Some(&other.id))).await.invalid(&[("/owner_id", "not_owner")]);
        assert_eq!(rep.post("/opportunities", input(&own, Some(&rep.id))).await.created()["owner_id"], json!(rep.id));
        let contact = json!({ "name": "P", "links": [{ "customer_id": theirs }] });
        let contact = other.post("/contacts", contact).await.created()["id"].clone();
        let with = json!({ "customer_id": own, "name": "O", "contact_id": contact });
        rep.post("/opportunities", with).await.invalid(&[("/contact_id", "unknown_reference")]);
        assert_eq!(admin.get("/opportunities?include_total=true").await.ok()["total"], 1);
        app.user("viewer").await.post("/opportunities", input(&own, None)).await.problem(403, "insufficient_role");
    });
}

#[test]
fn an_api_key_needs_the_scopes() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = customer(&admin, None).await;
        let made = opportunity(&admin, &customer, json!({})).await;
        let there = path(&made);
        let stage = stages(&admin).await[1]["id"].clone();
        let reader = app.api_key(&["opportunities:read"]).await;
        assert_eq!(reader.get(&there).await.ok(), made);
        reader.get("/pipelines").await.ok();
        assert_eq!(ids(&reader.get("/opportunities?is_deleted=true").await.ok()).len(), 0);
        for refused in [
            reader.patch(&there, json!({ "name": "B" })).await,
            reader.post(&format!("{there}/move"), json!({ "to_stage_id": stage })).await,
            reader.post("/opportunities", json!({ "customer_id": customer, "name": "O" })).await,
            reader.post("/opportunities/transfer", json!({ "ids": [made["id"]], "to_user_id": admin.id, "reason": "x" })).await,
            reader.delete(&there).await,
            reader.act(&format!("{there}/restore")).await,
        ] {
            assert_eq!(refused.problem(403, "insufficient_scope")["meta"]["required_scope"], "opportunities:write");
        }
        let writer = app.api_key(&["opportunities:write"]).await;
        for refused in [
            writer.get(&there).await,
            writer.get("/opportunities").await,
            writer.get("/pipelines").await,
            writer.get(&format!("{there}/stage-history")).await,
            app.api_key(&["customers:read", "customers:write"]).await.get("/opportunities").await,
        ] {
            assert_eq!(refused.problem(403, "insufficient_scope")["meta"]["required_scope"], "opportunities:read");
        }
        assert_eq!(writer.patch(&there, json!({ "name": "B" })).await.ok()["version"], 2);
    });
}
