//! Phone numbers: kept as they were written, looked up by their E.164 form.

use phonenumber::{Mode, country};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::lookup_keys::KeyKind;
use crate::http::validation::wrong_format;

/// A phone number as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// With or without country code (+86 when there is none); looked up in its E.164 form.
    #[schema(min_length = 3, max_length = 40, example = "138 0013 8000")]
    #[validate(custom(function = "check_number"))]
    pub number: String,
    /// For example work or mobile.
    #[schema(max_length = 50, example = "mobile")]
    pub label: Option<String>,
}

/// Digits and what people write between them; an extension may follow.
fn check_number(number: &str) -> Result<(), ValidationError> {
    let written = |c: char| c.is_ascii_digit() || " +()-./,;#*xeXEtT".contains(c);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    if number.chars().all(written) && (3..=25).contains(&digits) { Ok(()) } else { Err(wrong_format("phone")) }
}

/// The E.164 form, or the bare digits of what is no dialable number.
pub fn key(number: &str) -> Option<String> {
    // A plus sign that nobody escaped in a query has become a space.
    let number = &number.strip_prefix(' ').map_or_else(|| number.to_owned(), |rest| format!("+{rest}"));
    let parsed = phonenumber::parse(Some(country::CN), number).ok().filter(phonenumber::is_valid);
    match parsed {
        Some(parsed) => {
            let text = parsed.format().mode(Mode::E164).to_string();
            // An extension does not belong to the key.
            Some(text.split(';').next().unwrap_or_default().to_owned())
        }
        None => Some(number.chars().filter(char::is_ascii_digit).collect::<String>()).filter(|digits| !digits.is_empty()),
    }
}

/// The numbering plans of the world take a moment to read: done beside the start, not in the first request with a phone.
pub fn warm_up() {
    std::thread::spawn(|| key("+86 10 6552 9988"));
}

pub fn keys(phones: &[Phone]) -> impl Iterator<Item = (KeyKind, String)> {
    phones.iter().filter_map(|phone| key(&phone.number)).map(|value| (KeyKind::Phone, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_has_one_key() {
        for written in ["138 0013 8000", "+86 138-0013-8000", "13800138000", "0086 13800138000"] {
            assert_eq!(key(written).as_deref(), Some("+8613800138000"), "{written}");
        }
        assert_eq!(key("+49 30 123456").as_deref(), Some("+4930123456"));
        assert_eq!(key("010-6552 9988").as_deref(), Some("+861065529988"));
        assert_eq!(key("400").as_deref(), Some("400"));
        assert_eq!(key(" 4930123456").as_deref(), Some("+4930123456"), "an unescaped plus");
    }

    #[test]
    fn letters_are_no_numbers() {
        assert!(check_number("call me").is_err() && check_number("+49 (30) 1234-56 ext 7").is_ok());
    }
}
