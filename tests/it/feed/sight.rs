//! Who sees which changes.

use chrono::Duration;
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

async fn collaborators(actor: &Actor, customer: &str, list: Value) {
    actor.put(&format!("/customers/{customer}/collaborators"), json!({ "collaborators": list })).await.ok();
}

/// Who has lost its part in a customer hears of it once, whatever ended it.
#[test]
fn whoever_is_no_collaborator_any_more_hears_of_it() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (helper, peer) = (app.user("rep").await, app.user("rep").await);
        let closed = id(&admin.post("/pools", json!({ "name": "P" })).await.created());
        let mut customers = Vec::new();
        for _ in 0..4 {
            customers.push(customer(&rep, None).await);
        }
        let both = json!([{ "user_id": helper.id }, { "user_id": peer.id }]);
        for customer in &customers {
            collaborators(&admin, customer, both.clone()).await;
        }
        admin.changes().await;
        let start = latest(&admin).await;
        // Left out; passed on; in a pool that it does not see; and with another owner, where it stays.
        collaborators(&rep, &customers[0], json!([{ "user_id": peer.id }])).await;
        rep.patch(&format!("/customers/{}", customers[0]), json!({ "remarks": "among us" })).await.ok();
        transfer(&admin, &customers[1], &peer).await;
        let release = json!({ "reason_code": "other", "pool_id": closed });
        rep.post(&format!("/customers/{}/release", customers[2]), release).await.ok();
        transfer(&admin, &customers[3], &other).await;

        let changed = "customer.collaborators_changed";
        let lost = since(&helper, &admin, &start, "*").await;
        let still = [("customer.transferred", &customers[1]), (changed, &customers[1])];
        let expected = [(changed, &customers[0]), still[0], still[1], (changed, &customers[2]), ("customer.transferred", &customers[3])];
        assert_eq!(told(&lost), pairs(expected));
        assert_eq!(lost[0]["changed"]["collaborators"]["to"], json!([{ "user_id": peer.id, "expires_at": null }]));
        assert_eq!(lost[3]["changed"]["collaborators"]["to"], json!([]));
        let own = since(&peer, &admin, &start, "*").await;
        let expected = [(changed, &customers[0]), ("customer.updated", &customers[0]), still[0], still[1]];
        assert_eq!(told(&own)[..4], pairs(expected), "the one and the other of what it still sees");
        assert_eq!(told(&own)[4..], pairs([(changed, &customers[2]), ("customer.transferred", &customers[3])]));
        assert_eq!(since(&app.user("rep").await, &admin, &start, "*").await, Vec::<Value>::new());
        assert_eq!(since(&helper, &admin, &start, "customer.updated").await, Vec::<Value>::new());

        // The previous owner stays, and is told when that ends as well.
        let later = latest(&admin).await;
        let kept = json!({ "ids": [customers[3]], "to_user_id": rep.id, "reason": "x", "keep_previous_as": "collaborator" });
        admin.post("/customers/transfer", kept).await.ok();
        collaborators(&admin, &customers[3], json!([])).await;
        let moved = [("customer.transferred", &customers[3]), (changed, &customers[3])];
        let all = [moved[0], moved[1], moved[1]];
        assert_eq!(told(&since(&rep, &admin, &later, "*").await), pairs(all));
        assert_eq!(told(&since(&other, &admin, &later, "*").await), pairs([moved[0], moved[1]]), "the move, and the end of it");
        assert_eq!(told(&since(&helper, &admin, &later, "*").await), pairs([moved[1]]));
    });
}

#[test]
fn a_collaboration_that_is_over_is_told() {
    on_both(|app| async move {
        let (admin, helper) = (app.admin().await, app.user("rep").await);
        let mut customers = Vec::new();
        for days in [2, 20, 2] {
            let customer = customer(&admin, Some(&admin)).await;
            let end = app.now().plus(Duration::days(days)).to_string();
            let peer = app.user("rep").await;
            let list = json!([{ "user_id": helper.id, "expires_at": end }, { "user_id": peer.id }]);
            collaborators(&admin, &customer, list).await;
            customers.push(customer);
        }
        let [short, long, gone] = customers.try_into().expect("three");
        admin.delete(&format!("/customers/{gone}")).await.no_content();
        admin.changes().await;
        let start = latest(&admin).await;
        // Time passes, and what is due is done; then what the one who helped is told.
        let pass = async |by: Duration| {
            app.advance(by);
            app.run_due_jobs().await;
            (app.again(&helper).await, app.again(&admin).await)
        };
        let changed = "customer.collaborators_changed";
        let (helper, admin) = pass(Duration::days(1)).await;
        assert_eq!(since(&helper, &admin, &start, "*").await, Vec::<Value>::new());
        let version = admin.get(&format!("/customers/{short}")).await.ok()["version"].as_i64();
        let (helper, admin) = pass(Duration::days(2)).await;
        let over = since(&helper, &admin, &start, "*").await;
        assert_eq!(told(&over), pairs([(changed, &short)]));
        let (from, to) = (&over[0]["changed"]["collaborators"]["from"], &over[0]["changed"]["collaborators"]["to"]);
        assert_eq!((from.as_array().unwrap().len(), to.as_array().unwrap().len(), &over[0]["actor"]), (2, 1, &Value::Null));
        let after = admin.get(&format!("/customers/{short}")).await.ok();
        assert_eq!(after["version"].as_i64(), version.map(|version| version + 1));

        // Nobody is told of a customer that is deleted, before it comes back.
        admin.act(&format!("/customers/{gone}/restore")).await.ok();
        let (helper, admin) = pass(Duration::minutes(11)).await;
        assert_eq!(told(&since(&helper, &admin, &start, "*").await), pairs([(changed, &short), (changed, &gone)]));
        pass(Duration::days(18)).await;
        let (helper, admin) = pass(Duration::days(1)).await;
        let all = [(changed, &short), (changed, &gone), (changed, &long)];
        assert_eq!(told(&since(&helper, &admin, &start, "*").await), pairs(all), "each once");
    });
}
