//! Claiming from a pool, and assigning from it. All rows are held before anything is looked at, so what the rules see stands until
//! the customers have been moved; of two who want the same customer, the second finds it gone.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::dto::{AssignCustomers, ClaimCustomers, ClaimMode, Pool};
use super::members::{Standing, Standings};
use super::rules::Claimant;
use super::store;
use crate::auth::{Reach, Scope};
use crate::changes::Operation;
use crate::crm::customers::ownership::{Place, move_to};
use crate::crm::customers::{self, Customer, Customers};
use crate::crm::references;
use crate::crm::transfers::{MoveResult, MoveResults};
use crate::db::id::{CustomerId, PoolId, UserId};
use crate::db::types::DbUuid;
use crate::db::{Condition, Failure, Hold, Tx};
use crate::http::catalogue::Code;
use crate::http::language::Language;
use crate::http::problem::{FieldError, Problem};
use crate::listing::rows::{rows, with_ids};

/// What is asked for, by either route.
struct Asked<'a> {
    pool: Pool,
    ids: &'a [CustomerId],
    mode: ClaimMode,
    to: UserId,
    operation: Operation,
    reason: Option<String>,
}

pub fn claim(tx: &mut Tx<'_>, scope: &Scope, language: Language, id: PoolId, input: &ClaimCustomers) -> Result<MoveResults, Failure> {
    let ClaimCustomers { ids, mode } = input;
    // The day that is counted is the day that is written.
    let scope = &Scope { now: tx.now, ..*scope };
    let pool = store::get(tx.conn, scope, id)?;
    tx.hold("users", scope.user_id, Hold::ToWrite)?;
    tx.hold_all("customers", ids)?;
    let claimant = Claimant::of(tx.conn, scope, &pool, scope.user_id, ids)?;
    check_open(&pool, claimant.standing != Standing::Stranger)?;
    check_batch(&pool, ids, Vec::new())?;
    let asked = Asked { pool, ids, mode: *mode, to: scope.user_id, operation: Operation::Claimed, reason: None };
    run(tx, scope, language, claimant, &asked)
}

/// Whoever may change everything assigns from every pool, and its administrators from theirs.
pub fn assign(tx: &mut Tx<'_>, scope: &Scope, language: Language, id: PoolId, input: &AssignCustomers) -> Result<MoveResults, Failure> {
    let AssignCustomers { ids, mode, to_user_id, reason, override_cap } = input;
    let scope = &Scope { now: tx.now, ..*scope };
    let pool = store::get(tx.conn, scope, id)?;
    let may = scope.changes == Reach::All
        || Standings::of(tx.conn, scope, scope.user_id)?.to(&pool) == Standing::Admin && scope.changes != Reach::Nothing;
    check_open(&pool, may)?;
    let mut errors = Vec::new();
    references::check_user(tx, "/to_user_id", Some(*to_user_id), &mut errors)?;
    if *override_cap && reason.is_none() {
        errors.push(FieldError::new("/reason", Code::Required));
    }
    check_batch(&pool, ids, errors)?;
    tx.hold("users", *to_user_id, Hold::ToWrite)?;
    tx.hold_all("customers", ids)?;
    let mut claimant = Claimant::of(tx.conn, scope, &pool, *to_user_id, ids)?;
    claimant.is_assigned = true;
    if *override_cap {
        claimant.capacity.cap = None;
    }
    let asked = Asked { pool, ids, mode: *mode, to: *to_user_id, operation: Operation::Assigned, reason: reason.clone() };
    run(tx, scope, language, claimant, &asked)
}

fn check_open(pool: &Pool, may: bool) -> Result<(), Problem> {
    match (may, pool.fields.is_enabled) {
        (false, _) => Err(Problem::new(Code::PoolForbidden)),
        (true, false) => Err(Problem::new(Code::PoolDisabled)),
        (true, true) => Ok(()),
    }
}

fn check_batch(pool: &Pool, ids: &[CustomerId], mut errors: Vec<FieldError>) -> Result<(), Problem> {
    let max = usize::try_from(pool.fields.claim_batch_max).unwrap_or_default();
    if ids.len() > max {
        errors.push(FieldError::new("/ids", Code::TooManyItems).with("max", max));
    }
    Problem::check(errors)
}

fn run(tx: &mut Tx<'_>, scope: &Scope, language: Language, mut claimant: Claimant, asked: &Asked<'_>) -> Result<MoveResults, Failure> {
    let everywhere = with_ids::<Customers>(rows::<Customers>(scope.workspace_id, false), asked.ids);
    let found: HashMap<CustomerId, Customer> =
        customers::store::load_all(tx.conn, everywhere)?.into_iter().map(|customer| (customer.id, customer)).collect();
    let gone = gone(tx, scope, asked, &found)?;
    let total = i64::try_from(asked.ids.len()).unwrap_or(i64::MAX);
    let mut verdicts = Vec::with_capacity(asked.ids.len());
    for id in asked.ids {
        let pooled = found.get(id).filter(|customer| customer.pool_id == Some(asked.pool.id));
        let verdict = match pooled {
            None => Err(gone.get(id).cloned().unwrap_or_else(Problem::not_found)),
            Some(customer) => {
                let more = if asked.mode == ClaimMode::Atomic { total } else { 1 };
                claimant.refusals(customer, more).into_iter().flatten().next().map_or(Ok(customer), Err)
            }
        };
        if verdict.is_ok() && asked.mode == ClaimMode::Partial {
            claimant.count_one();
        }
        verdicts.push(verdict);
    }
    if asked.mode == ClaimMode::Atomic {
        check_all(tx, language, asked.ids, &verdicts)?;
    }
    let mut results = Vec::with_capacity(verdicts.len());
    for (index, (id, verdict)) in asked.ids.iter().zip(verdicts).enumerate() {
        let outcome = match verdict {
            Ok(before) => {
                let facts = [("reason", asked.reason.clone())];
                Ok(move_to(tx, scope, before, Place::Owner(asked.to), asked.operation, &facts, None)?.version)
            }
            Err(problem) => Err(problem.body(language, &tx.actor.request_id)),
        };
        results.push(MoveResult::of(index, id.to_string(), outcome));
    }
    Ok(MoveResults::of(results))
}

/// All or none: the first problem, with what would have become of each.
fn check_all(tx: &Tx<'_>, language: Language, ids: &[CustomerId], verdicts: &[Result<&Customer, Problem>]) -> Result<(), Failure> {
    let Some(first) = verdicts.iter().find_map(|verdict| verdict.as_ref().err()) else { return Ok(()) };
    let undone = Problem::new(Code::RolledBack);
    let result = |(index, (id, verdict)): (usize, (&CustomerId, &Result<&Customer, Problem>))| {
        let problem = verdict.as_ref().err().unwrap_or(&undone);
        MoveResult::of(index, id.to_string(), Err(problem.body(language, &tx.actor.request_id)))
    };
    let results: Vec<MoveResult> = ids.iter().zip(verdicts).enumerate().map(result).collect();
    let results = serde_json::to_value(results).map_err(|_| Problem::new(Code::InternalError))?;
    Err(first.clone().with_results(results).into())
}

/// What is said of customers that are not in the pool (any more): somebody has claimed them, if the caller sees them or could see them
/// while they lay here; otherwise they do not exist.
fn gone(
    tx: &mut Tx<'_>,
    scope: &Scope,
    asked: &Asked<'_>,
    found: &HashMap<CustomerId, Customer>,
) -> Result<HashMap<CustomerId, Problem>, Failure> {
    let missing: Vec<CustomerId> =
        found.values().filter(|customer| customer.pool_id != Some(asked.pool.id)).map(|customer| customer.id).collect();
    if missing.is_empty() {
        return Ok(HashMap::new());
    }
    let seen = Condition::sql("SELECT customers.id FROM customers WHERE ");
    let seen = seen.append(with_ids::<Customers>(customers::visible(scope, false), &missing)).giving::<DbUuid>();
    let seen: HashSet<CustomerId> = seen.load::<CustomerId>(tx.conn)?.into_iter().collect();
    let left = Condition::sql("SELECT DISTINCT e.customer_id FROM customer_events e WHERE e.workspace_id = ").bind(scope.workspace_id);
    let left = left.then(" AND e.ownership IS NOT NULL AND e.from_pool_id = ").bind(asked.pool.id).then(" AND ");
    let left = left.append(Condition::any_of("e.customer_id", missing.iter().copied())).giving::<DbUuid>();
    let left: HashSet<CustomerId> = left.load::<CustomerId>(tx.conn)?.into_iter().collect();
    let told = found.values().filter(|customer| seen.contains(&customer.id) || left.contains(&customer.id));
    let told = told.map(|customer| {
        let owner_id = customer.owner_id.filter(|_| seen.contains(&customer.id)).map(|id| id.to_string());
        (customer.id, Problem::new(Code::AlreadyClaimed).with("owner_id", owner_id))
    });
    Ok(told.collect())
}
