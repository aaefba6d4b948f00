//! The two years that the demo tells of. Pure: the same seed and day tell the same story.

use chrono::{Duration, NaiveDate, NaiveTime};

use super::cast::PARTS;
use super::life::Life;
use super::teller::Teller;
use crate::crm::contacts::ContactFields;
use crate::crm::customers::{CustomerFields, CustomerKind, LifecycleStage};
use crate::crm::opportunities::OpportunityFields;
use crate::crm::planned_touches::PlannedTouchFields;
use crate::crm::touch_records::TouchRecordFields;
use crate::db::types::Instant;

/// How long ago it begins.
pub const DAYS: i64 = 730;

/// Somebody of the cast; reps by their place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Admin,
    Manager,
    Rep(usize),
}

/// What is not yet written has no id: objects are known by the numbers that the story gives them.
pub type Number = usize;

/// What somebody does. Ids in the members are filled in when it is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Without an owner it goes to a pool.
    NewCustomer {
        customer: Number,
        kind: CustomerKind,
        owner: Option<usize>,
        parent: Option<Number>,
        fields: Box<CustomerFields>,
    },
    NewContact {
        contact: Number,
        customer: Number,
        role: &'static str,
        is_primary: bool,
        fields: Box<ContactFields>,
    },
    NewOpportunity {
        opportunity: Number,
        customer: Number,
        contact: Option<Number>,
        fields: Box<OpportunityFields>,
    },
    MoveOpportunity {
        opportunity: Number,
        stage: &'static str,
        reason: Option<&'static str>,
    },
    Touch {
        customer: Number,
        contact: Option<Number>,
        opportunity: Option<Number>,
        /// The plan that it completes.
        plan: Option<Number>,
        fields: Box<TouchRecordFields>,
    },
    Plan {
        plan: Number,
        customer: Number,
        contact: Option<Number>,
        opportunity: Option<Number>,
        fields: Box<PlannedTouchFields>,
    },
    MoveLifecycle {
        customer: Number,
        stage: LifecycleStage,
        reason: Option<&'static str>,
    },
    SetTier {
        customer: Number,
        tier: usize,
        reason: &'static str,
    },
    Transfer {
        customer: Number,
        to: usize,
        reason: &'static str,
    },
    /// A rep works on it as well, until then.
    Share {
        customer: Number,
        with: usize,
        until: Instant,
    },
    Lock {
        customer: Number,
        until: Instant,
        reason: &'static str,
    },
    /// From now on nobody holds more than so many, and what is neglected goes back to the pool.
    SetRules {
        cap: i32,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub at: Instant,
    pub by: Who,
    pub deed: Deed,
}

/// When the story begins, for one that ends before `today`.
pub fn beginning(today: NaiveDate) -> Instant {
    Instant::new((today - Duration::days(DAYS)).and_time(NaiveTime::MIN).and_utc())
}

/// The last minute of yesterday in China.
fn end(today: NaiveDate) -> Instant {
    Instant::new(today.and_time(NaiveTime::MIN).and_utc()).plus(-Duration::hours(8) - Duration::minutes(1))
}

/// Everything that happens, in the order of time. The last of it is yesterday in China, so that nothing lies in the future.
pub fn tell(customers: usize, today: NaiveDate, seed: u64) -> Vec<Event> {
    let mut teller = Teller::new(seed, today);
    for (customer, part) in (0..customers).zip(PARTS.iter().cycle()) {
        Life::of(&mut teller, customer, *part).live();
    }
    let mut events = teller.events;
    // Nobody's customers go back while the story is told.
    let cap = i32::try_from(customers / 5).unwrap_or(i32::MAX).saturating_add(20);
    let last = (customers > 0).then_some(Event { at: end(today), by: Who::Admin, deed: Deed::SetRules { cap } });
    events.extend(last);
    // Stable: what happens to one customer stays in its order.
    events.sort_by_key(|event| event.at);
    events
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::crm::customers::LifecycleStage;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 18).expect("a day")
    }

    #[test]
    fn the_same_seed_tells_the_same_story() {
        assert_eq!(tell(40, today(), 7), tell(40, today(), 7));
        assert_ne!(tell(40, today(), 7), tell(40, today(), 8));
        assert!(tell(0, today(), 7).is_empty());
    }

    #[test]
    fn it_is_told_in_the_order_of_time_and_is_over() {
        for day in 0..7 {
            let today = today() + Duration::days(day);
            let events = tell(300, today, day.unsigned_abs());
            assert!(events.is_sorted_by_key(|event| event.at));
            // Midnight in China is at 16:00 of the day before.
            let midnight = Instant::new(today.and_time(NaiveTime::MIN).and_utc()).plus(Duration::hours(-8));
            assert!(events.iter().all(|event| event.at >= beginning(today) && event.at < midnight));
            let early = midnight.plus(Duration::days(-365));
            assert!(events.iter().filter(|event| event.at < early).count() > events.len() / 5, "it goes on for two years");
        }
    }

    #[test]
    fn nobody_speaks_of_what_is_not_there_yet() {
        let (mut customers, mut contacts, mut opportunities) = (HashSet::new(), HashSet::new(), HashSet::new());
        let mut plans = HashSet::new();
        for event in tell(400, today(), 3) {
            let (customer, contact, opportunity) = match event.deed {
                Deed::NewCustomer { customer, parent, .. } => {
                    assert!(parent.is_none_or(|parent| customers.contains(&parent)) && customers.insert(customer));
                    (Some(customer), None, None)
                }
                Deed::NewContact { contact, customer, .. } => {
                    assert!(contacts.insert(contact));
                    (Some(customer), None, None)
                }
                Deed::NewOpportunity { opportunity, customer, contact, .. } => {
                    assert!(opportunities.insert(opportunity));
                    (Some(customer), contact, None)
                }
                Deed::Touch { customer, contact, opportunity, plan, fields } => {
                    assert!(fields.occurred_at <= event.at && plan.is_none_or(|plan| plans.remove(&plan)));
                    (Some(customer), contact, opportunity)
                }
                Deed::Plan { plan, customer, contact, opportunity, fields } => {
                    assert!(fields.due_at > event.at && plans.insert(plan));
                    (Some(customer), contact, opportunity)
                }
                Deed::MoveOpportunity { opportunity, .. } => (None, None, Some(opportunity)),
                Deed::MoveLifecycle { customer, .. }
                | Deed::SetTier { customer, .. }
                | Deed::Transfer { customer, .. }
                | Deed::Share { customer, .. }
                | Deed::Lock { customer, .. } => (Some(customer), None, None),
                Deed::SetRules { .. } => (None, None, None),
            };
            assert!(customer.is_none_or(|customer| customers.contains(&customer)));
            assert!(contact.is_none_or(|contact| contacts.contains(&contact)));
            assert!(opportunity.is_none_or(|opportunity| opportunities.contains(&opportunity)));
        }
    }

    #[test]
    fn three_hundred_customers_show_everything() {
        let (mut stages, mut lifecycle, mut touches) = (HashMap::new(), HashSet::new(), HashMap::<Number, usize>::new());
        let (mut currencies, mut names, mut pooled, mut reopened) = (HashSet::new(), HashSet::new(), HashSet::new(), 0);
        let now = Instant::new(today().and_time(NaiveTime::MIN).and_utc());
        let mut next = HashMap::new();
        let (mut open, mut kept, mut shared, mut locked) = (HashMap::new(), 0, 0, 0);
        for event in tell(300, today(), 7) {
            match event.deed {
                Deed::NewCustomer { customer, owner, fields, .. } => {
                    pooled.extend(owner.is_none().then_some(customer));
                    assert!(names.insert(fields.name.clone()), "{}", fields.name);
                }
                Deed::Transfer { customer, .. } => drop(pooled.remove(&customer)),
                Deed::NewOpportunity { opportunity, fields, .. } => {
                    stages.insert(opportunity, "initial_contact");
                    currencies.extend(fields.amount.map(|money| money.currency));
                }
                Deed::MoveOpportunity { opportunity, stage, .. } => {
                    let before = stages.insert(opportunity, stage);
                    reopened += usize::from(before == Some("lost"));
                }
                Deed::MoveLifecycle { stage, .. } => drop(lifecycle.insert(stage.as_ref().to_owned())),
                Deed::Plan { plan, fields, .. } => drop(open.insert(plan, fields.due_at)),
                Deed::Share { until, .. } => shared += usize::from(until > now),
                Deed::Lock { until, .. } => locked += usize::from(until > now),
                Deed::Touch { customer, plan, fields, .. } => {
                    kept += usize::from(plan.is_some_and(|plan| open.remove(&plan).is_some()));
                    *touches.entry(customer).or_default() += 1;
                    fields.next_touch_at.map(|at| next.insert(customer, at));
                }
                Deed::NewContact { .. } | Deed::SetTier { .. } | Deed::SetRules { .. } => {}
            }
        }
        let reached: HashSet<&str> = stages.values().copied().collect();
        assert_eq!(reached.len(), 7, "{reached:?}");
        assert!((130..=200).contains(&stages.len()), "{}", stages.len());
        assert_eq!((reopened, pooled.len()), (15, 90));
        assert!(["CNY", "USD", "EUR", "JPY"].iter().all(|code| currencies.contains(*code)), "{currencies:?}");
        assert!(
            [LifecycleStage::Prospect, LifecycleStage::Loyal, LifecycleStage::Churned].iter().all(|at| lifecycle.contains(at.as_ref()))
        );
        assert!(touches.len() == 300 && touches.values().all(|count| (3..=15).contains(count)), "{touches:?}");
        let week = Duration::days(7);
        let overdue = next.values().filter(|at| **at < now && **at > now.plus(-week)).count();
        let soon = next.values().filter(|at| **at >= now && **at < now.plus(week)).count();
        assert!(overdue > 5 && soon > 5, "{overdue} overdue, {soon} soon");
        let overdue = open.values().filter(|at| **at < now).count();
        assert!(overdue > 5 && open.len() > overdue + 5 && kept > 5, "{overdue} of {} overdue, {kept} kept", open.len());
        assert_eq!((shared, locked), (15, 5));
    }
}
