//! Bodies in their one form: text is trimmed, `""` is null, `3.0` is 3.

use serde_json::Value;

use super::catalogue::Code;
use super::problem::FieldError;
use super::texts::is_refused;

/// What is wrong with text wherever it stands, and whether any text was changed.
#[derive(Debug, Default, PartialEq)]
pub struct Normalised {
    pub errors: Vec<FieldError>,
    pub is_changed: bool,
}

/// What lies at a pointer that `is_left` stays as it is.
pub fn normalise(body: &mut Value, is_left: &dyn Fn(&str) -> bool) -> Normalised {
    let mut found = Normalised::default();
    found.visit(body, &mut String::new(), is_left);
    found
}

impl Normalised {
    fn visit(&mut self, value: &mut Value, pointer: &mut String, is_left: &dyn Fn(&str) -> bool) {
        match value {
            _ if is_left(pointer) => {}
            Value::String(text) => {
                // Passwords are taken as they are.
                if !pointer.ends_with("password") {
                    let trimmed = text.trim();
                    if trimmed.len() != text.len() {
                        *text = trimmed.to_owned();
                        self.is_changed = true;
                    }
                }
                if text.chars().any(is_refused) {
                    self.errors.push(FieldError::new(pointer.clone(), Code::InvalidCharacters));
                }
                if text.is_empty() {
                    *value = Value::Null;
                    self.is_changed = true;
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    descend(pointer, &index.to_string(), |pointer| self.visit(item, pointer, is_left));
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    descend(pointer, &escape(key), |pointer| self.visit(member, pointer, is_left));
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

/// A key as a step of a JSON pointer.
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bodies_are_normalised() {
        let mut body = json!({ "name": "  a\t", "empty": " ", "password": " kept ", "whole": 3.0, "half": 0.5, "big": 1e300, "bad": ["x\u{7f}"], "left": " " });
        let found = normalise(&mut body, &|pointer| pointer == "/left");
        let expected = json!({ "name": "a", "empty": null, "password": " kept ", "whole": 3, "half": 0.5, "big": 1e300, "bad": ["x\u{7f}"], "left": " " });
        assert_eq!(body, expected);
        assert_eq!(found, Normalised { errors: vec![FieldError::new("/bad/0", Code::InvalidCharacters)], is_changed: true });
        assert!(!normalise(&mut body, &|_| true).is_changed);
    }
}
