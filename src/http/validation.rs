//! The rules that `validator` checks, as field errors. Its codes are names of the catalogue.

use serde_json::Value;
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use super::catalogue::Code;
use super::problem::FieldError;

pub fn errors(subject: &impl Validate) -> Vec<FieldError> {
    let mut found = Vec::new();
    if let Err(errors) = subject.validate() {
        collect("", &errors, &mut found);
    }
    found.sort_by(|left, right| left.pointer.cmp(&right.pointer));
    found
}

fn collect(pointer: &str, errors: &ValidationErrors, found: &mut Vec<FieldError>) {
    for (name, kind) in errors.errors() {
        let place = format!("{pointer}/{name}");
        match kind {
            ValidationErrorsKind::Field(faults) => found.extend(faults.iter().map(|fault| field_error(&place, fault))),
            ValidationErrorsKind::Struct(inner) => collect(&place, inner, found),
            ValidationErrorsKind::List(items) => items.iter().for_each(|(index, inner)| collect(&format!("{place}/{index}"), inner, found)),
        }
    }
}

fn field_error(pointer: &str, fault: &ValidationError) -> FieldError {
    let code = fault.code.parse().unwrap_or(Code::InvalidFormat);
    let parameters = fault.params.iter().filter(|(name, _)| *name != "value" && *name != "index");
    let error = parameters.fold(FieldError::new(pointer, code), |error, (name, value)| error.with(name, value.clone()));
    match fault.params.get("index").and_then(Value::as_u64) {
        Some(index) => FieldError { pointer: format!("{pointer}/{index}"), ..error },
        None => error,
    }
}

/// A fault with the format that was expected.
pub fn wrong_format(format: &'static str) -> ValidationError {
    let mut fault = ValidationError::new("invalid_format");
    fault.add_param("format".into(), &format);
    fault
}

/// A fault of one item of a list.
pub fn duplicate_item(index: usize) -> ValidationError {
    let mut fault = ValidationError::new("duplicate_item");
    fault.add_param("index".into(), &index);
    fault
}
