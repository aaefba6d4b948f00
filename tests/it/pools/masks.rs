//! What a pool hides of its customers until they are claimed: in answers, in filters, in searches and in the feed.

use serde_json::{Value, json};

use super::{claim, path, pool};
use crate::harness::{Actor, ids, on_both};

/// A customer in this pool with everything that can be hidden, and a contact of it.
async fn shy(admin: &Actor, pool: &Value) -> (String, String) {
    let customer = json!({
        "name": "Shy", "kind": "organization", "pool_id": pool["id"], "email": "boss@shy.example",
        "phones": [{ "number": "138 1234 5678", "label": "work" }, { "number": "95588" }],
        "address": { "country": "CN", "city": "深圳市", "street": "坂田街道", "postal_code": "518129" },
    });
    let customer = admin.post("/customers", customer).await.created()["id"].as_str().unwrap().to_owned();
    let contact = json!({
        "name": "Li", "email": "li@shy.example", "phones": [{ "number": "+86 139 8765 4321" }], "wechat": "li-wechat",
        "social_accounts": [{ "network": "linkedin", "handle": "li" }], "links": [{ "customer_id": customer }],
    });
    let contact = admin.post("/contacts", contact).await.created()["id"].as_str().unwrap().to_owned();
    (customer, contact)
}

fn hidden(customer: &Value) -> bool {
    let address = &customer["address"];
    let shown = (&customer["phones"], &customer["email"], &address["city"], &address["street"], &address["postal_code"]);
    let phones = json!([{ "number": "138****5678", "label": "work" }]);
    shown == (&phones, &json!("b***@shy.example"), &json!("深圳市"), &Value::Null, &Value::Null)
}

#[test]
fn what_a_pool_hides_is_shown_once_it_is_claimed() {
    on_both(|app| async move {
        let (admin, rep, chief, viewer) = (app.admin().await, app.user("rep").await, app.user("rep").await, app.user("viewer").await);
        let made = pool(&admin, json!({ "members": [{ "user_id": rep.id }], "admins": [{ "user_id": chief.id }] })).await;
        assert_eq!(made["masked_fields"], json!(["phones", "email", "address"]));
        let (customer, contact) = shy(&admin, &made).await;
        let (at, of_contact) = (format!("/customers/{customer}"), format!("/contacts/{contact}"));
        // The feed holds nothing of this back any more.
        admin.changes().await;
        for actor in [&rep, &viewer] {
            assert!(hidden(&actor.get(&at).await.ok()), "one");
            assert!(hidden(&actor.get("/customers").await.ok()["data"][0]), "in a list");
            let found = actor.post("/customers/search", json!({ "fields": ["phones", "email", "address"] })).await.ok();
            assert!(hidden(&found["data"][0]), "in a search");
            let found = actor.post("/customers/batch-get", json!({ "ids": [customer] })).await.ok();
            assert!(hidden(&found["data"][0]), "by ids");
            let found = actor.get(&format!("{of_contact}?expand=links.customer")).await.ok();
            assert!(hidden(&found["links"][0]["customer"]), "beside another");
            let shown = (&found["email"], &found["phones"], &found["wechat"], &found["social_accounts"]);
            assert_eq!(
                shown,
                (&json!("l***@shy.example"), &json!([{ "number": "139****4321", "label": null }]), &json!("li***"), &json!([]))
            );
            assert_eq!(actor.get("/contacts").await.ok()["data"][0]["email"], "l***@shy.example");
            let told = actor.get("/changes?limit=1000").await.ok();
            let told =
                told["data"].as_array().unwrap().iter().filter(|one| [&json!(customer), &json!(contact)].contains(&&one["object"]["id"]));
            let told: Vec<&Value> = told.map(|one| &one["changed"]).collect();
            assert_eq!(told.len(), 2);
            assert!(told.iter().all(|changed| changed["name"].is_object() && changed["email"].is_null() && changed["phones"].is_null()));
            assert!(told.iter().all(|changed| changed["address"].is_null() && changed["wechat"].is_null()));
        }
        for actor in [&admin, &chief] {
            let (whole, contact) = (actor.get(&at).await.ok(), actor.get(&of_contact).await.ok());
            assert_eq!((&whole["email"], &whole["address"]["street"]), (&json!("boss@shy.example"), &json!("坂田街道")));
            assert_eq!((&contact["email"], &contact["wechat"]), (&json!("li@shy.example"), &json!("li-wechat")));
            let told = actor.get("/changes?limit=1000").await.ok();
            let told = told["data"].as_array().unwrap().iter().find(|one| one["object"]["id"] == customer).cloned();
            assert_eq!(told.unwrap()["changed"]["email"]["to"], "boss@shy.example");
        }
        rep.post(&path(&made, "claims"), claim(&[customer.as_str()], "atomic")).await.ok();
        let (whole, contact) = (rep.get(&at).await.ok(), rep.get(&of_contact).await.ok());
        assert_eq!((&whole["email"], &whole["phones"][1]["number"]), (&json!("boss@shy.example"), &json!("95588")));
        assert_eq!((&contact["email"], &contact["social_accounts"][0]["handle"]), (&json!("li@shy.example"), &json!("li")));
        let changed = rep.patch(&at, json!({ "remarks": "mine" })).await.ok();
        assert_eq!((&changed["email"], &changed["address"]["street"]), (&whole["email"], &whole["address"]["street"]), "nothing is lost");
    });
}

#[test]
fn what_is_hidden_is_not_found() {
    on_both(|app| async move {
        let (admin, rep, chief) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let made = pool(&admin, json!({ "is_open": true, "admins": [{ "user_id": chief.id }] })).await;
        let (customer, contact) = shy(&admin, &made).await;
        let asked = async |actor: &Actor, path: &str| ids(&actor.get(path).await.ok()).len();
        let filters = ["/customers?phone=13812345678", "/customers?email=boss@shy.example"];
        let of_contacts = ["/contacts?phone=13987654321", "/contacts?email=li@shy.example"];
        let texts =
            ["/customers?q=13812345678", "/customers?q=5678", "/customers?q=boss", "/contacts?q=4321", "/contacts?q=li@shy.example"];
        let all = || filters.iter().chain(&of_contacts).chain(&texts);
        for path in all() {
            assert_eq!(asked(&rep, path).await, 0, "{path}");
        }
        for path in filters.iter().chain(&of_contacts) {
            assert_eq!((asked(&admin, path).await, asked(&chief, path).await), (1, 1), "{path}");
        }
        for path in &texts {
            assert_eq!((asked(&admin, path).await, asked(&chief, path).await), (1, 0), "{path}");
        }
        for path in ["/customers?q=shy", "/customers?q=li", "/contacts?q=li", "/customers?city=深圳市"] {
            assert_eq!(asked(&rep, path).await, 1, "{path}: its name is no secret");
        }
        let tree = async |actor: &Actor, resource: &str, filter: Value| {
            ids(&actor.post(&format!("/{resource}/search"), json!({ "filter": filter })).await.ok()).len()
        };
        let email = json!({ "field": "email", "op": "eq", "value": "boss@shy.example" });
        let other = json!({ "field": "email", "op": "eq", "value": "other@shy.example" });
        for (filter, expected) in [
            (email.clone(), 0),
            (json!({ "not": email }), 1),
            (json!({ "not": other }), 1),
            (json!({ "field": "email", "op": "is_null", "value": false }), 0),
            (json!({ "field": "email", "op": "is_null", "value": true }), 0),
            (json!({ "field": "email", "op": "ne", "value": "other@shy.example" }), 0),
            (json!({ "has": "contacts", "filter": { "field": "phone", "op": "eq", "value": "13987654321" } }), 0),
        ] {
            assert_eq!(tree(&rep, "customers", filter.clone()).await, expected, "{filter}");
        }
        let of_customer = json!({ "has": "customers", "filter": { "field": "phone", "op": "eq", "value": "13812345678" } });
        assert_eq!((tree(&rep, "contacts", of_customer.clone()).await, tree(&chief, "contacts", of_customer).await), (0, 1));

        rep.post(&path(&made, "claims"), claim(&[customer.as_str()], "atomic")).await.ok();
        for path in all() {
            assert_eq!(asked(&rep, path).await, 1, "{path}");
        }
        let released = format!("/customers/{customer}/release");
        rep.post(&released, json!({ "pool_id": made["id"], "reason_code": "no_interest" })).await.ok();
        for path in all() {
            assert_eq!(asked(&rep, path).await, 0, "{path}");
        }
        // A contact of two customers is shown at the one that the rep owns; only `q` looks at all of them.
        let own = rep.post("/customers", json!({ "name": "Own", "kind": "organization" })).await.created();
        let links = json!([{ "customer_id": customer }, { "customer_id": own["id"] }]);
        admin.patch(&format!("/contacts/{contact}"), json!({ "links": links })).await.ok();
        assert_eq!(rep.get(&format!("/contacts/{contact}")).await.ok()["email"], "li@shy.example");
        assert_eq!(asked(&rep, of_contacts[0]).await, 1);
        // The pool stops hiding.
        admin.patch(&format!("/pools/{}", made["id"].as_str().unwrap()), json!({ "masked_fields": [] })).await.ok();
        app.run_due_jobs().await;
        for path in all() {
            assert_eq!(asked(&rep, path).await, 1, "{path}");
        }
        admin.patch(&format!("/pools/{}", made["id"].as_str().unwrap()), json!({ "masked_fields": ["email"] })).await.ok();
        app.run_due_jobs().await;
        assert_eq!((asked(&rep, texts[1]).await, asked(&rep, texts[2]).await), (1, 0));
    });
}
