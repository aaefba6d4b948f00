//! What cannot be expanded, or not by this caller.

use serde_json::{Value, json};

use super::{World, expanded, made};
use crate::harness::on_both;

#[test]
fn what_the_caller_does_not_see_is_null() {
    on_both(|app| async move {
        let world = World::of(&app).await;
        let World { admin, owner: rep, customer, contact, opportunity, touch, .. } = &world;
        let seen = expanded(rep, "/customers", customer, "parent,parent.owner,tier,owner,service_rep").await;
        assert_eq!((&seen["parent"], &seen["service_rep"]["name"]), (&Value::Null, &world.user(&json!(admin.id)).await["name"]));
        assert!(seen["parent_id"].is_string() && seen["tier"]["name"] == "Gold");
        let seen = expanded(rep, "/contacts", contact, "links.customer").await;
        assert_eq!(seen["links"].as_array().unwrap().len(), 1, "links to what is out of sight are not shown");
        let seen = expanded(rep, "/opportunities", opportunity, "contact").await;
        assert_eq!(seen["contact"], rep.get(&format!("/contacts/{contact}")).await.ok(), "as the caller sees it");

        // Its own opportunity at a customer that went to somebody else.
        let moved = json!({ "ids": [customer], "to_user_id": admin.id, "reason": "test", "keep_opportunities": true });
        admin.post("/customers/transfer", moved).await.ok();
        let seen = expanded(rep, "/opportunities", opportunity, "customer.owner,contact,owner").await;
        assert_eq!((&seen["customer"], &seen["contact"]), (&Value::Null, &Value::Null));
        assert!(seen["customer_id"].is_string() && seen["contact_id"].is_string() && seen["owner"]["id"] == rep.id);

        // What is deleted is not there.
        admin.delete(&format!("/contacts/{contact}")).await.no_content();
        let seen = expanded(admin, "/touch-records", touch, "contacts,opportunity.contact").await;
        assert_eq!((&seen["contacts"], &seen["opportunity"]["contact"]), (&json!([]), &Value::Null));
        assert_eq!(seen["contact_ids"], json!([contact]));
        admin.delete(&format!("/customers/{customer}")).await.no_content();
        let gone = admin.get("/opportunities?is_deleted=true&expand=customer,owner").await.ok();
        assert_eq!((&gone["data"][0]["customer"], &gone["data"][0]["owner"]["id"]), (&Value::Null, &json!(rep.id)));
        let without = json!({ "customer_id": world.parent, "type": "call", "occurred_at": "2025-01-01T00:00:00Z", "summary": "T" });
        let without = made(admin, "/touch-records", without).await;
        let seen = expanded(admin, "/touch-records", &without, "opportunity.owner,contacts").await;
        assert_eq!((&seen["opportunity"], &seen["contacts"]), (&Value::Null, &json!([])));
    });
}

#[test]
fn an_api_key_needs_the_scope_of_what_it_expands() {
    on_both(|app| async move {
        let world = World::of(&app).await;
        let key = app.api_key(&["opportunities:read", "customers:read"]).await;
        let asked =
            [("owner", "users:read"), ("contact", "contacts:read"), ("customer.tier", "tiers:read"), ("customer,owner", "users:read")];
        for (expand, scope) in asked {
            let names: Vec<&str> = expand.split(',').collect();
            for refused in [
                key.get(&format!("/opportunities?expand={expand}")).await,
                key.get(&format!("/opportunities/{}?expand={expand}", world.opportunity)).await,
                key.get(&format!("/opportunities/opp_01jd9xq3v8e6ft2m4k7w0zr5ya?expand={expand}")).await,
                key.post("/opportunities/search", json!({ "expand": names })).await,
            ] {
                assert_eq!(refused.problem(403, "insufficient_scope")["meta"]["required_scope"], scope, "{expand}");
            }
        }
        let seen = expanded(&key, "/opportunities", &world.opportunity, "customer,stage,pipeline,customer.parent").await;
        assert_eq!(seen["customer"]["parent"]["name"], "Parent");
        app.api_key(&["customers:read"]).await.get("/opportunities?expand=customer").await.problem(403, "insufficient_scope");
        app.anyone().get("/opportunities?expand=customer").await.problem(401, "unauthenticated");
    });
}

#[test]
fn what_cannot_be_expanded_is_refused_by_name() {
    on_both(|app| async move {
        let world = World::of(&app).await;
        let (admin, customer) = (&world.admin, &world.customer);
        let long = "owner,tier,parent,service_rep,created_by,parent.owner";
        let cases = [
            ("", None),
            ("owners", Some("owner")),
            ("owner,", None),
            ("pol", Some("pool")),
            ("owner_id", Some("owner")),
            ("parent.ownr", Some("parent.owner")),
            ("parent.parent.owner", Some("parent.parent")),
            ("owner.name", Some("owner")),
            ("owner,owner", None),
            (long, None),
            ("parent.owner,parent.tier,service_rep,tier,owner", None),
        ];
        for (expand, meant) in cases {
            for path in ["/customers".to_owned(), format!("/customers/{customer}")] {
                let refused = admin.list(&path, &[("expand", expand)]).await.problem(400, "invalid_parameter");
                let meta = &refused["meta"];
                assert_eq!((&meta["parameter"], &meta["did_you_mean"]), (&json!("expand"), &json!(meant)), "{expand}");
                assert!(meta["allowed"].as_array().unwrap().contains(&json!("parent.owner")));
            }
        }
        let search = async |path: &str, names: Value| admin.post(path, json!({ "expand": names, "fields": ["nam"] })).await;
        let refused = search("/customers/search", json!(["owner", "ownr", "owner", "parent.parent.parent"])).await;
        let refused = refused.invalid(&[
            ("/expand/1", "invalid_choice"),
            ("/expand/2", "duplicate_item"),
            ("/expand/3", "invalid_choice"),
            ("/fields/0", "invalid_choice"),
        ]);
        let error = refused["errors"].as_array().unwrap().iter().find(|error| error["pointer"] == "/expand/1").unwrap();
        assert_eq!(error["meta"]["did_you_mean"], "owner");
        assert!(error["meta"]["allowed"].as_array().unwrap().contains(&json!("tier.created_by")));
        search("/customers/search", json!(long.split(',').collect::<Vec<_>>()))
            .await
            .invalid(&[("/expand", "too_many_items"), ("/fields/0", "invalid_choice")]);
        let search = async |path: &str, names: Value| admin.post(path, json!({ "expand": names, "fields": ["parent"] })).await;
        let on_the_way = search("/customers/search", json!(["parent.owner", "parent.tier", "service_rep", "tier", "owner"])).await;
        on_the_way.invalid(&[("/expand", "too_many_items")]);
        search("/tiers/search", json!(["owner"])).await.invalid(&[("/expand/0", "invalid_choice"), ("/fields/0", "invalid_choice")]);
        let arrays = search("/touch-records/search", json!(["contacts.links.customer", "contacts"])).await;
        arrays.invalid(&[("/expand/0", "invalid_choice"), ("/fields/0", "invalid_choice")]);
        for path in ["/users", "/api-keys"] {
            admin.list(path, &[("expand", "created_by")]).await.problem(400, "unknown_parameter");
        }
        let patch = admin.patch(&format!("/customers/{customer}"), json!({ "owner": { "id": admin.id } })).await;
        patch.invalid(&[("/owner", "read_only_field")]);
    });
}
