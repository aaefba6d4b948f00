//! `q`: what is found, in which order, by whom, and from when on.

use serde_json::{Value, json};

use crate::harness::{Actor, ids, on_both};

mod moving;

/// Creates and gives the id.
async fn made(actor: &Actor, path: &str, mut members: Value) -> String {
    if path == "/customers" && members.get("kind").is_none() {
        members["kind"] = json!("organization");
    }
    actor.post(path, members).await.created()["id"].as_str().unwrap().to_owned()
}

/// The names that are found, in order.
async fn found(actor: &Actor, path: &str, q: &str) -> Vec<String> {
    let page = actor.list(path, &[("q", q), ("include_total", "true"), ("limit", "200")]).await.ok();
    let found = names(&page);
    assert_eq!((&page["total"], &page["has_more"]), (&json!(found.len()), &json!(false)), "{q}");
    found
}

fn names(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// All names that are found, in pages of this size.
async fn walk(actor: &Actor, path: &str, q: &str, limit: usize) -> Vec<String> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let limit = limit.to_string();
        let mut query = vec![("q", q), ("limit", limit.as_str())];
        if !cursor.is_empty() {
            query.push(("cursor", cursor.as_str()));
        }
        let page = actor.list(path, &query).await.ok();
        rows.extend(names(&page));
        assert_eq!(page["has_more"], page["next_cursor"].is_string());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return rows,
        }
    }
}

#[test]
fn the_contract_sentence_by_sentence() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let huawei = json!({
            "name": "深圳华为技术有限公司", "email": "info@huawei.example.com", "remarks": "对价格敏感，Café in der Straße",
            "phones": [{ "number": "0755-2878 0808" }, { "number": "+86 138 0013 8000" }],
        });
        let huawei = made(&admin, "/customers", huawei).await;
        made(&admin, "/customers", json!({ "name": "Energía Solar S.A." })).await;
        made(&admin, "/contacts", json!({ "name": "欧阳 修", "links": [{ "customer_id": huawei }] })).await;

        let of_huawei = [
            "华为",
            "技术",
            "为技术有",
            "深圳华为技术有限公司",
            "司",
            "ＨＵＡＷＥＩ",
            "info@huawei.example.com",
            "价格",
            "cafe",
            "STRASSE",
            "strasse",
            "欧阳",
            "欧阳修",
            "阳修",
            "2878",
            "0755",
            "075528",
            "755 2878 0808",
            "8675528780808",
            "+86 755",
            "80808",
            "13800138000",
            "0013",
            "138 0013 8000",
            "008613800138000",
            "华为 公司",
            "欧阳 华为 2878 cafe",
            "huaw",
            "价格 138-0013",
        ];
        for q in of_huawei {
            assert_eq!(found(&admin, "/customers", q).await, ["深圳华为技术有限公司"], "{q}");
        }
        for q in ["energia", "ENERGÍA", "energi", "solar energia", "s.a."] {
            assert_eq!(found(&admin, "/customers", q).await, ["Energía Solar S.A."], "{q}");
        }
        for q in ["华术", "华为 solar", "nergia", "0014", "138 0014", "欧阳 energia", "修欧"] {
            assert_eq!(found(&admin, "/customers", q).await, Vec::<String>::new(), "{q}");
        }
        for q in ["", " ", "%", "_", "*", "'", "\"", "\\", "()", "<->", "!&|:", "🎉", "-- '", "？。"] {
            let refused = admin.list("/customers", &[("q", q)]).await.problem(400, "invalid_parameter");
            assert_eq!(refused["meta"]["parameter"], "q");
        }
        assert_eq!(found(&admin, "/customers", &"华为 ".repeat(128)).await.len(), 1);
        let long: String = ('\u{4e00}'..).take(512).collect();
        assert!(found(&admin, "/customers", &long).await.is_empty());
        let words: Vec<String> = (0..128).map(|number| format!("w{number:02}")).collect();
        assert!(found(&admin, "/customers", &words.join(" ")[..511]).await.is_empty());
        admin.list("/customers", &[("q", &format!("{long}丁"))]).await.problem(400, "invalid_parameter");
        admin.list("/tiers", &[("q", "a")]).await.problem(400, "unknown_parameter");
    });
}

#[test]
fn what_is_syntax_elsewhere_is_text_here() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for name in [
            "100%_sure*",
            "O'Neil & Söhne",
            "a:b|c!d",
            "back\\slash",
            "\"quoted\" (x)",
            "NOT this",
            "x <-> y",
            "🎉 fiesta 🎉",
            "AND OR NEAR",
            "null",
        ] {
            made(&admin, "/customers", json!({ "name": name })).await;
            assert_eq!(found(&admin, "/customers", name).await, [name]);
        }
        for (q, name) in [
            ("o'nei", "O'Neil & Söhne"),
            ("SOHNE", "O'Neil & Söhne"),
            ("b & c", "a:b|c!d"),
            ("not", "NOT this"),
            ("🎉fies", "🎉 fiesta 🎉"),
            ("near and", "AND OR NEAR"),
            ("NULL", "null"),
            ("quoted\"*", "\"quoted\" (x)"),
        ] {
            assert_eq!(found(&admin, "/customers", q).await, [name], "{q}");
        }
        for q in ["sure* OR fiesta", "100 | fiesta", "NOT fiesta", "tokens:fiesta", "{tokens} : fiesta", "^sure fiesta"] {
            assert!(found(&admin, "/customers", q).await.is_empty(), "{q}");
        }
    });
}

#[test]
fn exact_names_come_first_then_beginnings_then_the_rest() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let named = [
            "华为终端",
            "北京华为",
            "华为",
            "广州华为 B",
            "华 为",
            "Ｈｕａｗｅｉ",
            "huawei café",
            "old huawei",
            "huawei",
            "HUAWEI CAFE",
            "华为",
            "南京华为",
        ];
        for name in named {
            made(&admin, "/customers", json!({ "name": name })).await;
        }
        made(&admin, "/customers", json!({ "name": "Z", "remarks": "华为 huawei" })).await;
        let chinese = ["华为", "华为", "华为终端", "Z", "南京华为", "华 为", "广州华为 B", "北京华为"];
        let latin = ["huawei", "Ｈｕａｗｅｉ", "huawei café", "HUAWEI CAFE", "Z", "old huawei"];
        for limit in [1, 2, 3, 4, 5, 6, 7, 8, 200] {
            assert_eq!(walk(&admin, "/customers", "华为", limit).await, chinese, "in pages of {limit}");
            assert_eq!(walk(&admin, "/customers", " HUAWEI ", limit).await, latin, "in pages of {limit}");
        }
        let by_name = admin.list("/customers", &[("q", "华为"), ("sort", "-name"), ("limit", "3"), ("include_total", "true")]).await.ok();
        assert_eq!((names(&by_name), &by_name["total"]), (vec!["广州华为 B".into(), "南京华为".into(), "华为终端".into()], &json!(8)));
        let next = by_name["next_cursor"].as_str().unwrap();
        let rest = admin.list("/customers", &[("q", "华为"), ("sort", "-name"), ("cursor", next)]).await.ok();
        assert_eq!(names(&rest), ["华为", "华为", "华 为", "北京华为", "Z"]);
        assert_eq!(names(&admin.list("/customers", &[("q", "华为"), ("name", "华为"), ("include_total", "true")]).await.ok()).len(), 2);

        let first = admin.list("/customers", &[("q", "华为"), ("limit", "1")]).await.ok();
        let cursor = first["next_cursor"].as_str().unwrap();
        let with = async |pairs: &[(&str, &str)]| admin.list("/customers", &[pairs, &[("cursor", cursor)]].concat()).await;
        for other in [vec![("q", "huawei")], vec![], vec![("q", "华为"), ("sort", "name")], vec![("q", "华为"), ("kind", "person")]] {
            with(&other).await.problem(400, "cursor_mismatch");
        }
        admin.list("/customers", &[("q", "华为"), ("cursor", "x")]).await.problem(400, "invalid_cursor");
        with(&[("q", "华为"), ("limit", "2"), ("include_total", "true")]).await.ok();
    });
}

#[test]
fn a_search_in_json_takes_q_too() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for (name, kind) in [("华为终端", "organization"), ("北京华为", "organization"), ("华为", "person"), ("华为", "organization")]
        {
            made(&admin, "/customers", json!({ "name": name, "kind": kind })).await;
        }
        let filter = json!({ "not": { "field": "kind", "op": "eq", "value": "person" } });
        let search = json!({ "q": "华为", "filter": filter, "limit": 2, "include_total": true, "fields": ["name"] });
        let first = admin.post("/customers/search", search.clone()).await.ok();
        assert_eq!((names(&first), &first["total"]), (vec!["华为".into(), "华为终端".into()], &json!(3)));
        let with = |name: &str, value: &Value| {
            let mut search = search.clone();
            search["cursor"] = first["next_cursor"].clone();
            search[name] = value.clone();
            search
        };
        let second = admin.post("/customers/search", with("limit", &json!(2))).await.ok();
        assert_eq!((names(&second), &second["next_cursor"]), (vec!["北京华为".into()], &Value::Null));
        admin.post("/customers/search", with("q", &json!("北京"))).await.problem(400, "cursor_mismatch");
        admin.post("/customers/search", with("sort", &json!("name"))).await.problem(400, "cursor_mismatch");
        admin.post("/customers/search", json!({ "q": "%" })).await.invalid(&[("/q", "invalid_format")]);
        admin.post("/tiers/search", json!({ "q": "a" })).await.invalid(&[("/q", "unknown_field")]);
    });
}

#[test]
fn nobody_finds_what_it_does_not_see() {
    on_both(|app| async move {
        let (admin, rep, other) = (app.admin().await, app.user("rep").await, app.user("rep").await);
        let own = made(&rep, "/customers", json!({ "name": "鲸鱼一号" })).await;
        let foreign = made(&other, "/customers", json!({ "name": "鲸鱼二号" })).await;
        made(&admin, "/customers", json!({ "name": "鲸鱼三号" })).await;
        made(&other, "/contacts", json!({ "name": "鲸鱼先生", "links": [{ "customer_id": foreign }] })).await;
        made(&other, "/opportunities", json!({ "name": "鲸鱼项目", "customer_id": foreign })).await;
        assert_eq!(found(&rep, "/customers", "鲸鱼").await, ["鲸鱼一号", "鲸鱼三号"]);
        assert!(found(&rep, "/contacts", "鲸鱼").await.is_empty() && found(&rep, "/opportunities", "鲸鱼").await.is_empty());
        assert!(found(&rep, "/customers", "先生").await.is_empty());
        assert_eq!(found(&other, "/contacts", "鲸鱼").await, ["鲸鱼先生"]);
        assert!(found(&app.db_stranger().await, "/customers", "鲸鱼").await.is_empty());
        rep.list("/customers", &[("q", "鲸鱼"), ("is_deleted", "true")]).await.problem(403, "insufficient_role");
        let to_rep = json!({ "ids": [foreign], "to_user_id": rep.id, "reason": "territory" });
        admin.post("/customers/transfer", to_rep).await.ok();
        assert_eq!(found(&rep, "/customers", "鲸鱼").await, ["鲸鱼一号", "鲸鱼三号", "鲸鱼二号"]);
        assert_eq!(found(&rep, "/customers", "先生").await, ["鲸鱼二号"]);
        assert_eq!(found(&rep, "/contacts", "先生").await, ["鲸鱼先生"]);
        assert_eq!(found(&other, "/customers", "鲸鱼").await, ["鲸鱼三号"]);
        assert_eq!(ids(&rep.list("/customers", &[("q", "鲸鱼"), ("owner_id", &rep.id)]).await.ok()), [own, foreign]);
    });
}

/// The same rows and questions on both databases, by a small generator of its own.
#[test]
fn both_databases_find_the_same() {
    let answers = std::cell::RefCell::new(Vec::<Vec<Vec<String>>>::new());
    on_both(|app| {
        let answers = &answers;
        async move {
            let admin = app.admin().await;
            let mut state = 7_u32;
            let mut pick = |from: &[&str]| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                from[(state >> 16) as usize % from.len()].to_owned()
            };
            let parts = [
                "华", "为", "华为", "技术", "张", "三", "é", "e", "Solar", " ", " ", "-", "1", "38", "0013", "ß", "ss", "ガ", "カ", "İ",
                "&", "金",
            ];
            for number in 0..80 {
                let mut text = |length: usize| (0..length).map(|_| pick(&parts)).collect::<String>();
                let (name, remarks, phone) = (format!("N{}", text(4)), text(6), format!("1380013{:04}", number * 37));
                let customer =
                    made(&admin, "/customers", json!({ "name": name, "remarks": remarks, "phones": [{ "number": phone }] })).await;
                let contact = format!("{}x", text(3));
                made(&admin, "/contacts", json!({ "name": contact, "links": [{ "customer_id": customer }] })).await;
            }
            let mut given = Vec::new();
            for number in 0..250 {
                let q: String = (0..1 + number % 4).map(|_| pick(&parts)).collect();
                let query = [("q", q.as_str()), ("limit", "200"), ("sort", ["name", "created_at"][number % 2])];
                let (by_relevance, sorted) = (admin.list("/customers", &query[..2]).await, admin.list("/customers", &query).await);
                if by_relevance.status == 400 {
                    given.push(vec![q]);
                    continue;
                }
                let (by_relevance, sorted) = (names(&by_relevance.ok()), names(&sorted.ok()));
                let (mut one, mut other) = (by_relevance.clone(), sorted.clone());
                one.sort_unstable();
                other.sort_unstable();
                assert_eq!(one, other, "{q}");
                assert_eq!(walk(&admin, "/customers", &q, 7).await, by_relevance, "{q}");
                given.push([vec![q], by_relevance, sorted].concat());
            }
            assert!(given.iter().filter(|one| one.len() > 3).count() > 50);
            answers.borrow_mut().push(given);
        }
    });
    if let [sqlite, postgres] = answers.borrow().as_slice() {
        for (one, other) in sqlite.iter().zip(postgres) {
            assert_eq!(one, other);
        }
    }
}
