//! What values are compared by.

use serde_json::Value;

use super::dto::FieldKind;
use crate::crm::phones;
use crate::db::money::{Amount, SCALE};
use crate::listing::custom::{number_of_day, number_of_instant};
use crate::listing::fold::fold_compare;

/// What a number, a day, an instant or a boolean is compared by.
pub fn number(kind: FieldKind, value: &Value) -> Option<i64> {
    match kind {
        FieldKind::Integer => value.as_i64(),
        FieldKind::Decimal => Some(Amount::parse(value.as_str()?, SCALE)?.units()),
        FieldKind::Boolean => value.as_bool().map(i64::from),
        FieldKind::Date => Some(number_of_day(value.as_str()?.parse().ok()?)),
        FieldKind::Datetime => Some(number_of_instant(value.as_str()?.parse().ok()?)),
        _ => None,
    }
}

/// What a value is compared by: a text, a number, or nothing but its being there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key {
    pub text: Option<String>,
    pub number: Option<i64>,
}

impl Key {
    fn of(text: Option<String>) -> Self {
        Self { text, number: None }
    }

    /// What no other object may have, of a unique field.
    pub fn unique(&self) -> Option<String> {
        self.text.clone().or_else(|| self.number.map(|number| number.to_string()))
    }
}

/// The keys of a value in its one form, a key for each choice.
pub fn keys(kind: FieldKind, value: &Value) -> Vec<Key> {
    let text = value.as_str();
    vec![match kind {
        FieldKind::Text | FieldKind::Url => Key::of(text.map(fold_compare)),
        FieldKind::LongText => Key::default(),
        FieldKind::Select | FieldKind::User | FieldKind::Customer => Key::of(text.map(str::to_owned)),
        FieldKind::Email => Key::of(text.map(str::to_lowercase)),
        FieldKind::Phone => Key::of(text.and_then(phones::key)),
        FieldKind::MultiSelect => {
            return value.as_array().into_iter().flatten().map(|item| Key::of(item.as_str().map(str::to_owned))).collect();
        }
        _ => Key { text: None, number: number(kind, value) },
    }]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_in_the_order_of_values(left in -1_000_000_i64..1_000_000, right in -1_000_000_i64..1_000_000) {
            let decimal = |units: i64| Value::from(Amount::from_units(units).format(SCALE));
            let number = |units| number(FieldKind::Decimal, &decimal(units));
            prop_assert_eq!(number(left).cmp(&number(right)), left.cmp(&right));
        }
    }
}
