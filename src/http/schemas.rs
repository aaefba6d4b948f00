//! Bodies are checked against their operation's own schema from the OpenAPI document: every violation at once, each with
//! its pointer. So bounds are written once, in the schema attributes, and the document cannot lie.
#![expect(clippy::indexing_slicing, reason = "a JSON value read by name gives null when there is none")]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::catalogue::Code;
use super::document::Document;
use super::normalise::{Normalised, escape, normalise};
use super::openapi;
use super::patch::strip_nulls;
use super::problem::{FieldError, MAX_ERRORS, Problem};
use crate::db::id::ID_PATTERN;

/// What the schemas of batches end in.
const BATCH: &str = "BatchRequest";

/// Longest name that may be meant for another one, in bytes.
const LONGEST_MISSPELT: usize = 100;

/// The checkers of all body schemas, by schema name; and those of what patches make, by the patch's schema. Each is made when it is
/// first asked: all of them are most of what a server would keep in memory.
pub struct Schemas {
    document: Arc<Document>,
    bodies: HashMap<String, OnceLock<Option<BodySchema>>>,
    merged: HashMap<String, OnceLock<Option<BodySchema>>>,
}

struct BodySchema {
    /// The schema without references, as the validator got it.
    schema: Value,
    validator: Validator,
    /// Members of the resource that a body may not set.
    read_only: Vec<String>,
}

impl Schemas {
    pub fn new(document: Arc<Document>) -> Self {
        let slots = |begins: &str| {
            document.bodies.iter().filter(|name| name.starts_with(begins)).map(|name| (name.clone(), OnceLock::new())).collect()
        };
        Self { bodies: slots(""), merged: slots("Update"), document }
    }

    fn body(&self, name: &str) -> Option<&BodySchema> {
        self.bodies.get(name)?.get_or_init(|| BodySchema::compile(&self.document, name, false)).as_ref()
    }

    fn merged(&self, name: &str) -> Option<&BodySchema> {
        self.merged.get(name)?.get_or_init(|| BodySchema::compile(&self.document, name, true)).as_ref()
    }

    /// What is wrong with the members that a patch has touched, once it is merged.
    pub fn check_merged(&self, name: &str, document: &Value, patch: &Map<String, Value>) -> Vec<FieldError> {
        let mut errors = match self.merged(name) {
            Some(schema) => schema.faults(document, |_| true),
            None => return vec![unusable()],
        };
        let is_touched = |error: &FieldError| patch.keys().any(|key| error.pointer.split('/').nth(1) == Some(escape(key).as_str()));
        errors.retain(is_touched);
        errors
    }

    /// Reads a value as `T`, when it is what the schema of `T` says. Absent = null = default.
    pub fn read<T: DeserializeOwned + ToSchema>(&self, mut value: Value) -> Result<T, Problem> {
        Problem::check(self.check(&T::name(), &mut value))?;
        strip_nulls(&mut value);
        read_checked(value, &T::name())
    }

    /// The members of a merge patch, when they are what this schema says.
    pub fn check_members(&self, schema: &str, members: Map<String, Value>) -> Result<Map<String, Value>, Problem> {
        let mut value = Value::Object(members);
        Problem::check(self.check(schema, &mut value))?;
        super::extract::members(value)
    }

    /// Whether a body of this schema may have the member.
    pub fn has_member(&self, schema: &str, member: &str) -> bool {
        self.body(schema).is_some_and(|body| body.schema["properties"].get(member).is_some())
    }

    /// Gives everything that is wrong with the body, as it was sent and in its one form, which it then has.
    ///
    /// As it was sent it must be what the document says; but text with a format (an e-mail address) is looked at trimmed.
    pub fn check(&self, name: &str, body: &mut Value) -> Vec<FieldError> {
        let Some(schema) = self.body(name) else {
            return vec![unusable()];
        };
        let sent = schema.faults(body, |error| !is_trimmed_first(error));
        // What is in a batch's operations is for each of them to check.
        let Normalised { mut errors, is_changed } = normalise(body, &|at| name.ends_with(BATCH) && at.split('/').nth(3) == Some("data"));
        if is_changed {
            errors.extend(schema.faults(body, |_| true));
        }
        // Of two faults at one place the later one is nearer to what was meant: `""` is not too short, it is nothing.
        let known: HashSet<String> = errors.iter().map(|error| error.pointer.clone()).collect();
        errors.extend(sent.into_iter().filter(|error| !known.contains(&error.pointer)));
        errors
    }
}

fn unusable() -> FieldError {
    FieldError::new("", Code::WrongType).with("expected", "nothing")
}

/// Whether a fault is one of text that is to be trimmed before its format is looked at.
fn is_trimmed_first(error: &ValidationError<'_>) -> bool {
    let text = error.instance().as_str().unwrap_or_default();
    matches!(error.kind(), ValidationErrorKind::Format { .. }) && !text.trim().is_empty() && text.trim() != text
}

/// Reads what has been checked.
pub fn read_checked<T: DeserializeOwned>(value: Value, schema: &str) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| {
        tracing::error!(%error, schema, "a checked body cannot be read");
        Problem::fields(vec![FieldError::new("", Code::WrongType).with("expected", schema)])
    })
}

impl BodySchema {
    /// `None` if it is no schema: then every body is refused. A test compiles them all.
    fn compile(document: &Document, name: &str, is_whole: bool) -> Option<Self> {
        let schema = openapi::inline(&|name| document.schema(name), name, is_whole);
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .with_format("email", super::formats::is_email)
            .with_format("uri", super::formats::is_web_url)
            .with_format("date", super::formats::is_date)
            .with_format("date-time", super::formats::is_instant)
            .build(&schema)
            .inspect_err(|error| tracing::error!(schema = name, %error, "the schema does not compile"))
            .ok()?;
        let resource = name.trim_start_matches("Create").trim_start_matches("Update").trim_start_matches("Upsert");
        let members = document.members(resource).filter(|_| resource != name);
        Some(Self { read_only: members.map(str::to_owned).collect(), schema, validator })
    }
}

impl BodySchema {
    /// What is wrong with a value, as far as it counts and anybody reads: a body may have a fault every two bytes.
    fn faults(&self, value: &Value, counts: impl Fn(&ValidationError<'_>) -> bool) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for error in self.validator.iter_errors(value).filter(counts) {
            self.explain(&error, &mut errors);
            if errors.len() > MAX_ERRORS {
                break;
            }
        }
        errors
    }

    fn explain(&self, error: &ValidationError<'_>, errors: &mut Vec<FieldError>) {
        let pointer = error.instance_path().to_string();
        let at = |code| FieldError::new(pointer.clone(), code);
        errors.push(match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let known = self.siblings(error);
                errors.extend(unexpected.iter().take(MAX_ERRORS).map(|key| self.unexpected(&pointer, key, &known)));
                return;
            }
            ValidationErrorKind::PropertyNames { error } => {
                let key = error.instance().as_str().unwrap_or_default();
                FieldError::new(format!("{pointer}/{}", escape(key)), Code::UnknownField).with("field", key)
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
            ValidationErrorKind::UniqueItems => {
                let mut seen = HashSet::new();
                let items = error.instance().as_array().into_iter().flatten().enumerate();
                let repeated = items.filter(|(_, item)| !seen.insert(item.to_string())).take(MAX_ERRORS);
                errors.extend(repeated.map(|(index, _)| FieldError::new(format!("{pointer}/{index}"), Code::DuplicateItem)));
                return;
            }
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

/// The most similar valid name, when it is similar at all. What is much longer than any name is similar to none; comparing it would
/// only take its time.
pub fn nearest<'n>(given: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names
        .filter(|_| given.len() <= LONGEST_MISSPELT)
        .map(|name| (strsim::jaro_winkler(given, name), name))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_compiles() {
        let schemas = Schemas::new(Arc::new(crate::api::document()));
        assert!(schemas.bodies.len() > 50 && schemas.merged.len() > 5);
        assert!(schemas.bodies.keys().all(|name| schemas.body(name).is_some()));
        assert!(schemas.merged.keys().all(|name| schemas.merged(name).is_some()));
    }
}
