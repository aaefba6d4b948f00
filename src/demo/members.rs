//! The members of what the story makes. Ids and links are filled in when it is written.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDate};

use super::cast::Deal;
use super::chance::Chance;
use super::lands::{City, Land, Tongue};
use super::names::Person;
use super::texts::{self, COMPETITORS, CONTENTS, Line, NEEDS, PLANS, PROJECTS, TITLES, said};
use crate::crm::contacts::ContactFields;
use crate::crm::customers::{Address, CustomerFields, IntentLevel, LifecycleStage};
use crate::crm::opportunities::OpportunityFields;
use crate::crm::phones::Phone;
use crate::crm::pipelines::ForecastCategory;
use crate::crm::planned_touches::PlannedTouchFields;
use crate::crm::touch_records::{Location, TouchRecordFields};
use crate::db::money::Money;
use crate::db::types::Instant;

const SOURCES: &[&str] = &[
    "website",
    "search",
    "advertising",
    "social_media",
    "exhibition",
    "exhibition",
    "referral",
    "referral",
    "partner",
    "cold_call",
    "walk_in",
    "purchased_list",
];

/// What is known of a new customer.
pub struct About {
    pub land: &'static Land,
    pub city: &'static City,
    pub name: String,
    pub domain: Option<String>,
    pub is_person: bool,
    pub industry: &'static str,
    pub ends: LifecycleStage,
}

fn some(code: &str) -> Option<String> {
    Some(code.to_owned()).filter(|code| !code.is_empty())
}

pub fn customer(chance: &mut Chance, about: About) -> CustomerFields {
    let About { land, city, name, domain, is_person, industry, ends } = about;
    let source = chance.pick(SOURCES);
    let fair = (source == "exhibition").then_some(("行业博览会", "Trade fair"));
    let size = chance.pick(&[8, 25, 60, 140, 400, 1200, 5000]);
    let needs = chance.pick(NEEDS);
    let intents = match ends {
        LifecycleStage::Lead => [IntentLevel::None, IntentLevel::Low, IntentLevel::Medium],
        LifecycleStage::Churned => [IntentLevel::None, IntentLevel::None, IntentLevel::Low],
        _ => [IntentLevel::Medium, IntentLevel::High, IntentLevel::High],
    };
    let ownership = if land.tongue == Tongue::Chinese {
        chance.pick(&["private", "private", "private", "state", "joint_stock", "joint_venture", "individual"])
    } else {
        "foreign"
    };
    let birthday = NaiveDate::from_ymd_opt(1960, 1, 1).map(|first| first + Duration::days(chance.between(0, 15_000)));
    CustomerFields {
        name,
        status: Default::default(),
        parent_id: None,
        service_rep_id: None,
        source: some(source),
        source_detail: fair.map(|fair| said(fair, land.tongue).to_owned()),
        industries: if is_person { Vec::new() } else { vec![industry.to_owned()] },
        ownership_type: some(ownership).filter(|_| !is_person),
        trade_type: some(chance.pick(&["wholesaler", "agent", "chain", "manufacturer", "manufacturer", "end_user"])).filter(|_| !is_person),
        location_type: some(chance.pick(&["business_centre", "industrial_park", "industrial_park", "transport_hub"]))
            .filter(|_| !is_person),
        region: some(city.region),
        intent_level: chance.pick(&intents),
        email: domain.as_ref().map(|domain| format!("info@{domain}")),
        employee_count: (!is_person).then(|| size * chance.between(60, 140) / 100),
        phones: vec![phone(chance, if is_person { land.mobile } else { city.phone }, if is_person { "mobile" } else { "work" })],
        website: domain.map(|domain| format!("https://www.{domain}")),
        address: Some(Address {
            country: some(land.country),
            province: some(city.province),
            city: Some(if land.tongue == Tongue::Chinese { format!("{}市", city.name) } else { city.name.to_owned() }),
            ..Address::default()
        }),
        birthday: birthday.filter(|_| is_person),
        gender: None,
        education: None,
        income_band: None,
        family: None,
        needs: chance.one_in(2).then(|| said(needs, land.tongue).to_owned()),
        remarks: None,
        unified_social_credit_code: None,
        external_refs: Vec::new(),
        custom: BTreeMap::new(),
    }
}

fn phone(chance: &mut Chance, pattern: &str, label: &str) -> Phone {
    Phone { number: chance.digits(pattern), label: Some(label.to_owned()) }
}

/// With an address at the customer's domain.
pub fn contact(chance: &mut Chance, land: &Land, person: Person, domain: &str) -> ContactFields {
    let Person { name, mailbox } = person;
    let is_chinese = land.tongue == Tongue::Chinese;
    ContactFields {
        name,
        title: Some(said(chance.pick(TITLES), land.tongue).to_owned()),
        department: None,
        email: Some(format!("{mailbox}@{domain}")),
        phones: vec![phone(chance, land.mobile, "mobile")],
        wechat: is_chinese.then(|| mailbox.replace('.', "_")),
        social_accounts: Vec::new(),
        gender: None,
        birthday: None,
        preferred_channel: None,
        consents: Default::default(),
        remarks: None,
        links: Vec::new(),
        external_refs: Vec::new(),
        custom: BTreeMap::new(),
    }
}

/// Worth something between a few thousand and a few million yuan.
fn amount(chance: &mut Chance, currency: &str) -> Money {
    let yuan = chance.pick(&[8_000, 25_000, 60_000, 120_000, 380_000, 900_000, 2_400_000]) * chance.between(60, 140) / 100;
    let amount = match currency {
        "JPY" => format!("{}", yuan * 21 / 1000 * 1000),
        "CNY" => format!("{}.00", yuan / 100 * 100),
        _ => format!("{}.{}", yuan / 7, chance.pick(&["00", "50", "90"])),
    };
    Money { amount, currency: currency.to_owned() }
}

pub fn opportunity(chance: &mut Chance, land: &Land, deal: Option<Deal>, at: Instant, today: NaiveDate) -> OpportunityFields {
    let is_open = matches!(deal, Some(Deal::Open(_)));
    let currency = if land.currency == "CNY" && chance.one_in(15) { "USD" } else { land.currency };
    let is_vague = deal == Some(Deal::Open(0)) && chance.one_in(3);
    let own = chance.one_in(5);
    // Some open ones should have been closed by now.
    let close = if is_open {
        today + Duration::days(chance.between(-10, 75))
    } else {
        at.get().date_naive() + Duration::days(chance.between(20, 90))
    };
    OpportunityFields {
        name: said(chance.pick(PROJECTS), land.tongue).to_owned(),
        contact_id: None,
        amount: Some(amount(chance, currency)).filter(|_| !is_vague),
        probability: own.then(|| i32::try_from(chance.between(1, 18) * 5).unwrap_or_default()),
        forecast_category: (own && is_open).then_some(ForecastCategory::BestCase),
        expected_close_date: Some(close.max(at.get().date_naive())),
        source: some(chance.pick(&["referral", "exhibition", "website", "partner"])),
        competitor: some(said(chance.pick(COMPETITORS), land.tongue)),
        needs: None,
        remarks: None,
        external_refs: Vec::new(),
        custom: BTreeMap::new(),
    }
}

pub fn plan(chance: &mut Chance, land: &Land, due_at: Instant) -> PlannedTouchFields {
    let (kind, summary) = chance.pick(PLANS);
    let summary = said(summary, land.tongue).to_owned();
    PlannedTouchFields { contact_id: None, opportunity_id: None, touch_type: kind.to_owned(), due_at, summary }
}

/// One of the lines, recorded at the second of the two instants, and not begun before the first.
pub fn touch(
    chance: &mut Chance,
    land: &Land,
    city: &City,
    lines: &[Line],
    (born, at): (Instant, Instant),
    next_touch_at: Option<Instant>,
) -> TouchRecordFields {
    let Line { kind, direction, outcome, summary } = chance.pick(lines);
    let took = if outcome == "no_answer" { None } else { texts::minutes(chance, kind) };
    let ago = Duration::minutes(took.unwrap_or_default() + chance.between(1, 20));
    let near = |chance: &mut Chance, degrees: f64| ((degrees * 1e5).round() + chance.between(-4000, 4000) as f64) / 1e5;
    let location = kind.ends_with("visit").then(|| Location {
        lat: near(chance, city.lat),
        lng: near(chance, city.lng),
        accuracy_m: Some(chance.between(5, 60) as f64),
    });
    let content = chance.pick(CONTENTS);
    TouchRecordFields {
        contact_ids: Vec::new(),
        opportunity_id: None,
        touch_type: kind.to_owned(),
        direction,
        occurred_at: at.plus(-ago).max(born),
        duration_seconds: took.map(|minutes| minutes * 60),
        summary: said(summary, land.tongue).to_owned(),
        content: chance.one_in(5).then(|| said(content, land.tongue).to_owned()),
        outcome: some(outcome),
        location,
        next_touch_at,
        external_refs: Vec::new(),
        custom: BTreeMap::new(),
    }
}
