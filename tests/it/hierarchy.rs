//! Customers above and below each other.

use serde_json::{Value, json};

use crate::harness::{Actor, on_both};

/// A new customer below another (or none); gives its id.
async fn customer(actor: &Actor, name: &str, parent: Option<&str>) -> String {
    let input = json!({ "name": name, "kind": "organization", "parent_id": parent });
    actor.post("/customers", input).await.created()["id"].as_str().unwrap().to_owned()
}

/// A new chain of customers, each below the one before; the first below `top`.
async fn chain(actor: &Actor, top: Option<&str>, length: usize) -> Vec<String> {
    let mut made: Vec<String> = Vec::new();
    for level in 0..length {
        let parent = made.last().map(String::as_str).or(top);
        let id = customer(actor, &format!("level {level}"), parent).await;
        made.push(id);
    }
    made
}

#[test]
fn a_parent_is_set_at_creation_changed_and_cleared() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (group, holding) = (customer(&admin, "Group", None).await, customer(&admin, "Holding", None).await);
        let branch = customer(&admin, "Branch", Some(&group)).await;
        let path = format!("/customers/{branch}");
        assert_eq!(admin.get(&path).await.ok()["parent_id"], group);
        let moved = admin.patch(&path, json!({ "parent_id": holding })).await.ok();
        assert_eq!((&moved["parent_id"], &moved["version"]), (&json!(holding), &json!(2)));
        assert_eq!(admin.patch(&path, json!({ "parent_id": holding })).await.ok(), moved, "where it is already");
        assert_eq!(admin.patch(&path, json!({ "name": "Office" })).await.ok()["parent_id"], holding);
        let cleared = admin.patch(&path, json!({ "parent_id": null })).await.ok();
        assert_eq!((&cleared["parent_id"], &cleared["version"]), (&Value::Null, &json!(4)));
        let changes = admin.changes().await;
        let last = changes["data"].as_array().unwrap().last().unwrap();
        assert_eq!(last["changed"], json!({ "parent_id": { "from": holding, "to": null } }));
    });
}

#[test]
fn a_customer_never_stands_below_itself() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = chain(&admin, None, 4).await;
        for (above, below) in [(0, 0), (0, 1), (0, 2), (0, 3), (1, 3), (3, 3)] {
            let moved = admin.patch(&format!("/customers/{}", made[above]), json!({ "parent_id": made[below], "name": "moved" })).await;
            moved.problem(409, "hierarchy_cycle");
        }
        for (id, parent) in made.iter().zip([Value::Null, json!(made[0]), json!(made[1]), json!(made[2])]) {
            let customer = admin.get(&format!("/customers/{id}")).await.ok();
            assert_eq!((&customer["parent_id"], &customer["version"]), (&parent, &json!(1)), "nothing was written");
        }
        admin.patch(&format!("/customers/{}", made[3]), json!({ "parent_id": made[0] })).await.ok();
        admin.patch(&format!("/customers/{}", made[2]), json!({ "parent_id": made[3] })).await.ok();
    });
}

#[test]
fn ten_levels_are_enough() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let made = chain(&admin, None, 10).await;
        let input = json!({ "name": "", "kind": "organization", "parent_id": made[9] });
        admin.post("/customers", input).await.invalid(&[("/name", "required")]);
        let input = json!({ "name": "level 11", "kind": "organization", "parent_id": made[9], "source": "nonsense" });
        let refused = admin.post("/customers", input).await;
        let refused = refused.invalid(&[("/parent_id", "hierarchy_too_deep"), ("/source", "unknown_code")]);
        let error = refused["errors"].as_array().unwrap().iter().find(|error| error["pointer"] == "/parent_id").unwrap();
        assert_eq!(error["meta"]["max_depth"], 10);

        // A tree of three levels fits below the seventh and not below the eighth.
        let tree = chain(&admin, None, 3).await;
        customer(&admin, "beside", Some(&tree[0])).await;
        let path = format!("/customers/{}", tree[0]);
        for place in [9, 8, 7] {
            let moved = admin.patch(&path, json!({ "parent_id": made[place] })).await;
            moved.invalid(&[("/parent_id", "hierarchy_too_deep")]);
        }
        assert_eq!(admin.get(&path).await.ok()["version"], 1);
        admin.patch(&path, json!({ "parent_id": made[6] })).await.ok();
        let bottom = admin.get(&format!("/customers/{}/tree", tree[2])).await.ok();
        assert_eq!(bottom["ancestors"].as_array().unwrap().len(), 9);

        // What is deleted may come back, and counts.
        admin.delete(&format!("/customers/{}", tree[2])).await.no_content();
        let other = chain(&admin, None, 1).await;
        admin.patch(&path, json!({ "parent_id": made[7] })).await.invalid(&[("/parent_id", "hierarchy_too_deep")]);
        admin.patch(&format!("/customers/{}", other[0]), json!({ "parent_id": made[8] })).await.ok();
    });
}

#[test]
fn the_tree_shows_what_is_above_and_below() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let top = customer(&admin, "Top", None).await;
        let middle = customer(&admin, "Middle", Some(&top)).await;
        customer(&admin, "Aunt", Some(&top)).await;
        let b = customer(&admin, "b", Some(&middle)).await;
        let a = customer(&admin, "A", Some(&middle)).await;
        let leaf = customer(&admin, "Leaf", Some(&b)).await;
        let summary = |id: &str, name: &str, parent: Value| json!({ "id": id, "name": name, "kind": "organization", "parent_id": parent });
        let node = |id: &str, name: &str, parent: &str, children: Value| {
            let mut node = summary(id, name, json!(parent));
            node["children"] = children;
            node
        };
        let tree = async |id: &str| admin.get(&format!("/customers/{id}/tree")).await.ok();
        let below = json!([node(&a, "A", &middle, json!([])), node(&b, "b", &middle, json!([node(&leaf, "Leaf", &b, json!([]))]))]);
        let whole = json!({
            "ancestors": [summary(&top, "Top", Value::Null)], "customer": summary(&middle, "Middle", json!(top)), "children": below,
            "is_truncated": false
        });
        assert_eq!(tree(&middle).await, whole, "children by name, without sisters");
        let ancestors = json!([summary(&top, "Top", Value::Null), summary(&middle, "Middle", json!(top)), summary(&b, "b", json!(middle))]);
        assert_eq!(tree(&leaf).await["ancestors"], ancestors, "from the top down");
        assert_eq!(tree(&top).await["children"].as_array().unwrap().len(), 2);

        admin.delete(&format!("/customers/{b}")).await.no_content();
        assert_eq!(tree(&middle).await["children"], json!([node(&a, "A", &middle, json!([]))]), "the deleted one and what was below it");
        let orphan = tree(&leaf).await;
        assert_eq!(orphan["customer"], summary(&leaf, "Leaf", Value::Null), "a deleted parent is not named");
        assert_eq!(orphan["ancestors"], json!([summary(&top, "Top", Value::Null), summary(&middle, "Middle", json!(top))]));
        admin.get(&format!("/customers/{b}/tree")).await.problem(404, "not_found");
        admin.act(&format!("/customers/{b}/restore")).await.ok();
        assert_eq!(tree(&middle).await, whole);
    });
}

#[test]
fn a_wide_tree_is_cut() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let top = customer(&admin, "Top", None).await;
        admin.customers(500, &json!({ "parent_id": top })).await;
        let path = format!("/customers/{top}/tree");
        let full = admin.get(&path).await.ok();
        assert_eq!((full["children"].as_array().unwrap().len(), &full["is_truncated"]), (500, &json!(false)));
        customer(&admin, "one too many", Some(&top)).await;
        let cut = admin.get(&path).await.ok();
        assert_eq!((&cut["children"], &cut["is_truncated"]), (&full["children"], &json!(true)));
    });
}

#[test]
fn a_rep_sees_its_part_of_the_tree() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let theirs = customer(&other, "Theirs", None).await;
        let pooled = customer(&admin, "Pooled", Some(&theirs)).await;
        let mine = customer(&rep, "Mine", Some(&pooled)).await;
        let hidden = customer(&other, "Hidden", Some(&pooled)).await;
        customer(&rep, "Below mine", Some(&mine)).await;

        let tree = rep.get(&format!("/customers/{pooled}/tree")).await.ok();
        assert_eq!((&tree["ancestors"], &tree["customer"]["parent_id"]), (&json!([]), &Value::Null), "an invisible parent is not named");
        let children = tree["children"].as_array().unwrap();
        assert_eq!((children.len(), &children[0]["id"]), (1, &json!(mine)));
        assert_eq!(children[0]["children"][0]["name"], "Below mine");
        assert!(!tree.to_string().contains(&theirs) && !tree.to_string().contains(&hidden));
        for id in [&theirs, &hidden] {
            rep.get(&format!("/customers/{id}/tree")).await.problem(404, "not_found");
        }
        let whole = admin.get(&format!("/customers/{theirs}/tree")).await.ok();
        assert_eq!(whole["children"][0]["children"].as_array().unwrap().len(), 2);
        app.db_stranger().await.get(&format!("/customers/{pooled}/tree")).await.problem(404, "not_found");
    });
}

#[test]
fn a_parent_must_be_there_for_the_caller() {
    on_both(|app| async move {
        let (admin, rep, stranger) = (app.admin().await, app.user("rep").await, app.db_stranger().await);
        let foreign = customer(&stranger, "Foreign", None).await;
        let invisible = customer(&app.user("rep").await, "Invisible", None).await;
        let gone = customer(&admin, "Gone", None).await;
        admin.delete(&format!("/customers/{gone}")).await.no_content();
        let mine = format!("/customers/{}", customer(&rep, "Mine", None).await);
        let unknown = "cus_01jd9xq3v8e6ft2m4k7w0zr5ya";
        for parent in [foreign.as_str(), invisible.as_str(), gone.as_str(), unknown] {
            let input = json!({ "name": "Child", "kind": "person", "parent_id": parent });
            rep.post("/customers", input).await.invalid(&[("/parent_id", "unknown_reference")]);
            rep.patch(&mine, json!({ "parent_id": parent })).await.invalid(&[("/parent_id", "unknown_reference")]);
        }
        for parent in ["cus_1", "Group", rep.id.as_str()] {
            rep.patch(&mine, json!({ "parent_id": parent })).await.invalid(&[("/parent_id", "wrong_resource_type")]);
        }
        rep.patch(&mine, json!({ "parent_id": 7 })).await.invalid(&[("/parent_id", "wrong_type")]);
        assert_eq!(rep.get(&mine).await.ok()["version"], 1);
        let pooled = customer(&admin, "Pooled", None).await;
        rep.patch(&mine, json!({ "parent_id": pooled })).await.ok();
    });
}
