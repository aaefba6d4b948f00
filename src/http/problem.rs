//! One error shape for every layer: `application/problem+json` (RFC 9457).
//!
//! A `Problem` is data (a code, its meta, field errors); it becomes sentences only when it is answered, in the
//! caller's language. The same type serves HTTP, the command line and log lines.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::catalogue::Code;
use super::language::Language;

/// More field errors than anybody reads.
pub const MAX_ERRORS: usize = 500;

/// Why a request was refused. `Display` gives the English detail.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone, PartialEq)]
struct Inner {
    code: Code,
    meta: Map<String, Value>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    results: Option<Value>,
}

/// One field's fault.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    pub pointer: String,
    pub code: Code,
    pub meta: Map<String, Value>,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, code: Code) -> Self {
        Self { pointer: pointer.into(), code, meta: Map::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.meta.insert(name.to_owned(), value.into());
        self
    }

    /// The same of something that lies deeper in the body.
    #[must_use]
    pub fn below(mut self, pointer: &str) -> Self {
        self.pointer.insert_str(0, pointer);
        self
    }
}

impl Problem {
    pub fn new(code: Code) -> Self {
        let problem = Self(Box::new(Inner { code, meta: Map::new(), errors: Vec::new(), headers: Vec::new(), results: None }));
        match code.entry().status {
            401 => problem.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            503 => problem.retry_after(1),
            _ => problem,
        }
    }

    /// The 422 that lists every field error; of a body that is nothing but errors, the first few hundred.
    pub fn fields(mut errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(Code::ValidationFailed).with("count", errors.len());
        errors.truncate(MAX_ERRORS);
        problem.0.errors = errors;
        problem
    }

    /// Keeps its first field error, and others as long as an answer with several problems has room for them.
    #[must_use]
    pub fn sharing(mut self, room: &mut usize) -> Self {
        self.0.errors.truncate((*room).max(1));
        *room = room.saturating_sub(self.0.errors.len());
        self
    }

    /// `Ok` when there is nothing to complain about.
    pub fn check(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self::fields(errors)) }
    }

    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.meta.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Says when to come back, in the header and in `meta`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.headers.retain(|(name, _)| name != RETRY_AFTER);
        self.header(RETRY_AFTER, HeaderValue::from(seconds)).with("retry_after", seconds)
    }

    /// The same for something that lies deeper in the body: pointers begin with where it lies.
    #[must_use]
    pub fn within(mut self, pointer: &str) -> Self {
        self.0.errors.iter_mut().for_each(|error| error.pointer.insert_str(0, pointer));
        self
    }

    /// Says what became of each operation of a batch.
    #[must_use]
    pub fn with_results(mut self, results: Value) -> Self {
        self.0.results = Some(results);
        self
    }

    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What belongs to the code.
    pub fn meta(&self) -> &Map<String, Value> {
        &self.0.meta
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.entry().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The answer's body in one language.
    pub fn body(&self, language: Language, request_id: &str) -> ProblemBody {
        let Inner { code, meta, errors, results, .. } = &*self.0;
        ProblemBody {
            type_: format!("/problems/{}", code.name()),
            title: code.title(language).to_owned(),
            status: code.entry().status,
            detail: fill(code.detail(language), meta),
            code: code.name().to_owned(),
            request_id: request_id.to_owned(),
            retryable: code.retryable(),
            meta: meta.clone(),
            errors: errors
                .iter()
                .map(|error| FieldErrorBody {
                    pointer: error.pointer.clone(),
                    code: error.code.name().to_owned(),
                    detail: fill(error.code.detail(language), &error.meta),
                    meta: error.meta.clone(),
                })
                .collect(),
            results: results.clone(),
        }
    }

    pub fn response(&self, language: Language, request_id: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        response
            .insert_header((CONTENT_TYPE, "application/problem+json"))
            .insert_header((CONTENT_LANGUAGE, language.tag()))
            .insert_header(("error-code", self.0.code.name()));
        for (name, value) in &self.0.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        match serde_json::to_vec(&self.body(language, request_id)) {
            Ok(body) => response.body(body),
            Err(_) => response.finish(),
        }
    }
}

/// Puts `meta` into a template's `{names}`; a list is joined with commas.
fn fill(template: &str, meta: &Map<String, Value>) -> String {
    let mut text = template.to_owned();
    for (name, value) in meta {
        let shown = match value {
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        text = text.replace(&format!("{{{name}}}"), &shown);
    }
    text
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body(Language::En, "");
        f.write_str(&body.detail)?;
        for error in body.errors {
            write!(f, "; {}: {}", error.pointer.trim_start_matches('/'), error.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// The shell around every request renders problems; this is only what actix needs to carry one there.
impl actix_web::ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.response(Language::En, "")
    }
}

/// Why a request was refused (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Where the problem is explained, relative to the server.
    #[serde(rename = "type")]
    #[schema(example = "/problems/validation_failed")]
    pub type_: String,
    /// A short sentence in the language of `Accept-Language` (en or zh).
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// What went wrong this time.
    pub detail: String,
    /// Stable code for programs, never translated.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// Quote it when you ask for help.
    pub request_id: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Every value that `detail` names.
    #[schema(value_type = Object)]
    pub meta: Map<String, Value>,
    /// Every field that is not valid.
    pub errors: Vec<FieldErrorBody>,
    /// Of an atomic batch: what became of each operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Object>)]
    pub results: Option<Value>,
}

/// One field that is not valid.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = FieldError)]
pub struct FieldErrorBody {
    /// JSON pointer into the body.
    #[schema(example = "/email")]
    pub pointer: String,
    /// Stable code for programs, never translated.
    #[schema(example = "invalid_format")]
    pub code: String,
    /// What is wrong with it.
    pub detail: String,
    /// Every value that `detail` names.
    #[schema(value_type = Object)]
    pub meta: Map<String, Value>,
}
