//! A finished answer: status, the headers a replay repeats, and the body. `db.answer` gets it from inside the transaction, so
//! that it can be stored with the write it answers.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, LINK, LOCATION, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

use super::catalogue::Code;
use super::etag;
use super::idempotency::REPLAYED;
use super::page::Page;
use super::problem::Problem;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    pub location: Option<String>,
    pub etag: Option<String>,
    pub link: Option<String>,
    /// Whether it has members that change without the version: then a 304 would lie.
    pub is_volatile: bool,
    /// Whether it was given before, to the same request.
    pub is_replayed: bool,
    pub body: Vec<u8>,
    /// The body without its secrets, when it has any.
    repeated: Option<Vec<u8>>,
}

impl Answer {
    const fn bare(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, location: None, etag: None, link: None, is_volatile: false, is_replayed: false, body, repeated: None }
    }

    pub fn new<T: Serialize>(status: StatusCode, body: &T) -> Result<Self, Problem> {
        Ok(Self::bare(status, json(body)?))
    }

    pub fn ok<T: Serialize>(body: &T) -> Result<Self, Problem> {
        Self::new(StatusCode::OK, body)
    }

    /// 200 with the object and its version.
    pub fn object<T: Serialize>(version: i64, body: &T) -> Result<Self, Problem> {
        Ok(Self { etag: Some(etag::of(version)), ..Self::ok(body)? })
    }

    /// An object with members that change without its version: always answered whole.
    #[must_use]
    pub fn volatile(self) -> Self {
        Self { is_volatile: true, ..self }
    }

    /// 201 with the object, its version and where it is.
    pub fn created<T: Serialize>(location: String, version: i64, body: &T) -> Result<Self, Problem> {
        Ok(Self { location: Some(location), etag: Some(etag::of(version)), ..Self::new(StatusCode::CREATED, body)? })
    }

    /// 202 with a job that has been taken on, and where it is.
    pub fn accepted<T: Serialize>(location: String, version: i64, body: &T) -> Result<Self, Problem> {
        Ok(Self { location: Some(location), etag: Some(etag::of(version)), ..Self::new(StatusCode::ACCEPTED, body)? })
    }

    /// 200 with a page, and where the next one is.
    pub fn page<T: Serialize>(page: &Page<T>) -> Result<Self, Problem> {
        let link = page.next_link.as_ref().map(|next| format!("<{next}>; rel=\"next\""));
        Ok(Self { link, ..Self::ok(page)? })
    }

    pub const fn no_content() -> Self {
        Self::bare(StatusCode::NO_CONTENT, Vec::new())
    }

    /// What was answered before.
    pub fn replayed(status: StatusCode, location: Option<String>, etag: Option<String>, body: Vec<u8>) -> Self {
        Self { location, etag, is_replayed: true, ..Self::bare(status, body) }
    }

    /// For a body with a secret that is shown once: what is stored for replays in its place.
    pub fn repeated_as<T: Serialize>(self, body: &T) -> Result<Self, Problem> {
        Ok(Self { repeated: Some(json(body)?), ..self })
    }

    /// The body that a replay has.
    pub fn body_to_repeat(&self) -> &[u8] {
        self.repeated.as_ref().unwrap_or(&self.body)
    }
}

fn json<T: Serialize>(body: &T) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer cannot be serialised");
        Problem::new(Code::InternalError)
    })
}

/// Marks a volatile answer for the shell.
pub struct Volatile;

impl Responder for Answer {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(location) = self.location {
            response.insert_header((LOCATION, location));
        }
        if let Some(etag) = self.etag {
            response.insert_header((ETAG, etag));
        }
        if let Some(link) = self.link {
            response.insert_header((LINK, link));
        }
        if self.status == StatusCode::ACCEPTED {
            response.insert_header((RETRY_AFTER, "1"));
        }
        if self.is_replayed {
            response.insert_header((REPLAYED, "true"));
        }
        if self.body.is_empty() {
            return response.finish();
        }
        let mut response = response.insert_header((CONTENT_TYPE, "application/json")).body(self.body);
        if self.is_volatile {
            response.extensions_mut().insert(Volatile);
        }
        response
    }
}
