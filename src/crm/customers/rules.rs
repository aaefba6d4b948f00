//! What a customer may be, without asking the database.

use validator::ValidationError;

use super::dto::{CustomerFields, CustomerKind, LifecycleStage};
use crate::crm::references::CodeUse;
use crate::http::catalogue::Code;
use crate::http::problem::FieldError;
use crate::http::validation::{self, wrong_format};

/// Everything that is wrong with the members themselves.
pub fn check(kind: CustomerKind, fields: &CustomerFields) -> Vec<FieldError> {
    let mut errors = validation::errors(fields);
    let CustomerFields { birthday, gender, education, income_band, family, industries, .. } = fields;
    if kind == CustomerKind::Organization {
        let personal = [
            ("birthday", birthday.is_some()),
            ("gender", gender.is_some()),
            ("education", education.is_some()),
            ("income_band", income_band.is_some()),
            ("family", family.is_some()),
        ];
        errors.extend(personal.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| FieldError::new(format!("/{name}"), Code::PersonOnly)));
    }
    let repeated = |index: &usize| industries.iter().take(*index).any(|earlier| Some(earlier) == industries.get(*index));
    errors.extend((0..industries.len()).filter(repeated).map(|index| FieldError::new(format!("/industries/{index}"), Code::DuplicateItem)));
    errors
}

/// The dictionary codes that the members use.
pub fn codes(fields: &CustomerFields) -> Vec<CodeUse> {
    let CustomerFields { source, ownership_type, trade_type, location_type, region, industries, .. } = fields;
    let single = [
        ("source", source),
        ("ownership_type", ownership_type),
        ("trade_type", trade_type),
        ("location_type", location_type),
        ("region", region),
    ];
    let single = single.into_iter().filter_map(|(dictionary, code)| {
        code.as_ref().map(|code| CodeUse { dictionary, pointer: format!("/{dictionary}"), code: code.clone() })
    });
    let industries = industries.iter().enumerate().map(|(index, code)| CodeUse {
        dictionary: "industry",
        pointer: format!("/industries/{index}"),
        code: code.clone(),
    });
    single.chain(industries).collect()
}

/// Only customers and loyal customers churn; everything else may be corrected freely.
pub fn may_move(from: LifecycleStage, to: LifecycleStage) -> bool {
    to != LifecycleStage::Churned || matches!(from, LifecycleStage::Customer | LifecycleStage::Loyal | LifecycleStage::Churned)
}

/// For `validator`: an assigned ISO 3166-1 code.
pub fn check_country(code: &str) -> Result<(), ValidationError> {
    rust_iso3166::from_alpha2(code).map(|_| ()).ok_or_else(|| wrong_format("ISO 3166-1 alpha-2"))
}

/// For `validator`: the check character of GB 32100-2015 (weights 3^i mod 31, check = 31 − Σ mod 31).
pub fn check_credit_code(code: &str) -> Result<(), ValidationError> {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let values: Option<Vec<usize>> = code.chars().map(|c| ALPHABET.find(c)).collect();
    let is_valid = values.is_some_and(|values| {
        let Some((check, body)) = values.split_last() else { return false };
        let mut weight = 1;
        let sum: usize = body
            .iter()
            .map(|value| {
                let term = value * weight;
                weight = weight * 3 % 31;
                term
            })
            .sum();
        values.len() == 18 && (31 - sum % 31) % 31 == *check
    });
    if is_valid { Ok(()) } else { Err(wrong_format("unified social credit code")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_character_is_checked() {
        for real in ["91350100M000100Y43", "91110000600037341L", "914403001922038216"] {
            assert!(check_credit_code(real).is_ok(), "{real}");
        }
        for wrong in ["91350100M000100Y44", "91350100M000100Y4", "913501OOM000100Y43", ""] {
            assert!(check_credit_code(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_customers_churn() {
        use LifecycleStage::{Churned, Customer, Lead, Loyal, Prospect};
        assert!(may_move(Customer, Churned) && may_move(Loyal, Churned) && may_move(Churned, Customer) && may_move(Lead, Prospect));
        assert!(!may_move(Lead, Churned) && !may_move(Prospect, Churned));
    }

    #[test]
    fn countries_exist() {
        assert!(check_country("CN").is_ok() && check_country("XX").is_err());
    }
}
