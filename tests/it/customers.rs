//! Customers: create, read, change, delete, restore.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::harness::{ids, on_both};

#[test]
fn a_customer_lives_its_life() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let input = json!({
            "name": "  华为技术有限公司 ", "kind": "organization", "industries": ["manufacturing", "information_technology"],
            "phones": [{ "number": "0755 2878 0808", "label": "office" }], "website": "https://www.huawei.com/cn/",
            "address": { "country": "CN", "province": "广东省", "city": "深圳市" }, "employee_count": 207_000, "source": "exhibition",
            "email": "Info@Huawei.com", "external_refs": [{ "system": "sap", "value": "0000123" }], "remarks": "two\nlines",
            "unified_social_credit_code": "914403001922038216", "source_detail": ""
        });
        let made = admin.post("/customers", input).await.created();
        assert_eq!(made["name"], "华为技术有限公司", "trimmed");
        assert_eq!(made["source_detail"], Value::Null, "an empty text is null");
        assert_eq!((&made["version"], &made["lifecycle_stage"], &made["status"]), (&json!(1), &json!("lead"), &json!("active")));
        assert_eq!((made["owner_id"].is_null(), made["pool_id"].is_string()), (true, true), "an administrator's customer lies in the pool");
        assert_eq!(made["address"]["city"], "深圳市");
        assert_eq!(made["created_by_id"], admin.id.as_str());

        let path = format!("/customers/{}", made["id"].as_str().unwrap());
        let read = admin.get(&path).await;
        assert_eq!(read.header("etag"), "\"v1\"");
        assert_eq!(read.ok(), made, "what was answered is what is stored");

        let patched =
            admin.patch(&path, json!({ "name": "华为", "address": { "city": null, "street": "坂田" }, "source": null })).await.ok();
        assert_eq!((&patched["version"], &patched["name"], &patched["source"]), (&json!(2), &json!("华为"), &Value::Null));
        assert_eq!(
            patched["address"],
            json!({ "country": "CN", "province": "广东省", "city": null, "district": null, "street": "坂田", "postal_code": null })
        );
        assert_eq!(patched["industries"], made["industries"], "absent is unchanged");
        let same = admin.patch(&path, json!({ "name": " 华为 " })).await.ok();
        assert_eq!(same, patched, "a patch that changes nothing changes nothing");
        let cleared = admin.patch(&path, json!({ "address": null, "phones": null, "industries": [], "status": null })).await.ok();
        assert_eq!(
            (&cleared["address"], &cleared["phones"], &cleared["industries"], &cleared["status"]),
            (&Value::Null, &json!([]), &json!([]), &json!("active"))
        );

        admin.delete(&path).await.no_content();
        admin.get(&path).await.problem(404, "not_found");
        admin.delete(&path).await.problem(404, "not_found");
        assert_eq!(ids(&admin.get("/customers").await.ok()), Vec::<String>::new());
        assert_eq!(ids(&admin.get("/customers?is_deleted=true").await.ok()).len(), 1);
        let restored = admin.act(&format!("{path}/restore")).await.ok();
        assert_eq!((&restored["version"], &restored["name"]), (&json!(5), &json!("华为")));
        assert_eq!(admin.get(&path).await.ok(), restored);
        admin.act(&format!("{path}/restore")).await.problem(404, "not_found");
    });
}

#[test]
fn etags_guard_and_spare() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let id =
            admin.post("/customers", json!({ "name": "A", "kind": "organization" })).await.created()["id"].as_str().unwrap().to_owned();
        let path = format!("/customers/{id}");
        admin.patch_if(&path, "\"v1\"", json!({ "name": "B" })).await.ok();
        let stale = admin.patch_if(&path, "\"v1\"", json!({ "name": "C" })).await.problem(412, "version_conflict");
        assert_eq!(stale["meta"]["current_version"], 2);
        admin.patch_if(&path, "W/\"v2\"", json!({ "name": "C" })).await.ok();
        admin.patch_if(&path, "*", json!({ "name": "D" })).await.ok();
        admin.patch_if(&path, "v4", json!({ "name": "E" })).await.problem(400, "invalid_header");
        let delete = admin.request(reqwest::Method::DELETE, &path).header("if-match", "\"v1\"");
        admin.send(delete).await.problem(412, "version_conflict");
        let unchanged = admin.send(admin.request(reqwest::Method::GET, &path).header("if-none-match", "\"v4\"")).await;
        assert_eq!((unchanged.status, unchanged.header("etag"), &unchanged.body), (304, "\"v4\"", &Value::Null));
        let head = admin.send(admin.request(reqwest::Method::HEAD, &path)).await;
        assert_eq!((head.status, head.header("etag"), &head.body), (200, "\"v4\"", &Value::Null));
        assert_eq!(admin.get(&path).await.ok()["name"], "D");
    });
}

#[test]
fn every_fault_is_reported_at_once_and_nothing_is_written() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let shape = json!({
            "nam": "x", "kind": "company", "id": "cus_1", "email": "nobody", "employee_count": -1, "website": "www.example.com",
            "remarks": "a\u{0}b", "owner_id": admin.id.replace("usr_", "cus_"), "phones": [{ "number": "12345", "ext": 1 }],
            "external_refs": [{ "system": "S A P", "value": "" }], "birthday": "2024-02-30", "source_detail": "x".repeat(201),
            "industries": "manufacturing", "address": { "country": "China" }
        });
        let body = admin.post("/customers", shape).await.invalid(&[
            ("/name", "required"),
            ("/kind", "invalid_choice"),
            ("/id", "read_only_field"),
            ("/nam", "unknown_field"),
            ("/email", "invalid_format"),
            ("/employee_count", "too_small"),
            ("/website", "invalid_format"),
            ("/remarks", "invalid_characters"),
            ("/owner_id", "wrong_resource_type"),
            ("/phones/0/ext", "unknown_field"),
            ("/external_refs/0/system", "invalid_format"),
            ("/external_refs/0/value", "required"),
            ("/birthday", "invalid_format"),
            ("/source_detail", "too_long"),
            ("/industries", "wrong_type"),
            ("/address/country", "invalid_format"),
        ]);
        let misspelt = body["errors"].as_array().unwrap().iter().find(|error| error["pointer"] == "/nam").unwrap();
        assert_eq!(misspelt["meta"]["did_you_mean"], "name");

        let stranger = app.db_stranger().await;
        let foreign = stranger.post("/customers", json!({ "name": "F", "kind": "organization" })).await.created();
        let meaning = json!({
            "name": "x", "kind": "organization", "birthday": "1990-01-01", "gender": "f", "owner_id": stranger.id, "parent_id": foreign["id"],
            "tier_id": "tier_01jd9xq3v8e6ft2m4k7w0zr5ya", "source": "nonsense", "industries": ["manufacturing", "nope"],
            "address": { "country": "XX" }, "unified_social_credit_code": "914403001922038217", "service_rep_id": "usr_01jd9xq3v8e6ft2m4k7w0zr5ya"
        });
        admin.post("/customers", meaning).await.invalid(&[
            ("/birthday", "person_only"),
            ("/gender", "person_only"),
            ("/owner_id", "unknown_reference"),
            ("/parent_id", "unknown_reference"),
            ("/tier_id", "unknown_reference"),
            ("/source", "unknown_code"),
            ("/industries/1", "unknown_code"),
            ("/address/country", "invalid_format"),
            ("/unified_social_credit_code", "invalid_format"),
            ("/service_rep_id", "unknown_reference"),
        ]);
        let reference = json!({ "system": "a", "value": "1" });
        let twice = json!({ "name": "x", "kind": "person", "industries": ["a", "b", " a"], "external_refs": [reference, reference] });
        let repeated = [("/industries/2", "duplicate_item"), ("/external_refs/1", "duplicate_item")];
        admin.post("/customers", twice).await.invalid(&repeated);
        let called = json!({ "name": "x", "kind": "person", "phones": [{ "number": "call me maybe" }] });
        admin.post("/customers", called).await.invalid(&[("/phones/0/number", "invalid_format")]);
        assert_eq!(admin.get("/customers?include_total=true").await.ok()["total"], 0);
        let changes = admin.changes().await;
        assert!(changes["data"].as_array().unwrap().iter().all(|change| change["object"]["type"] != "customer"));
    });
}

#[test]
fn what_moves_by_actions_is_read_only_in_a_patch() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = admin.post("/customers", json!({ "name": "A", "kind": "person", "birthday": "1990-05-01" })).await.created();
        let path = format!("/customers/{}", made["id"].as_str().unwrap());
        admin
            .patch(&path, json!({ "owner_id": admin.id, "kind": "organization", "tier_id": null, "lifecycle_stage": "loyal", "name": null, "version": 7 }))
            .await
            .invalid(&[
                ("/owner_id", "read_only_field"), ("/kind", "read_only_field"), ("/tier_id", "read_only_field"),
                ("/lifecycle_stage", "read_only_field"), ("/version", "read_only_field"), ("/name", "required"),
            ]);
        assert_eq!(admin.get(&path).await.ok(), made);
    });
}

#[test]
fn external_references_are_unique_among_the_living() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let with_ref = |name: &str| json!({ "name": name, "kind": "organization", "external_refs": [{ "system": "sap", "value": "7" }] });
        let first = admin.post("/customers", with_ref("first")).await.created();
        let first_path = format!("/customers/{}", first["id"].as_str().unwrap());
        let taken = admin.post("/customers", with_ref("second")).await.problem(409, "external_ref_taken");
        assert_eq!(taken["meta"], json!({ "system": "sap", "value": "7", "existing_id": first["id"] }));
        admin.post("/contacts", json!({ "name": "other resource", "external_refs": [{ "system": "sap", "value": "7" }] })).await.created();
        let found = admin.list("/customers", &[("external_ref", "sap:7")]).await.ok();
        assert_eq!(ids(&found), [first["id"].as_str().unwrap()]);

        admin.delete(&first_path).await.no_content();
        assert_eq!(ids(&admin.list("/customers", &[("external_ref", "sap:7")]).await.ok()).len(), 0);
        admin.post("/customers", with_ref("second")).await.created();
        admin.act(&format!("{first_path}/restore")).await.problem(409, "external_ref_taken");
        admin.get(&first_path).await.problem(404, "not_found");
    });
}

#[test]
fn the_lifecycle_moves_by_its_action() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = admin.post("/customers", json!({ "name": "A", "kind": "organization" })).await.created();
        let path = format!("/customers/{}/lifecycle", made["id"].as_str().unwrap());
        let refused = admin.post(&path, json!({ "stage": "churned" })).await.problem(409, "invalid_transition");
        assert_eq!(refused["meta"], json!({ "from": "lead", "to": "churned" }));
        let moved = admin.post(&path, json!({ "stage": "customer" })).await.ok();
        assert_eq!((&moved["lifecycle_stage"], &moved["version"]), (&json!("customer"), &json!(2)));
        admin.post(&path, json!({ "stage": "churned", "reason_code": "nonsense" })).await.invalid(&[("/reason_code", "unknown_code")]);
        assert_eq!(admin.post(&path, json!({ "stage": "churned", "reason_code": "price" })).await.ok()["version"], 3);
        assert_eq!(admin.post(&path, json!({ "stage": "churned" })).await.ok()["version"], 3, "already there");
        let last = admin.changes().await["data"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["type"], "customer.lifecycle_changed");
        assert_eq!(last["changed"]["reason_code"]["to"], "price");
    });
}

#[test]
fn what_was_deleted_long_ago_stays_deleted() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer =
            admin.post("/customers", json!({ "name": "A", "kind": "person" })).await.created()["id"].as_str().unwrap().to_owned();
        let contact = admin.post("/contacts", json!({ "name": "B" })).await.created()["id"].as_str().unwrap().to_owned();
        for path in [format!("/customers/{customer}"), format!("/contacts/{contact}")] {
            admin.delete(&path).await.no_content();
            admin.act(&format!("{path}/restore")).await.ok();
            admin.delete(&path).await.no_content();
        }
        app.db(|conn| {
            for table in ["customers", "contacts"] {
                conn.batch_execute(&format!("UPDATE {table} SET deleted_at = '2020-01-01T00:00:00.000Z'")).unwrap();
            }
        });
        admin.act(&format!("/customers/{customer}/restore")).await.problem(404, "not_found");
        admin.act(&format!("/contacts/{contact}/restore")).await.problem(404, "not_found");
    });
}

#[test]
fn a_body_is_checked_as_it_was_sent() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let with = async |member: &str, value: &str| {
            let mut body = json!({ "name": "A", "kind": "person" });
            body[member] = json!(value);
            admin.post("/customers", body).await
        };
        assert_eq!(with("source_detail", " \n").await.created()["source_detail"], Value::Null);
        assert_eq!(with("source_detail", " a\n").await.created()["source_detail"], "a");
        assert_eq!(with("email", " a@example.com ").await.created()["email"], "a@example.com");
        assert_eq!(with("birthday", " 1990-05-01").await.created()["birthday"], "1990-05-01");
        let (fits, too_long) = ("x".repeat(200), format!("{} ", "x".repeat(200)));
        assert_eq!(with("source_detail", &fits).await.created()["source_detail"], fits.as_str());
        for (member, value, code) in [
            ("source_detail", too_long.as_str(), "too_long"),
            ("source_detail", "a\u{7f}", "invalid_characters"),
            ("name", "", "required"),
            ("name", " ", "required"),
            ("status", "", "invalid_choice"),
            ("status", "active ", "invalid_choice"),
            ("email", "", "invalid_format"),
            ("email", " a@ ", "invalid_format"),
            ("birthday", " ", "invalid_format"),
            ("owner_id", "", "wrong_resource_type"),
        ] {
            with(member, value).await.invalid(&[(format!("/{member}").as_str(), code)]);
        }
        let name = json!({ "name": " ", "kind": "person", "email": "x", "remarks": " a\u{0}" });
        let faults = [("/name", "required"), ("/email", "invalid_format"), ("/remarks", "invalid_characters")];
        admin.post("/customers", name).await.invalid(&faults);
    });
}
