//! The shell around every request: guards in front, one error shape and the common headers behind, one log line.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ResponseHead, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use futures_util::FutureExt;
use ipnet::IpNet;

use super::answer::Volatile;
use super::catalogue::Code;
use super::context::Context;
use super::document::{Document, Found};
use super::draining::Draining;
use super::etag;
use super::held::{Held, Holding};
use super::metrics::Metrics;
use super::problem::Problem;
use super::query::Query;
use super::schemas::nearest;

/// Longest path and query, in bytes.
const MAX_URI: usize = 8 * 1024;
/// Smaller answers are not worth compressing.
const COMPRESS_FROM: u64 = 1024;

/// What the shell needs to know.
pub struct ShellOptions {
    pub document: Arc<Document>,
    pub metrics: Arc<Metrics>,
    pub trusted_proxies: Vec<IpNet>,
}

/// Who made a request, put there by authentication for the log line.
#[derive(Debug, Clone)]
pub struct LoggedCaller(pub String);

pub async fn shell(mut request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let options = request.app_data::<Data<ShellOptions>>().cloned().ok_or_else(|| Problem::new(Code::InternalError))?;
    let context = Context::new(request.headers(), request.peer_addr().map(|peer| peer.ip()), &options.trusted_proxies);
    let (method, path) = (request.method().clone(), request.match_info().as_str().to_owned());
    let client_request_id = printable(request.headers(), "x-request-id");
    let traceparent = printable(request.headers(), "traceparent");
    let draining = request.app_data::<Data<Draining>>().cloned();
    request.extensions_mut().insert(context.clone());

    let found = options.document.find(&path);
    let held = Held::of(&mut request);
    let refused = guard(&request, &path, &found).err();
    if method == Method::HEAD {
        request.head_mut().method = Method::GET; // the answer's body is dropped on its way out
    }
    let outcome = match refused {
        Some(problem) => Ok(Ok(request.into_response(problem.response(context.language, &context.request_id)))),
        None => AssertUnwindSafe(next.call(request)).catch_unwind().await.map(|called| called.map(|answered| finish(answered, &context))),
    };
    let answered = match outcome {
        Ok(Ok(answered)) => Ok(answered),
        Ok(Err(error)) => Err(error.as_error::<Problem>().cloned().unwrap_or_else(|| by_status(error.as_response_error().status_code()))),
        Err(_panic) => Err(Problem::new(Code::InternalError)),
    };

    let status = answered.as_ref().map_or_else(Problem::status, ServiceResponse::status);
    let elapsed = started.elapsed();
    options.metrics.observe(method.as_str(), found.template(), status.as_u16(), elapsed);
    let caller =
        answered.as_ref().ok().and_then(|answered| answered.request().extensions().get::<LoggedCaller>().map(|caller| caller.0.clone()));
    tracing::info!(
        target: "access", request_id = context.request_id, %method, path, status = status.as_u16(), caller, client_request_id, traceparent,
        address = %context.address, duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
    );

    let decorated = |response: &mut ResponseHead| {
        decorate(response.headers_mut(), &context.request_id, &path);
        if draining.is_some_and(|draining| draining.is_on()) {
            // The client hears that this was the last answer here, and sends nothing that would be lost.
            response.set_connection_type(ConnectionType::Close);
        }
    };
    match answered {
        Ok(mut answered) => {
            decorated(answered.response_mut().head_mut());
            Ok(match held {
                Some(body) => answered.map_body(|_, answer| BoxBody::new(Holding { answer, _body: body })),
                None => answered,
            })
        }
        Err(problem) => {
            let mut response = problem.response(context.language, &context.request_id);
            decorated(response.head_mut());
            Err(actix_web::error::InternalError::from_response(problem, response).into())
        }
    }
}

fn printable(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| text.len() <= 128).map(str::to_owned)
}

/// What is refused before any handler sees it.
fn guard(request: &ServiceRequest, path: &str, found: &Found<'_>) -> Result<(), Problem> {
    let uri_length = request.uri().path_and_query().map_or(0, |uri| uri.as_str().len());
    if uri_length > MAX_URI {
        return Err(Problem::new(Code::UriTooLong).with("max_bytes", MAX_URI));
    }
    if request.headers().get(CONTENT_ENCODING).is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::new(Code::UnsupportedContentEncoding));
    }
    if !accepts_json(request.headers()) && path.starts_with("/api/") {
        return Err(Problem::new(Code::NotAcceptable));
    }
    let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
    if is_help(path) && method != "GET" {
        return Err(method_not_allowed(["GET".to_owned(), "HEAD".to_owned()]));
    }
    let Some(known) = found.parameters(method) else {
        // A path that stands in the document, asked with a method that does not.
        let allowed = found.allowed();
        return if allowed.is_empty() { Ok(()) } else { Err(method_not_allowed(allowed)) };
    };
    for (name, _) in Query::parse(request.query_string())?.pairs() {
        if !known.knows(name) {
            let meant = nearest(name, known.names());
            return Err(Problem::new(Code::UnknownParameter).with("parameter", name).with("did_you_mean", meant.map(str::to_owned)));
        }
    }
    Ok(())
}

/// What is served beside the document's paths.
fn is_help(path: &str) -> bool {
    path == "/openapi.json" || path == "/docs" || path.starts_with("/docs/")
}

fn method_not_allowed(allowed: impl IntoIterator<Item = String>) -> Problem {
    let allow = allowed.into_iter().collect::<Vec<_>>().join(", ");
    let header = HeaderValue::from_str(&allow).unwrap_or_else(|_| HeaderValue::from_static(""));
    Problem::new(Code::MethodNotAllowed).header(ALLOW, header).with("allow", allow)
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).peekable();
    let acceptable = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let refused = parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0"));
        !refused && matches!(kind, "" | "*/*" | "application/*" | "application/json" | "application/problem+json")
    };
    accepted.peek().is_none() || accepted.any(acceptable)
}

/// For whatever no route answered.
pub async fn no_route(_: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::RouteNotFound))
}

/// Gives errors their one shape and unchanged objects their 304.
fn finish(answered: ServiceResponse<impl MessageBody + 'static>, context: &Context) -> ServiceResponse<BoxBody> {
    let status = answered.status();
    if status.is_client_error() || status.is_server_error() {
        let known = answered.response().error().and_then(|error| error.as_error::<Problem>()).cloned();
        let problem = known.unwrap_or_else(|| by_status(status));
        return answered.into_response(problem.response(context.language, &context.request_id));
    }
    let unchanged = status == StatusCode::OK
        && answered.request().method() == Method::GET
        && !answered.response().extensions().contains::<Volatile>()
        && match (answered.request().headers().get(IF_NONE_MATCH), answered.headers().get(ETAG)) {
            (Some(asked), Some(tag)) => asked.to_str().is_ok_and(|asked| tag.to_str().is_ok_and(|tag| etag::matches(asked, tag))),
            _ => false,
        };
    if unchanged {
        let tag = answered.headers().get(ETAG).cloned();
        let mut response = HttpResponse::NotModified();
        if let Some(tag) = tag {
            response.insert_header((ETAG, tag));
        }
        return answered.into_response(response.finish());
    }
    answered.map_into_boxed_body()
}

/// What the framework itself refused, in our words.
fn by_status(status: StatusCode) -> Problem {
    Problem::new(match status.as_u16() {
        400 => Code::BadRequest,
        404 => Code::RouteNotFound,
        406 => Code::NotAcceptable,
        408 => Code::RequestTimeout,
        415 => Code::UnsupportedMediaType,
        _ => Code::InternalError,
    })
}

fn decorate(headers: &mut HeaderMap, request_id: &str, path: &str) {
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-request-id", request_id);
    set("x-content-type-options", "nosniff");
    set("api-version", "1");
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "identity") {
        headers.remove(CONTENT_ENCODING);
    }
    if !headers.contains_key(CACHE_CONTROL) {
        let policy =
            if path.starts_with("/api/v1/auth") || path.starts_with("/api/v1/api-keys") { "no-store" } else { "private, no-cache" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(policy));
    }
}

/// Stands inside the compressor: marks small answers as not to be compressed (`decorate` takes the mark off again).
pub async fn spare_small(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut answered = next.call(request).await?;
    if matches!(answered.response().body().size(), BodySize::None | BodySize::Sized(0..COMPRESS_FROM)) {
        answered.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
    }
    Ok(answered)
}
