//! Every answer is held against the OpenAPI document.

use std::collections::HashMap;
use std::sync::LazyLock;

use fishpond::http::document::Document;
use fishpond::http::openapi::operations;
use jsonschema::Validator;
use serde_json::{Value, json};

pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_slice(&ITSELF.text).expect("JSON"));

static ITSELF: LazyLock<Document> = LazyLock::new(fishpond::api::document);

/// The validators of all documented answers, by method, template and status.
static ANSWERS: LazyLock<HashMap<(String, String, String), Option<Validator>>> = LazyLock::new(|| {
    let document = &DOCUMENT;
    let mut answers = HashMap::new();
    for (path, method, operation) in operations(document) {
        for (status, answer) in operation["responses"].as_object().expect("responses") {
            let content = answer["content"].as_object().and_then(|content| content.values().next());
            let validator = content.map(|media| compile(document, &media["schema"]));
            answers.insert((method.to_uppercase(), path.to_owned(), status.clone()), validator);
        }
    }
    answers
});

static PROBLEM: LazyLock<Validator> = LazyLock::new(|| compile(&DOCUMENT, &json!({ "$ref": "#/components/schemas/Problem" })));

fn compile(document: &Value, schema: &Value) -> Validator {
    let mut whole = schema.clone();
    whole["components"] = document["components"].clone();
    jsonschema::draft202012::options().should_validate_formats(true).build(&whole).expect("the document's schemas compile")
}

/// Panics unless the document says that this operation may answer so.
pub fn check(method: &str, path: &str, status: u16, content_type: Option<&str>, body: &Value) {
    let at = format!("{method} {path} answered {status}");
    if status >= 400 {
        assert_eq!(content_type, Some("application/problem+json"), "{at}: not a problem");
        assert_valid(&PROBLEM, &at, body);
        return;
    }
    let template = ITSELF.find(path).template().to_owned();
    let known = ANSWERS.get(&(method.to_owned(), template, status.to_string()));
    match known.unwrap_or_else(|| panic!("{at}, which is not in the document")) {
        Some(validator) => assert_valid(validator, &at, body),
        None => assert_eq!(body, &Value::Null, "{at} with a body that is not in the document"),
    }
}

fn assert_valid(validator: &Validator, at: &str, body: &Value) {
    let faults: Vec<String> = validator.iter_errors(body).map(|error| format!("{} {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{at}, against the document: {faults:#?}\n{body:#}");
}
