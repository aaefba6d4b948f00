//! Strict extractors: path ids and JSON bodies. Whatever they refuse is a problem answer, and nothing was done.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::catalogue::Code;
use super::patch::{Patch, Patchable, strip_nulls};
use super::problem::{FieldError, Problem};
use super::schemas::{self, Schemas};
use super::strict_json;

/// Largest body, in bytes: of a batch, and of anything else.
const MAX_BATCH: usize = 2 * 1024 * 1024;
const MAX_BODY: usize = 1024 * 1024;
/// Longest pause between two pieces of a body.
const MAX_PAUSE: Duration = Duration::from_secs(10);
/// Longest time for a whole body.
const MAX_TIME: Duration = Duration::from_secs(60);

/// The content types of bodies.
pub const JSON: [&str; 1] = ["application/json"];
pub const MERGE_PATCH: [&str; 2] = ["application/merge-patch+json", "application/json"];

/// The `{id}` of the path. What is not an id of the kind does not exist: 404.
#[derive(Debug, Clone, Copy)]
pub struct PathId<T>(pub T);

impl<T: FromStr + 'static> FromRequest for PathId<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|text| text.parse().ok());
        ready(id.map(Self).ok_or_else(Problem::not_found))
    }
}

/// The `{name}` of the path, a code of lower-case letters, digits and `_`. Anything else does not exist: 404.
#[derive(Debug, Clone)]
pub struct PathName(pub String);

impl FromRequest for PathName {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let is_code =
            |name: &&str| name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let name = request.match_info().get("name").filter(is_code);
        ready(name.map(|name| Self(name.to_owned())).ok_or_else(Problem::not_found))
    }
}

/// A JSON body, checked against the schema of `T`.
#[derive(Debug, Clone)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + ToSchema + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read_as(&request, payload, &T::name()).await.map(Self) })
    }
}

impl<T: Patchable> FromRequest for Patch<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let schemas = request.app_data::<Data<Schemas>>().cloned().ok_or_else(|| Problem::new(Code::InternalError))?;
            Ok(Self::new(members(checked(&request, payload, &MERGE_PATCH, T::PATCH_SCHEMA).await?)?, schemas))
        })
    }
}

/// A JSON body that this schema describes. Absent = null = default.
pub async fn read_as<T: DeserializeOwned>(request: &HttpRequest, payload: Payload, schema: &str) -> Result<T, Problem> {
    let mut value = checked(request, payload, &JSON, schema).await?;
    strip_nulls(&mut value);
    schemas::read_checked(value, schema)
}

/// The members of a checked body.
pub fn members(body: Value) -> Result<Map<String, Value>, Problem> {
    match body {
        Value::Object(members) => Ok(members),
        _ => Err(Problem::fields(vec![FieldError::new("", Code::WrongType).with("expected", "object")])),
    }
}

/// Largest body of a path, and how deep and wide its JSON may be.
pub fn limits(path: &str) -> (usize, strict_json::Limits) {
    if path.ends_with("/batch") && !path.contains("/by-ref/") { (MAX_BATCH, strict_json::BATCH) } else { (MAX_BODY, strict_json::BODY) }
}

/// Reads a body of one of these types, and checks it against a schema of the document. Its nulls are still there.
pub async fn checked(request: &HttpRequest, payload: Payload, types: &[&str], schema: &str) -> Result<Value, Problem> {
    let given = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !types.contains(&essence.as_str()) {
        return Err(Problem::new(Code::UnsupportedMediaType).with("expected", types.first().copied().unwrap_or_default()));
    }
    let (max_bytes, json) = limits(request.path());
    let bytes = read(request.headers(), payload, max_bytes).await?;
    let mut value = strict_json::parse(&bytes, json)?;
    let schemas = request.app_data::<Data<Schemas>>().ok_or_else(|| Problem::new(Code::InternalError))?;
    Problem::check(schemas.check(schema, &mut value))?;
    Ok(value)
}

/// Reads the body within its limits of size and time.
pub(super) async fn read(headers: &HeaderMap, mut payload: Payload, max: usize) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(Code::BodyTooLarge).with("max_bytes", max);
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > max) {
        return Err(too_large());
    }
    let whole = async {
        let mut body = BytesMut::with_capacity(announced.unwrap_or(0).min(max));
        loop {
            match tokio::time::timeout(MAX_PAUSE, payload.next()).await {
                Err(_) => return Err(Problem::new(Code::RequestTimeout)),
                Ok(None) => return Ok(body.freeze()),
                Ok(Some(Err(_))) => return Err(Problem::new(Code::BadRequest)),
                Ok(Some(Ok(piece))) if body.len() + piece.len() > max => return Err(too_large()),
                Ok(Some(Ok(piece))) => body.extend_from_slice(&piece),
            }
        }
    };
    tokio::time::timeout(MAX_TIME, whole).await.unwrap_or_else(|_| Err(Problem::new(Code::RequestTimeout)))
}
