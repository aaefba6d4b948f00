//! How many SQL statements a request makes: known, and the same for every page size.

use serde_json::json;

use crate::harness::on_both;

#[test]
fn a_request_makes_as_many_statements_as_it_should() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let mut last = String::new();
        for number in 0..60 {
            let input = json!({ "name": format!("C{number}"), "kind": "organization", "external_refs": [{ "system": "n", "value": number.to_string() }] });
            last = admin.post("/customers", input).await.created()["id"].as_str().unwrap().to_owned();
            let contact = json!({ "name": format!("P{number}"), "links": [{ "customer_id": last, "is_primary": true }] });
            admin.post("/contacts", contact).await.created();
        }
        admin.get("/me").await.ok(); // the session is believed from here on
        let count = async |path: &str| {
            let before = app.statements().await;
            admin.get(path).await.ok();
            app.statements().await - before
        };
        assert_eq!(count(&format!("/customers/{last}")).await, 1);
        for limit in ["1", "50", "200"] {
            assert_eq!(count(&format!("/customers?limit={limit}")).await, 1, "customers, {limit}");
            assert_eq!(count(&format!("/contacts?limit={limit}")).await, 2, "contacts, {limit}");
            assert_eq!(count(&format!("/customers?limit={limit}&include_total=true&external_ref=n:7")).await, 2, "with a total");
        }
    });
}
