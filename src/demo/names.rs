//! Names of companies and people, put together by chance.

use super::chance::Chance;
use super::lands::{CHINA, City, FRANCE, GERMANY, JAPAN, Land, SPAIN, UNITED_STATES};

/// A company that does not exist.
#[derive(Debug, Clone)]
pub struct Company {
    pub name: String,
    /// Below `.example`, which nobody can have.
    pub domain: String,
    /// Code of the dictionary `industry`.
    pub industry: &'static str,
}

/// A person who does not exist.
#[derive(Debug, Clone)]
pub struct Person {
    pub name: String,
    /// The name in an e-mail address.
    pub mailbox: String,
}

/// Three of four customers are Chinese.
pub fn land(chance: &mut Chance) -> &'static Land {
    match chance.between(1, 20) {
        1 => &UNITED_STATES,
        2 => &GERMANY,
        3 => &FRANCE,
        4 => &JAPAN,
        5 => &SPAIN,
        _ => &CHINA,
    }
}

pub fn city(chance: &mut Chance, land: &'static Land) -> &'static City {
    let last = i64::try_from(land.cities.len()).unwrap_or(1) - 1;
    let place = usize::try_from(chance.between(0, last)).unwrap_or_default();
    // A land without cities does not come up.
    land.cities.get(place).unwrap_or(&NOWHERE)
}

const NOWHERE: City = City { name: "", province: "", slug: "x", region: "other", phone: "000", lat: 0.0, lng: 0.0 };

pub fn company(chance: &mut Chance, land: &'static Land, city: &City) -> Company {
    let ((head, head_slug), (tail, tail_slug)) = (chance.spelt(land.heads), chance.spelt(land.tails));
    let (trade, industry) = chance.spelt(land.trades);
    let form = chance.part(land.forms);
    let brand = if head.ends_with(' ') { format!("{head}{}", capital(tail)) } else { format!("{head}{tail}") };
    let name = form.replace("{city}", city.name).replace("{brand}", &brand).replace("{trade}", trade);
    Company { name, domain: format!("{head_slug}{tail_slug}-{}.example", city.slug), industry }
}

fn capital(word: &str) -> String {
    let mut rest = word.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

pub fn person(chance: &mut Chance, land: &'static Land) -> Person {
    let ((surname, surname_slug), (given, given_slug)) = (chance.spelt(land.surnames), chance.spelt(land.given));
    let gap = land.gap;
    let name = if land.is_surname_first { format!("{surname}{gap}{given}") } else { format!("{given}{gap}{surname}") };
    Person { name, mailbox: format!("{given_slug}.{surname_slug}") }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::crm::phones::is_number;
    use crate::http::formats::is_email;

    #[test]
    fn names_are_whole_and_many() {
        let mut chance = Chance::new(1);
        let mut seen = HashSet::new();
        for _ in 0..2000 {
            let land = land(&mut chance);
            let city = city(&mut chance, land);
            let (company, person) = (company(&mut chance, land, city), person(&mut chance, land));
            assert!(!company.name.contains(['{', '}', '=', '|']) && !person.name.contains(['=', '|']), "{company:?} {person:?}");
            assert!(is_email(&format!("{}@{}", person.mailbox, company.domain)), "{company:?} {person:?}");
            for pattern in [land.mobile, city.phone] {
                let number = chance.digits(pattern);
                assert!(is_number(&number), "{number}");
            }
            seen.insert(company.name);
        }
        assert!(seen.len() > 1500, "{}", seen.len());
    }
}
