//! The actor is the client.

use std::collections::HashMap;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::document;

/// What nobody else is called.
const MARK: &str = "a mark in the feed";

/// Somebody who calls the API.
#[derive(Clone)]
pub struct Actor {
    base: String,
    token: Option<String>,
    /// The user behind the token.
    pub id: String,
    http: reqwest::Client,
}

/// A checked answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    /// The body as it came.
    pub text: String,
    what: String,
}

impl Actor {
    pub fn new(base: &str, token: Option<String>) -> Self {
        Self { base: base.to_owned(), token, id: String::new(), http: reqwest::Client::new() }
    }

    pub fn with_id(self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self }
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Below `/api/v1`, unless the path is one of the root's.
    fn url(&self, path: &str) -> String {
        let is_root = ["/livez", "/readyz", "/problems", "/.well-known", "/openapi.json", "/docs", "/api", "/nowhere"]
            .iter()
            .any(|root| path.starts_with(root) && !path.starts_with("/api-keys"));
        if is_root { format!("{}{path}", self.base) } else { format!("{}/api/v1{path}", self.base) }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, self.url(path));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends, and holds the answer against the document.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let request = request.build().expect("a request");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let answer = self.http.execute(request).await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("a text");
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone())) };
        let content_type = headers.get("content-type").and_then(|value| value.to_str().ok());
        if method != Method::HEAD && status != 304 && !path.starts_with("/docs") && path != "/openapi.json" {
            document::check(method.as_str(), &path, status, content_type, &body);
        }
        assert!(headers.contains_key("x-request-id"), "{method} {path} has no X-Request-Id");
        Reply { status, headers, body, text, what: format!("{method} {path}") }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    /// With query parameters, escaped.
    pub async fn list(&self, path: &str, query: &[(&str, &str)]) -> Reply {
        let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        self.get(&format!("{path}?{}", pairs.join("&"))).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// An action without a body.
    pub async fn act(&self, path: &str) -> Reply {
        self.send(self.request(Method::POST, path)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        let request = self.request(Method::PATCH, path).header("content-type", "application/merge-patch+json");
        self.send(request.body(body.to_string())).await
    }

    pub async fn patch_if(&self, path: &str, tag: &str, body: Value) -> Reply {
        self.send(self.request(Method::PATCH, path).header("if-match", tag).json(&body)).await
    }

    /// An administrator's view of the whole feed up to now.
    pub async fn changes(&self) -> Value {
        json!({ "data": self.changes_after("*", &mut String::new()).await })
    }

    /// An administrator's view of the feed from a cursor up to now, an empty one being its beginning; the cursor goes along. On
    /// PostgreSQL the feed is held back while an older transaction runs anywhere in the cluster, so a mark is made and waited for, which is
    /// an API key and must be of the types that are asked for; the mark itself is not shown.
    pub async fn changes_after(&self, types: &str, after: &mut String) -> Vec<Value> {
        let mark = self.post("/api-keys", json!({ "name": MARK, "scopes": ["customers:read"] })).await.created();
        let (mut seen, mut in_vain) = (Vec::new(), 0);
        while in_vain < 200 {
            let from = if after.is_empty() { String::new() } else { format!("&after={after}") };
            let page = self.get(&format!("/changes?limit=1000&types={types}{from}")).await.ok();
            *after = page["next_cursor"].as_str().expect("a cursor").to_owned();
            let changes = page["data"].as_array().expect("changes");
            in_vain += u32::from(changes.is_empty());
            seen.extend(changes.iter().cloned());
            if changes.iter().any(|change| change["object"]["id"] == mark["id"]) {
                seen.retain(|change| change["changed"]["name"]["to"] != MARK);
                return seen;
            }
        }
        panic!("the feed is held back for ever");
    }

    /// Many new customers with these members; gives their ids, in the order in which they were made.
    pub async fn customers(&self, count: usize, members: &Value) -> Vec<String> {
        let mut made = Vec::new();
        while made.len() < count {
            let some = (made.len()..count).take(500);
            let data = some.map(|number| {
                let mut data = json!({ "name": format!("C{number}"), "kind": "organization" });
                data.as_object_mut().expect("members").extend(members.as_object().expect("members").clone());
                json!({ "op": "create", "data": data })
            });
            let batch = json!({ "mode": "atomic", "operations": data.collect::<Vec<_>>() });
            let done = self.post("/customers/batch", batch).await.ok();
            let results = done["results"].as_array().expect("results").iter();
            made.extend(results.map(|result| result["id"].as_str().expect("an id").to_owned()));
        }
        made
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

impl Reply {
    fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{} answered {:#}", self.what, self.body);
        self.body
    }

    pub fn ok(self) -> Value {
        self.expect(200)
    }

    pub fn created(self) -> Value {
        let location = self.header("location").to_owned();
        let body = self.expect(201);
        assert!(location.ends_with(body["id"].as_str().expect("an id")), "Location is {location}");
        body
    }

    pub fn no_content(self) {
        self.expect(204);
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A problem with this status and code; gives the body.
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!(self.header("error-code"), code, "{} answered {:#}", self.what, self.body);
        let body = self.expect(status);
        assert_eq!(body["code"], code);
        body
    }

    /// The 422 with exactly these pointers and codes, in any order.
    pub fn invalid(self, expected: &[(&str, &str)]) -> Value {
        let body = self.problem(422, "validation_failed");
        let found: HashMap<&str, &str> = body["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .map(|error| (error["pointer"].as_str().expect("a pointer"), error["code"].as_str().expect("a code")))
            .collect();
        assert_eq!(found, expected.iter().copied().collect(), "{body:#}");
        assert_eq!(body["errors"].as_array().map(Vec::len), Some(expected.len()), "one error for each pointer: {body:#}");
        body
    }
}

/// The ids of a page's rows.
pub fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().expect("a page").iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}
