//! The audit: who did what to which object.

use serde_json::{Value, json};

use crate::harness::{ADMIN_PASSWORD, Actor, ids, on_both};

async fn audit(actor: &Actor, query: &[(&str, &str)]) -> Value {
    actor.list("/audit", query).await.ok()
}

fn types(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|entry| entry["type"].as_str().unwrap()).collect()
}

#[test]
fn it_says_who_did_what_with_before_and_after() {
    on_both(|app| async move {
        let (admin, manager, key) =
            (app.admin().await, app.user("manager").await, app.api_key(&["customers:write", "customers:read"]).await);
        let made = key.post("/customers", json!({ "name": "A", "kind": "person" })).await.created();
        let id = made["id"].as_str().unwrap();
        let changed = manager.patch(&format!("/customers/{id}"), json!({ "name": "B" })).await;
        let request_id = changed.header("x-request-id").to_owned();
        changed.ok();
        let page = audit(&admin, &[("object_id", id)]).await;
        assert_eq!(types(&page), ["customer.updated", "customer.created"], "newest first");
        assert_eq!((&page["has_more"], &page["next_cursor"]), (&json!(false), &Value::Null));
        let entry = &page["data"][0];
        assert_eq!(entry["actor"], json!({ "id": manager.id, "name": "A manager", "kind": "person" }));
        assert_eq!(entry["object"], json!({ "id": id, "type": "customer", "version": 2 }));
        assert_eq!((&entry["changed"], &entry["request_id"]), (&json!({ "name": { "from": "A", "to": "B" } }), &json!(request_id)));
        assert_eq!(page["data"][1]["actor"], json!({ "id": key.id, "name": "a key", "kind": "service" }));
        assert_eq!(audit(&admin, &[("request_id", &request_id)]).await["data"], json!([entry]));
        // The first of all was the system.
        let first = audit(&admin, &[("types", "workspace.created")]).await;
        assert_eq!((&first["data"][0]["actor"], types(&first)), (&Value::Null, vec!["workspace.created"]));
    });
}

#[test]
fn it_is_filtered_and_read_in_pages() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        for number in 0..5 {
            rep.post("/customers", json!({ "name": number.to_string(), "kind": "person" })).await.created();
            admin.post("/contacts", json!({ "name": number.to_string() })).await.created();
        }
        let whole = audit(&admin, &[("limit", "200")]).await;
        let all = ids(&whole);
        let (mut cursor, mut seen) = (None, Vec::new());
        loop {
            let mut query = vec![("limit", "3")];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = audit(&admin, &query).await;
            seen.extend(ids(&page));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(seen, all);
        let wrong = [("limit", "3"), ("object_type", "customer"), ("cursor", cursor.as_deref().unwrap_or_default())];
        admin.list("/audit", &wrong).await.problem(400, "cursor_mismatch");

        assert_eq!(types(&audit(&admin, &[("actor_id", &rep.id)]).await), ["customer.created"; 5]);
        assert_eq!(types(&audit(&admin, &[("object_type", "contact")]).await), ["contact.created"; 5]);
        assert_eq!(types(&audit(&admin, &[("object_type", "contact"), ("types", "customer.*")]).await), [""; 0]);
        let first = audit(&admin, &[("types", "customer.*,contact.created"), ("limit", "4")]).await;
        let second = [("types", "customer.*,contact.created"), ("limit", "200"), ("cursor", first["next_cursor"].as_str().unwrap())];
        assert_eq!((types(&first).len(), types(&audit(&admin, &second).await).len()), (4, 6));
        let at = whole["data"][4]["at"].as_str().unwrap();
        let (later, earlier) =
            (audit(&admin, &[("at[gte]", at), ("limit", "200")]).await, audit(&admin, &[("at[lt]", at), ("limit", "200")]).await);
        assert_eq!([ids(&later), ids(&earlier)].concat(), all);
        assert!(ids(&later).len() >= 5);

        let refused = async |query: &[(&str, &str)]| admin.list("/audit", query).await.problem(400, "invalid_parameter");
        assert_eq!(refused(&[("object_type", "costumer")]).await["meta"]["did_you_mean"], "customer");
        assert_eq!(refused(&[("types", "contact.crated")]).await["meta"]["did_you_mean"], "contact.created");
        for wrong in [("object_id", "nonsense"), ("actor_id", "cus_01jd9xq3v8e6ft2m4k7w0zr5ya"), ("at[gte]", "yesterday"), ("limit", "201")]
        {
            refused(&[wrong]).await;
        }
        admin.get("/audit?cursor=x").await.problem(400, "invalid_cursor");
        // Another kind's id names another object.
        let customer = audit(&admin, &[("object_type", "customer"), ("limit", "1")]).await["data"][0]["object"]["id"].clone();
        let other = customer.as_str().unwrap().replace("cus_", "con_");
        assert_eq!(audit(&admin, &[("object_id", &other)]).await["data"], json!([]));
        assert!(types(&audit(&app.db_stranger().await, &[("limit", "200")]).await).len() < 3, "another workspace's is another audit");
    });
}

#[test]
fn secrets_are_nowhere_in_it() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let person = json!({ "email": "x@example.com", "name": "X", "role": "rep", "password": "a very secret passphrase" });
        let user = admin.post("/users", person).await.created()["id"].as_str().unwrap().to_owned();
        admin.post(&format!("/users/{user}/password"), json!({ "password": "another secret passphrase" })).await.no_content();
        let key = admin.post("/api-keys", json!({ "name": "K", "scopes": ["*"] })).await.created();
        admin.act(&format!("/api-keys/{}/revoke", key["id"].as_str().unwrap())).await.ok();
        let change = json!({ "current_password": ADMIN_PASSWORD, "new_password": "quite another passphrase" });
        admin.post("/me/password", change).await.no_content();
        let page = audit(&admin, &[("limit", "200")]).await;
        for kind in ["user.created", "user.password_changed", "api_key.created", "api_key.revoked"] {
            assert!(types(&page).contains(&kind), "{kind} is missing");
        }
        let text = page.to_string();
        for secret in ["passphrase", "argon2", "hash", &key["key"].as_str().unwrap()[12..]] {
            assert!(!text.contains(secret), "{secret} is in it");
        }
    });
}
