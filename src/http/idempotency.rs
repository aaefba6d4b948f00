//! `Idempotency-Key`: a request that may be sent again and is done once.
//!
//! What a request is known by are two hashes. The key itself is stored nowhere, and the fingerprint has it as salt: bodies may have
//! passwords in them, which nobody who reads the database shall find by trying.

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{HeaderMap, HeaderName};
use futures_util::stream;
use sha2::{Digest, Sha256};

use super::catalogue::Code;
use super::extract;
use super::problem::Problem;
use crate::db::id::{UserId, WorkspaceId};

pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Comes with an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Longest key, in characters.
const MAX_KEY: usize = 255;
/// A key, bare or in quotes.
pub const KEY_PATTERN: &str = r#"^([!#-~][!-~]{0,254}|"[!-~]{1,255}")$"#;

/// A request that is done once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idempotency {
    /// Of the caller, the method, the path and the key: what has the same is the same request.
    pub key_hash: [u8; 32],
    /// Of the key, the query and the body: what has another one is not.
    pub fingerprint: [u8; 32],
}

/// Whether an operation takes a key: what writes by POST or PATCH does, logging in and out excepted.
pub fn takes_key(method: &str, path: &str) -> bool {
    // Reading that needs a body.
    const READS: [&str; 3] = ["/search", "/batch-get", "/simulate"];
    let only_reads = method == "POST" && READS.iter().any(|read| path.ends_with(read));
    matches!(method, "POST" | "PATCH") && !path.starts_with("/api/v1/auth/") && !only_reads
}

/// What a request with a key is known by. Its body is read for that, and put back.
pub async fn of(request: &mut ServiceRequest, workspace_id: WorkspaceId, user_id: UserId) -> Result<Option<Idempotency>, Problem> {
    let (method, path) = (request.method().to_string(), request.match_info().as_str().to_owned());
    if !request.headers().contains_key(HEADER) || !takes_key(&method, &path) {
        return Ok(None);
    }
    let key = key(request.headers())?.to_owned();
    let payload = request.take_payload();
    let body = extract::read(request.headers(), payload, extract::limits(&path).0).await?;
    let caller = [workspace_id.uuid().into_bytes(), user_id.uuid().into_bytes()].concat();
    let key_hash = hash(&[&caller, method.as_bytes(), path.as_bytes(), key.as_bytes()]);
    let fingerprint = hash(&[key.as_bytes(), request.query_string().as_bytes(), &body]);
    request.set_payload(Payload::Stream { payload: Box::pin(stream::once(std::future::ready(Ok(body)))) });
    Ok(Some(Idempotency { key_hash, fingerprint }))
}

/// The one key of a request, without its quotes.
fn key(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut given = headers.get_all(HEADER);
    let text = match (given.next().map(|value| value.to_str()), given.next()) {
        (Some(Ok(text)), None) => text,
        _ => "",
    };
    let bare = text.strip_prefix('"').map_or(text, |rest| rest.strip_suffix('"').unwrap_or_default());
    let is_key = (1..=MAX_KEY).contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_graphic());
    let expected = "1 to 255 visible ASCII characters, given once";
    is_key.then_some(bare).ok_or_else(|| Problem::new(Code::InvalidHeader).with("header", "Idempotency-Key").with("expected", expected))
}

/// SHA-256 of parts, each with its length before it, so that no two lists of parts are the same text.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn keys_are_visible_and_given_once() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            values.iter().for_each(|value| headers.append(HEADER, HeaderValue::from_bytes(value.as_bytes()).expect("a header")));
            key(&headers).ok().map(str::to_owned)
        };
        let longest = "k".repeat(255);
        for (given, expected) in [("a", "a"), ("\"a-1\"", "a-1"), ("a\"b", "a\"b"), ("{~!}", "{~!}"), (&longest, &longest)] {
            assert_eq!(of(&[given]).as_deref(), Some(expected));
        }
        assert_eq!(of(&[&format!("\"{longest}\"")]), Some(longest.clone()));
        for wrong in ["", "\"", "\"\"", "\"a", "a b", "a\tb", "é", &format!("{longest}k")] {
            assert_eq!(of(&[wrong]), None, "{wrong}");
        }
        assert_eq!(of(&["a", "a"]), None);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
        assert_ne!(hash(&[b"a", b""]), hash(&[b"a"]));
    }
}
