//! What a value may be, without asking the database.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::dto::{CustomFieldFields, FieldKind};
use super::keys::{keys, number};
use crate::crm::phones;
use crate::db::id::{CustomerKind, Id, Kind, UserKind};
use crate::db::money::{Amount, SCALE};
use crate::db::types::Instant;
use crate::http::catalogue::Code;
use crate::http::formats::{is_date, is_email, is_web_url};
use crate::http::problem::FieldError;
use crate::listing::fold::fold_compare;

/// Values by the keys of their fields; what is not there has no value.
pub type Custom = BTreeMap<String, Value>;

const MAX_TEXT: i64 = 500;
pub const MAX_LONG_TEXT: i64 = 20_000;
const MAX_URL: i64 = 500;
const MAX_EMAIL: i64 = 254;
const PHONE: std::ops::RangeInclusive<i64> = 3..=40;
const MAX_CHOICES: usize = 200;
/// Bytes of compared text: PostgreSQL's indexes take no more than 2,704 for a whole entry.
const MAX_KEY: usize = 2000;
/// Integers that a double holds exactly, as clients read them.
const MAX_INTEGER: i64 = 9_007_199_254_740_991;
/// Bytes of a compiled pattern.
const MAX_PATTERN: usize = 1 << 18;

/// The most characters that a text of this kind may have.
pub const fn longest(kind: FieldKind) -> Option<i64> {
    match kind {
        FieldKind::Text => Some(MAX_TEXT),
        FieldKind::LongText => Some(MAX_LONG_TEXT),
        _ => None,
    }
}

/// A pattern as it is applied: to the whole text, in linear time.
pub fn pattern(text: &str) -> Option<Regex> {
    let build = |text: &str| RegexBuilder::new(text).size_limit(MAX_PATTERN).nest_limit(50).build().ok();
    // By itself first: `a)|(b` must not get out of the group.
    build(text)?;
    build(&format!(r"\A(?:{text})\z"))
}

/// The value as it is stored and answered. `before` is what the object has: a retired option may stay there.
pub fn read(
    kind: FieldKind,
    rules: &CustomFieldFields,
    before: Option<&Value>,
    value: &Value,
    at: &str,
    errors: &mut Vec<FieldError>,
) -> Option<Value> {
    let found = errors.len();
    let read = match (kind, value) {
        (FieldKind::Select, Value::String(code)) => {
            errors.extend(choose(rules, before, code, at));
            Some(value.clone())
        }
        (FieldKind::MultiSelect, Value::Array(items)) => {
            if items.len() > MAX_CHOICES {
                errors.push(FieldError::new(at, Code::TooManyItems).with("max", MAX_CHOICES));
                return None;
            }
            for (index, item) in items.iter().enumerate() {
                let at = format!("{at}/{index}");
                match item {
                    Value::String(_) if items.iter().take(index).any(|earlier| earlier == item) => {
                        errors.push(FieldError::new(at, Code::DuplicateItem));
                    }
                    Value::String(code) => errors.extend(choose(rules, before, code, &at)),
                    _ => errors.push(wrong_type(&at, "string")),
                }
            }
            Some(value.clone())
        }
        (FieldKind::Select, _) => fail(errors, wrong_type(at, "string")),
        (FieldKind::MultiSelect, _) => fail(errors, wrong_type(at, "array")),
        _ => match shape(kind, value, at) {
            Ok(value) => {
                errors.extend(bounds(kind, rules, &value, at));
                Some(value)
            }
            Err(error) => fail(errors, error),
        },
    };
    read.filter(|_| errors.len() == found)
}

fn fail(errors: &mut Vec<FieldError>, error: FieldError) -> Option<Value> {
    errors.push(error);
    None
}

fn wrong_type(at: &str, expected: &str) -> FieldError {
    FieldError::new(at, Code::WrongType).with("expected", expected)
}

/// What is wrong with a choice.
fn choose(rules: &CustomFieldFields, before: Option<&Value>, code: &str, at: &str) -> Option<FieldError> {
    let had = match before {
        Some(Value::String(had)) => had == code,
        Some(Value::Array(had)) => had.iter().any(|had| had == code),
        _ => false,
    };
    let fault = match rules.options.iter().find(|option| option.code == code) {
        None => Code::UnknownCode,
        Some(option) if !option.is_active && !had => Code::RetiredCode,
        Some(_) => return None,
    };
    let dictionary = at.trim_start_matches('/').split('/').take(2).collect::<Vec<_>>().join(".");
    Some(FieldError::new(at, fault).with("dictionary", dictionary).with("value", code))
}

/// The one form of a value, of any type but those with choices.
pub fn shape(kind: FieldKind, value: &Value, at: &str) -> Result<Value, FieldError> {
    let format = |format: &str| FieldError::new(at, Code::InvalidFormat).with("format", format);
    let text = || value.as_str().ok_or_else(|| wrong_type(at, "string"));
    let within = |max: i64| if characters(text()?) > max { Err(FieldError::new(at, Code::TooLong).with("max", max)) } else { text() };
    match kind {
        FieldKind::Integer => match value.as_i64() {
            Some(number) if number > MAX_INTEGER => Err(FieldError::new(at, Code::TooLarge).with("max", MAX_INTEGER)),
            Some(number) if number < -MAX_INTEGER => Err(FieldError::new(at, Code::TooSmall).with("min", -MAX_INTEGER)),
            Some(number) => Ok(number.into()),
            None => Err(wrong_type(at, "integer")),
        },
        FieldKind::Boolean => {
            if value.is_boolean() {
                Ok(value.clone())
            } else {
                Err(wrong_type(at, "boolean"))
            }
        }
        FieldKind::Text => within(MAX_TEXT).map(Value::from),
        FieldKind::LongText => within(MAX_LONG_TEXT).map(Value::from),
        FieldKind::Url => Some(within(MAX_URL)?).filter(|text| is_web_url(text)).map(Value::from).ok_or_else(|| format("uri")),
        FieldKind::Email => Some(within(MAX_EMAIL)?).filter(|text| is_email(text)).map(Value::from).ok_or_else(|| format("email")),
        FieldKind::Phone => {
            let is_phone = |text: &&str| PHONE.contains(&characters(text)) && phones::is_number(text);
            Some(text()?).filter(is_phone).map(Value::from).ok_or_else(|| format("phone"))
        }
        FieldKind::Decimal => {
            let amount = Amount::parse(text()?, SCALE).ok_or_else(|| format("decimal with at most 4 decimal places"))?;
            Ok(amount.format(SCALE).trim_end_matches('0').trim_end_matches('.').into())
        }
        FieldKind::Date => Some(text()?).filter(|text| is_date(text)).map(Value::from).ok_or_else(|| format("date")),
        FieldKind::Datetime => text()?.parse::<Instant>().map(|instant| instant.to_string().into()).map_err(|_| format("date-time")),
        FieldKind::User => id::<UserKind>(text()?, at),
        FieldKind::Customer => id::<CustomerKind>(text()?, at),
        FieldKind::Select | FieldKind::MultiSelect => Err(wrong_type(at, "string")),
    }
}

fn id<K: Kind>(text: &str, at: &str) -> Result<Value, FieldError> {
    match text.parse::<Id<K>>() {
        Ok(_) => Ok(text.into()),
        Err(_) => Err(FieldError::new(at, Code::WrongResourceType).with("prefix", K::PREFIX)),
    }
}

fn characters(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

/// What the field's own rules say of a value.
fn bounds(kind: FieldKind, rules: &CustomFieldFields, value: &Value, at: &str) -> Option<FieldError> {
    let measured = |limit: &Option<Value>| limit.as_ref().and_then(|limit| measure(kind, limit));
    let (min, max) = (measured(&rules.min), measured(&rules.max));
    let fault = |code, name, limit: &Option<Value>| Some(FieldError::new(at, code).with(name, limit.clone()));
    if let (Some(text), true) = (value.as_str(), matches!(kind, FieldKind::Text | FieldKind::LongText)) {
        let length = characters(text);
        if min.is_some_and(|min| length < min) {
            return fault(Code::TooShort, "min", &rules.min);
        }
        if max.is_some_and(|max| length > max) {
            return fault(Code::TooLong, "max", &rules.max);
        }
        // Some characters become many when they are folded.
        if kind == FieldKind::Text && fold_compare(text).len() > MAX_KEY {
            return Some(FieldError::new(at, Code::TooLong).with("max", MAX_KEY / 4));
        }
        let unmatched = rules.pattern.as_ref().filter(|text_of| pattern(text_of).is_none_or(|pattern| !pattern.is_match(text)));
        return unmatched.map(|text_of| FieldError::new(at, Code::InvalidFormat).with("format", text_of.as_str()));
    }
    if kind == FieldKind::Url && keys(kind, value).iter().any(|key| key.text.as_ref().is_some_and(|text| text.len() > MAX_KEY)) {
        return Some(FieldError::new(at, Code::TooLong).with("max", MAX_KEY / 4));
    }
    let number = number(kind, value)?;
    if min.is_some_and(|min| number < min) {
        return fault(Code::TooSmall, "min", &rules.min);
    }
    if max.is_some_and(|max| number > max) { fault(Code::TooLarge, "max", &rules.max) } else { None }
}

/// A limit as a number: of texts, the number of characters.
pub fn measure(kind: FieldKind, limit: &Value) -> Option<i64> {
    if matches!(kind, FieldKind::Text | FieldKind::LongText) { limit.as_i64() } else { number(kind, limit) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use strum::IntoEnumIterator;

    use super::*;
    use crate::crm::custom_fields::FieldOption;
    use crate::crm::custom_fields::keys::Key;
    use crate::crm::dictionaries::Label;

    fn rules(codes: &[&str]) -> CustomFieldFields {
        let label = || Label { zh: "x".to_owned(), en: "x".to_owned() };
        let options = codes.iter().map(|code| FieldOption { code: (*code).to_owned(), label: label(), is_active: true }).collect();
        let (is_required, is_unique) = (false, false);
        CustomFieldFields { label: label(), is_required, is_unique, options, default: None, min: None, max: None, pattern: None }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            ".*".prop_map(Value::from),
            r"-?[0-9]{1,16}(\.[0-9]{1,5})?".prop_map(Value::from),
            r"[0-9]{4}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|\+08:00))?".prop_map(Value::from),
            r"\+?[0-9 ()-]{3,20}".prop_map(Value::from),
            "[a-zA-Z.]{1,8}@[a-zA-Z]{1,8}.cn".prop_map(Value::from),
            r"https://[a-zA-Zß]{1,8}\.cn/.{0,8}".prop_map(Value::from),
            prop::collection::vec("[ab]", 0..4).prop_map(Value::from),
            Just(json!({ "a": null })),
        ]
    }

    proptest! {
        #[test]
        fn the_one_form_of_a_value_is_its_own(value in any_value()) {
            for kind in FieldKind::iter() {
                let mut errors = Vec::new();
                match read(kind, &rules(&["a", "b"]), None, &value, "/custom/x", &mut errors) {
                    None => prop_assert!(!errors.is_empty(), "{kind:?} refuses {value} without a reason"),
                    Some(once) => {
                        prop_assert!(errors.is_empty());
                        let twice = read(kind, &rules(&["a", "b"]), None, &once, "/custom/x", &mut errors);
                        prop_assert_eq!(twice.as_ref(), Some(&once), "{:?}", kind);
                        let keys = keys(kind, &once);
                        let has_key = |key: &Key| key.text.is_some() != key.number.is_some() || kind == FieldKind::LongText;
                        prop_assert!(keys.iter().all(has_key), "{:?} {} {:?}", kind, once, keys);
                        prop_assert!(keys.iter().all(|key| key.text.as_ref().is_none_or(|text| text.len() <= MAX_KEY)));
                    }
                }
            }
        }

        #[test]
        fn no_pattern_makes_it_panic(text in ".{0,40}", subject in ".*") {
            let _ = pattern(&text).map(|pattern| pattern.is_match(&subject));
        }
    }

    #[test]
    fn a_pattern_matches_the_whole() {
        let matches = |text: &str, subject: &str| pattern(text).is_some_and(|pattern| pattern.is_match(subject));
        assert!(matches("a|b", "a") && matches("a|b", "b") && !matches("a|b", "ab") && !matches("a", "a\n") && matches("(?i)é", "É"));
        assert!(pattern("a)|(?:b").is_none() && pattern("(?x)a # b").is_none());
    }

    #[test]
    fn characters_that_grow_do_not_break_the_index() {
        let mut errors = Vec::new();
        assert_eq!(read(FieldKind::Text, &rules(&[]), None, &json!("\u{fdfa}".repeat(100)), "/custom/x", &mut errors), None);
        assert_eq!(errors.first().map(|error| error.code), Some(Code::TooLong));
    }
}
