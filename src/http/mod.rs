//! The HTTP shell; it knows no CRM noun.
//!
//! `shell` stands around every request; `extract`, `query` and `etag` read it strictly; `problem` and `catalogue` say no;
//! `answer` and `page` say yes, and `idempotency` says it once; `openapi`, `document` and `schemas` make the document and check bodies by it.

pub mod answer;
pub mod catalogue;
pub mod context;
pub mod document;
pub mod draining;
pub mod etag;
pub mod extract;
pub mod formats;
mod held;
pub mod idempotency;
pub mod language;
pub mod metrics;
mod normalise;
pub mod openapi;
pub mod page;
pub mod patch;
pub mod problem;
pub mod query;
pub mod schemas;
pub mod shell;
pub mod strict_json;
pub mod texts;
pub mod validation;
