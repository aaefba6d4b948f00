//! Giving many customers to another owner: by a job, in the name of whoever asked for it.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::fields::{Customers, visible};
use super::dto::HowToTransfer;
use super::transfer::give;
use crate::auth::{Caller, Scope};
use crate::crm::{holding_caps, references, transfers};
use crate::db::id::CustomerId;
use crate::db::types::{DbUuid, Instant};
use crate::db::{Condition, Failure, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::{FieldError, Problem};
use crate::jobs::{Job, STEP_ROWS, Step, Task, Work, enqueue, value};
use crate::listing::{FilterNode, List, Listed};

pub const TRANSFER: Work = Work::new("transfer_customers", step);

/// Customers that one request moves.
const AT_ONCE: usize = 200;
/// Customers that one step looks at, when few of them match.
const LOOKED_AT: i64 = 10_000;
/// Customers that a job's result names when they were refused.
const NAMED: usize = 100;
/// More than this is not counted beforehand.
const MOST_COUNTED: i64 = 10_000;

/// Which customers are to go.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    Ids(Vec<CustomerId>),
    Filter(FilterNode),
}

impl Which {
    /// Exactly one of the two.
    pub fn of(ids: Option<Vec<CustomerId>>, filter: Option<FilterNode>) -> Result<Self, Problem> {
        match (ids, filter) {
            (Some(ids), None) => Ok(Self::Ids(ids)),
            (None, Some(filter)) => Ok(Self::Filter(filter)),
            (None, None) => Err(Problem::fields(vec![FieldError::new("/ids", Code::Required)])),
            (Some(_), Some(_)) => {
                let both = FieldError::new("/filter", Code::ExclusiveFields).with("fields", vec!["ids", "filter"]);
                Err(Problem::fields(vec![both]))
            }
        }
    }

    /// Those that need no job.
    pub fn few(&self) -> Option<&[CustomerId]> {
        match self {
            Self::Ids(ids) if ids.len() <= AT_ONCE => Some(ids),
            _ => None,
        }
    }

    /// Whether an API key may look where the filter does.
    pub fn check_scopes(&self, caller: &Caller) -> Result<(), Problem> {
        let Self::Filter(filter) = self else { return Ok(()) };
        List::<Customers>::of_filter(filter.clone())?.scopes().try_for_each(|scope| caller.check_scope(scope))
    }
}

#[derive(Serialize, Deserialize)]
struct Args {
    which: Which,
    how: HowToTransfer,
    /// What is made later is not looked at.
    asked_at: Instant,
}

/// Where a step begins, and what has been done.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct SoFar {
    after: Option<CustomerId>,
    moved: i64,
    unchanged: i64,
    failed: i64,
    refused: Vec<Refused>,
}

#[derive(Serialize, Deserialize)]
struct Refused {
    id: CustomerId,
    code: String,
}

/// What the job says in the end.
#[derive(Serialize)]
struct Moved<'a> {
    moved: i64,
    /// They were the new owner's already.
    unchanged: i64,
    failed: i64,
    /// The first of those.
    refused: &'a [Refused],
}

/// Asks for the job, when there is nothing wrong with it.
pub fn transfer_later(tx: &mut Tx<'_>, scope: &Scope, which: &Which, how: &HowToTransfer) -> Result<Job, Failure> {
    transfers::check(tx, how.to_user_id)?;
    let mut which = which.clone();
    let total = match &mut which {
        Which::Ids(ids) => {
            ids.sort_unstable();
            i64::try_from(ids.len()).ok()
        }
        Which::Filter(filter) => {
            let list = List::<Customers>::of_filter(filter.clone())?;
            list.resolve(tx.conn, scope)?;
            list.total(tx.conn, scope, visible(scope, false))?.filter(|total| *total <= MOST_COUNTED)
        }
    };
    enqueue(tx, &TRANSFER, &Args { which, how: how.clone(), asked_at: tx.now }, total)
}

fn step(tx: &mut Tx<'_>, task: &mut Task) -> Result<Step, Failure> {
    let (Args { which, how, asked_at }, mut so_far, scope) = (task.args()?, task.state::<SoFar>()?, task.scope()?);
    let mut errors = Vec::new();
    references::check_user(tx, "/to_user_id", Some(how.to_user_id), &mut errors)?;
    transfers::go_on(errors)?;
    let (ids, next) = match &which {
        Which::Ids(ids) => named(ids, so_far.after),
        Which::Filter(filter) => found(tx, &scope, filter, so_far.after, asked_at)?,
    };
    let mut capacity = holding_caps::hold(tx, how.to_user_id, &ids)?;
    for id in &ids {
        match give(tx, &scope, *id, &how, &mut capacity) {
            Ok(given) if given.is_gained => so_far.moved += 1,
            Ok(_) => so_far.unchanged += 1,
            Err(Failure::Problem(problem)) => {
                so_far.failed += 1;
                if so_far.refused.len() < NAMED {
                    so_far.refused.push(Refused { id: *id, code: problem.code().name().to_owned() });
                }
            }
            Err(failure) => return Err(failure),
        }
    }
    task.done += i64::try_from(ids.len()).unwrap_or_default();
    if next.is_some() {
        so_far.after = next;
        task.keep(&so_far)?;
        return Ok(Step::More);
    }
    let SoFar { moved, unchanged, failed, ref refused, .. } = so_far;
    let result = value(&Moved { moved, unchanged, failed, refused })?;
    Ok(if failed == 0 { Step::Done(result) } else { Step::Partly(result) })
}

/// The next customers, and behind which one to go on, if anywhere.
type Part = (Vec<CustomerId>, Option<CustomerId>);

fn named(ids: &[CustomerId], after: Option<CustomerId>) -> Part {
    let ids: Vec<CustomerId> = ids.iter().copied().filter(|id| after.is_none_or(|after| *id > after)).take(AT_ONCE).collect();
    let next = ids.last().copied().filter(|_| ids.len() == AT_ONCE);
    (ids, next)
}

/// Those of the next part of the workspace that match: what is rare is not looked for in all of it at once.
fn found(tx: &mut Tx<'_>, scope: &Scope, filter: &FilterNode, after: Option<CustomerId>, asked_at: Instant) -> Result<Part, Failure> {
    let behind = |rows: Condition| match after {
        Some(after) => rows.then(" AND customers.id > ").bind(after),
        None => rows,
    };
    let part = behind(Condition::sql("SELECT customers.id FROM customers WHERE customers.workspace_id = ").bind(scope.workspace_id));
    let part = part.then(format!(" ORDER BY customers.id LIMIT 1 OFFSET {}", LOOKED_AT - 1)).giving::<DbUuid>();
    let end: Option<CustomerId> = part.get_result(tx.conn).optional()?;
    let list = List::<Customers>::of_filter(filter.clone())?;
    list.resolve(tx.conn, scope)?;
    let matching = behind(visible(scope, false).and(list.page_filter(scope)?)).then(" AND customers.created_at <= ").bind(asked_at);
    let matching = match end {
        Some(end) => matching.then(" AND customers.id <= ").bind(end),
        None => matching,
    };
    let some = Condition::sql(format!("SELECT customers.id FROM {} WHERE ", Customers::FROM)).append(matching);
    let some = some.then(format!(" ORDER BY customers.id LIMIT {STEP_ROWS}")).giving::<DbUuid>();
    let ids: Vec<CustomerId> = some.load(tx.conn)?;
    let next = if ids.len() == AT_ONCE { ids.last().copied() } else { end };
    Ok((ids, next))
}
