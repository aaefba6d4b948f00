//! What the generator of load tests writes is what the API would have written.

use std::collections::HashMap;

use serde_json::Value;

use crate::filling::{self, PASSWORD, REPS, rep_email};
use crate::harness::{Actor, on_both};

const CUSTOMERS: usize = 200;

/// All rows of a list.
async fn all(actor: &Actor, path: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = actor.get(&format!("{path}?limit=200{cursor}")).await.ok();
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

#[test]
fn a_filled_workspace_reads_like_one_that_was_written() {
    on_both(|app| async move {
        let done = filling::fill(&app.config, CUSTOMERS, 1, |_| {}).expect("filled");
        assert!(done.rows > CUSTOMERS * 10 && done.what == "indexes" && done.done == done.of && !done.elapsed.is_zero(), "{done:?}");
        let admin = app.admin().await;
        let customers = all(&admin, "/customers").await;
        let (contacts, touches) = (all(&admin, "/contacts").await, all(&admin, "/touch-records").await);
        assert_eq!([customers.len(), contacts.len(), touches.len()], [CUSTOMERS; 3]);
        assert_eq!(all(&admin, "/opportunities").await.len(), CUSTOMERS / 4);

        // What a customer says of its touches is what they are, and its version is that of its newest change.
        let mut counted: HashMap<&str, i64> = HashMap::new();
        for touch in touches.iter().filter(|touch| touch["type"] != "note") {
            *counted.entry(touch["customer_id"].as_str().unwrap()).or_default() += 1;
        }
        let mut versions: HashMap<String, i64> = HashMap::new();
        for change in admin.changes_after("*", &mut String::new()).await {
            let version = change["object"]["version"].as_i64().unwrap();
            let last = versions.insert(change["object"]["id"].as_str().unwrap().to_owned(), version);
            assert!(last.is_none_or(|last| last + 1 == version), "{change:#}");
        }
        for customer in &customers {
            let id = customer["id"].as_str().unwrap();
            assert_eq!(customer["touch_count"].as_i64(), Some(counted.get(id).copied().unwrap_or_default()), "{customer:#}");
            assert_eq!(customer["version"].as_i64(), versions.get(id).copied(), "{customer:#}");
        }

        // It is found by its name, its phone, its reference and its contacts' names.
        let find = async |query: &[(&str, &str)]| {
            let page = admin.list("/customers", query).await.ok();
            page["data"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
        };
        for customer in customers.iter().take(20) {
            assert!(find(&[("q", customer["name"].as_str().unwrap())]).await.contains(&customer["id"]), "{customer:#}");
            if let Some(number) = customer["phones"][0]["number"].as_str() {
                assert!(
                    find(&[("phone", number)]).await.contains(&customer["id"]) && find(&[("q", number)]).await.contains(&customer["id"])
                );
            }
            if let Some(value) = customer["external_refs"][0]["value"].as_str() {
                assert_eq!(find(&[("external_ref", &format!("erp:{value}"))]).await, [customer["id"].clone()]);
            }
        }
        let (name, linked) = (&contacts[0]["name"], &contacts[0]["links"][0]["customer_id"]);
        assert!(find(&[("q", name.as_str().unwrap()), ("limit", "200")]).await.contains(linked), "{name}");

        // A change goes on from there.
        let path = format!("/customers/{}", customers[0]["id"].as_str().unwrap());
        let changed = admin.patch(&path, serde_json::json!({ "name": "Another" })).await.ok();
        assert_eq!(changed["version"].as_i64(), customers[0]["version"].as_i64().map(|version| version + 1));
        let last = app.login(&rep_email(REPS), PASSWORD).await;
        assert!(all(&last, "/customers").await.len() < CUSTOMERS / 4);
        assert!(filling::fill(&app.config, 1, 1, |_| {}).is_err(), "there are customers in it");
    });
}
