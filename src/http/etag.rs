//! Versions as entity tags: `ETag: "v17"`, `If-Match`, `If-None-Match`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{IF_MATCH, IF_NONE_MATCH};
use actix_web::{FromRequest, HttpRequest};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};

use super::catalogue::Code;
use super::problem::Problem;

pub fn of(version: i64) -> String {
    format!("\"v{version}\"")
}

/// Whether one of a header's tags is this one; weak tags count, `*` is any.
pub fn matches(header: &str, tag: &str) -> bool {
    header.split(',').map(str::trim).any(|candidate| candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == tag)
}

/// One or several tags, or `*`.
const TAGS_PATTERN: &str = r#"^(\*|(W/)?"[!#-+\--~]*"( ?, ?(W/)?"[!#-+\--~]*")*)$"#;

/// Visible characters in quotes; commas are between tags.
fn is_tag(text: &str) -> bool {
    let quoted = text.strip_prefix("W/").unwrap_or(text);
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'))
}

/// The caller's `If-Match`, if any.
#[derive(Debug, Clone, Default)]
pub struct IfMatch(Option<String>);

impl IfMatch {
    /// That the object still has this version, when one is given.
    pub fn version(version: Option<i64>) -> Self {
        Self(version.map(of))
    }

    /// Whether there must be an object.
    pub fn is_given(&self) -> bool {
        self.0.is_some()
    }

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
        ready(match value.to_str() {
            Ok(text) if text == "*" || text.split(',').map(str::trim).all(is_tag) => Ok(Self(Some(text.to_owned()))),
            _ => Err(Problem::new(Code::InvalidHeader).with("header", "If-Match").with("expected", "an entity tag such as \"v17\"")),
        })
    }
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = "Do it only if the object still has this `ETag`; otherwise 412 `version_conflict`.";
        vec![header("If-Match", text, tags())]
    }
}

/// What an upsert is allowed to do, by its `If-Match` and `If-None-Match`.
#[derive(Debug, Clone, Default)]
pub struct UpsertCondition {
    pub if_match: IfMatch,
    /// `If-None-Match: *`.
    pub creates_only: bool,
}

impl FromRequest for UpsertCondition {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let creates_only = match request.headers().get(IF_NONE_MATCH).map(|value| value.to_str()) {
            None => Ok(false),
            Some(Ok("*")) => Ok(true),
            Some(_) => Err(Problem::new(Code::InvalidHeader).with("header", "If-None-Match").with("expected", "*")),
        };
        let if_match = IfMatch::from_request(request, payload).into_inner();
        ready(if_match.and_then(|if_match| creates_only.map(|creates_only| Self { if_match, creates_only })))
    }
}

impl IntoParams for UpsertCondition {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let update = "Only change the object, and only if it still has this `ETag` (`*`: any); otherwise 412 `does_not_exist` or \
`version_conflict`.";
        let create = "`*`: only create the object; when there is one, 412 `already_exists`.";
        let any = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["*"]));
        vec![header("If-Match", update, tags()), header("If-None-Match", create, any)]
    }
}

fn tags() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("entity-tag".to_owned())))
        .pattern(Some(TAGS_PATTERN))
        .examples(["\"v17\""])
}

fn header(name: &str, description: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new().name(name).parameter_in(ParameterIn::Header).description(Some(description)).schema(Some(schema)).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_tags_and_lists_match() {
        assert!(matches("\"v1\", W/\"v17\"", "\"v17\""));
        assert!(matches("*", "\"v17\""));
        assert!(!matches("\"v1\"", "\"v17\""));
        assert!(["\"v1\"", "W/\"v1\"", "\"\""].iter().all(|tag| is_tag(tag)));
        assert!(!["v1", "\"", "\"v\"1\"", "W/W/\"v1\"", "*"].iter().any(|tag| is_tag(tag)));
    }
}
