//! What holds for every operation alike, and what holds for the document that says so.

use std::collections::BTreeSet;

use fishpond::http::openapi::operations;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, DOCUMENT, on_both};

mod document;

/// A well-formed id that nothing ever had, without its prefix.
const NEVER: &str = "01jd9xq3v8e6ft2m4k7w0zr5ya";

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
        admin.changes().await; // what is held back at the first request could be there at the second
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
