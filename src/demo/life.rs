//! The life of one customer: who it is, how it is touched, what becomes of it.

use chrono::Duration;

use super::cast::{BRANCH, CHURNED, Deal, Part, REPS};
use super::lands::{City, Land};
use super::members;
use super::names;
use super::plot::{self, Step};
use super::story::{DAYS, Deed, Event, Number, Who};
use super::teller::Teller;
use super::texts::{self, ASSIGNMENTS, HANDOVERS, LOCKS, said};
use crate::crm::customers::{CustomerKind, LifecycleStage};
use crate::db::types::Instant;

pub struct Life<'t> {
    teller: &'t mut Teller,
    customer: Number,
    part: Part,
    land: &'static Land,
    city: &'static City,
    domain: String,
    born: Instant,
    /// When the latest thing happened.
    at: Instant,
    owner: Who,
    stage: LifecycleStage,
    contacts: Vec<Number>,
    opportunity: Option<Opportunity>,
    /// What is still to be done.
    plan: Option<Number>,
}

/// The latest opportunity.
struct Opportunity {
    number: Number,
    owner: Who,
    is_open: bool,
}

impl<'t> Life<'t> {
    pub fn of(teller: &'t mut Teller, customer: Number, part: Part) -> Self {
        let land = names::land(&mut teller.chance);
        let city = names::city(&mut teller.chance, land);
        let rep = Who::Rep(usize::try_from(teller.chance.between(0, REPS.len() as i64 - 1)).unwrap_or_default());
        let owner = if part.is_pooled { Who::Manager } else { rep };
        // Who has come far came long ago.
        let youngest = if part.ends == LifecycleStage::Lead { 5 } else { 60 };
        // More of them early than late, so that the first months are not empty.
        let days_ago = teller.chance.between(youngest, DAYS - 5).max(teller.chance.between(youngest, DAYS - 5));
        let born = teller.working_hour(days_ago);
        let (domain, contacts) = (String::new(), Vec::new());
        let (stage, opportunity, plan) = (LifecycleStage::Lead, None, None);
        Self { teller, customer, part, land, city, domain, born, at: born, owner, stage, contacts, opportunity, plan }
    }

    pub fn live(mut self) {
        let days_ago = (self.teller.today - self.born.get().date_naive()).num_days();
        let is_assigned = !self.part.is_pooled && self.teller.chance.one_in(4);
        self.appear(is_assigned);
        if is_assigned {
            // At once: until then nobody but the manager may touch it.
            self.step(Step::Assign);
        }
        let steps = plot::steps(&mut self.teller.chance, self.part);
        let is_active = self.is_active();
        let last =
            if is_active { self.teller.chance.between(1, 35.min(days_ago - 3)) } else { self.teller.chance.between(2, days_ago / 2) };
        let touches = self.touches(steps.len());
        let pace = (days_ago - last) / touches;
        // How many days ago each touch is.
        let chance = &mut self.teller.chance;
        let early = |number| if number < touches { chance.between(0, pace / 2) } else { 0 };
        let days: Vec<i64> = (1..=touches).map(early).zip(1..).map(|(early, number)| last + pace * (touches - number) + early).collect();
        let following = days.iter().copied().skip(1).map(Some).chain([None]);
        let mut after = 0;
        for ((number, days), following) in (1..=touches).zip(&days).zip(following) {
            let then = self.teller.working_hour(*days);
            self.at = self.at.plus(Duration::minutes(1)).max(then);
            self.touch(is_active, following);
            // The steps are spread evenly over the touches.
            let until = usize::try_from(number).unwrap_or_default() * steps.len() / usize::try_from(touches).unwrap_or(1);
            for step in steps.iter().take(until).skip(after) {
                self.step(*step);
            }
            after = until;
        }
        self.keep();
    }

    /// Who else works on it now, and how long it is safe.
    fn keep(&mut self) {
        let (Who::Rep(owner), customer) = (self.owner, self.customer) else { return };
        if self.part.is_shared {
            let with = (owner + 1) % REPS.len();
            let until = self.teller.working_hour(-30);
            self.happen(self.owner, Deed::Share { customer, with, until });
        }
        // An owner can lock only so many, however large the demo is.
        if self.part.is_locked && customer < 100 {
            let reason = said(self.teller.chance.pick(LOCKS), self.land.tongue);
            let until = self.teller.working_hour(-35);
            self.happen(self.owner, Deed::Lock { customer, until, reason });
        }
    }

    fn is_active(&mut self) -> bool {
        let chance = &mut self.teller.chance;
        match (self.part.is_pooled, self.part.ends, self.part.deal) {
            (true, ..) => chance.one_in(4),
            (_, LifecycleStage::Churned, _) => false,
            (_, _, Some(Deal::Lost | Deal::Void)) => chance.one_in(2),
            (_, _, Some(Deal::Open(_))) => true,
            _ => !chance.one_in(4),
        }
    }

    fn touches(&mut self, steps: usize) -> i64 {
        let (low, high) = match (self.part.is_pooled, steps) {
            (true, _) => (3, 4),
            (_, 0..3) => (3, 7),
            (_, 3..6) => (4, 11),
            _ => (7, 15),
        };
        self.teller.chance.between(low, high)
    }

    /// The customer comes to be, with its primary contact.
    fn appear(&mut self, is_assigned: bool) {
        let is_person = self.teller.chance.one_in(10);
        let owner = match self.owner {
            Who::Rep(rep) if !is_assigned => Some(rep),
            _ => None,
        };
        let mut by = if owner.is_none() { Who::Manager } else { self.owner };
        let (kind, mut parent) = (if is_person { CustomerKind::Person } else { CustomerKind::Organization }, None);
        let company = self.teller.company(self.land, self.city);
        self.domain = company.domain;
        let mut person = names::person(&mut self.teller.chance, self.land);
        let mut name = if is_person { person.name.clone() } else { company.name };
        if !is_person {
            let group = if self.teller.chance.one_in(12) { self.teller.group(self.land, self.born) } else { None };
            if let Some((group, of, domain)) = group {
                // Only a manager sees whom the group belongs to. Where one city has two branches, they are numbered.
                (by, parent, self.domain) = (Who::Manager, Some(group), domain);
                name = format!("{of}{}", said(BRANCH, self.land.tongue).replace("{city}", self.city.name));
                while !self.teller.take_domain(&name) {
                    name.push('2');
                }
            } else {
                self.teller.add_group(self.customer, self.born, self.land, &name, &self.domain);
            }
        } else if !self.teller.take_domain(&name) {
            // People may share a name; the demo's do not, as they are looked for by it.
            person.name = format!("{name} {}", self.customer);
            name.clone_from(&person.name);
        }
        let has_website = !is_person && self.teller.take_domain(&self.domain);
        let fields = members::customer(
            &mut self.teller.chance,
            members::About {
                land: self.land,
                city: self.city,
                name,
                domain: has_website.then(|| self.domain.clone()),
                is_person,
                industry: company.industry,
                ends: self.part.ends,
            },
        );
        let customer = self.customer;
        self.happen(by, Deed::NewCustomer { customer, kind, owner, parent, fields: Box::new(fields) });
        let by = if owner.is_none() { Who::Manager } else { self.owner };
        self.meet(by, person);
    }

    fn meet(&mut self, by: Who, person: names::Person) {
        let fields = members::contact(&mut self.teller.chance, self.land, person, &self.domain);
        let contact = self.teller.next_contact();
        let (customer, is_primary) = (self.customer, self.contacts.is_empty());
        let others = ["user", "influencer", "purchaser", "finance", "technical", "gatekeeper", "champion"];
        let role = if is_primary { "decision_maker" } else { self.teller.chance.pick(&others) };
        self.contacts.push(contact);
        self.happen(by, Deed::NewContact { contact, customer, role, is_primary, fields: Box::new(fields) });
    }

    fn step(&mut self, step: Step) {
        let (customer, tongue) = (self.customer, self.land.tongue);
        match step {
            Step::Assign => {
                let reason = said(self.teller.chance.pick(ASSIGNMENTS), tongue);
                if let Who::Rep(to) = self.owner {
                    self.happen(Who::Manager, Deed::Transfer { customer, to, reason });
                }
            }
            Step::Contact => {
                let person = names::person(&mut self.teller.chance, self.land);
                self.meet(self.owner, person);
            }
            Step::Opportunity => {
                let opportunity = self.teller.next_opportunity();
                let fields = members::opportunity(&mut self.teller.chance, self.land, self.part.deal, self.at, self.teller.today);
                let contact = Some(self.teller.chance.pick(&self.contacts));
                self.opportunity = Some(Opportunity { number: opportunity, owner: self.owner, is_open: true });
                self.happen(self.owner, Deed::NewOpportunity { opportunity, customer, contact, fields: Box::new(fields) });
            }
            Step::Stage(stage) => self.move_opportunity(stage, None, true),
            Step::Close(stage, reason) => self.move_opportunity(stage, reason, false),
            Step::Lifecycle(stage) => {
                let reason = (stage == LifecycleStage::Churned).then(|| self.teller.chance.pick(CHURNED));
                self.stage = stage;
                self.happen(self.owner, Deed::MoveLifecycle { customer, stage, reason });
            }
            Step::Tier(tier) => {
                let review = if self.stage == LifecycleStage::Loyal {
                    ("年度评级上调", "Annual review")
                } else {
                    ("首单成交", "First order")
                };
                self.happen(self.owner, Deed::SetTier { customer, tier, reason: said(review, tongue) });
            }
            Step::Transfer => {
                let reason = said(self.teller.chance.pick(HANDOVERS), tongue);
                if let Who::Rep(from) = self.owner {
                    let further = usize::try_from(self.teller.chance.between(1, REPS.len() as i64 - 1)).unwrap_or(1);
                    let to = (from + further) % REPS.len();
                    self.owner = Who::Rep(to);
                    // Open opportunities move along.
                    self.opportunity.iter_mut().filter(|last| last.is_open).for_each(|last| last.owner = Who::Rep(to));
                    self.happen(Who::Manager, Deed::Transfer { customer, to, reason });
                }
            }
        }
    }

    fn move_opportunity(&mut self, stage: &'static str, reason: Option<&'static str>, is_open: bool) {
        let Some(last) = &mut self.opportunity else { return };
        last.is_open = is_open;
        let (opportunity, by) = (last.number, last.owner);
        self.happen(by, Deed::MoveOpportunity { opportunity, stage, reason });
    }

    fn touch(&mut self, is_active: bool, following: Option<i64>) {
        let open = self.opportunity.as_ref().filter(|last| last.is_open).map(|last| last.number);
        let lines = match (self.part.is_pooled, self.stage, open) {
            (true, ..) => texts::POOLED,
            (_, LifecycleStage::Churned, _) => texts::MISSING,
            (_, _, Some(_)) => texts::DEALING,
            (_, LifecycleStage::Customer | LifecycleStage::Loyal, None) => texts::CARING,
            _ => texts::OPENING,
        };
        let next = if is_active { self.plan(following) } else { None };
        let fields = members::touch(&mut self.teller.chance, self.land, self.city, lines, (self.born, self.at), next);
        let contact = (!self.teller.chance.one_in(5)).then(|| self.teller.chance.pick(&self.contacts));
        let (customer, plan) = (self.customer, self.plan.take());
        self.happen(self.owner, Deed::Touch { customer, contact, opportunity: open, plan, fields: Box::new(fields) });
        let days_ago = (self.teller.today - self.at.get().date_naive()).num_days();
        // The team has planned its touches for half a year only.
        if let Some(due_at) = next.filter(|_| !self.part.is_pooled && days_ago <= 180) {
            let fields = members::plan(&mut self.teller.chance, self.land, due_at.max(self.at.plus(Duration::hours(1))));
            let plan = self.teller.next_plan();
            self.plan = Some(plan);
            self.happen(self.owner, Deed::Plan { plan, customer, contact, opportunity: open, fields: Box::new(fields) });
        }
    }

    /// When the customer is to be touched again: about when it will be, so many days ago. The last plan is for around today: missed by a
    /// few days, or to come.
    fn plan(&mut self, following: Option<i64>) -> Option<Instant> {
        let chance = &mut self.teller.chance;
        let then = match following {
            Some(days) => days + chance.between(-2, 2),
            None => chance.between(-10, 6),
        };
        let is_planned = following.is_none() || chance.one_in(2);
        let then = self.teller.working_hour(then);
        Some(then.max(self.at.plus(Duration::days(1)))).filter(|_| is_planned)
    }

    /// A little later than what was before.
    fn happen(&mut self, by: Who, deed: Deed) {
        self.at = self.at.plus(Duration::milliseconds(self.teller.chance.between(20_000, 150_000)));
        self.teller.events.push(Event { at: self.at, by, deed });
    }
}
