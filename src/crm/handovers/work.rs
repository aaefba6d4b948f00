//! The job that hands over. A step does all that there is to do with some customers, and the next one goes on behind them: so each is
//! handed over once, whatever crashes.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::dto::HandoverTo;
use super::rules;
use super::store::{Heirs, faults, next_concerned};
use crate::auth::{Reach, Scope};
use crate::changes::Operation;
use crate::crm::customers::ownership::{Place, collaborators, put};
use crate::crm::customers::{self, Customer, Customers};
use crate::crm::notifications::notify;
use crate::crm::opportunities::{self, Opportunity};
use crate::crm::pools::{self, OnRecyclePlannedTouches};
use crate::crm::{planned_touches, transfers, users};
use crate::db::id::{CustomerId, UserId};
use crate::db::{Failure, Hold, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;
use crate::jobs::{Job, Step, Task, Work, enqueue, enqueue_by_system, value};
use crate::listing::rows::{rows, with_ids};

pub const HAND_OVER: Work = Work::new("hand_over", step);

/// Customers of one step: a handover of one writes more than a row.
const STEP: usize = 100;

#[derive(Serialize, Deserialize)]
struct Args {
    user_id: UserId,
    to: HandoverTo,
}

/// What has been handed over.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Moved {
    customers: i64,
    opportunities: i64,
    planned_touches: i64,
    collaborations: i64,
    service_rep_customers: i64,
}

/// Where a step begins, and what has been done.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct SoFar {
    after: Option<CustomerId>,
    moved: Moved,
    /// How many customers each heir got, and at how many of others it followed.
    given: Vec<i64>,
    followed: Vec<i64>,
}

/// Asks for the job, in the name of whoever asks; who hands over its own and is disabled by that cannot, and the system does it.
pub fn ask(tx: &mut Tx<'_>, user_id: UserId, to: &HandoverTo, total: i64) -> Result<Job, Failure> {
    let args = Args { user_id, to: to.clone() };
    let enqueue = if tx.actor.user_id == Some(user_id) { enqueue_by_system } else { enqueue };
    enqueue(tx, &HAND_OVER, &args, Some(total))
}

/// Whoever asked for it must still be one who may change everything.
fn scope(tx: &Tx<'_>, task: &Task) -> Result<Scope, Failure> {
    match task.scope {
        None => Ok(Scope::system(tx.actor.workspace_id, tx.now)),
        Some(scope) if scope.changes == Reach::All => Ok(scope),
        Some(_) => Err(Problem::new(Code::InsufficientRole).with("required_role", "admin").into()),
    }
}

fn step(tx: &mut Tx<'_>, task: &mut Task) -> Result<Step, Failure> {
    let (Args { user_id, to }, mut so_far, scope) = (task.args()?, task.state::<SoFar>()?, scope(tx, task)?);
    let heirs = Heirs::of(&to);
    if let Heirs::Users { ids, .. } = &heirs {
        // First the users, then the customers, as whoever claims does.
        let mut ids = ids.clone();
        ids.sort_unstable();
        ids.into_iter().try_for_each(|id| tx.hold("users", id, Hold::ToRead))?;
    }
    let ids = next_concerned(tx, user_id, so_far.after, i64::try_from(STEP).unwrap_or_default())?;
    tx.hold_all("customers", &ids)?;
    transfers::go_on(faults(tx, user_id, &to, "")?)?;
    let held = with_ids::<Customers>(rows::<Customers>(scope.workspace_id, false), &ids);
    let mut found = customers::store::load_all(tx.conn, held)?;
    found.sort_unstable_by_key(|customer| customer.id);
    let mut leaving = Leaving::of(tx, user_id, &to, &heirs, &ids)?;
    for customer in found {
        leaving.hand_over(tx, &scope, customer, &mut so_far)?;
    }
    task.done += i64::try_from(ids.len()).unwrap_or_default();
    if ids.len() == STEP {
        so_far.after = ids.last().copied();
        task.keep(&so_far)?;
        return Ok(Step::More);
    }
    tell(tx, user_id, &to, &heirs, &so_far)?;
    Ok(Step::Done(result(&heirs, &so_far)?))
}

fn result(heirs: &Heirs, so_far: &SoFar) -> Result<Value, Failure> {
    let mut result = value(&so_far.moved)?;
    let receivers = heirs.with(so_far.moved.customers, &so_far.given).into_iter();
    let receivers = receivers.map(|one| json!({ "user_id": one.user_id, "pool_id": one.pool_id, "customers": one.customers }));
    if let Some(members) = result.as_object_mut() {
        members.insert("receivers".to_owned(), receivers.collect());
    }
    Ok(result)
}

/// Each heir is told once, of all that it got.
fn tell(tx: &mut Tx<'_>, user_id: UserId, to: &HandoverTo, heirs: &Heirs, so_far: &SoFar) -> Result<(), Failure> {
    let name = users::store::get(tx.conn, tx.actor.workspace_id, user_id)?.fields.name;
    for heir in heirs.with(so_far.moved.customers, &so_far.given) {
        let Some(heir_id) = heir.user_id.filter(|id| heir.customers > 0 && tx.actor.user_id != Some(*id)) else { continue };
        let told = [
            ("name", json!(name)),
            ("customers", json!(heir.customers)),
            ("assigned_by_id", json!(tx.actor.user_id)),
            ("reason", json!(to.reason)),
        ];
        let told = told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        notify(tx, heir_id, "user.handed_over", user_id, told, None)?;
    }
    Ok(())
}

/// What the user has at the customers of a step.
struct Leaving<'a> {
    user_id: UserId,
    reason: Option<&'a str>,
    heirs: &'a Heirs,
    /// Its open opportunities.
    opportunities: HashMap<CustomerId, Vec<Opportunity>>,
    /// Where something is planned for it.
    planned: HashSet<CustomerId>,
    /// Where it works with another owner.
    works_on: HashSet<CustomerId>,
    /// Whether what is planned with a customer ends in the pool.
    cancels: bool,
}

impl<'a> Leaving<'a> {
    fn of(tx: &mut Tx<'_>, user_id: UserId, to: &'a HandoverTo, heirs: &'a Heirs, ids: &[CustomerId]) -> Result<Self, Failure> {
        let mut of_customers: HashMap<CustomerId, Vec<Opportunity>> = HashMap::new();
        for opportunity in opportunities::open_of(tx, user_id, ids)? {
            of_customers.entry(opportunity.customer_id).or_default().push(opportunity);
        }
        let planned = planned_touches::planned_with(tx, ids, user_id)?.into_iter().collect();
        let works_on = collaborators::worked_on(tx, ids, user_id)?.into_iter().collect();
        let cancels = match heirs {
            Heirs::Pool(id) => pools::store::hold(tx, *id)?.planned_touches == OnRecyclePlannedTouches::Cancel,
            Heirs::Users { .. } => false,
        };
        Ok(Self { user_id, reason: to.reason.as_deref(), heirs, opportunities: of_customers, planned, works_on, cancels })
    }

    /// Whose turn it is with a customer: of the user's own, or of others'.
    fn heir(&self, customer: &Customer, so_far: &mut SoFar) -> Option<UserId> {
        let is_own = customer.owner_id == Some(self.user_id);
        let Heirs::Users { ids, weights } = self.heirs else { return customer.owner_id.filter(|_| !is_own) };
        let given = if is_own { &mut so_far.given } else { &mut so_far.followed };
        given.resize(ids.len(), 0);
        let place = rules::next(weights, given);
        given.iter_mut().skip(place).take(1).for_each(|given| *given += 1);
        ids.get(place).copied()
    }

    /// All that the user has at a customer, whose row is held. What is not there any more has gone another way.
    fn hand_over(&mut self, tx: &mut Tx<'_>, scope: &Scope, before: Customer, so_far: &mut SoFar) -> Result<(), Failure> {
        let (id, owner_id) = (before.id, before.owner_id);
        let open = self.opportunities.remove(&id).unwrap_or_default();
        let (is_own, is_rep) = (owner_id == Some(self.user_id), before.fields.service_rep_id == Some(self.user_id));
        let (works_on, is_planned) = (self.works_on.contains(&id), self.planned.contains(&id));
        if !(is_own || is_rep || works_on || is_planned || !open.is_empty()) {
            return Ok(());
        }
        let heir = self.heir(&before, so_far);
        let follower = heir.filter(|_| matches!(self.heirs, Heirs::Users { .. }));
        let customer = self.move_customer(tx, scope, before, heir, follower)?;
        so_far.moved.customers += i64::from(is_own);
        so_far.moved.service_rep_customers += i64::from(is_rep);
        if works_on {
            collaborators::pass_on(tx, customer, self.user_id, follower)?;
            so_far.moved.collaborations += 1;
        }
        if let Some(heir) = heir {
            for opportunity in open {
                opportunities::give(tx, scope, &opportunity, heir, self.reason)?;
                so_far.moved.opportunities += 1;
            }
        }
        // Who was only asked to do something sees the customer no longer than it does it: that falls to the owner.
        let assignee = if is_own || works_on { heir } else { owner_id.or(heir) };
        match assignee.filter(|_| is_planned) {
            Some(assignee) => {
                let moved = planned_touches::transfer_planned(tx, &[id], self.user_id, assignee, self.reason)?;
                so_far.moved.planned_touches += i64::try_from(moved).unwrap_or_default();
            }
            None if is_own && self.cancels => planned_touches::store::cancel_all(tx, id, "customer handed over to a pool")?,
            None => {}
        }
        Ok(())
    }

    /// The customer with its new owner and service rep, as one change.
    fn move_customer(
        &self,
        tx: &mut Tx<'_>,
        scope: &Scope,
        before: Customer,
        heir: Option<UserId>,
        follower: Option<UserId>,
    ) -> Result<Customer, Failure> {
        let mut after = before.clone();
        if before.fields.service_rep_id == Some(self.user_id) {
            after.fields.service_rep_id = follower;
        }
        if before.owner_id != Some(self.user_id) {
            return customers::store::save(tx, scope, &before, after, Operation::Updated);
        }
        let place = match (self.heirs, heir) {
            (Heirs::Pool(pool_id), _) => Place::Pool(*pool_id),
            (Heirs::Users { .. }, Some(heir)) => Place::Owner(heir),
            (Heirs::Users { .. }, None) => return Err(Problem::new(Code::InternalError).into()),
        };
        let after = put(tx, after, place)?;
        let facts = [("reason", self.reason.map(str::to_owned))];
        let after = customers::store::save_with(tx, scope, &before, after, Operation::HandedOver, &facts)?;
        collaborators::settle(tx, after, None)
    }
}
