//! What a custom field may say of its values, without asking the database.

use serde_json::Value;

use super::dto::{CustomFieldFields, FieldKind};
use super::values::{self, longest, measure};
use crate::http::catalogue::Code;
use crate::http::problem::FieldError;

/// What is wrong with the definition. Limits and default get the one form of their type.
pub fn check(kind: FieldKind, fields: &mut CustomFieldFields) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let has_choices = matches!(kind, FieldKind::Select | FieldKind::MultiSelect);
    let is_text = longest(kind).is_some();
    let not_applicable = [
        ("/options", !has_choices && !fields.options.is_empty()),
        ("/is_unique", fields.is_unique && matches!(kind, FieldKind::LongText | FieldKind::Boolean | FieldKind::MultiSelect)),
        ("/pattern", !is_text && fields.pattern.is_some()),
        ("/min", !has_limits(kind) && fields.min.is_some()),
        ("/max", !has_limits(kind) && fields.max.is_some()),
        ("/default", fields.default.is_some() && (fields.is_unique || matches!(kind, FieldKind::User | FieldKind::Customer))),
    ];
    errors.extend(not_applicable.iter().filter(|(_, is)| *is).map(|(at, _)| FieldError::new(*at, Code::NotApplicable)));
    if has_choices {
        check_options(fields, &mut errors);
    }
    if let Some(text) = fields.pattern.as_ref().filter(|text| is_text && values::pattern(text).is_none()) {
        errors.push(FieldError::new("/pattern", Code::InvalidFormat).with("format", "regex").with("value", text.as_str()));
    }
    if has_limits(kind) {
        check_limits(kind, fields, &mut errors);
    }
    if errors.is_empty()
        && let Some(default) = &fields.default
    {
        fields.default = values::read(kind, fields, None, default, "/default", &mut errors);
    }
    errors
}

const fn has_limits(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Text | FieldKind::LongText | FieldKind::Integer | FieldKind::Decimal | FieldKind::Date | FieldKind::Datetime)
}

fn check_options(fields: &CustomFieldFields, errors: &mut Vec<FieldError>) {
    if !fields.options.iter().any(|option| option.is_active) {
        errors.push(FieldError::new("/options", Code::TooFewItems).with("min", 1));
    }
    for (index, option) in fields.options.iter().enumerate() {
        if fields.options.iter().take(index).any(|earlier| earlier.code == option.code) {
            errors.push(FieldError::new(format!("/options/{index}/code"), Code::DuplicateItem));
        }
    }
}

fn check_limits(kind: FieldKind, fields: &mut CustomFieldFields, errors: &mut Vec<FieldError>) {
    for (at, limit) in [("/min", &mut fields.min), ("/max", &mut fields.max)] {
        let Some(given) = limit else { continue };
        match limit_of(kind, given, at) {
            Ok(read) => *given = read,
            Err(error) => errors.push(error),
        }
    }
    let measured = |limit: &Option<Value>| limit.as_ref().and_then(|limit| measure(kind, limit));
    if let (Some(min), Some(max)) = (measured(&fields.min), measured(&fields.max))
        && min > max
    {
        errors.push(FieldError::new("/max", Code::TooSmall).with("min", fields.min.clone()));
    }
}

/// A limit in the one form of its type: of texts, a number of characters.
fn limit_of(kind: FieldKind, given: &Value, at: &str) -> Result<Value, FieldError> {
    let Some(longest) = longest(kind) else { return values::shape(kind, given, at) };
    match given.as_i64() {
        None => Err(FieldError::new(at, Code::WrongType).with("expected", "integer")),
        Some(length) if length < 0 => Err(FieldError::new(at, Code::TooSmall).with("min", 0)),
        Some(length) if length > longest => Err(FieldError::new(at, Code::TooLarge).with("max", longest)),
        Some(length) => Ok(length.into()),
    }
}
