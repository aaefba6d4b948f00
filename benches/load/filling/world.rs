//! What there is, and when it came to be: ids, owners, who belongs to whom, and what touches make of a customer. The same for the
//! same seed, but for what the workspace already has.

use std::ops::Range;

use chrono::{DateTime, Duration, NaiveTime};
use fishpond::db::clock;
use fishpond::db::id::{ContactId, CustomerId, Id, OpportunityId, TouchRecordId, UserId};
use fishpond::db::types::Instant;
use fishpond::demo::chance::Chance;

use super::setting::Setting;

const YEARS: i64 = 3;
/// Of a hundred customers, how many have so many contacts: a hundred in all; likewise opportunities, a quarter of that, and touch
/// records.
const CONTACTS: &[(usize, usize)] = &[(30, 0), (50, 1), (15, 2), (5, 4)];
const OPPORTUNITIES: &[(usize, usize)] = &[(80, 0), (15, 1), (5, 2)];
const TOUCHES: &[(usize, usize)] = &[(60, 0), (20, 1), (10, 2), (5, 4), (4, 8), (1, 8)];
/// Code of `touch_type`, and whether it counts.
const TYPES: [(&str, bool); 8] = [
    ("call", true),
    ("call", true),
    ("wechat", true),
    ("visit", true),
    ("meeting", true),
    ("email", true),
    ("note", false),
    ("winback_call", true),
];

/// What a customer says of its touches.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Touched {
    pub last: Option<Instant>,
    pub next: Option<Instant>,
    pub count: i64,
}

pub struct Customer {
    pub id: CustomerId,
    pub at: Instant,
    pub owner: Option<UserId>,
    pub contacts: Range<usize>,
    pub opportunities: Range<usize>,
    pub touched: Touched,
    pub version: i64,
    pub updated_at: Instant,
}

pub struct Contact {
    pub id: ContactId,
    pub at: Instant,
    pub customer: usize,
}

pub struct Opportunity {
    pub id: OpportunityId,
    pub at: Instant,
    pub customer: usize,
}

pub struct Touch {
    pub id: TouchRecordId,
    pub at: Instant,
    pub customer: usize,
    pub touch_type: &'static str,
    pub counts: bool,
    pub next: Option<Instant>,
    /// What the customer said before and after it, and its version after it.
    pub before: Touched,
    pub after: Touched,
    pub version: i64,
}

pub struct World {
    pub setting: Setting,
    pub seed: u64,
    pub end: Instant,
    pub customers: Vec<Customer>,
    pub contacts: Vec<Contact>,
    pub opportunities: Vec<Opportunity>,
    pub touches: Vec<Touch>,
}

/// What belongs to an object by chance, apart from that of any other.
pub fn chance_of(seed: u64, what: u64, index: usize) -> Chance {
    let place = (what << 48).wrapping_add(index as u64).wrapping_add(1);
    Chance::new(seed.wrapping_add(place.wrapping_mul(0xd134_2543_de82_ef95)))
}

fn id_at<K>(at: Instant, chance: &mut Chance) -> Id<K> {
    let random = [chance.between(0, i64::MAX), chance.between(0, i64::MAX)].map(i64::to_le_bytes).concat();
    let random: [u8; 10] = random.first_chunk().copied().unwrap_or_default();
    let millis = u64::try_from(at.get().timestamp_millis()).unwrap_or_default();
    Id::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

fn instant(millis: i64) -> Instant {
    Instant::new(DateTime::from_timestamp_millis(millis).unwrap_or_default())
}

/// How many the customer has, so that a hundred neighbours have what the table says.
fn share(table: &[(usize, usize)], index: usize, step: usize) -> usize {
    let mut place = index * step % 100;
    for (customers, each) in table {
        match place.checked_sub(*customers) {
            None => return *each,
            Some(rest) => place = rest,
        }
    }
    0
}

impl World {
    pub fn new(setting: Setting, count: usize, seed: u64) -> Self {
        let end = Instant::new(clock::now().get().date_naive().and_time(NaiveTime::MIN).and_utc());
        let mut world = Self { setting, seed, end, customers: vec![], contacts: vec![], opportunities: vec![], touches: vec![] };
        let span = Duration::days(365 * YEARS).num_milliseconds();
        let begin = end.get().timestamp_millis() - span;
        for index in 0..count {
            let mut chance = chance_of(seed, 0, index);
            // Each has its own part of the time, so that later ones have later ids.
            let place = |index: usize| begin + i64::try_from(index as u128 * span as u128 / count as u128).unwrap_or_default();
            let at = instant(chance.between(place(index), place(index + 1) - 1));
            world.add(index, at, count, &mut chance);
        }
        world.touches.sort_by_key(|touch| (touch.at, touch.id));
        world.tell();
        world
    }

    fn add(&mut self, index: usize, at: Instant, count: usize, chance: &mut Chance) {
        let owner = self.owner(index, count, chance);
        let soon = |minutes: i64| at.plus(Duration::minutes(minutes));
        let (first_contact, first_opportunity) = (self.contacts.len(), self.opportunities.len());
        for number in 0..share(CONTACTS, index, 37) {
            let at = soon(1 + number as i64);
            self.contacts.push(Contact { id: id_at(at, chance), at, customer: index });
        }
        for number in 0..share(OPPORTUNITIES, index, 53) {
            let at = soon(10 + number as i64);
            self.opportunities.push(Opportunity { id: id_at(at, chance), at, customer: index });
        }
        let span = self.end.get().signed_duration_since(at.get()).num_milliseconds();
        for _ in 0..share(TOUCHES, index, 71) {
            let at = soon(20).plus(Duration::milliseconds(chance.between(0, (span - 1_800_000).max(0))));
            let (touch_type, counts) = chance.pick(&TYPES);
            let next = chance.one_in(3).then(|| at.plus(Duration::days(chance.between(1, 60))));
            let (before, after) = (Touched::default(), Touched::default());
            self.touches.push(Touch { id: id_at(at, chance), at, customer: index, touch_type, counts, next, before, after, version: 0 });
        }
        let contacts = first_contact..self.contacts.len();
        let opportunities = first_opportunity..self.opportunities.len();
        let id = id_at(at, chance);
        let touched = Touched::default();
        self.customers.push(Customer { id, at, owner, contacts, opportunities, touched, version: 1, updated_at: at });
    }

    /// One of ten lies in the pool, some reps have more than others, and the last one has three.
    fn owner(&self, index: usize, count: usize, chance: &mut Chance) -> Option<UserId> {
        let (last, others) = self.setting.reps.split_last()?;
        if index % (count / 3 + 1) == 1 {
            return Some(*last);
        }
        let highest = i64::try_from(others.len()).unwrap_or_default() - 1;
        let place = chance.between(0, highest).min(chance.between(0, highest));
        let owner = usize::try_from(place).ok().and_then(|place| others.get(place)).copied();
        owner.filter(|_| !chance.one_in(10))
    }

    /// What each touch makes of its customer.
    fn tell(&mut self) {
        for touch in &mut self.touches {
            let Some(customer) = self.customers.get_mut(touch.customer) else { continue };
            touch.before = customer.touched;
            if touch.counts {
                customer.touched.last = Some(touch.at);
                customer.touched.count += 1;
            }
            customer.touched.next = touch.next.or(customer.touched.next);
            touch.after = customer.touched;
            if touch.before != touch.after {
                customer.version += 1;
                customer.updated_at = touch.at;
            }
            touch.version = customer.version;
        }
    }
}
