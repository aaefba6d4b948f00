//! From when on something is found, and what a search sees while others write.

use diesel::connection::SimpleConnection;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::{found, made, names, walk};
use crate::harness::{ids, on_both};

#[test]
fn rows_that_do_not_change_are_seen_once_while_others_come_and_go() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let mut kept = Vec::new();
        for number in 0..30 {
            let name = match number % 3 {
                0 => "Acme".to_owned(),
                1 => format!("Acme {number}"),
                _ => format!("The Acme {number}"),
            };
            kept.push((made(&admin, "/customers", json!({ "name": name })).await, number));
        }
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        for round in 0.. {
            let mut query = vec![("q", "acme"), ("limit", "4")];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = admin.list("/customers", &query).await.ok();
            seen.extend(ids(&page));
            let new = ["Acme", "Acme new", "New Acme"][round % 3];
            made(&admin, "/customers", json!({ "name": new })).await;
            // What stood behind the cursor may go; what has been seen may go too.
            admin.delete(&format!("/customers/{}", page["data"][0]["id"].as_str().unwrap())).await.no_content();
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        for (id, number) in kept {
            assert_eq!(seen.iter().filter(|one| **one == id).count(), 1, "{number}");
        }
    });
}

#[test]
fn a_write_is_found_in_the_next_request() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let customer = made(&admin, "/customers", json!({ "name": "Alpha", "remarks": "first" })).await;
        let contact = made(
            &admin,
            "/contacts",
            json!({ "name": "王小明", "phones": [{ "number": "13912345678" }], "links": [{ "customer_id": customer }] }),
        )
        .await;
        let opportunity = made(&admin, "/opportunities", json!({ "name": "ERP 升级", "customer_id": customer, "remarks": "比价" })).await;
        assert_eq!(found(&admin, "/contacts", "小明 5678").await, ["王小明"]);
        assert_eq!(found(&admin, "/opportunities", "erp 比价").await, ["ERP 升级"]);
        assert!(found(&admin, "/opportunities", "alpha").await.is_empty(), "each resource has its own texts");
        assert!(found(&admin, "/contacts", "alpha").await.is_empty());
        assert!(found(&admin, "/customers", "5678").await.is_empty(), "of contacts only the names");

        for (path, id, patch, new, old) in [
            ("/customers", &customer, json!({ "name": "Beta", "remarks": null }), "beta", "first"),
            ("/contacts", &contact, json!({ "phones": [{ "number": "13787654321" }], "remarks": "老客户" }), "老客 6543", "5678"),
            ("/opportunities", &opportunity, json!({ "name": "CRM 升级", "remarks": "招标" }), "crm 招标", "比价"),
        ] {
            admin.patch(&format!("{path}/{id}"), patch).await.ok();
            assert_eq!(found(&admin, path, new).await.len(), 1, "{path} {new}");
            assert!(found(&admin, path, old).await.is_empty(), "{path} {old}");
            admin.delete(&format!("{path}/{id}")).await.no_content();
            assert!(found(&admin, path, new).await.is_empty(), "{path} deleted");
            let deleted = admin.list(path, &[("q", new), ("is_deleted", "true"), ("include_total", "true")]).await.ok();
            assert_eq!(names(&deleted).len(), 1, "{path}: administrators find deleted rows");
            admin.act(&format!("{path}/{id}/restore")).await.ok();
            assert_eq!(found(&admin, path, new).await.len(), 1, "{path} restored");
        }
        assert_eq!(found(&admin, "/customers", "小明 beta").await, ["Beta"]);
        admin.delete(&format!("/customers/{customer}")).await.no_content();
        assert!(found(&admin, "/opportunities", "crm").await.is_empty(), "deleted with its customer");
        admin.patch(&format!("/contacts/{contact}"), json!({ "name": "王大明" })).await.ok();
        admin.act(&format!("/customers/{customer}/restore")).await.ok();
        assert_eq!(found(&admin, "/opportunities", "crm").await, ["CRM 升级"]);
        assert_eq!(found(&admin, "/customers", "大明").await, ["Beta"], "it was renamed while the customer was deleted");
        assert!(found(&admin, "/customers", "小明").await.is_empty());
    });
}

#[test]
fn customers_are_found_by_the_names_their_contacts_have_now() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let mut customers = Vec::new();
        for name in ["A", "B", "C"] {
            customers.push(made(&admin, "/customers", json!({ "name": name })).await);
        }
        let links = |places: &[usize]| -> Value { places.iter().map(|place| json!({ "customer_id": customers[*place] })).collect() };
        let contact = made(&admin, "/contacts", json!({ "name": "张三", "links": links(&[0, 1]) })).await;
        let path = format!("/contacts/{contact}");
        made(&admin, "/contacts", json!({ "name": "李四", "links": links(&[1]) })).await;
        assert_eq!(found(&admin, "/customers", "张三").await, ["B", "A"]);
        assert_eq!(found(&admin, "/customers", "张三 李四").await, ["B"]);
        admin.patch(&path, json!({ "name": "张三丰" })).await.ok();
        assert_eq!(found(&admin, "/customers", "三丰").await, ["B", "A"]);
        admin.patch(&path, json!({ "links": links(&[1, 2]) })).await.ok();
        assert_eq!(found(&admin, "/customers", "三丰").await, ["C", "B"]);
        admin.patch(&path, json!({ "name": "赵五", "links": links(&[0]) })).await.ok();
        assert_eq!((found(&admin, "/customers", "赵五").await, found(&admin, "/customers", "三丰").await), (vec!["A".to_owned()], vec![]));
        admin.delete(&path).await.no_content();
        assert!(found(&admin, "/customers", "赵五").await.is_empty());
        admin.act(&format!("{path}/restore")).await.ok();
        assert_eq!(found(&admin, "/customers", "赵五").await, ["A"]);
        admin.patch(&format!("/customers/{}", customers[0]), json!({ "name": "D" })).await.ok();
        assert_eq!(found(&admin, "/customers", "赵五 d").await, ["D"], "its own change keeps them");
    });
}

#[test]
fn parallel_writers_leave_a_customer_with_all_of_its_texts() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for round in 0..4 {
            let customer = made(&admin, "/customers", json!({ "name": format!("Round{round}") })).await;
            let contacts = (0..8).map(|number| {
                let input = json!({ "name": format!("c{round}x{number}"), "links": [{ "customer_id": customer }] });
                let admin = admin.clone();
                async move { made(&admin, "/contacts", input).await }
            });
            let contacts = join_all(contacts).await;
            let renames = contacts.iter().enumerate().map(|(number, id)| {
                let (admin, path) = (admin.clone(), format!("/contacts/{id}"));
                async move { admin.patch(&path, json!({ "name": format!("n{round}x{number}") })).await }
            });
            let path = format!("/customers/{customer}");
            let remarks = admin.patch(&path, json!({ "remarks": format!("r{round}") }));
            let (renamed, remarked) = join(join_all(renames), remarks).await;
            remarked.ok();
            renamed.into_iter().for_each(|reply| drop(reply.ok()));
            let all: Vec<String> = (0..8).map(|number| format!("n{round}x{number}")).collect();
            let all = format!("{} r{round} round{round}", all.join(" "));
            assert_eq!(found(&admin, "/customers", &all).await, [format!("Round{round}")]);
            assert!(found(&admin, "/customers", &format!("c{round}x")).await.is_empty());
        }
    });
}

#[test]
fn an_older_database_is_indexed_at_the_start() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for number in 0..250 {
            made(&admin, "/customers", json!({ "name": format!("华为{number}"), "phones": [{ "number": "13912345678" }] })).await;
        }
        let customer = ids(&admin.get("/customers?limit=1").await.ok()).remove(0);
        made(&admin, "/contacts", json!({ "name": "张三", "links": [{ "customer_id": customer }] })).await;
        made(&admin, "/opportunities", json!({ "name": "ERP", "customer_id": customer })).await;
        let before = walk(&admin, "/customers", "华为", 200).await;
        // As the migration leaves it.
        let tokens = if app.is_sqlite() { "DELETE FROM search_tokens;" } else { "UPDATE search_docs SET tokens = NULL;" };
        app.db(|conn| conn.batch_execute(&format!("{tokens} UPDATE search_docs SET name = NULL;")).unwrap());
        assert!(found(&admin, "/customers", "华为").await.is_empty());
        fishpond::setup::migrate_only(&app.config).unwrap();
        assert_eq!(walk(&admin, "/customers", "华为", 200).await, before);
        assert_eq!(found(&admin, "/customers", "张三 5678").await, ["华为249"]);
        assert_eq!((found(&admin, "/contacts", "张三").await.len(), found(&admin, "/opportunities", "erp").await.len()), (1, 1));
    });
}
