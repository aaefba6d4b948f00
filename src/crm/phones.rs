//! Phone numbers: kept as they were written, looked up by their E.164 form.

use phonenumber::{Mode, PhoneNumber, country};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lookup_keys::KeyKind;

/// A phone number as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// With or without country code (+86 when there is none); looked up in its E.164 form.
    #[schema(
        min_length = 3,
        max_length = 40,
        pattern = r"^[ +()./,;#*xXeEtT-]*([0-9][ +()./,;#*xXeEtT-]*){3,25}$",
        example = "138 0013 8000"
    )]
    pub number: String,
    /// For example work or mobile.
    #[schema(max_length = 50, example = "mobile")]
    pub label: Option<String>,
}

/// Digits and what people write between them; an extension may follow.
pub fn is_number(number: &str) -> bool {
    let written = |c: char| c.is_ascii_digit() || " +()-./,;#*xeXEtT".contains(c);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    number.chars().all(written) && (3..=25).contains(&digits)
}

/// The E.164 form, or the bare digits of what is no dialable number.
pub fn key(number: &str) -> Option<String> {
    // A plus sign that nobody escaped in a query has become a space.
    let number = &number.strip_prefix(' ').map_or_else(|| number.to_owned(), |rest| format!("+{rest}"));
    match dialable(number) {
        Some(parsed) => Some(written(&parsed, Mode::E164)),
        None => Some(digits(number)).filter(|digits| !digits.is_empty()),
    }
}

fn dialable(number: &str) -> Option<PhoneNumber> {
    phonenumber::parse(Some(country::CN), number).ok().filter(phonenumber::is_valid)
}

/// Without an extension.
fn written(number: &PhoneNumber, mode: Mode) -> String {
    let text = number.format().mode(mode).to_string();
    text.split(|c: char| c == ';' || c.is_alphabetic()).next().unwrap_or_default().to_owned()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The digits of a number in each of its writings, for searching: as it was written, with country code, as it is dialled at home.
pub fn writings(number: &str) -> Vec<String> {
    let dialled = dialable(number).into_iter().flat_map(|parsed| [Mode::E164, Mode::National].map(|mode| digits(&written(&parsed, mode))));
    std::iter::once(digits(number)).chain(dialled).collect()
}

/// The first three digits and the last four, as they are dialled at home; fewer of short ones, and nothing of the shortest.
pub fn masked(number: &str) -> Option<String> {
    let whole = dialable(number).map_or_else(
        || digits(number),
        |parsed| {
            let key = written(&parsed, Mode::E164);
            key.strip_prefix("+86").unwrap_or(&key).to_owned()
        },
    );
    let length = whole.chars().count();
    let is_shown = |place: usize| place < 3 || place >= length.saturating_sub(4).max(7);
    (length >= 7).then(|| whole.chars().enumerate().map(|(place, c)| if is_shown(place) { c } else { '*' }).collect())
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
    fn a_masked_number_shows_little() {
        let masked = |number| masked(number).unwrap_or_default();
        assert_eq!(masked("13812345678"), "138****5678");
        assert_eq!(masked("+86 138 1234 5678"), "138****5678");
        assert_eq!(masked("+49 30 12345678"), "+49******5678");
        assert_eq!(masked("6552 9988"), "655****8");
        assert_eq!((masked("400"), masked("95588")), (String::new(), String::new()));
    }

    #[test]
    fn a_number_has_several_writings() {
        assert_eq!(writings("+86 755 2878-0808"), ["8675528780808", "8675528780808", "075528780808"]);
        assert_eq!(writings("138 0013 8000 ext 7"), ["138001380007", "8613800138000", "13800138000"]);
        assert_eq!(writings("400"), ["400"]);
    }

    #[test]
    fn letters_are_no_numbers() {
        assert!(!is_number("call me") && is_number("+49 (30) 1234-56 ext 7"));
        let schema = serde_json::to_value(<Phone as utoipa::PartialSchema>::schema()).expect("a schema");
        let pattern = regex::Regex::new(schema["properties"]["number"]["pattern"].as_str().expect("a pattern")).expect("a pattern");
        for text in
            ["call me", "+49 (30) 1234-56 ext 7", "12", "123", "1 2 3", "1".repeat(25).as_str(), "1".repeat(26).as_str(), "", "１２３"]
        {
            assert_eq!(pattern.is_match(text), is_number(text), "{text}");
        }
    }
}
