//! Who sees which changes.

use serde_json::{Value, json};

use super::{latest, since, told};
use crate::harness::{Actor, on_both};

fn id(made: &Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

fn pairs<'p>(expected: impl IntoIterator<Item = (&'p str, &'p String)>) -> Vec<(String, String)> {
    expected.into_iter().map(|(kind, id)| (kind.to_owned(), id.clone())).collect()
}

async fn customer(actor: &Actor, owner: Option<&Actor>) -> String {
    let owner_id = owner.map(|owner| owner.id.clone());
    id(&actor.post("/customers", json!({ "name": "C", "kind": "organization", "owner_id": owner_id })).await.created())
}

async fn transfer(actor: &Actor, customer: &str, to: &Actor) {
    actor.post("/customers/transfer", json!({ "ids": [customer], "to_user_id": to.id, "reason": "x" })).await.ok();
}

#[test]
fn a_rep_sees_its_own_and_everybody_what_everybody_reads() {
    on_both(|app| async move {
        let (admin, rep, other, viewer) = (app.admin().await, app.user("rep").await, app.user("rep").await, app.user("viewer").await);
        admin.changes().await;
        let start = latest(&admin).await;
        let mut own = Vec::new();
        let mut all = Vec::new();
        for owner in [&rep, &other] {
            let customer = customer(owner, None).await;
            let contact = id(&owner.post("/contacts", json!({ "name": "P", "links": [{ "customer_id": customer }] })).await.created());
            let opportunity = id(&owner.post("/opportunities", json!({ "name": "O", "customer_id": customer })).await.created());
            let touch = json!({ "customer_id": customer, "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "x" });
            let touch = id(&owner.post("/touch-records", touch).await.created());
            let made = [
                ("customer.created", customer.clone()),
                ("contact.created", contact),
                ("opportunity.created", opportunity),
                ("customer.updated", customer),
                ("touch_record.created", touch),
            ];
            let made = made.map(|(kind, id)| (kind.to_owned(), id));
            if owner.id == rep.id {
                own.extend(made.clone());
            }
            all.extend(made);
        }
        let tier = id(&admin.post("/tiers", json!({ "code": "t", "name": "T", "rank": 1 })).await.created());
        let field = json!({ "resource": "tiers", "key": "k", "type": "text", "label": { "zh": "x", "en": "x" } });
        let field = id(&admin.post("/fields", field).await.created());
        let common = pairs([("tier.created", &tier), ("field.created", &field)]);
        let sorted = |mut pairs: Vec<(String, String)>| {
            pairs.sort_unstable();
            pairs
        };
        let seen = async |actor: &Actor, types: &str| sorted(told(&since(actor, &admin, &start, types).await));
        assert_eq!(seen(&rep, "*").await, sorted([own.clone(), common.clone()].concat()));
        assert_eq!(seen(&viewer, "*").await, sorted([all.clone(), common.clone()].concat()));
        let crm = "customer.*,contact.*,opportunity.*,touch_record.*";
        assert_eq!(seen(&admin, crm).await, sorted(all.clone()));
        assert_eq!(seen(&app.api_key(&["*"]).await, crm).await, sorted(all));

        for kind in ["user.*", "api_key.created", "workspace.*"] {
            let refused = viewer.list("/changes", &[("types", kind)]).await.problem(403, "insufficient_role");
            assert_eq!(refused["meta"]["required_role"], "admin");
            admin.list("/changes", &[("types", kind)]).await.ok();
        }
    });
}

#[test]
fn an_api_key_sees_the_types_that_it_may_read() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let key = app.api_key(&["changes:read", "customers:read", "users:read"]).await;
        admin.changes().await;
        let start = latest(&admin).await;
        let customer = customer(&admin, None).await;
        admin.post("/contacts", json!({ "name": "P" })).await.created();
        app.user("rep").await;
        assert_eq!(told(&since(&key, &admin, &start, "*").await), pairs([("customer.created", &customer)]));
        for (kind, scope) in [("contact.created", "contacts:read"), ("customer.*,tier.*", "tiers:read"), ("user.*", "users:write")] {
            let refused = key.list("/changes", &[("types", kind)]).await.problem(403, "insufficient_scope");
            assert_eq!(refused["meta"]["required_scope"], scope);
        }
        assert_eq!(app.api_key(&["changes:read"]).await.get("/changes").await.ok()["data"], json!([]));
    });
}

#[test]
fn whoever_loses_sight_of_an_object_hears_of_it() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (moved, pooled) = (customer(&rep, None).await, customer(&admin, None).await);
        let opportunity = id(&rep.post("/opportunities", json!({ "name": "O", "customer_id": moved })).await.created());
        admin.changes().await;
        let start = latest(&admin).await;
        transfer(&admin, &moved, &other).await;
        other.patch(&format!("/customers/{moved}"), json!({ "name": "theirs" })).await.ok();
        transfer(&admin, &pooled, &other).await;

        let lost = since(&rep, &admin, &start, "*").await;
        let expected = [("customer.transferred", &moved), ("opportunity.transferred", &opportunity), ("customer.transferred", &pooled)];
        assert_eq!(told(&lost), pairs(expected), "what it had, and what lay in the pool; not what came after");
        assert_eq!(lost[0]["changed"]["owner_id"], json!({ "from": rep.id, "to": other.id }));
        let gained = [expected[0], expected[1], ("customer.updated", &moved), expected[2]];
        assert_eq!(told(&since(&other, &admin, &start, "*").await), pairs(gained));
        assert_eq!(told(&since(&rep, &admin, &start, "opportunity.transferred").await), pairs([expected[1]]));
        assert_eq!(app.user("rep").await.list("/changes", &[("after", &start), ("types", "opportunity.*")]).await.ok()["data"], json!([]));

        // Moved on among others: no more news of it.
        let later = latest(&admin).await;
        transfer(&admin, &moved, &admin).await;
        assert_eq!(since(&rep, &admin, &later, "*").await, Vec::<Value>::new());
    });
}

#[test]
fn what_is_deleted_is_told_to_whoever_saw_it() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let own = customer(&rep, None).await;
        let opportunity = id(&rep.post("/opportunities", json!({ "name": "O", "customer_id": own })).await.created());
        let touch = json!({ "customer_id": own, "type": "call", "occurred_at": "2026-01-05T08:00:00Z", "summary": "x" });
        let touch = id(&rep.post("/touch-records", touch).await.created());
        let contact = id(&rep.post("/contacts", json!({ "name": "P", "links": [{ "customer_id": own }] })).await.created());
        // Seen through the customer only.
        let body = json!({ "ids": [opportunity], "to_user_id": admin.id, "reason": "x" });
        admin.post("/opportunities/transfer", body).await.ok();
        admin.changes().await;
        let start = latest(&admin).await;
        rep.delete(&format!("/contacts/{contact}")).await.no_content();
        rep.delete(&format!("/customers/{own}")).await.no_content();
        let gone = [
            ("contact.deleted", &contact),
            ("customer.deleted", &own),
            ("opportunity.deleted", &opportunity),
            ("touch_record.deleted", &touch),
        ];
        assert_eq!(told(&since(&rep, &admin, &start, "*").await), pairs(gone));
        assert_eq!(since(&other, &admin, &start, "*").await, Vec::<Value>::new());
        rep.act(&format!("/customers/{own}/restore")).await.ok();
        let back = [("customer.restored", &own), ("opportunity.restored", &opportunity), ("touch_record.restored", &touch)];
        assert_eq!(told(&since(&rep, &admin, &start, "*").await), pairs(gone.into_iter().chain(back)));
    });
}
