//! What the lives of all customers have in common: chance, the calendar, and names that are taken.

use std::collections::HashSet;

use chrono::{Datelike, Duration, NaiveDate, NaiveTime, Weekday};

use super::chance::Chance;
use super::lands::{City, Land};
use super::names::{self, Company};
use super::story::{Event, Number};
use crate::db::types::Instant;

/// A company that others may belong to.
struct Group {
    customer: Number,
    since: Instant,
    land: &'static Land,
    name: String,
    domain: String,
}

pub struct Teller {
    pub chance: Chance,
    pub today: NaiveDate,
    pub events: Vec<Event>,
    taken: HashSet<String>,
    groups: Vec<Group>,
    contacts: Number,
    opportunities: Number,
    plans: Number,
}

impl Teller {
    pub fn new(seed: u64, today: NaiveDate) -> Self {
        let (events, taken, groups) = (Vec::new(), HashSet::new(), Vec::new());
        Self { chance: Chance::new(seed), today, events, taken, groups, contacts: 0, opportunities: 0, plans: 0 }
    }

    /// A moment of work in China (9:00 to 18:00) on a day that is so long ago, or on the Friday before.
    pub fn working_hour(&mut self, days_ago: i64) -> Instant {
        let day = self.today - Duration::days(days_ago);
        let back = match day.weekday() {
            Weekday::Sat => 1,
            Weekday::Sun => 2,
            _ => 0,
        };
        let midnight = Instant::new((day - Duration::days(back)).and_time(NaiveTime::MIN).and_utc());
        midnight.plus(Duration::minutes(self.chance.between(60, 600)) + Duration::milliseconds(self.chance.between(0, 59_999)))
    }

    /// A company whose name no other customer has.
    pub fn company(&mut self, land: &'static Land, city: &City) -> Company {
        const TRIES: usize = 20;
        let drawn = names::company(&mut self.chance, land, city);
        let mut company =
            (0..TRIES).fold(
                drawn,
                |company, _| {
                    if self.taken.contains(&company.name) { names::company(&mut self.chance, land, city) } else { company }
                },
            );
        if self.taken.contains(&company.name) {
            company.name = format!("{} {}", company.name, self.taken.len());
        }
        self.taken.insert(company.name.clone());
        company
    }

    /// Whether a domain is still free; it is not, after that.
    pub fn take_domain(&mut self, domain: &str) -> bool {
        self.taken.insert(domain.to_owned())
    }

    /// A company that was there before, for a branch of it, with its name and domain.
    pub fn group(&mut self, land: &'static Land, before: Instant) -> Option<(Number, String, String)> {
        let older: Vec<usize> = self
            .groups
            .iter()
            .enumerate()
            .filter(|(_, group)| group.land == land && group.since < before)
            .map(|(place, _)| place)
            .collect();
        if older.is_empty() {
            return None;
        }
        let place = self.chance.pick(&older);
        self.groups.get(place).map(|group| (group.customer, group.name.clone(), group.domain.clone()))
    }

    pub fn add_group(&mut self, customer: Number, since: Instant, land: &'static Land, name: &str, domain: &str) {
        self.groups.push(Group { customer, since, land, name: name.to_owned(), domain: domain.to_owned() });
    }

    pub fn next_contact(&mut self) -> Number {
        self.contacts += 1;
        self.contacts
    }

    pub fn next_plan(&mut self) -> Number {
        self.plans += 1;
        self.plans
    }

    pub fn next_opportunity(&mut self) -> Number {
        self.opportunities += 1;
        self.opportunities
    }
}
