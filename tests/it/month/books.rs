//! What was done besides moving customers, and when: what the rules of recycling depend on.

use std::collections::HashMap;

use chrono::NaiveDate;

#[derive(Default)]
pub struct Books {
    /// The days on which each customer was touched by its owner.
    pub touches: HashMap<String, Vec<NaiveDate>>,
    /// The days on which each was locked, by one owner and by a later one, and until when.
    pub locks: HashMap<String, Vec<(NaiveDate, NaiveDate)>>,
    /// What was planned: by whom (its id), with which customer, for which day.
    pub plans: Vec<Plan>,
    pub claimed: usize,
    pub refused: usize,
}

#[derive(Debug, Clone)]
pub struct Plan {
    pub path: String,
    pub rep: String,
    pub customer: String,
    pub day: NaiveDate,
}

impl Books {
    pub fn touched(&mut self, customer: &str, day: NaiveDate) {
        self.touches.entry(customer.to_owned()).or_default().push(day);
    }

    pub fn add(&mut self, other: Self) {
        for (customer, days) in other.touches {
            self.touches.entry(customer).or_default().extend(days);
        }
        for (customer, locks) in other.locks {
            self.locks.entry(customer).or_default().extend(locks);
        }
        self.plans.extend(other.plans);
        self.claimed += other.claimed;
        self.refused += other.refused;
    }
}
