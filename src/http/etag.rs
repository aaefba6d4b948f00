//! Versions as entity tags: `ETag: "v17"`, `If-Match`, `If-None-Match`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::IF_MATCH;
use actix_web::{FromRequest, HttpRequest};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::catalogue::Code;
use super::problem::Problem;

pub fn of(version: i64) -> String {
    format!("\"v{version}\"")
}

/// Whether one of a header's tags is this one; weak tags count, `*` is any.
pub fn matches(header: &str, tag: &str) -> bool {
    header.split(',').map(str::trim).any(|candidate| candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == tag)
}

/// The caller's `If-Match`, if any.
#[derive(Debug, Clone, Default)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    pub fn check(&self, version: i64) -> Result<(), Problem> {
        match &self.0 {
            Some(header) if !matches(header, &of(version)) => Err(Problem::new(Code::VersionConflict).with("current_version", version)),
            _ => Ok(()),
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get(IF_MATCH) else { return ready(Ok(Self(None))) };
        let quoted = |tag: &str| tag == "*" || (tag.len() >= 2 && tag.trim_start_matches("W/").starts_with('"') && tag.ends_with('"'));
        ready(match value.to_str() {
            Ok(text) if text.split(',').map(str::trim).all(quoted) => Ok(Self(Some(text.to_owned()))),
            _ => Err(Problem::new(Code::InvalidHeader).with("header", "If-Match").with("expected", "an entity tag such as \"v17\"")),
        })
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            ParameterBuilder::new()
                .name("If-Match")
                .parameter_in(ParameterIn::Header)
                .description(Some("Do it only if the object still has this `ETag`; otherwise 412 `version_conflict`."))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String).examples(["\"v17\""])))
                .build(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_tags_and_lists_match() {
        assert!(matches("\"v1\", W/\"v17\"", "\"v17\""));
        assert!(matches("*", "\"v17\""));
        assert!(!matches("\"v1\"", "\"v17\""));
    }
}
