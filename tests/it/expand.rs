//! `expand`: objects beside their ids, on lists, searches and single objects.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Actor, App, DOCUMENT, ids, on_both};

mod refused;

/// One of each resource, with everything that it can name.
struct World {
    admin: Actor,
    owner: Actor,
    parent: String,
    customer: String,
    tier: String,
    contact: String,
    opportunity: String,
    touch: String,
}

async fn made(actor: &Actor, path: &str, body: Value) -> String {
    actor.post(path, body).await.created()["id"].as_str().unwrap().to_owned()
}

impl World {
    async fn of(app: &App) -> Self {
        let (admin, owner) = (app.admin().await, app.user("rep").await);
        let tier = made(&admin, "/tiers", json!({ "code": "gold", "name": "Gold", "rank": 1 })).await;
        let parent = json!({ "kind": "organization", "name": "Parent", "owner_id": admin.id, "tier_id": tier });
        let parent = made(&admin, "/customers", parent).await;
        let customer = made(
            &admin,
            "/customers",
            json!({
                "kind": "organization", "name": "Child", "owner_id": owner.id, "tier_id": tier, "parent_id": parent,
                "service_rep_id": admin.id,
            }),
        );
        let customer = customer.await;
        let contact = json!({ "name": "Contact", "links": [{ "customer_id": customer }, { "customer_id": parent }] });
        let contact = made(&admin, "/contacts", contact).await;
        let opportunity = json!({ "name": "Opportunity", "customer_id": customer, "contact_id": contact });
        let opportunity = made(&admin, "/opportunities", opportunity).await;
        let touch = made(
            &admin,
            "/touch-records",
            json!({
                "customer_id": customer, "type": "call", "occurred_at": "2025-01-01T00:00:00Z", "summary": "Touch",
                "opportunity_id": opportunity, "contact_ids": [contact],
            }),
        );
        let touch = touch.await;
        Self { admin, owner, parent, customer, tier, contact, opportunity, touch }
    }

    /// A user as it appears beside its id.
    async fn user(&self, id: &Value) -> Value {
        let user = self.admin.get(&format!("/users/{}", id.as_str().unwrap())).await.ok();
        json!({ "id": user["id"], "name": user["name"], "is_active": user["is_active"] })
    }

    async fn object(&self, path: &str, id: &str) -> Value {
        self.admin.get(&format!("{path}/{id}")).await.ok()
    }
}

/// What three ways of asking answer of one object; they must agree.
async fn expanded(actor: &Actor, path: &str, id: &str, expand: &str) -> Value {
    let one = actor.get(&format!("{path}/{id}?expand={expand}")).await.ok();
    let page = actor.get(&format!("{path}?limit=200&expand={expand}")).await.ok();
    let names: Vec<&str> = expand.split(',').collect();
    let searched = actor.post(&format!("{path}/search"), json!({ "limit": 200, "expand": names })).await.ok();
    for page in [page, searched] {
        let row = page["data"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
        assert_eq!(*row, one, "{path} {expand}");
    }
    one
}

fn with(mut object: Value, members: &[(&str, Value)]) -> Value {
    for (name, member) in members {
        object[*name] = member.clone();
    }
    object
}

#[test]
fn objects_appear_beside_their_ids() {
    on_both(|app| async move {
        let world = World::of(&app).await;
        let World { admin, owner, parent, customer, tier, contact, opportunity, touch } = &world;
        let (plain_customer, plain_parent) = (world.object("/customers", customer).await, world.object("/customers", parent).await);
        let (plain_contact, plain_tier) = (world.object("/contacts", contact).await, world.object("/tiers", tier).await);
        let plain_opportunity = world.object("/opportunities", opportunity).await;
        let plain_touch = world.object("/touch-records", touch).await;
        let (me, rep) = (world.user(&json!(admin.id)).await, world.user(&json!(owner.id)).await);
        let pipeline = admin.get("/pipelines").await.ok()["data"][0].clone();

        let found = expanded(admin, "/customers", customer, "owner,tier,parent,service_rep,created_by").await;
        let own = [("owner", rep.clone()), ("tier", plain_tier.clone()), ("parent", plain_parent.clone())];
        let own = [own.as_slice(), &[("service_rep", me.clone()), ("created_by", me.clone())]].concat();
        assert_eq!(found, with(plain_customer.clone(), &own));
        let found = expanded(admin, "/customers", customer, "parent.owner,parent.parent,tier.created_by").await;
        let above = with(plain_parent.clone(), &[("owner", me.clone()), ("parent", Value::Null)]);
        let deep_tier = with(plain_tier.clone(), &[("created_by", me.clone())]);
        assert_eq!(found, with(plain_customer.clone(), &[("parent", above), ("tier", deep_tier.clone())]));

        let found = expanded(admin, "/contacts", contact, "links.customer,created_by").await;
        let mut linked = with(plain_contact.clone(), &[("created_by", me.clone())]);
        linked["links"][0]["customer"] = plain_customer.clone();
        linked["links"][1]["customer"] = plain_parent.clone();
        assert_eq!(found, linked);
        let found = expanded(admin, "/contacts", contact, "links.customer.owner").await;
        let owners: Vec<&Value> = found["links"].as_array().unwrap().iter().map(|link| &link["customer"]["owner"]).collect();
        assert_eq!(owners, [&rep, &me]);

        let found = expanded(admin, "/opportunities", opportunity, "customer,contact,owner,stage,pipeline").await;
        let own = [("customer", plain_customer.clone()), ("contact", plain_contact.clone()), ("owner", rep.clone())];
        let own = [own.as_slice(), &[("stage", pipeline["stages"][0].clone()), ("pipeline", pipeline.clone())]].concat();
        assert_eq!(found, with(plain_opportunity.clone(), &own));
        let found = expanded(admin, "/opportunities", opportunity, "customer,customer.owner,customer.tier,created_by").await;
        let deep = with(plain_customer.clone(), &[("owner", rep.clone()), ("tier", plain_tier.clone())]);
        assert_eq!(found, with(plain_opportunity.clone(), &[("customer", deep), ("created_by", me.clone())]));

        let found = expanded(admin, "/touch-records", touch, "customer,opportunity,contacts,author,created_by").await;
        let own = [("customer", plain_customer), ("opportunity", plain_opportunity.clone()), ("contacts", json!([plain_contact]))];
        let own = [own.as_slice(), &[("author", me.clone()), ("created_by", me.clone())]].concat();
        assert_eq!(found, with(plain_touch.clone(), &own));
        let found = expanded(admin, "/touch-records", touch, "opportunity.contact,opportunity.stage,contacts.created_by").await;
        let deep = with(plain_opportunity, &[("contact", plain_contact.clone()), ("stage", pipeline["stages"][0].clone())]);
        let contacts = json!([with(plain_contact, &[("created_by", me.clone())])]);
        assert_eq!(found, with(plain_touch, &[("opportunity", deep), ("contacts", contacts)]));

        assert_eq!(expanded(admin, "/tiers", tier, "created_by").await, deep_tier);
        let counted = admin.get(&format!("/tiers/{tier}?include_counts=true&expand=created_by")).await.ok();
        assert_eq!((&counted["customer_count"], &counted["created_by"]), (&json!(2), &me));
        assert_eq!(admin.get("/tiers?include_counts=true&expand=created_by").await.ok()["data"][0], counted);
    });
}

#[test]
fn a_cursor_goes_on_with_another_expand() {
    on_both(|app| async move {
        let world = World::of(&app).await;
        let admin = &world.admin;
        let first = admin.get("/customers?limit=1&sort=name&expand=tier,owner").await;
        let link = first.header("link").to_owned();
        let next = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")).unwrap();
        let first = first.ok();
        let second = admin.get(next).await.ok();
        assert_eq!((ids(&second)[0].as_str(), &second["data"][0]["tier"]["name"]), (world.parent.as_str(), &json!("Gold")));
        let cursor = first["next_cursor"].as_str().unwrap();
        let other = admin.get(&format!("/customers?limit=1&sort=name&expand=service_rep&cursor={cursor}")).await.ok();
        assert_eq!((ids(&other), &other["data"][0]["service_rep"]), (ids(&second), &Value::Null));
        assert!(other["data"][0].get("tier").is_none());
        assert_eq!(ids(&admin.get(&format!("/customers?limit=1&sort=name&cursor={cursor}")).await.ok()), ids(&second));

        let mut search = json!({ "limit": 1, "sort": "name", "expand": ["owner"] });
        let first = admin.post("/customers/search", search.clone()).await.ok();
        search["cursor"] = first["next_cursor"].clone();
        search["expand"] = json!(["tier", "parent"]);
        let second = admin.post("/customers/search", search).await.ok();
        assert_eq!((ids(&second)[0].as_str(), &second["data"][0]["tier"]["name"]), (world.parent.as_str(), &json!("Gold")));
        let found = admin.list("/customers", &[("q", "child"), ("expand", "parent")]).await.ok();
        assert_eq!(found["data"][0]["parent"]["name"], "Parent");
    });
}

#[test]
fn what_is_expanded_is_always_answered_whole() {
    on_both(|app| async move {
        let world = World::of(&app).await;
        let World { admin, customer, opportunity, touch, tier, .. } = &world;
        let there = [("/customers", customer), ("/opportunities", opportunity), ("/touch-records", touch), ("/tiers", tier)];
        for (path, id) in there {
            let plain = admin.get(&format!("{path}/{id}")).await;
            let tag = plain.header("etag").to_owned();
            let ask = async |query: &str| {
                admin.send(admin.request(Method::GET, &format!("{path}/{id}{query}")).header("if-none-match", &tag)).await
            };
            assert_eq!(ask("").await.status, 304);
            let expanded = ask("?expand=created_by").await;
            assert_eq!((expanded.status, expanded.header("etag")), (200, tag.as_str()));
        }
    });
}

#[test]
fn a_search_keeps_what_it_expands() {
    on_both(|app| async move {
        let world = World::of(&app).await;
        let admin = &world.admin;
        let search = async |path: &str, body: Value| {
            let page = admin.post(path, body).await.ok();
            let row = page["data"][0].as_object().unwrap();
            row.keys().cloned().collect::<Vec<String>>()
        };
        let filter = json!({ "field": "name", "op": "eq", "value": "child" });
        let body = json!({ "filter": filter, "fields": ["name"], "expand": ["owner", "parent.owner"] });
        assert_eq!(search("/customers/search", body).await, ["id", "name", "owner", "parent"]);
        let body = json!({ "filter": filter, "fields": ["owner", "name"], "expand": ["owner"] });
        assert_eq!(search("/customers/search", body).await, ["id", "name", "owner"]);
        assert_eq!(search("/contacts/search", json!({ "fields": ["id"], "expand": ["links.customer"] })).await, ["id", "links"]);
        admin.post("/customers/search", json!({ "fields": ["owner"] })).await.invalid(&[("/fields/0", "unknown_field")]);
    });
}

/// Typed clients of plain lists keep whole types: what is added is optional, all else is there.
#[test]
fn added_members_are_optional_in_the_document() {
    let schemas = &DOCUMENT["components"]["schemas"];
    let added = [
        ("Customer", ["owner", "pool", "org_unit", "tier", "parent", "service_rep", "created_by"].as_slice()),
        ("Contact", &["created_by"]),
        ("ContactLink", &["customer"]),
        ("Opportunity", &["customer", "contact", "owner", "stage", "pipeline", "created_by"]),
        ("TouchRecord", &["customer", "opportunity", "contacts", "author", "created_by"]),
        ("Tier", &["created_by"]),
    ];
    for (schema, members) in added {
        let (properties, required) = (&schemas[schema]["properties"], schemas[schema]["required"].as_array().unwrap());
        let optional: Vec<&str> =
            properties.as_object().unwrap().keys().map(String::as_str).filter(|name| !required.contains(&json!(name))).collect();
        assert_eq!(optional, members, "{schema}");
        assert!(members.iter().all(|member| properties[*member]["description"].as_str().unwrap().contains("expand=")));
    }
    assert_eq!(schemas["Customer"]["properties"]["owner"]["oneOf"][0]["$ref"], "#/components/schemas/UserSummary");
    assert_eq!(schemas["TouchRecord"]["properties"]["contacts"]["items"]["$ref"], "#/components/schemas/Contact");
    assert!(schemas["ContactLinkInput"]["properties"].get("customer").is_none());
    assert!(!DOCUMENT.to_string().contains("x-expansions"));
}
