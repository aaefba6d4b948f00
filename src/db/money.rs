//! Money: an exact decimal of a currency, stored in units of 10⁻⁴.

use std::cmp::Ordering;
use std::fmt;

use iso_currency::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError, ValidationErrors};

use crate::http::validation::wrong_format;

/// Decimal places of what is stored.
pub const SCALE: usize = 4;
/// What an amount looks like in a query.
pub const AMOUNT_PATTERN: &str = r"^-?[0-9]{1,14}(\.[0-9]{1,4})?$";
/// The largest amount, in stored units: 14 digits before the point.
const MAX: i64 = 999_999_999_999_999_999;

/// An amount as it is stored: in units of 10⁻⁴.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

impl Amount {
    /// Reads `-?digits[.digits]` with at most `places` decimal places. No exponent, no plus, no grouping.
    pub fn parse(text: &str, places: usize) -> Option<Self> {
        let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let has_point = digits.contains('.');
        if whole.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > places.min(SCALE) || (has_point && fraction.is_empty())
        {
            return None;
        }
        let units: i64 = format!("{whole}{fraction:0<SCALE$}").parse().ok().filter(|units| *units <= MAX)?;
        Some(Self(if is_negative { -units } else { units }))
    }

    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    pub const fn units(self) -> i64 {
        self.0
    }

    /// With exactly `places` decimal places; what lies below them must be zero.
    pub fn format(self, places: usize) -> String {
        let places = places.min(SCALE);
        let units = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let whole = units / 10_u64.pow(4);
        let fraction = format!("{:04}", units % 10_u64.pow(4));
        match fraction.split_at_checked(places) {
            Some((shown, _)) if !shown.is_empty() => format!("{sign}{whole}.{shown}"),
            _ => format!("{sign}{whole}"),
        }
    }
}

/// An amount of a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Decimal with at most the currency's decimal places.
    #[schema(pattern = r"^[0-9]{1,14}(\.[0-9]{1,4})?$", example = "1234.50")]
    pub amount: String,
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$", example = "CNY")]
    pub currency: String,
}

/// What is wrong with an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidMoney {
    UnknownCurrency,
    /// Not a decimal, too large, or more decimal places than the currency has.
    Amount {
        places: usize,
    },
}

impl fmt::Display for InvalidMoney {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCurrency => f.write_str("unknown currency"),
            Self::Amount { places } => write!(f, "not a decimal with at most {places} places"),
        }
    }
}

impl std::error::Error for InvalidMoney {}

/// Decimal places of a currency; `None` when there is no such currency.
pub fn places_of(currency: &str) -> Option<usize> {
    Currency::from_code(currency).map(|currency| usize::from(currency.exponent().unwrap_or(2)))
}

impl Validate for Money {
    fn validate(&self) -> Result<(), ValidationErrors> {
        let (member, fault) = match self.amount() {
            Ok(_) => return Ok(()),
            Err(InvalidMoney::UnknownCurrency) => ("currency", wrong_format("ISO 4217")),
            Err(InvalidMoney::Amount { places }) => {
                let mut fault = ValidationError::new("too_many_decimals");
                fault.add_param("max".into(), &places);
                ("amount", fault)
            }
        };
        let mut errors = ValidationErrors::new();
        errors.add(member, fault);
        Err(errors)
    }
}

impl Money {
    /// The stored amount.
    pub fn amount(&self) -> Result<Amount, InvalidMoney> {
        let places = places_of(&self.currency).ok_or(InvalidMoney::UnknownCurrency)?;
        Amount::parse(&self.amount, places).ok_or(InvalidMoney::Amount { places })
    }

    /// With exactly the currency's decimal places, as it will be read back. What cannot be stored stays as it is.
    #[must_use]
    pub fn tidy(self) -> Self {
        self.amount().map_or(self.clone(), |amount| Self::of(amount, &self.currency))
    }

    /// The two columns of an optional sum, from what was checked.
    pub fn columns(money: Option<&Self>) -> (Option<i64>, Option<String>) {
        match money.and_then(|money| Some((money.amount().ok()?, money.currency.clone()))) {
            Some((amount, currency)) => (Some(amount.units()), Some(currency)),
            None => (None, None),
        }
    }

    /// An optional sum of its two columns.
    pub fn of_columns(amount: Option<i64>, currency: Option<&str>) -> Option<Self> {
        Some(Self::of(Amount::from_units(amount?), currency?))
    }

    /// So many percent of it, rounded half to even in the currency's decimal places.
    pub fn percent(amount: Amount, percent: i32, currency: &str) -> Self {
        let step = 10_i128.pow(u32::try_from(SCALE - places_of(currency).unwrap_or(SCALE).min(SCALE)).unwrap_or_default());
        let (dividend, divisor) = (i128::from(amount.units()) * i128::from(percent), 100 * step);
        let (whole, rest) = (dividend.div_euclid(divisor), dividend.rem_euclid(divisor));
        let up = match (rest * 2).cmp(&divisor) {
            Ordering::Less => 0,
            Ordering::Equal => whole.rem_euclid(2),
            Ordering::Greater => 1,
        };
        Self::of(Amount::from_units(i64::try_from((whole + up) * step).unwrap_or(i64::MAX)), currency)
    }

    pub fn of(amount: Amount, currency: &str) -> Self {
        Self { amount: amount.format(places_of(currency).unwrap_or(SCALE)), currency: currency.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(amount: &str, currency: &str) -> Result<i64, InvalidMoney> {
        Money { amount: amount.to_owned(), currency: currency.to_owned() }.amount().map(Amount::units)
    }

    #[test]
    fn the_currency_says_how_many_places() {
        assert_eq!(money("1234.50", "CNY"), Ok(12_345_000));
        assert_eq!(money("1234.505", "CNY"), Err(InvalidMoney::Amount { places: 2 }));
        assert_eq!(money("500", "JPY"), Ok(5_000_000));
        assert_eq!(money("500.1", "JPY"), Err(InvalidMoney::Amount { places: 0 }));
        assert_eq!(money("1.234", "KWD"), Ok(12_340));
        assert_eq!(money("1", "XYZ"), Err(InvalidMoney::UnknownCurrency));
        for wrong in ["", "-", ".5", "1.", "1e3", "+1", "1,000", " 1", "１", "99999999999999999999"] {
            assert!(money(wrong, "CNY").is_err(), "{wrong:?}");
        }
        assert_eq!(Money::of(Amount::from_units(-5_000), "CNY").amount, "-0.50");
        assert_eq!(Money::of(Amount::from_units(5_000_000), "JPY").amount, "500");
    }

    #[test]
    fn a_share_is_rounded_half_to_even_in_its_currency() {
        let share = |amount: &str, currency: &str, percent| {
            let money = Money { amount: amount.to_owned(), currency: currency.to_owned() };
            Money::percent(money.amount().expect("money"), percent, currency).amount
        };
        assert_eq!(share("120000.00", "CNY", 25), "30000.00");
        // 0.005 and 0.015: to the even cent.
        assert_eq!((share("0.01", "CNY", 50), share("0.03", "CNY", 50)), ("0.00".to_owned(), "0.02".to_owned()));
        assert_eq!((share("5", "JPY", 50), share("7", "JPY", 50)), ("2".to_owned(), "4".to_owned()));
        assert_eq!(share("99999999999999.99", "CNY", 100), "99999999999999.99");
        assert_eq!(share("1.234", "KWD", 10), "0.123");
    }

    proptest! {
        #[test]
        fn a_share_of_all_is_all(units in 0..=MAX) {
            let amount = Amount::from_units(units - units % 100);
            prop_assert_eq!(Money::percent(amount, 100, "CNY"), Money::of(amount, "CNY"));
        }

        #[test]
        fn what_is_stored_reads_back(units in -MAX..=MAX) {
            let amount = Amount::from_units(units);
            prop_assert_eq!(Amount::parse(&amount.format(4), 4), Some(amount));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*", places in 0_usize..6) {
            let _ = Amount::parse(&text, places);
        }

        #[test]
        fn what_parses_is_what_was_meant(whole in 0_i64..=99_999_999_999_999, cents in 0_i64..100) {
            let amount = Amount::parse(&format!("{whole}.{cents:02}"), 2).expect("valid");
            prop_assert_eq!(amount.units(), whole * 10_000 + cents * 100);
        }
    }
}
