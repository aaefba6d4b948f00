//! What a user leaves, who may get it, and asking for the handover.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::dto::{HandoverPreview, HandoverReceiver, HandoverTo};
use super::{rules, work};
use crate::auth::privileges::Role;
use crate::crm::customers::Customers;
use crate::crm::holding_caps::Capacity;
use crate::crm::opportunities::Opportunities;
use crate::crm::planned_touches::PlannedTouches;
use crate::crm::{pools, references};
use crate::db::id::{CustomerId, PoolId, UserId, WorkspaceId};
use crate::db::schema::users;
use crate::db::types::{DbUuid, Instant, Named};
use crate::db::{Condition, DbConnection, Failure, Hold, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::{FieldError, Problem};
use crate::jobs::Job;
use crate::listing::rows::{count, rows};

/// Who gets the customers.
#[derive(Debug, Clone)]
pub enum Heirs {
    Users { ids: Vec<UserId>, weights: Vec<i64> },
    Pool(PoolId),
}

impl Heirs {
    /// Of what has been checked there is exactly one.
    pub fn of(to: &HandoverTo) -> Self {
        match (to.to_user_id, to.pool_id) {
            (Some(id), _) => Self::Users { ids: vec![id], weights: vec![1] },
            (None, Some(id)) => Self::Pool(id),
            (None, None) => {
                let (ids, weights) = to.split.iter().flatten().map(|share| (share.user_id, share.weight)).unzip();
                Self::Users { ids, weights }
            }
        }
    }

    /// Each with what it gets.
    pub fn with(&self, customers: i64, given: &[i64]) -> Vec<HandoverReceiver> {
        let empty = HandoverReceiver { user_id: None, pool_id: None, customers, held: None, cap: None };
        match self {
            Self::Pool(id) => vec![HandoverReceiver { pool_id: Some(*id), ..empty }],
            Self::Users { ids, .. } => {
                let each = ids.iter().zip(given.iter().copied().chain(std::iter::repeat(0)));
                each.map(|(id, customers)| HandoverReceiver { user_id: Some(*id), customers, ..empty }).collect()
            }
        }
    }
}

/// How much a user leaves.
struct Held {
    customers: i64,
    opportunities: i64,
    planned_touches: i64,
    collaborations: i64,
}

impl Held {
    fn of(conn: &mut DbConnection, workspace_id: WorkspaceId, user_id: UserId, now: Instant) -> QueryResult<Self> {
        let works_on = Condition::sql("customers.id IN (SELECT k.customer_id FROM customer_collaborators k WHERE k.workspace_id = ");
        let works_on = works_on.bind(workspace_id).then(" AND k.user_id = ").bind(user_id);
        let works_on = works_on.then(" AND (k.expires_at IS NULL OR k.expires_at > ").bind(now).then("))");
        let open = rows::<Opportunities>(workspace_id, false).then(" AND opportunities.stage_kind = 'open' AND opportunities.owner_id = ");
        let planned = rows::<PlannedTouches>(workspace_id, false);
        let planned = planned.then(" AND planned_touches.status = 'planned' AND planned_touches.assignee_id = ");
        Ok(Self {
            customers: count::<Customers>(conn, owned(workspace_id, user_id))?,
            opportunities: count::<Opportunities>(conn, open.bind(user_id))?,
            planned_touches: count::<PlannedTouches>(conn, planned.bind(user_id))?,
            collaborations: count::<Customers>(conn, rows::<Customers>(workspace_id, false).and(works_on))?,
        })
    }
}

fn owned(workspace_id: WorkspaceId, user_id: UserId) -> Condition {
    rows::<Customers>(workspace_id, false).then(" AND customers.owner_id = ").bind(user_id)
}

/// Who holds customers is not disabled without a handover. Its row is held: it gains none any more.
pub fn check_none_held(tx: &mut Tx<'_>, user_id: UserId) -> Result<(), Failure> {
    tx.hold("users", user_id, Hold::ToWrite)?;
    let workspace_id = tx.actor.workspace_id;
    if count::<Customers>(tx.conn, owned(workspace_id, user_id))? == 0 {
        return Ok(());
    }
    let Held { customers, opportunities, planned_touches, collaborations } = Held::of(tx.conn, workspace_id, user_id, tx.now)?;
    let holds = Problem::new(Code::UserStillHolds).with("count", customers).with("resource", "customers");
    let holds = holds.with("opportunities", opportunities).with("planned_touches", planned_touches);
    Err(holds.with("collaborations", collaborations).into())
}

/// What is wrong with who is to get it; `at` is where that stands in the body.
pub fn faults(tx: &mut Tx<'_>, user_id: UserId, to: &HandoverTo, at: &str) -> Result<Vec<FieldError>, Failure> {
    let mut errors = Vec::new();
    let given = [("to_user_id", to.to_user_id.is_some()), ("pool_id", to.pool_id.is_some()), ("split", to.split.is_some())];
    let mut given = given.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).skip(1).peekable();
    if to.to_user_id.is_none() && to.pool_id.is_none() && to.split.is_none() {
        errors.push(FieldError::new(format!("{at}/to_user_id"), Code::Required));
    } else if given.peek().is_some() {
        let fields = vec!["to_user_id", "pool_id", "split"];
        errors.extend(given.map(|name| FieldError::new(format!("{at}/{name}"), Code::ExclusiveFields).with("fields", fields.clone())));
    }
    if let Some(pool_id) = to.pool_id {
        pools::store::check_place(tx, &format!("{at}/pool_id"), pool_id, &mut errors)?;
    }
    let shares = to.split.iter().flatten().enumerate().map(|(index, share)| (format!("{at}/split/{index}/user_id"), share.user_id));
    let mut seen = HashSet::new();
    for (pointer, id) in to.to_user_id.map(|id| (format!("{at}/to_user_id"), id)).into_iter().chain(shares) {
        if !seen.insert(id) {
            errors.push(FieldError::new(pointer, Code::DuplicateItem));
        } else {
            check_heir(tx, user_id, &pointer, id, &mut errors)?;
        }
    }
    Ok(errors)
}

/// Somebody active, not the same, who may change what it owns.
fn check_heir(tx: &mut Tx<'_>, user_id: UserId, pointer: &str, id: UserId, errors: &mut Vec<FieldError>) -> QueryResult<()> {
    if id == user_id {
        errors.push(FieldError::new(pointer, Code::SameUser));
        return Ok(());
    }
    references::check_user(tx, pointer, Some(id), errors)?;
    let role: Option<Named<Role>> = users::table.find((tx.actor.workspace_id, id)).select(users::role).first(tx.conn).optional()?;
    if role.is_some_and(|role| role.0 == Role::Viewer) {
        errors.push(FieldError::new(pointer, Code::MayNotOwn));
    }
    Ok(())
}

/// Asks for the handover, when there is nothing wrong with it.
pub fn begin(tx: &mut Tx<'_>, user_id: UserId, to: &HandoverTo, at: &str) -> Result<Job, Failure> {
    Problem::check(faults(tx, user_id, to, at)?)?;
    let all = Condition::sql("SELECT count(*) FROM (").append(concerned(tx.actor.workspace_id, user_id, None, i64::MAX)).then(") AS c");
    let total: i64 = all.giving::<BigInt>().get_result(tx.conn)?;
    work::ask(tx, user_id, to, total)
}

/// What the handover would do.
pub fn preview(tx: &mut Tx<'_>, user_id: UserId, to: &HandoverTo) -> Result<HandoverPreview, Failure> {
    Problem::check(faults(tx, user_id, to, "")?)?;
    let (workspace_id, now) = (tx.actor.workspace_id, tx.now);
    let Held { customers, opportunities, planned_touches, collaborations } = Held::of(tx.conn, workspace_id, user_id, now)?;
    let locked = Condition::sql("customers.id IN (SELECT h.customer_id FROM customer_holdings h WHERE h.workspace_id = ");
    let locked = locked.bind(workspace_id).then(" AND h.locked_until > ").bind(now).then(")");
    let locked_customers = count::<Customers>(tx.conn, owned(workspace_id, user_id).and(locked))?;
    let served = rows::<Customers>(workspace_id, false).then(" AND customers.service_rep_id = ").bind(user_id);
    let service_rep_customers = count::<Customers>(tx.conn, served)?;
    let heirs = Heirs::of(to);
    let shares = if let Heirs::Users { weights, .. } = &heirs { rules::deal(weights, customers) } else { Vec::new() };
    let mut receivers = heirs.with(customers, &shares);
    for receiver in &mut receivers {
        let Some(id) = receiver.user_id else { continue };
        let Capacity { cap, held, .. } = Capacity::of(tx.conn, workspace_id, id, now)?;
        (receiver.held, receiver.cap) = (Some(held), cap.map(|cap| cap.fields.cap));
    }
    Ok(HandoverPreview {
        user_id,
        customers,
        locked_customers,
        opportunities,
        planned_touches,
        collaborations,
        service_rep_customers,
        receivers,
    })
}

/// The next customers where a user has something, as a statement: its own, and those where it has an open opportunity, something
/// planned, or a part.
fn concerned(workspace_id: WorkspaceId, user_id: UserId, after: Option<CustomerId>, limit: i64) -> Condition {
    let arm = |id: &str, table: &str, who: &str, which: &str| {
        let arm = Condition::sql(format!("SELECT * FROM (SELECT DISTINCT {id} AS id FROM {table} WHERE workspace_id = "));
        let arm = arm.bind(workspace_id).then(format!(" AND {who} = ")).bind(user_id).then(which);
        let arm = match after {
            Some(after) => arm.then(format!(" AND {id} > ")).bind(after),
            None => arm,
        };
        arm.then(format!(" ORDER BY {id} LIMIT {limit}) AS {table}_{who}"))
    };
    let arms = [
        arm("id", "customers", "owner_id", " AND deleted_at IS NULL"),
        arm("id", "customers", "service_rep_id", " AND deleted_at IS NULL"),
        arm("customer_id", "opportunities", "owner_id", " AND stage_kind = 'open' AND deleted_at IS NULL"),
        arm("customer_id", "planned_touches", "assignee_id", " AND status = 'planned' AND deleted_at IS NULL"),
        arm("customer_id", "customer_collaborators", "user_id", ""),
    ];
    let all = arms.into_iter().reduce(|all, arm| all.then(" UNION ").append(arm)).unwrap_or_default();
    Condition::sql("SELECT id FROM (").append(all).then(format!(") AS concerned ORDER BY id LIMIT {limit}"))
}

/// The ids of the next ones.
pub fn next_concerned(tx: &mut Tx<'_>, user_id: UserId, after: Option<CustomerId>, limit: i64) -> QueryResult<Vec<CustomerId>> {
    concerned(tx.actor.workspace_id, user_id, after, limit).giving::<DbUuid>().load(tx.conn)
}
