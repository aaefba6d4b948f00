//! Bodies that are too large, too deep, too slow, not JSON or not what they say.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::{MIB, raw};
use crate::harness::{Actor, on_both};

/// The head of a request that creates a customer.
fn head(admin: &Actor, framing: &str) -> String {
    let token = admin.token();
    format!(
        "POST /api/v1/customers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
    )
}

fn post(admin: &Actor, body: impl Into<String>) -> reqwest::RequestBuilder {
    admin.request(Method::POST, "/customers").header("content-type", "application/json").body(body.into())
}

#[test]
fn large_bodies_are_refused() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let (status, body) = raw(&app, &[head(&admin, &format!("Content-Length: {}", MIB + 1)).as_bytes()]);
        assert_eq!(
            (status, &body["code"], &body["meta"]),
            (413, &json!("body_too_large"), &json!({ "max_bytes": MIB })),
            "before a byte came"
        );

        let announced = head(&admin, "Transfer-Encoding: chunked");
        let chunk = format!("{MIB:x}\r\n{}\r\n", " ".repeat(MIB));
        let (status, body) = raw(&app, &[announced.as_bytes(), chunk.as_bytes(), b"1\r\n \r\n"]);
        assert_eq!((status, &body["code"]), (413, &json!("body_too_large")), "counted as it comes");

        let body = r#"{"name": "A", "kind": "person"}"#;
        let largest = body.to_owned() + &" ".repeat(MIB - body.len());
        admin.send(post(&admin, largest)).await.created();
        let small = b"1f\r\n{\"name\": \"A\", \"kind\": \"person\"}\r\n0\r\n\r\n";
        assert_eq!(raw(&app, &[announced.as_bytes(), small]).0, 201);
    });
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    on_both(|app| async move {
        if !app.is_sqlite() {
            return; // ten seconds are enough
        }
        let (admin, began) = (app.admin().await, Instant::now());
        let (status, body) = raw(&app, &[head(&admin, "Content-Length: 100").as_bytes()]);
        assert_eq!((status, &body["code"], &body["retryable"]), (408, &json!("request_timeout"), &json!(true)));
        assert!(began.elapsed() >= Duration::from_secs(9), "{:?}", began.elapsed());
    });
}

#[test]
fn compressed_bodies_are_not_read() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for encoding in ["gzip", "br", "deflate", "zstd", "identity, gzip"] {
            let request = post(&admin, r#"{"name": "A", "kind": "person"}"#).header("content-encoding", encoding);
            admin.send(request).await.problem(415, "unsupported_content_encoding");
        }
        let plain = post(&admin, r#"{"name": "A", "kind": "person"}"#).header("content-encoding", "identity");
        admin.send(plain).await.created();
    });
}

#[test]
fn bodies_must_say_that_they_are_json() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let typed = |method: Method, path: &str, content_type: &str| {
            admin.request(method, path).header("content-type", content_type).body(r#"{"name": "A", "kind": "person"}"#)
        };
        let untyped = admin.request(Method::POST, "/customers").body("{}");
        let refused = admin.send(untyped).await.problem(415, "unsupported_media_type");
        assert_eq!(refused["meta"]["expected"], "application/json");
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/merge-patch+json", "application/jsonx", "json"]
        {
            admin.send(typed(Method::POST, "/customers", content_type)).await.problem(415, "unsupported_media_type");
        }
        let made = admin.send(typed(Method::POST, "/customers", "Application/JSON; charset=utf-8")).await.created();
        let path = format!("/customers/{}", made["id"].as_str().unwrap());
        let refused = admin.send(typed(Method::PATCH, &path, "application/json-patch+json")).await.problem(415, "unsupported_media_type");
        assert_eq!(refused["meta"]["expected"], "application/merge-patch+json");
    });
}

#[test]
fn json_is_read_strictly() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let refused = admin.send(post(&admin, "{\"name\": \"A\",\n \"kind\" \"person\"}")).await.problem(400, "invalid_json");
        assert_eq!(refused["meta"], json!({ "line": 2, "column": 9 }));
        for body in ["", "{", "{} {}", "{\"name\": \"a\u{0}b\"}", "{'name': 'A'}", r#"{"name": "\ud800"}"#, r#"{"employee_count": 1e999}"#]
        {
            admin.send(post(&admin, body)).await.problem(400, "invalid_json");
        }
        let latin =
            admin.request(Method::POST, "/customers").header("content-type", "application/json").body(b"{\"name\": \"\xe9\"}".to_vec());
        admin.send(latin).await.problem(400, "invalid_json");
        for body in [r#"{"name": "A", "name": "B", "kind": "person"}"#, r#"{"n\u0061me": "A", "name": "A", "kind": "person"}"#] {
            assert_eq!(admin.send(post(&admin, body)).await.problem(400, "duplicate_key")["meta"], json!({ "key": "name" }));
        }
        for body in ["[]", "\"x\"", "1", "true"] {
            admin.send(post(&admin, body)).await.invalid(&[("", "wrong_type")]);
        }
        assert_eq!(admin.get("/customers?include_total=true").await.ok()["total"], 0);
    });
}

#[test]
fn deep_and_crowded_bodies_are_refused() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let nested = |levels: usize| format!(r#"{{"remarks": {}{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
        let refused = admin.send(post(&admin, nested(33))).await.problem(400, "body_too_complex");
        assert_eq!(refused["meta"], json!({ "max_depth": 32, "max_keys": 10_000, "max_items": 20_000 }));
        let read = admin.send(post(&admin, nested(32))).await;
        read.invalid(&[("/name", "required"), ("/kind", "required"), ("/remarks", "wrong_type")]);
        admin.send(post(&admin, "[".repeat(MIB))).await.problem(400, "body_too_complex");

        let keys = |count: usize| format!("{{{}}}", (0..count).map(|key| format!("\"{key}\": 1")).collect::<Vec<_>>().join(","));
        admin.send(post(&admin, keys(10_001))).await.problem(400, "body_too_complex");
        let spread = format!("[{},{}]", keys(6_000), keys(6_000));
        admin.send(post(&admin, spread)).await.problem(400, "body_too_complex");
        admin.send(post(&admin, keys(100))).await.problem(422, "validation_failed");
        // What is wrong every few bytes is told as far as anybody reads.
        let items =
            |wrong: &str, count: usize| format!(r#"{{"name": "A", "kind": "person", "industries": [{}]}}"#, vec![wrong; count].join(","));
        admin.send(post(&admin, items("1", 20_001))).await.problem(400, "body_too_complex");
        for wrong in ["1", "\"a\""] {
            let refused = admin.send(post(&admin, items(wrong, 20_000))).await.problem(422, "validation_failed");
            assert_eq!(refused["errors"].as_array().unwrap().len(), 500);
        }
    });
}

#[test]
fn control_characters_are_refused_wherever_they_are() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let body = json!({
            "name": "a\u{0}b", "kind": "person", "remarks": "a\u{7}", "address": { "city": "\u{1b}[31m" },
            "phones": [{ "number": "1380013\u{7f}8000" }], "source_detail": "two\nlines\tand\r\nmore"
        });
        let body = admin.post("/customers", body).await.problem(422, "validation_failed");
        let errors = body["errors"].as_array().unwrap().iter().filter(|error| error["code"] == "invalid_characters");
        let pointers: BTreeSet<&str> = errors.filter_map(|error| error["pointer"].as_str()).collect();
        assert_eq!(pointers, BTreeSet::from(["/name", "/remarks", "/address/city", "/phones/0/number"]));
    });
}

#[test]
fn a_whole_number_may_be_written_as_a_decimal() {
    on_both(|app| async move {
        let admin = app.admin().await;
        // JSON has one kind of number, and JSON Schema's integer is any without a fraction.
        let made = admin.send(post(&admin, r#"{"name": "A", "kind": "organization", "employee_count": 12.0}"#)).await.created();
        assert_eq!(made["employee_count"], 12);
        let half = json!({ "name": "A", "kind": "organization", "employee_count": 12.5 });
        admin.post("/customers", half).await.invalid(&[("/employee_count", "wrong_type")]);
    });
}

/// A body that is refused must not keep its connection open for as long as the client likes.
#[test]
fn a_refused_body_without_end_ends_the_connection() {
    on_both(|app| async move {
        let head = "POST /api/v1/customers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n";
        let mut stream = std::net::TcpStream::connect(app.base.trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).expect("the server closes the connection");
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    });
}
