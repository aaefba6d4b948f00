//! Customers above and below each other: at most 10 levels, no cycles, also when two callers move parents at once.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::dto::{CustomerKind, CustomerNode, CustomerSummary, CustomerTree};
use super::fields::visible;
use crate::auth::Scope;
use crate::db::id::CustomerId;
use crate::db::schema::customers;
use crate::db::types::Named;
use crate::db::{Condition, DbConnection, Failure, Topic, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::{FieldError, Problem};

const MAX_DEPTH: usize = 10;
const MAX_NODES: usize = 500;

/// Refuses a parent that would make a cycle (409) or too deep a hierarchy. Of a parent out of sight nothing is said.
pub fn check(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: CustomerId,
    before: Option<CustomerId>,
    after: Option<CustomerId>,
    errors: &mut Vec<FieldError>,
) -> Result<(), Failure> {
    let is_refused = errors.iter().any(|error| error.pointer == "/parent_id");
    let Some(parent) = after.filter(|_| before != after && !is_refused) else { return Ok(()) };
    // Two parent changes that see each other's past could make a cycle together.
    tx.lock(Topic::Hierarchy)?;
    let above = chain(tx.conn, scope, parent)?;
    if above.contains(&id) {
        return Err(Problem::new(Code::HierarchyCycle).into());
    }
    let below = levels_below(tx.conn, scope, id)?;
    if above.len() + 1 + below > MAX_DEPTH {
        errors.push(FieldError::new("/parent_id", Code::HierarchyTooDeep).with("max_depth", MAX_DEPTH));
    }
    Ok(())
}

/// The customer itself and those above it, from below; deleted ones included, since they may come back.
fn chain(conn: &mut DbConnection, scope: &Scope, from: CustomerId) -> QueryResult<Vec<CustomerId>> {
    let mut found = vec![from];
    let mut at = from;
    while found.len() <= MAX_DEPTH {
        let parent =
            customers::table.find((scope.workspace_id, at)).select(customers::parent_id).first::<Option<CustomerId>>(conn).optional()?;
        match parent.flatten() {
            Some(parent) if !found.contains(&parent) => {
                found.push(parent);
                at = parent;
            }
            _ => break,
        }
    }
    Ok(found)
}

/// How many levels there are below a customer, up to the most that are allowed; deleted ones count, since they may come back.
fn levels_below(conn: &mut DbConnection, scope: &Scope, id: CustomerId) -> QueryResult<usize> {
    let most = i64::try_from(MAX_DEPTH).unwrap_or(i64::MAX);
    let own = Condition::sql("WITH RECURSIVE below (id, depth) AS (SELECT c.id, 0 FROM customers c WHERE c.workspace_id = ");
    let own = own.bind(scope.workspace_id).then(" AND c.id = ").bind(id);
    let below = " UNION ALL SELECT c.id, b.depth + 1 FROM below b JOIN customers c ON c.parent_id = b.id AND c.workspace_id = ";
    let below = own.then(below).bind(scope.workspace_id).then(" WHERE b.depth < ").bind(most);
    let depth = below.then(") SELECT CAST(COALESCE(max(depth), 0) AS BIGINT) FROM below").giving::<BigInt>();
    let depth: i64 = depth.get_result(conn)?;
    Ok(usize::try_from(depth).unwrap_or(MAX_DEPTH))
}

type SummaryRow = (CustomerId, String, Named<CustomerKind>, Option<CustomerId>);

fn summaries(conn: &mut DbConnection, which: Condition, limit: usize) -> QueryResult<Vec<CustomerSummary>> {
    let rows = customers::table
        .filter(which)
        .order((customers::name_fold.asc(), customers::id.asc()))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((customers::id, customers::name, customers::kind, customers::parent_id))
        .load::<SummaryRow>(conn)?;
    Ok(rows.into_iter().map(|(id, name, kind, parent_id)| CustomerSummary { id, name, kind: kind.0, parent_id }).collect())
}

/// The customer with those above and below it that the caller sees; one statement for each level.
pub fn tree(conn: &mut DbConnection, scope: &Scope, id: CustomerId) -> Result<CustomerTree, Failure> {
    let itself = visible(scope, false).and(Condition::any_of("customers.id", [id]));
    let mut customer = summaries(conn, itself, 1)?.pop().ok_or_else(Problem::not_found)?;
    let above = chain(conn, scope, id)?;
    let higher: Vec<CustomerId> = above.iter().skip(1).copied().collect();
    let mut ancestors = summaries(conn, visible(scope, false).and(Condition::any_of("customers.id", higher)), MAX_DEPTH)?;
    ancestors.sort_by_key(|one| std::cmp::Reverse(above.iter().position(|id| *id == one.id)));

    let mut below: Vec<CustomerSummary> = Vec::new();
    let mut level = vec![id];
    let mut is_truncated = false;
    while !level.is_empty() && !is_truncated {
        let room = MAX_NODES - below.len();
        let next = visible(scope, false).and(Condition::any_of("customers.parent_id", level));
        let mut found = summaries(conn, next, room + 1)?;
        is_truncated = found.len() > room;
        found.truncate(room);
        level = found.iter().map(|one| one.id).collect();
        below.extend(found);
    }
    let shown: HashSet<CustomerId> = ancestors.iter().chain(&below).map(|one| one.id).chain([id]).collect();
    // A parent out of sight is not named either.
    for one in ancestors.iter_mut().chain(below.iter_mut()).chain([&mut customer]) {
        one.parent_id = one.parent_id.filter(|parent| shown.contains(parent));
    }
    let mut by_parent: HashMap<CustomerId, Vec<CustomerSummary>> = HashMap::new();
    for one in below {
        if let Some(parent) = one.parent_id {
            by_parent.entry(parent).or_default().push(one);
        }
    }
    let children = nest(&mut by_parent, id);
    Ok(CustomerTree { ancestors, customer, children, is_truncated })
}

fn nest(by_parent: &mut HashMap<CustomerId, Vec<CustomerSummary>>, id: CustomerId) -> Vec<CustomerNode> {
    let children = by_parent.remove(&id).unwrap_or_default();
    children
        .into_iter()
        .map(|CustomerSummary { id, name, kind, parent_id }| CustomerNode { id, name, kind, parent_id, children: nest(by_parent, id) })
        .collect()
}
