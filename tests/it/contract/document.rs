//! What holds for the document.

use std::collections::BTreeSet;

use fishpond::auth::privileges::SCOPES;
use fishpond::http::catalogue::{Code, Entry};
use fishpond::http::openapi::{body_schema_names, operations};
use serde_json::{Value, json};
use strum::IntoEnumIterator;

use crate::harness::{DOCUMENT, on_both};

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
