//! A contact's customers: which of them it may have, and who sees it by them.

use serde_json::{Value, json};

use super::{changes_of, contact, customer, link, path};
use crate::harness::{ids, on_both};

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
