//! Bodies are checked against their operation's own schema from the OpenAPI document: every violation at once, each with
//! its pointer. So bounds are written once, in the schema attributes, and the document cannot lie.
#![expect(clippy::indexing_slicing, reason = "a JSON value read by name gives null when there is none")]

use std::collections::HashMap;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::catalogue::Code;
use super::patch::strip_nulls;
use super::problem::{FieldError, Problem};
use crate::db::id::ID_PATTERN;

/// The schema of batches.
const BATCH: &str = "BatchRequest";

/// The checkers of all body schemas, by schema name; and those of what patches make, by the patch's schema.
pub struct Schemas {
    bodies: HashMap<String, BodySchema>,
    merged: HashMap<String, BodySchema>,
}

struct BodySchema {
    /// The schema without references, as the validator got it.
    schema: Value,
    validator: Validator,
    /// Members of the resource that a body may not set.
    read_only: Vec<String>,
}

impl Schemas {
    /// Compiles the schema of every request body of the document.
    pub fn compile(document: &Value) -> Result<Self, String> {
        let mut whole = document.clone();
        super::openapi::make_patches_whole(&mut whole);
        let (mut bodies, mut merged) = (HashMap::new(), HashMap::new());
        for name in super::openapi::body_schema_names(document) {
            if name.starts_with("Update") {
                merged.insert(name.clone(), BodySchema::compile(&whole, &name)?);
            }
            bodies.insert(name.clone(), BodySchema::compile(document, &name)?);
        }
        Ok(Self { bodies, merged })
    }

    /// What is wrong with the members that a patch has touched, once it is merged.
    pub fn check_merged(&self, name: &str, document: &Value, patch: &Map<String, Value>) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if let Some(schema) = self.merged.get(name) {
            schema.validator.iter_errors(document).for_each(|error| schema.explain(&error, &mut errors));
        }
        let is_touched = |error: &FieldError| patch.keys().any(|key| error.pointer.split('/').nth(1) == Some(escape(key).as_str()));
        errors.retain(is_touched);
        errors
    }

    /// Reads a value as `T`, when it is what the schema of `T` says. Absent = null = default.
    pub fn read<T: DeserializeOwned + ToSchema>(&self, mut value: Value) -> Result<T, Problem> {
        Problem::check(self.check(&T::name(), &mut value))?;
        strip_nulls(&mut value);
        read_checked(value)
    }

    /// The members of a merge patch, when they are what this schema says.
    pub fn check_members(&self, schema: &str, members: Map<String, Value>) -> Result<Map<String, Value>, Problem> {
        let mut value = Value::Object(members);
        Problem::check(self.check(schema, &mut value))?;
        super::extract::members(value)
    }

    /// Whether a body of this schema may have the member.
    pub fn has_member(&self, schema: &str, member: &str) -> bool {
        self.bodies.get(schema).is_some_and(|body| body.schema["properties"].get(member).is_some())
    }

    /// Normalises the body (text trimmed, `""` becomes null) and gives everything that is wrong with it.
    pub fn check(&self, name: &str, body: &mut Value) -> Vec<FieldError> {
        let mut errors = Vec::new();
        normalise(body, &mut String::new(), &mut errors);
        // What is in a batch's operations is for each of them to refuse.
        errors.retain(|error| name != BATCH || error.pointer.split('/').nth(3) != Some("data"));
        match self.bodies.get(name) {
            Some(schema) => schema.validator.iter_errors(body).for_each(|error| schema.explain(&error, &mut errors)),
            None => errors.push(FieldError::new("", Code::WrongType).with("expected", "nothing")),
        }
        errors
    }
}

/// Reads what has been checked.
pub fn read_checked<T: DeserializeOwned + ToSchema>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| {
        tracing::error!(%error, schema = %T::name(), "a checked body cannot be read");
        Problem::fields(vec![FieldError::new("", Code::WrongType).with("expected", T::name())])
    })
}

impl BodySchema {
    fn compile(document: &Value, name: &str) -> Result<Self, String> {
        let schema = super::openapi::inline(document, &json!({ "$ref": format!("#/components/schemas/{name}") }), &mut Vec::new());
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .with_format("email", super::formats::is_email)
            .with_format("uri", super::formats::is_web_url)
            .with_format("date", super::formats::is_date)
            .with_format("date-time", super::formats::is_instant)
            .build(&schema)
            .map_err(|error| format!("the schema {name} does not compile: {error}"))?;
        let resource = name.trim_start_matches("Create").trim_start_matches("Update").trim_start_matches("Upsert");
        let members = if resource == name { None } else { document["components"]["schemas"][resource]["properties"].as_object() };
        let read_only = members.map(|members| members.keys().cloned().collect()).unwrap_or_default();
        Ok(Self { schema, validator, read_only })
    }
}

/// Control characters are in no text, but for line ends and tabs.
pub fn is_refused(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\r' | '\t')
}

fn normalise(value: &mut Value, pointer: &mut String, errors: &mut Vec<FieldError>) {
    match value {
        Value::String(text) => {
            // Passwords are taken as they are.
            if !pointer.ends_with("password") {
                let trimmed = text.trim();
                if trimmed.len() != text.len() {
                    *text = trimmed.to_owned();
                }
            }
            if text.chars().any(is_refused) {
                errors.push(FieldError::new(pointer.clone(), Code::InvalidCharacters));
            }
            if text.is_empty() {
                *value = Value::Null;
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                descend(pointer, &index.to_string(), |pointer| normalise(item, pointer, errors));
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                descend(pointer, &escape(key), |pointer| normalise(member, pointer, errors));
            }
        }
        Value::Number(number) => {
            // JSON knows no integers: 3.0 and 3e0 are the integer 3.
            if let Some(whole) = number.as_f64().filter(|_| number.is_f64()).and_then(as_integer) {
                *value = whole.into();
            }
        }
        _ => {}
    }
}

/// A float without a fraction, within what floats count exactly.
fn as_integer(float: f64) -> Option<i64> {
    let is_whole = float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0;
    is_whole.then(|| format!("{float:.0}").parse().ok()).flatten()
}

fn descend(pointer: &mut String, step: &str, visit: impl FnOnce(&mut String)) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(step);
    visit(pointer);
    pointer.truncate(length);
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl BodySchema {
    fn explain(&self, error: &ValidationError<'_>, errors: &mut Vec<FieldError>) {
        let pointer = error.instance_path().to_string();
        let at = |code| FieldError::new(pointer.clone(), code);
        errors.push(match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let known = self.siblings(error);
                errors.extend(unexpected.iter().map(|key| self.unexpected(&pointer, key, &known)));
                return;
            }
            ValidationErrorKind::Required { property } => {
                FieldError::new(format!("{pointer}/{}", escape(property.as_str().unwrap_or_default())), Code::Required)
            }
            ValidationErrorKind::Type { .. } if error.instance().is_null() => at(Code::Required),
            ValidationErrorKind::Type { kind } => at(Code::WrongType).with("expected", type_names(kind)),
            // What is no text fails the type of an enum as well, and is told so once.
            ValidationErrorKind::Enum { .. } if !error.instance().is_string() => return,
            ValidationErrorKind::Enum { options } => {
                let allowed: Vec<Value> = options.as_array().into_iter().flatten().filter(|option| !option.is_null()).cloned().collect();
                let nearest = error.instance().as_str().and_then(|given| nearest(given, allowed.iter().filter_map(Value::as_str)));
                let error = at(Code::InvalidChoice).with("did_you_mean", nearest.map(str::to_owned));
                error.with("allowed", allowed)
            }
            ValidationErrorKind::MinLength { limit } => at(Code::TooShort).with("min", *limit),
            ValidationErrorKind::MaxLength { limit } => at(Code::TooLong).with("max", *limit),
            ValidationErrorKind::Minimum { limit } | ValidationErrorKind::ExclusiveMinimum { limit } => {
                at(Code::TooSmall).with("min", limit.clone())
            }
            ValidationErrorKind::Maximum { limit } | ValidationErrorKind::ExclusiveMaximum { limit } => {
                at(Code::TooLarge).with("max", limit.clone())
            }
            ValidationErrorKind::MaxItems { limit } | ValidationErrorKind::MaxProperties { limit } => {
                at(Code::TooManyItems).with("max", *limit)
            }
            ValidationErrorKind::MinItems { limit } | ValidationErrorKind::MinProperties { limit } => {
                at(Code::TooFewItems).with("min", *limit)
            }
            ValidationErrorKind::UniqueItems => at(Code::DuplicateItem),
            ValidationErrorKind::Format { format } => at(Code::InvalidFormat).with("format", format.clone()),
            ValidationErrorKind::Pattern { pattern } => match pattern.strip_prefix('^').and_then(|rest| rest.split_once(ID_PATTERN)) {
                Some((prefix, _)) => at(Code::WrongResourceType).with("prefix", prefix),
                None => at(Code::InvalidFormat).with("format", pattern.clone()),
            },
            _ => at(Code::InvalidFormat).with("format", error.kind().keyword()),
        });
    }

    /// The members that the violated object may have.
    fn siblings(&self, error: &ValidationError<'_>) -> Vec<&str> {
        let path = error.schema_path().to_string();
        let object = path.rsplit_once('/').map_or("", |(object, _)| object);
        let members = self.schema.pointer(object).and_then(|schema| schema["properties"].as_object());
        members.into_iter().flatten().map(|(key, _)| key.as_str()).collect()
    }

    fn unexpected(&self, pointer: &str, key: &str, known: &[&str]) -> FieldError {
        let place = format!("{pointer}/{}", escape(key));
        if pointer.is_empty() && self.read_only.iter().any(|member| member == key) {
            return FieldError::new(place, Code::ReadOnlyField).with("field", key);
        }
        let meant = nearest(key, known.iter().copied());
        FieldError::new(place, Code::UnknownField).with("field", key).with("did_you_mean", meant.map(str::to_owned))
    }
}

fn type_names(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(many) => many.iter().map(|one| one.to_string()).filter(|name| name != "null").collect::<Vec<_>>().join(" or "),
    }
}

/// The most similar valid name, when it is similar at all.
pub fn nearest<'n>(given: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names
        .map(|name| (strsim::jaro_winkler(given, name), name))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_normalised() {
        let mut body =
            json!({ "name": "  a\t", "empty": " ", "password": " kept ", "whole": 3.0, "half": 0.5, "big": 1e300, "bad": ["x\u{7f}"] });
        let mut errors = Vec::new();
        normalise(&mut body, &mut String::new(), &mut errors);
        let expected =
            json!({ "name": "a", "empty": null, "password": " kept ", "whole": 3, "half": 0.5, "big": 1e300, "bad": ["x\u{7f}"] });
        assert_eq!(body, expected);
        assert_eq!(errors, [FieldError::new("/bad/0", Code::InvalidCharacters)]);
    }
}
