//! Contacts: their life, their links to customers, who sees them.

use serde_json::{Value, json};

use crate::harness::{Actor, ids, on_both};

mod links;

/// A new customer; gives its id.
async fn customer(actor: &Actor, name: &str) -> String {
    let made = actor.post("/customers", json!({ "name": name, "kind": "organization" })).await.created();
    made["id"].as_str().unwrap().to_owned()
}

/// A new contact with these links.
async fn contact(actor: &Actor, name: &str, links: Value) -> Value {
    actor.post("/contacts", json!({ "name": name, "links": links })).await.created()
}

fn path(contact: &Value) -> String {
    format!("/contacts/{}", contact["id"].as_str().unwrap())
}

/// A link as it is answered.
fn link(customer: &str, is_primary: bool) -> Value {
    json!({ "customer_id": customer, "role": null, "is_primary": is_primary, "is_decision_maker": false, "left_date": null })
}

/// What the feed says of a contact, oldest first.
async fn changes_of(admin: &Actor, contact: &Value) -> Vec<Value> {
    let feed = admin.changes().await;
    let mut changes = feed["data"].as_array().unwrap().clone();
    changes.retain(|change| change["object"]["id"] == contact["id"]);
    changes
}

#[test]
fn a_contact_lives_its_life() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (first, second) = (customer(&admin, "First").await, customer(&admin, "Second").await);
        let input = json!({
            "name": " 张三 ", "title": "采购经理", "department": "", "email": "Zhang.San@Example.com", "wechat": "zhangsan",
            "phones": [{ "number": "138 0013 8000", "label": "mobile" }, { "number": "010-65529988" }], "gender": "m",
            "social_accounts": [{ "network": "linkedin", "handle": "zhang-san" }], "birthday": "1988-02-29", "preferred_channel": "wechat",
            "consents": { "email": "granted", "phone": "denied" }, "remarks": "one\ntwo",
            "links": [
                { "customer_id": first, "role": "purchaser", "is_primary": true, "is_decision_maker": true },
                { "customer_id": second, "left_date": "2025-12-31" }
            ],
            "external_refs": [{ "system": "erp", "value": "P 1" }]
        });
        let answer = admin.post("/contacts", input).await;
        assert_eq!(answer.header("etag"), "\"v1\"");
        let made = answer.created();
        assert_eq!((&made["name"], &made["department"], &made["version"]), (&json!("张三"), &Value::Null, &json!(1)));
        assert_eq!(made["consents"], json!({ "email": "granted", "sms": "unknown", "phone": "denied", "wechat": "unknown" }));
        assert_eq!(made["phones"], json!([{ "number": "138 0013 8000", "label": "mobile" }, { "number": "010-65529988", "label": null }]));
        let links = json!([
            { "customer_id": first, "role": "purchaser", "is_primary": true, "is_decision_maker": true, "left_date": null },
            { "customer_id": second, "role": null, "is_primary": false, "is_decision_maker": false, "left_date": "2025-12-31" }
        ]);
        assert_eq!((&made["links"], &made["birthday"], &made["created_by_id"]), (&links, &json!("1988-02-29"), &json!(admin.id)));
        let path = path(&made);
        assert_eq!(admin.get(&path).await.ok(), made, "what was answered is what is stored");

        let patched = admin.patch(&path, json!({ "consents": { "sms": "granted", "email": null }, "title": null })).await.ok();
        assert_eq!(patched["consents"], json!({ "email": "unknown", "sms": "granted", "phone": "denied", "wechat": "unknown" }));
        assert_eq!((&patched["title"], &patched["links"], &patched["phones"]), (&Value::Null, &links, &made["phones"]));
        assert_eq!(admin.patch(&path, json!({ "consents": { "sms": "granted" }, "links": links })).await.ok(), patched, "no change");
        let swapped =
            json!({ "links": [{ "customer_id": second, "is_primary": null }, { "customer_id": first, "role": "user" }], "consents": null });
        let swapped = admin.patch(&path, swapped).await.ok();
        let user = json!({ "customer_id": first, "role": "user", "is_primary": false, "is_decision_maker": false, "left_date": null });
        assert_eq!(swapped["links"], json!([link(&second, false), user]), "links are replaced as a whole");
        assert_eq!(swapped["consents"], json!({ "email": "unknown", "sms": "unknown", "phone": "unknown", "wechat": "unknown" }));
        let bare = admin.patch(&path, json!({ "links": [], "phones": null, "social_accounts": [], "preferred_channel": null })).await.ok();
        assert_eq!((&bare["links"], &bare["phones"], &bare["preferred_channel"]), (&json!([]), &json!([]), &Value::Null));
        assert_eq!(bare["version"], 4);
        admin.patch(&path, json!({ "links": [{ "customer_id": second }] })).await.ok();

        admin.delete(&path).await.no_content();
        admin.get(&path).await.problem(404, "not_found");
        admin.patch(&path, json!({ "name": "B" })).await.problem(404, "not_found");
        admin.delete(&path).await.problem(404, "not_found");
        assert_eq!(ids(&admin.get("/contacts").await.ok()).len(), 0);
        assert_eq!(ids(&admin.get("/contacts?is_deleted=true").await.ok()).len(), 1);
        let restored = admin.act(&format!("{path}/restore")).await.ok();
        assert_eq!((&restored["version"], &restored["links"]), (&json!(7), &json!([link(&second, false)])));
        assert_eq!(admin.get(&path).await.ok(), restored);
        admin.act(&format!("{path}/restore")).await.problem(404, "not_found");
        let types: Vec<Value> = changes_of(&admin, &made).await.iter().map(|change| change["type"].clone()).collect();
        let updated = "contact.updated";
        assert_eq!(types, ["contact.created", updated, updated, updated, updated, "contact.deleted", "contact.restored"]);
    });
}

#[test]
fn a_retired_role_stays_but_is_not_newly_set() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (here, there) = (customer(&admin, "Here").await, customer(&admin, "There").await);
        let made = contact(&admin, "A", json!([{ "customer_id": here, "role": "gatekeeper" }])).await;
        let roles = json!({ "items": [{ "code": "user", "label": { "zh": "使用者", "en": "User" } }] });
        admin.put("/dictionaries/contact_role", roles).await.ok();
        assert_eq!(admin.patch(&path(&made), json!({ "name": "B" })).await.ok()["links"], made["links"]);
        let with = json!({ "links": [{ "customer_id": here, "role": "gatekeeper", "is_primary": true }, { "customer_id": there }] });
        assert_eq!(admin.patch(&path(&made), with).await.ok()["links"][0]["role"], "gatekeeper");
        let champion = json!([{ "customer_id": there }, { "customer_id": here, "role": "champion" }]);
        admin.patch(&path(&made), json!({ "links": champion })).await.invalid(&[("/links/1/role", "retired_code")]);
        let other = admin.post("/contacts", json!({ "name": "C", "links": champion })).await;
        other.invalid(&[("/links/1/role", "retired_code")]);
    });
}

#[test]
fn contacts_are_found_by_their_fields() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (own, theirs) = (customer(&rep, "Own").await, customer(&other, "Theirs").await);
        let zhang = json!({
            "name": "张三", "title": "ＣＥＯ", "email": "Zhang@Example.com", "phones": [{ "number": "138 0013 8000" }],
            "preferred_channel": "wechat", "links": [link(&own, true), link(&theirs, false)],
            "external_refs": [{ "system": "erp", "value": "1" }]
        });
        let li = json!({
            "name": "Li Si", "email": "li@example.com", "phones": [{ "number": "+49 30 123456" }, { "number": "010 6552 9988" }],
            "preferred_channel": "visit", "links": [link(&theirs, true)]
        });
        let zhang = admin.post("/contacts", zhang).await.created()["id"].as_str().unwrap().to_owned();
        let li = admin.post("/contacts", li).await.created()["id"].as_str().unwrap().to_owned();
        let (made, both) = ([zhang.as_str(), li.as_str()], format!("{own},{theirs}"));
        let cases: &[(&str, &str, &[usize])] = &[
            ("name", "ＬＩ　ｓｉ", &[1]),
            ("title", "ceo", &[0]),
            ("email", "ZHANG@example.com", &[0]),
            ("email[in]", "zhang@example.com,LI@EXAMPLE.COM", &[0, 1]),
            ("phone", "+8613800138000", &[0]),
            ("phone", "(010) 65529988", &[1]),
            ("phone[in]", "+86 138-0013-8000,004930123456", &[0, 1]),
            ("preferred_channel", "wechat", &[0]),
            ("preferred_channel[in]", "visit,phone", &[1]),
            ("customer_id", own.as_str(), &[0]),
            ("customer_id", theirs.as_str(), &[0, 1]),
            ("customer_id[in]", both.as_str(), &[0, 1]),
            ("external_ref", "erp:1", &[0]),
            ("created_by_id", admin.id.as_str(), &[0, 1]),
            ("created_by_id", rep.id.as_str(), &[]),
            ("created_at[gte]", "2020-01-01T00:00:00+08:00", &[0, 1]),
        ];
        for &(name, value, expected) in cases {
            let mut found = ids(&admin.list("/contacts", &[(name, value)]).await.ok());
            found.sort_unstable();
            let expected: Vec<&str> = expected.iter().map(|index| made[*index]).collect();
            assert_eq!(found, expected, "{name}={value}");
        }
        for (name, value) in [("preferred_channel", "fax"), ("customer_id", "con_1"), ("phone", "me"), ("sort", "email")] {
            let refused = admin.list("/contacts", &[(name, value)]).await.problem(400, "invalid_parameter");
            assert_eq!(refused["meta"]["parameter"], name);
        }

        // The rep sees the first contact, but not that it belongs to the other customer.
        let hidden = rep.list("/contacts", &[("customer_id", theirs.as_str()), ("include_total", "true")]).await.ok();
        assert_eq!((ids(&hidden).len(), &hidden["total"]), (0, &json!(0)));
        let seen = rep.list("/contacts", &[("customer_id[in]", both.as_str()), ("include_total", "true")]).await.ok();
        assert_eq!((ids(&seen), &seen["total"]), (vec![zhang.clone()], &json!(1)));
        assert_eq!(ids(&other.list("/contacts", &[("customer_id", own.as_str())]).await.ok()).len(), 0);
        assert_eq!(ids(&rep.list("/contacts", &[("customer_id", own.as_str())]).await.ok()), [zhang]);
    });
}

#[test]
fn every_fault_of_a_contact_is_reported_at_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let shape = json!({
            "title": "x".repeat(101), "email": "nobody@", "preferred_channel": "fax", "consents": { "sms": "maybe", "fax": "granted" },
            "phones": [{ "number": "call me" }, { "label": "x" }], "social_accounts": [{ "network": "x", "handle": "" }], "wechat": 1,
            "links": [{ "is_primary": "yes", "left_date": "2025-02-29" }, { "customer_id": admin.id }], "birthday": "29.2.1988",
            "nmae": "x", "version": 1, "remarks": "a\u{1}b"
        });
        admin.post("/contacts", shape).await.invalid(&[
            ("/name", "required"),
            ("/title", "too_long"),
            ("/email", "invalid_format"),
            ("/preferred_channel", "invalid_choice"),
            ("/consents/sms", "invalid_choice"),
            ("/consents/fax", "unknown_field"),
            ("/phones/0/number", "invalid_format"),
            ("/phones/1/number", "required"),
            ("/social_accounts/0/handle", "required"),
            ("/wechat", "wrong_type"),
            ("/links/0/customer_id", "required"),
            ("/links/0/is_primary", "wrong_type"),
            ("/links/0/left_date", "invalid_format"),
            ("/links/1/customer_id", "wrong_resource_type"),
            ("/birthday", "invalid_format"),
            ("/nmae", "unknown_field"),
            ("/version", "read_only_field"),
            ("/remarks", "invalid_characters"),
        ]);
        let meaning = json!({
            "name": "A", "birthday": "9999-12-31",
            "links": [{ "customer_id": "cus_01jd9xq3v8e6ft2m4k7w0zr5ya", "role": "nonsense" }]
        });
        let faults = [("/birthday", "date_in_future"), ("/links/0/customer_id", "unknown_reference"), ("/links/0/role", "unknown_code")];
        admin.post("/contacts", meaning.clone()).await.invalid(&faults);
        let called = json!({ "name": "A", "phones": [{ "number": "call me maybe" }] });
        admin.post("/contacts", called).await.invalid(&[("/phones/0/number", "invalid_format")]);
        let made = contact(&admin, "A", json!([])).await;
        admin.patch(&path(&made), meaning).await.invalid(&faults);
        admin.patch(&path(&made), json!({ "name": null, "id": null })).await.invalid(&[("/name", "required"), ("/id", "read_only_field")]);
        assert_eq!(admin.get("/contacts?include_total=true").await.ok()["total"], 1);
        assert_eq!(admin.get(&path(&made)).await.ok(), made);
    });
}

#[test]
fn contacts_have_external_references_of_their_own() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let with_ref = |name: &str| json!({ "name": name, "external_refs": [{ "system": "erp", "value": "1" }] });
        let made = admin.post("/contacts", with_ref("first")).await.created();
        let taken = admin.post("/contacts", with_ref("second")).await.problem(409, "external_ref_taken");
        assert_eq!(taken["meta"], json!({ "system": "erp", "value": "1", "existing_id": made["id"] }));
        admin.delete(&path(&made)).await.no_content();
        let second = admin.post("/contacts", with_ref("second")).await.created();
        admin.act(&format!("{}/restore", path(&made))).await.problem(409, "external_ref_taken");
        admin.patch(&path(&second), json!({ "external_refs": [] })).await.ok();
        admin.act(&format!("{}/restore", path(&made))).await.ok();
        admin.patch(&path(&second), with_ref("second")).await.problem(409, "external_ref_taken");
    });
}
