//! Who works on a customer besides its owner: sees and changes it, and does not give it away.

use std::collections::HashSet;

use diesel::prelude::*;
use serde_json::json;

use super::super::dto::Customer;
use super::super::store;
use super::dto::{Collaborator, Collaborators, SetCollaborators};
use crate::auth::Scope;
use crate::changes::{Operation, record};
use crate::crm::references;
use crate::db::id::{CustomerId, UserId, WorkspaceId};
use crate::db::schema::{customer_collaborators as rows, customers};
use crate::db::types::Instant;
use crate::db::{Condition, DbConnection, Failure, Hold, Tx, update_rows, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::problem::{FieldError, Problem};

/// Those whose time has not ended.
pub fn list(conn: &mut DbConnection, scope: &Scope, id: CustomerId) -> Result<(Collaborators, i64), Failure> {
    let customer = store::get(conn, scope, id)?;
    let now = scope.now;
    let current = all(conn, scope.workspace_id, id)?.into_iter().filter(|one| one.expires_at.is_none_or(|end| end > now));
    Ok((Collaborators { collaborators: current.collect() }, customer.version))
}

fn all(conn: &mut DbConnection, workspace_id: WorkspaceId, id: CustomerId) -> QueryResult<Vec<Collaborator>> {
    let found = rows::table.filter(rows::workspace_id.eq(workspace_id).and(rows::customer_id.eq(id))).order(rows::user_id);
    let found: Vec<(UserId, Option<Instant>)> = found.select((rows::user_id, rows::expires_at)).load(conn)?;
    Ok(found.into_iter().map(|(user_id, expires_at)| Collaborator { user_id, expires_at }).collect())
}

/// Puts these in the place of those that there were, as the customer's next version.
pub fn replace(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: CustomerId,
    if_match: &IfMatch,
    input: &SetCollaborators,
) -> Result<Collaborators, Failure> {
    tx.hold("customers", id, Hold::ToWrite)?;
    let customer = store::get_for_move(tx.conn, scope, id)?;
    if_match.check(customer.version)?;
    let owner_id = customer.owner_id.ok_or_else(|| Problem::new(Code::AlreadyPooled))?;
    let before = all(tx.conn, scope.workspace_id, id)?;
    let mut after = input.collaborators.clone();
    let (mut errors, mut seen) = (Vec::new(), HashSet::new());
    for (index, one) in after.iter().enumerate() {
        let pointer = format!("/collaborators/{index}/user_id");
        if one.user_id == owner_id || !seen.insert(one.user_id) {
            errors.push(FieldError::new(&pointer, Code::DuplicateItem));
        }
        if !before.iter().any(|old| old.user_id == one.user_id) {
            references::check_user(tx, &pointer, Some(one.user_id), &mut errors)?;
        }
        if one.expires_at.is_some_and(|end| end <= tx.now) && !before.contains(one) {
            let past = FieldError::new(format!("/collaborators/{index}/expires_at"), Code::TooSmall);
            errors.push(past.with("min", tx.now.to_string()));
        }
    }
    Problem::check(errors)?;
    after.sort_by_key(|one| one.user_id);
    write(tx, customer, &before, &after)?;
    Ok(Collaborators { collaborators: after })
}

/// Puts these in the place of those, as the customer's next version; nothing when they are the same. So that the feed tells whoever is
/// left out, everything that adds or ends a collaborator comes through here.
fn write(tx: &mut Tx<'_>, mut customer: Customer, before: &[Collaborator], after: &[Collaborator]) -> Result<Customer, Failure> {
    if before == after {
        return Ok(customer);
    }
    let own = rows::workspace_id.eq(tx.actor.workspace_id).and(rows::customer_id.eq(customer.id));
    diesel::delete(rows::table.filter(own)).execute(tx.conn)?;
    for one in after {
        add(tx, customer.id, one)?;
    }
    let guarded = customers::table.find((tx.actor.workspace_id, customer.id)).filter(customers::version.eq(customer.version));
    (customer.version, customer.updated_at) = (customer.version + 1, tx.now.max(customer.updated_at));
    let next = (customers::version.eq(customer.version), customers::updated_at.eq(customer.updated_at));
    written(update_rows(tx.conn, guarded, next)?)?;
    let changed = [("collaborators".to_owned(), json!({ "from": before, "to": after }))].into_iter().collect();
    record(tx, Operation::CollaboratorsChanged, customer.id, customer.version, changed)?;
    Ok(customer)
}

/// Ends somebody's part in a customer, whose row is held; somebody else takes its place for the time that is left, who is neither
/// owner nor collaborator yet.
pub fn pass_on(tx: &mut Tx<'_>, customer: Customer, from: UserId, to: Option<UserId>) -> Result<Customer, Failure> {
    let before = all(tx.conn, tx.actor.workspace_id, customer.id)?;
    let Some(ended) = before.iter().find(|one| one.user_id == from) else { return Ok(customer) };
    let is_over = ended.expires_at.is_some_and(|end| end <= tx.now);
    let is_new = |to: &UserId| !is_over && customer.owner_id != Some(*to) && !before.iter().any(|one| one.user_id == *to);
    let next = to.filter(is_new).map(|user_id| Collaborator { user_id, ..ended.clone() });
    let mut after: Vec<Collaborator> = before.iter().filter(|one| one.user_id != from).cloned().chain(next).collect();
    after.sort_by_key(|one| one.user_id);
    write(tx, customer, &before, &after)
}

/// The customers among these that somebody has a part in.
pub fn worked_on(tx: &mut Tx<'_>, customer_ids: &[CustomerId], user_id: UserId) -> QueryResult<Vec<CustomerId>> {
    let own = rows::workspace_id.eq(tx.actor.workspace_id).and(rows::user_id.eq(user_id));
    let these = Condition::any_of("customer_collaborators.customer_id", customer_ids.iter().copied());
    rows::table.filter(own).filter(these).select(rows::customer_id).load(tx.conn)
}

fn add(tx: &mut Tx<'_>, id: CustomerId, one: &Collaborator) -> QueryResult<()> {
    diesel::insert_into(rows::table)
        .values((
            rows::workspace_id.eq(tx.actor.workspace_id),
            rows::customer_id.eq(id),
            rows::user_id.eq(one.user_id),
            rows::expires_at.eq(one.expires_at),
            rows::created_at.eq(tx.now),
            rows::created_by_id.eq(tx.actor.user_id),
        ))
        .execute(tx.conn)
        .map(|_| ())
}

/// Whether somebody works on a customer: its owner, or a collaborator whose time has not ended.
pub fn works_on(tx: &mut Tx<'_>, customer: &Customer, user_id: UserId) -> QueryResult<bool> {
    if customer.owner_id == Some(user_id) {
        return Ok(true);
    }
    let found = rows::table.find((tx.actor.workspace_id, customer.id, user_id)).select(rows::expires_at);
    let found: Option<Option<Instant>> = found.first(tx.conn).optional()?;
    Ok(found.is_some_and(|end| end.is_none_or(|end| end > tx.now)))
}

/// Of a customer that has just moved, whose row is held: in a pool nobody works on it, and its owner is not one of them. A previous owner
/// may stay as one.
pub fn settle(tx: &mut Tx<'_>, customer: Customer, stays: Option<UserId>) -> Result<Customer, Failure> {
    let before = all(tx.conn, tx.actor.workspace_id, customer.id)?;
    let after = customer.owner_id.map(|owner_id| {
        let others = before.iter().filter(|one| one.user_id != owner_id).cloned();
        let mut after: Vec<Collaborator> = others.chain(stays.map(|user_id| Collaborator { user_id, expires_at: None })).collect();
        after.sort_by_key(|one| one.user_id);
        after
    });
    write(tx, customer, &before, &after.unwrap_or_default())
}

/// Ends those of a customer, whose row is held, whose time is over.
pub fn end_expired(tx: &mut Tx<'_>, customer: Customer) -> Result<Customer, Failure> {
    let before = all(tx.conn, tx.actor.workspace_id, customer.id)?;
    let after: Vec<Collaborator> = before.iter().filter(|one| one.expires_at.is_none_or(|end| end > tx.now)).cloned().collect();
    write(tx, customer, &before, &after)
}
