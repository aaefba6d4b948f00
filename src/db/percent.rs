//! A percentage with up to four decimal places, stored in units of 10⁻⁴.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::money::{Amount, SCALE};

/// From 0 to 100; as text without trailing zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(Amount);

impl Percent {
    pub fn parse(text: &str) -> Option<Self> {
        Amount::parse(text, SCALE).filter(|amount| (0..=1_000_000).contains(&amount.units())).map(Self)
    }

    pub const fn from_units(units: i64) -> Self {
        Self(Amount::from_units(units))
    }

    pub const fn units(self) -> i64 {
        self.0.units()
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.format(SCALE);
        serializer.serialize_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a percentage"))
    }
}

impl PartialSchema for Percent {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Decimal from 0 to 100 with at most four decimal places."))
            .pattern(Some(r"^(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)$"))
            .examples(["12.5"])
            .into()
    }
}

impl ToSchema for Percent {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn trailing_zeros_are_dropped() {
        let text = |text: &str| Percent::parse(text).map(|percent| serde_json::to_value(percent).expect("text"));
        assert_eq!(text("12.50"), Some("12.5".into()));
        assert_eq!(text("100.0000"), Some("100".into()));
        assert_eq!(text("0"), Some("0".into()));
        assert_eq!((text("100.01"), text("-1"), text("1e1"), text("")), (None, None, None, None));
    }

    proptest! {
        #[test]
        fn what_is_stored_reads_back(units in 0_i64..=1_000_000) {
            let value = serde_json::to_value(Percent::from_units(units)).expect("text");
            prop_assert_eq!(serde_json::from_value::<Percent>(value).expect("a percentage").units(), units);
        }
    }
}
