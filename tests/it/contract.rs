//! What holds for every operation alike, and what holds for the document that says so.

use std::collections::BTreeSet;

use fishpond::auth::privileges::SCOPES;
use fishpond::http::catalogue::{Code, Entry};
use fishpond::http::openapi::{body_schema_names, operations};
use reqwest::Method;
use serde_json::{Value, json};
use strum::IntoEnumIterator;

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, DOCUMENT, on_both};

/// A well-formed id that nothing ever had, without its prefix.
const NEVER: &str = "01jd9xq3v8e6ft2m4k7w0zr5ya";

#[test]
fn the_checked_in_document_is_the_generated_one() {
    let stored = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json")).unwrap();
    // Not assert_eq!, which would print both.
    assert!(stored == fishpond::api::document().pretty(), "run `fishpond openapi > openapi/openapi.json`");
}

#[test]
fn every_operation_says_what_it_is() {
    let document = &DOCUMENT;
    let tags: Vec<&str> = document["tags"].as_array().unwrap().iter().filter_map(|tag| tag["name"].as_str()).collect();
    let (mut ids, mut public) = (BTreeSet::new(), Vec::new());
    for (path, method, operation) in operations(document) {
        let at = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{at} has no operationId"));
        assert!(ids.insert(id), "{id} is there twice");
        let is_snake = id.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(is_snake && (id.contains('_') || matches!(id, "login" | "logout")), "{at}: {id} is not verb_resource");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{at} has no summary");
        let own: Vec<&str> = operation["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(!own.is_empty() && own.iter().all(|tag| tags.contains(tag)), "{at} has the tags {own:?}");

        let answers = operation["responses"].as_object().unwrap();
        assert_eq!(answers["default"], json!({ "$ref": "#/components/responses/Problem" }), "{at}");
        assert!(answers.keys().any(|status| status.starts_with('2')), "{at} has no good answer");
        let declared = operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "path");
        let declared: Vec<&str> = declared.filter_map(|parameter| parameter["name"].as_str()).collect();
        let named: Vec<&str> = path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        assert_eq!(declared, named, "{at}");

        if operation["security"] == json!([{}]) {
            public.push(id);
        } else {
            let scopes = operation["security"][0]["bearer"].as_array().unwrap_or_else(|| panic!("{at} has no security"));
            // The timeline tells of three resources, the worklist of four.
            assert!(scopes.len() <= 1 || matches!(id, "get_customer_timeline" | "get_my_worklist"), "{at}: {scopes:?}");
            assert!(scopes.iter().all(|scope| SCOPES.contains(&scope.as_str().unwrap())), "{at}: {scopes:?}");
        }
    }
    public.sort_unstable();
    assert_eq!(public, ["get_jwks", "get_livez", "get_problem", "get_readyz", "login", "refresh_session"]);
}

#[test]
fn bodies_are_closed_at_every_depth() {
    let document = &DOCUMENT;
    for (path, method, operation) in operations(document) {
        for (_, media) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
            assert!(media["schema"]["$ref"].is_string(), "{method} {path} has a body without a name");
        }
    }
    let mut open: Vec<String> = body_schema_names(document).into_iter().collect();
    assert!(!open.is_empty());
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if seen.insert(name.clone()) {
            assert_closed(&document["components"]["schemas"][&name], &name, &mut open);
        }
    }
}

/// Panics when an object of the schema takes members that it does not know; collects the schemas it names.
fn assert_closed(schema: &Value, at: &str, named: &mut Vec<String>) {
    if schema.get("properties").is_some() {
        assert_eq!(schema["additionalProperties"], false, "{at} takes unknown members");
    }
    match schema {
        Value::Object(members) => {
            named.extend(members.get("$ref").and_then(Value::as_str).map(|name| name.replace("#/components/schemas/", "")));
            members.iter().for_each(|(key, member)| assert_closed(member, &format!("{at}/{key}"), named));
        }
        Value::Array(items) => items.iter().for_each(|item| assert_closed(item, at, named)),
        _ => {}
    }
}

#[test]
fn what_is_nowhere_is_a_problem_too() {
    on_both(|app| async move {
        let anyone = app.anyone();
        for path in ["/nowhere", "/api", "/api/v1", "/no-such-thing", "/customers/", "/customers/x/nowhere"] {
            anyone.get(path).await.problem(404, "route_not_found");
            anyone.post(path, json!({})).await.problem(404, "route_not_found");
            let head = anyone.send(anyone.request(Method::HEAD, path)).await;
            assert_eq!((head.status, &head.body), (404, &Value::Null), "{path}");
        }
    });
}

#[test]
fn wrong_methods_are_told_the_right_ones() {
    on_both(|app| async move {
        let anyone = app.anyone();
        for (method, path, allow) in [
            (Method::PUT, "/customers/x", "DELETE, GET, HEAD, PATCH"),
            (Method::GET, "/customers/transfer", "POST"),
            (Method::PATCH, "/customers/transfer", "POST"),
            (Method::OPTIONS, "/customers", "GET, HEAD, POST"),
            (Method::HEAD, "/auth/login", "POST"),
        ] {
            let refused = anyone.send(anyone.request(method.clone(), path)).await;
            assert_eq!((refused.status, refused.header("allow")), (405, allow), "{method} {path}");
            if method != Method::HEAD {
                assert_eq!(refused.problem(405, "method_not_allowed")["meta"]["allow"], allow);
            }
        }
        let known: BTreeSet<(String, String)> =
            operations(&DOCUMENT).map(|(path, method, _)| (path.to_owned(), method.to_uppercase())).collect();
        for (path, _) in &known {
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                if !known.contains(&(path.clone(), method.to_string())) {
                    let request = anyone.request(method, &path.replace("{id}", "x").replace("{name}", "x").replace("{code}", "x"));
                    anyone.send(request).await.problem(405, "method_not_allowed");
                }
            }
        }
    });
}

#[test]
fn parameters_are_known_and_come_once() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let misspelt = admin.get("/customers?limt=1").await.problem(400, "unknown_parameter");
        assert_eq!(misspelt["meta"], json!({ "parameter": "limt", "did_you_mean": "limit" }));
        let odd = app.anyone().get("/livez?x=1").await.problem(400, "unknown_parameter");
        assert_eq!(odd["meta"], json!({ "parameter": "x", "did_you_mean": null }));
        for path in ["/customers?limit=1&limit=2", "/customers?limit=1&l%69mit=2"] {
            assert_eq!(admin.get(path).await.problem(400, "repeated_parameter")["meta"], json!({ "parameter": "limit" }));
        }
        for path in ["/customers?name=%00", "/customers?name=%ff", "/customers?name=a%0ab"] {
            assert_eq!(admin.get(path).await.problem(400, "invalid_parameter")["meta"]["parameter"], "name");
        }
        admin.post("/customers?dry_run=true", json!({ "name": "A", "kind": "person" })).await.problem(400, "unknown_parameter");
        assert_eq!(admin.get("/customers?include_total=true").await.ok()["total"], 0);
    });
}

#[test]
fn head_is_wherever_get_is() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let documented = operations(&DOCUMENT).filter(|(path, method, _)| *method == "get" && !path.contains('{'));
        for path in documented.map(|(path, ..)| path).chain(["/openapi.json", "/docs/"]) {
            let (get, head) = (admin.get(path).await, admin.send(admin.request(Method::HEAD, path)).await);
            assert_eq!((get.status, head.status, &head.body), (200, 200, &Value::Null), "{path}");
            for name in ["content-type", "content-length", "cache-control"] {
                assert_eq!(head.header(name), get.header(name), "{path}");
            }
        }
    });
}

#[test]
fn answers_are_json_for_those_who_accept_it() {
    on_both(|app| async move {
        let anyone = app.anyone();
        let asking = async |path: &str, accept: &str| anyone.send(anyone.request(Method::GET, path).header("accept", accept)).await;
        for accept in ["text/html", "application/json;q=0", "text/*, image/png"] {
            asking("/me", accept).await.problem(406, "not_acceptable");
        }
        for accept in ["application/json", "*/*", "application/*;q=0.1", "text/html, application/json;q=0.5", "application/problem+json"] {
            asking("/me", accept).await.problem(401, "unauthenticated");
        }
        asking("/livez", "text/html").await.ok(); // only the API is strict: a browser may look at the rest
    });
}

#[test]
fn problems_speak_the_callers_language() {
    on_both(|app| async move {
        let (anyone, admin) = (app.anyone(), app.admin().await);
        let zh = anyone.send(anyone.request(Method::GET, "/me").header("accept-language", "fr, zh-CN;q=0.9, en;q=0.8")).await;
        assert_eq!(zh.header("content-language"), "zh");
        assert_eq!(zh.problem(401, "unauthenticated")["title"], "需要身份验证");
        let en = anyone.get("/me").await;
        assert_eq!(en.header("content-language"), "en");
        assert_eq!(en.problem(401, "unauthenticated")["title"], "Authentication is required");

        let request = admin.request(Method::POST, "/customers").header("accept-language", "zh").json(&json!({ "kind": "person" }));
        let body = admin.send(request).await.invalid(&[("/name", "required")]);
        assert_eq!((&body["title"], &body["errors"][0]["detail"]), (&json!("部分字段无效"), &json!("必须填写")));
    });
}

#[test]
fn every_problem_is_explained() {
    on_both(|app| async move {
        let anyone = app.anyone();
        for code in Code::iter() {
            let Entry { status, title, detail } = code.entry();
            let both = |texts: [&str; 2]| json!({ "en": texts[0], "zh": texts[1] });
            let expected = json!({
                "code": code.name(), "status": status, "retryable": code.retryable(), "title": both(title), "detail": both(detail)
            });
            assert_eq!(anyone.get(&format!("/problems/{}", code.name())).await.ok(), expected);
        }
        let problem = anyone.get("/problems/nonsense").await.problem(404, "not_found");
        assert_eq!(anyone.get(problem["type"].as_str().unwrap()).await.ok()["code"], "not_found", "the type is where it is explained");
    });
}

#[test]
fn what_a_detail_names_is_in_it() {
    on_both(|app| async move {
        let body = app.admin().await.patch("/workspace", json!({ "time_zone": "Nowhere/X" })).await;
        let body = body.invalid(&[("/time_zone", "unknown_time_zone")]);
        assert_eq!(body["errors"][0]["detail"], "Nowhere/X is not an IANA time zone");
        assert_eq!(body["errors"][0]["meta"]["time_zone"], "Nowhere/X");
    });
}

#[test]
fn the_docs_work_without_the_internet() {
    on_both(|app| async move {
        let plain = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let moved = plain.get(format!("{}/docs", app.base)).send().await.unwrap();
        assert_eq!(moved.status().as_u16(), 307);
        assert_eq!(moved.headers()["location"], "/docs/");

        let anyone = app.anyone();
        let index = anyone.get("/docs/").await;
        assert!(index.header("content-type").starts_with("text/html"));
        let page = index.ok();
        let html = page.as_str().unwrap();
        let values = |attribute: &str| html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()).collect::<Vec<_>>();
        let (scripts, links) = (values("src=\""), values("href=\""));
        assert!(scripts.len() >= 2 && !links.is_empty(), "{html}");
        let mut whole = String::new();
        for asset in scripts.into_iter().chain(links) {
            assert!(!asset.contains("//"), "{asset} is somewhere else");
            let text = anyone.get(&format!("/docs/{}", asset.trim_start_matches("./"))).await.ok();
            whole.push_str(text.as_str().unwrap_or_default());
        }
        assert!(whole.contains("\"/openapi.json\""), "the page reads our document");
        assert!(anyone.get("/openapi.json").await.ok() == *DOCUMENT, "and that is what the server has");
        anyone.get("/docs/nowhere.js").await.problem(404, "route_not_found");
    });
}

#[test]
fn every_answer_has_the_common_headers() {
    on_both(|app| async move {
        let (admin, anyone) = (app.admin().await, app.anyone());
        let (good, bad) = (admin.get("/me").await, admin.get("/customers/x").await);
        for reply in [&good, &bad, &anyone.get("/nowhere").await, &anyone.get("/docs/").await, &admin.put("/me", json!({})).await] {
            let common = ["x-content-type-options", "cache-control", "api-version"].map(|name| reply.header(name));
            assert_eq!(common, ["nosniff", "private, no-cache", "1"]);
        }
        assert_ne!(good.header("x-request-id"), bad.header("x-request-id"));
        let request_id = bad.header("x-request-id").to_owned();
        assert_eq!(bad.problem(404, "not_found")["request_id"], request_id.as_str());
        let claimed = admin.send(admin.request(Method::GET, "/me").header("x-request-id", "mine")).await;
        assert_ne!(claimed.header("x-request-id"), "mine", "the caller's own id does not replace ours");

        let login =
            |password: &str| anyone.request(Method::POST, "/auth/login").json(&json!({ "email": ADMIN_EMAIL, "password": password }));
        for secret in [
            anyone.send(login(ADMIN_PASSWORD)).await,
            anyone.send(login("not the password")).await,
            admin.post("/api-keys", json!({ "name": "K", "scopes": ["*"] })).await,
        ] {
            assert_eq!(secret.header("cache-control"), "no-store");
        }
    });
}

#[test]
fn malformed_ids_look_like_ids_that_never_were() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let without_request = |mut body: Value| {
            body["request_id"] = Value::Null;
            body
        };
        for (resource, prefix) in [("/customers", "cus"), ("/contacts", "con"), ("/users", "usr"), ("/api-keys", "key")] {
            let never = admin.get(&format!("{resource}/{prefix}_{NEVER}")).await.problem(404, "not_found");
            let never = without_request(never);
            let malformed = [
                "x".to_owned(),
                format!("{prefix}_"),
                NEVER.to_owned(),
                format!("ws_{NEVER}"),
                format!("{prefix}_{}u", &NEVER[1..]),
                format!("{prefix}_8{}", &NEVER[1..]),
                format!("{prefix}_{NEVER}0"),
                "%00".to_owned(),
                "%ff".to_owned(),
                "a%2Fb".to_owned(),
                "鱼".to_owned(),
                "x".repeat(300),
            ];
            for id in malformed {
                let body = admin.get(&format!("{resource}/{id}")).await.problem(404, "not_found");
                assert_eq!(without_request(body), never, "{resource}/{id}");
            }
        }
        for id in ["x".to_owned(), format!("con_{NEVER}"), format!("cus_{NEVER}")] {
            let path = format!("/customers/{id}");
            admin.patch(&path, json!({ "name": "A" })).await.problem(404, "not_found");
            admin.delete(&path).await.problem(404, "not_found");
            admin.act(&format!("{path}/restore")).await.problem(404, "not_found");
            admin.post(&format!("{path}/lifecycle"), json!({ "stage": "customer" })).await.problem(404, "not_found");
            admin.get(&format!("{path}/tree")).await.problem(404, "not_found");
        }
    });
}
