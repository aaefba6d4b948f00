//! Contacts: their life, their links to customers, who sees them.

use serde_json::{Value, json};

use crate::harness::{Actor, ids, on_both};

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
fn a_new_primary_contact_demotes_the_old_one() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (here, there) = (customer(&admin, "Here").await, customer(&admin, "There").await);
        let old = contact(&admin, "Old", json!([link(&there, true), link(&here, true)])).await;
        let new = contact(&admin, "New", json!([link(&here, true)])).await;
        assert_eq!(new["links"], json!([link(&here, true)]));
        let demoted = admin.get(&path(&old)).await;
        assert_eq!(demoted.header("etag"), "\"v2\"");
        let demoted = demoted.ok();
        let (before, after) = (json!([link(&there, true), link(&here, true)]), json!([link(&there, true), link(&here, false)]));
        assert_eq!((&demoted["links"], &demoted["version"]), (&after, &json!(2)), "it stays the other customer's");
        let changes = changes_of(&admin, &old).await;
        assert_eq!((changes.len(), &changes[1]["type"]), (2, &json!("contact.updated")));
        assert_eq!(changes[1]["changed"], json!({ "links": { "from": before, "to": after } }));
        assert_eq!((&changes[1]["object"]["version"], &changes[1]["actor"]["id"]), (&json!(2), &json!(admin.id)));
        admin.patch_if(&path(&old), "\"v1\"", json!({ "name": "X" })).await.problem(412, "version_conflict");

        let back = admin.patch(&path(&old), json!({ "links": before })).await.ok();
        assert_eq!((&back["links"], &back["version"]), (&before, &json!(3)), "and by a patch");
        let again = admin.get(&path(&new)).await.ok();
        assert_eq!((&again["links"], &again["version"]), (&json!([link(&here, false)]), &json!(2)));
        admin.patch(&path(&old), json!({ "links": after })).await.ok();
        assert_eq!(admin.get(&path(&new)).await.ok(), again, "a customer may have no primary contact");
    });
}

#[test]
fn a_deleted_contact_is_nobodys_primary_contact() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let here = customer(&admin, "Here").await;
        let old = contact(&admin, "Old", json!([link(&here, true)])).await;
        let restore = format!("{}/restore", path(&old));
        admin.delete(&path(&old)).await.no_content();
        assert_eq!(admin.act(&restore).await.ok()["links"], json!([link(&here, true)]), "nobody took its place");

        admin.delete(&path(&old)).await.no_content();
        let new = contact(&admin, "New", json!([link(&here, true)])).await;
        assert_eq!(changes_of(&admin, &old).await.len(), 4, "the deleted one is not demoted");
        let restored = admin.act(&restore).await.ok();
        assert_eq!((&restored["links"], &restored["version"]), (&json!([link(&here, false)]), &json!(5)));
        assert_eq!(admin.get(&path(&new)).await.ok(), new, "the one that is there now stays");
        admin.delete(&path(&new)).await.no_content();
        let third = contact(&admin, "Third", json!([link(&here, true)])).await;
        assert_eq!(third["links"], json!([link(&here, true)]));
    });
}

#[test]
fn links_lead_to_customers_that_are_there() {
    on_both(|app| async move {
        let (admin, stranger) = (app.admin().await, app.db_stranger().await);
        let (here, gone, foreign) = (customer(&admin, "H").await, customer(&admin, "G").await, customer(&stranger, "F").await);
        let made = contact(&admin, "A", json!([link(&here, false), link(&gone, true)])).await;
        admin.delete(&format!("/customers/{gone}")).await.no_content();
        let asked = admin.request(reqwest::Method::GET, &path(&made)).header("if-none-match", "\"v1\"");
        assert_eq!(admin.send(asked).await.ok()["links"], json!([link(&here, false)]), "a deleted customer is not shown");
        assert_eq!(ids(&admin.list("/contacts", &[("customer_id", gone.as_str())]).await.ok()).len(), 0);

        let wanted = [foreign.as_str(), "cus_01jd9xq3v8e6ft2m4k7w0zr5ya", gone.as_str(), here.as_str(), here.as_str()];
        let links: Vec<Value> =
            wanted.iter().zip(0..).map(|(id, number)| json!({ "customer_id": id, "role": format!("role{number}") })).collect();
        let expected = [
            ("/links/0/customer_id", "unknown_reference"),
            ("/links/1/customer_id", "unknown_reference"),
            ("/links/2/customer_id", "unknown_reference"),
            ("/links/4", "duplicate_item"),
            ("/links/0/role", "unknown_code"),
            ("/links/1/role", "unknown_code"),
            ("/links/2/role", "unknown_code"),
            ("/links/3/role", "unknown_code"),
            ("/links/4/role", "unknown_code"),
        ];
        admin.post("/contacts", json!({ "name": "B", "links": links })).await.invalid(&expected);
        admin.patch(&path(&made), json!({ "links": links })).await.invalid(&expected);
        let twice = json!([link(&here, false), link(&here, true)]);
        admin.patch(&path(&made), json!({ "links": twice })).await.invalid(&[("/links/1", "duplicate_item")]);
        let many: Vec<Value> = (0..21).map(|number| json!({ "customer_id": here, "role": format!("role{number}") })).collect();
        admin.patch(&path(&made), json!({ "links": many })).await.invalid(&[("/links", "too_many_items")]);
        assert_eq!(admin.get(&path(&made)).await.ok()["version"], 1);

        admin.act(&format!("/customers/{gone}/restore")).await.ok();
        assert_eq!(admin.get(&path(&made)).await.ok()["links"], made["links"], "with the customer comes the link");
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
fn a_rep_links_to_its_own_customers_only() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (own, pooled, theirs) = (customer(&rep, "Own").await, customer(&admin, "Pooled").await, customer(&other, "Theirs").await);
        let wanted = json!([link(&pooled, false), link(&own, true), link(&theirs, false)]);
        let faults = [("/links/0/customer_id", "not_owner"), ("/links/2/customer_id", "unknown_reference")];
        rep.post("/contacts", json!({ "name": "A", "links": wanted })).await.invalid(&faults);

        // One that a manager has linked to all three: the rep sees two of the links.
        let made = contact(&admin, "A", json!([link(&theirs, true), link(&own, false), link(&pooled, false)])).await;
        let there = path(&made);
        let seen = rep.get(&there).await.ok();
        assert_eq!(seen["links"], json!([link(&own, false), link(&pooled, false)]));
        assert_eq!(rep.get("/contacts").await.ok()["data"], json!([seen]));
        let refuse = async |links: Value, pointer: &str, code: &str| {
            rep.patch(&there, json!({ "links": links })).await.invalid(&[(pointer, code)]);
        };
        refuse(json!([link(&own, false)]), "/links", "not_owner").await;
        refuse(json!([]), "/links", "not_owner").await;
        refuse(json!([link(&own, false), link(&pooled, true)]), "/links/1/customer_id", "not_owner").await;
        refuse(json!([link(&pooled, false), link(&theirs, true)]), "/links/1/customer_id", "unknown_reference").await;
        let patched = rep.patch(&there, json!({ "links": [link(&pooled, false), link(&own, true)], "title": "CEO" })).await.ok();
        assert_eq!(patched["links"], json!([link(&pooled, false), link(&own, true)]));
        let patched = rep.patch(&there, json!({ "links": [link(&pooled, false)] })).await;
        assert_eq!(patched.ok()["links"], json!([link(&pooled, false)]), "its own it may take away");

        let whole = admin.get(&there).await.ok();
        let links = whole["links"].as_array().unwrap();
        assert_eq!(links.len(), 2);
        assert!(links.contains(&link(&theirs, true)) && links.contains(&link(&pooled, false)), "what it did not see is as it was");
        rep.patch(&there, json!({ "title": "CTO" })).await.problem(403, "not_owner");
        assert_eq!(other.get(&there).await.ok()["title"], "CEO");
    });
}

#[test]
fn a_rep_sees_contacts_of_customers_it_sees() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let (pooled, theirs) = (customer(&admin, "Pooled").await, customer(&other, "Theirs").await);
        let of_pool = contact(&admin, "Of the pool", json!([link(&pooled, false)])).await;
        let hidden = contact(&other, "Hidden", json!([link(&theirs, false)])).await;
        let loose = contact(&rep, "Loose", json!([])).await;
        let unlinked = contact(&admin, "Unlinked", json!([])).await;
        let id = |contact: &Value| contact["id"].as_str().unwrap().to_owned();

        assert_eq!(ids(&rep.get("/contacts?sort=created_at").await.ok()), [id(&of_pool), id(&loose)]);
        assert_eq!(ids(&other.get("/contacts?sort=created_at").await.ok()), [id(&of_pool), id(&hidden)]);
        let all = [id(&of_pool), id(&hidden), id(&loose), id(&unlinked)];
        for role in ["manager", "viewer"] {
            assert_eq!(ids(&app.user(role).await.get("/contacts?sort=created_at").await.ok()), all);
        }
        for contact in [&hidden, &unlinked] {
            let path = path(contact);
            rep.get(&path).await.problem(404, "not_found");
            rep.patch(&path, json!({ "name": "B" })).await.problem(404, "not_found");
            rep.delete(&path).await.problem(404, "not_found");
            rep.act(&format!("{path}/restore")).await.problem(404, "not_found");
        }
        other.get(&path(&loose)).await.problem(404, "not_found");
        rep.patch(&path(&loose), json!({ "name": "Mine" })).await.ok();
        rep.delete(&path(&loose)).await.no_content();
        rep.act(&format!("{}/restore", path(&loose))).await.ok();

        assert_eq!(rep.get(&path(&of_pool)).await.ok(), of_pool);
        rep.patch(&path(&of_pool), json!({ "name": "B" })).await.problem(403, "not_owner");
        rep.delete(&path(&of_pool)).await.problem(403, "not_owner");
        let viewer = app.user("viewer").await;
        viewer.patch(&path(&of_pool), json!({ "name": "B" })).await.problem(403, "insufficient_role");
        viewer.post("/contacts", json!({ "name": "B" })).await.problem(403, "insufficient_role");
        let stranger = app.db_stranger().await;
        stranger.get(&path(&of_pool)).await.problem(404, "not_found");
        assert_eq!(stranger.get("/contacts").await.ok()["data"], json!([]));

        // A contact whose only customer is deleted belongs to nobody again.
        let short = customer(&rep, "Short-lived").await;
        rep.patch(&path(&loose), json!({ "links": [link(&short, true)] })).await.ok();
        rep.delete(&format!("/customers/{short}")).await.no_content();
        assert_eq!(rep.get(&path(&loose)).await.ok()["links"], json!([]));
        other.get(&path(&loose)).await.problem(404, "not_found");

        // With the customer goes what is linked to it.
        let transfer = json!({ "ids": [theirs], "to_user_id": rep.id, "reason": "handed over" });
        admin.post("/customers/transfer", transfer).await.ok();
        rep.patch(&path(&hidden), json!({ "name": "Not hidden any more" })).await.ok();
        other.get(&path(&hidden)).await.problem(404, "not_found");
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

#[test]
fn two_filters_on_customers_do_not_vouch_for_each_other() {
    on_both(|app| async move {
        let (admin, rep) = (app.admin().await, app.user("rep").await);
        let own = rep.post("/customers", json!({ "name": "own", "kind": "person" })).await.created()["id"].clone();
        let hidden = json!({ "name": "hidden", "kind": "person", "owner_id": admin.id });
        let hidden = admin.post("/customers", hidden).await.created()["id"].clone();
        admin.post("/contacts", json!({ "name": "both", "links": [{ "customer_id": own }, { "customer_id": hidden }] })).await.created();
        let (own, hidden) = (own.as_str().unwrap(), hidden.as_str().unwrap());
        assert_eq!(ids(&rep.list("/contacts", &[("customer_id", own)]).await.ok()).len(), 1);
        assert_eq!(ids(&rep.list("/contacts", &[("customer_id", own), ("customer_id[in]", hidden)]).await.ok()).len(), 0);
    });
}

#[test]
fn crosswise_demotions_do_not_wait_for_each_other() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let mut customers = Vec::new();
        for name in ["A", "B", "C"] {
            customers.push(admin.post("/customers", json!({ "name": name, "kind": "organization" })).await.created()["id"].clone());
        }
        let mut contacts = Vec::new();
        for name in ["P", "Q", "R"] {
            contacts.push(admin.post("/contacts", json!({ "name": name })).await.created()["id"].as_str().unwrap().to_owned());
        }
        let moves = (0..24).map(|step: usize| {
            let mut order = customers.clone();
            order.rotate_left(step % 3);
            let links: Vec<_> = order.iter().map(|customer| json!({ "customer_id": customer, "is_primary": true })).collect();
            let (admin, path) = (admin.clone(), format!("/contacts/{}", contacts[step % 3]));
            async move { admin.patch(&path, json!({ "links": links })).await.status }
        });
        // As many at once as there are connections: none of them has to queue for one.
        let mut moves = moves.peekable();
        while moves.peek().is_some() {
            let statuses = futures_util::future::join_all(moves.by_ref().take(8)).await;
            assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        }
    });
}
