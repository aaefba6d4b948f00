//! Pools in the database. Everybody in the workspace sees what pools there are; what lies in them is their members' to see.

use std::collections::BTreeMap;
use std::sync::RwLock;

use diesel::insert_into;
use diesel::prelude::*;
use serde_json::{Map, Value};

use super::dto::{CreatePool, OnRecycle, OnRecycleOpportunities, OnRecyclePlannedTouches, Pool, PoolFields, UpdatePool};
use super::fields::Pools;
use super::masks::{Hidden, MaskedField};
use super::members;
use super::rows::{PoolRow, row_of};
use super::work::reindex_later;
use crate::auth::Scope;
use crate::changes::{Operation, diff, record};
use crate::crm::custom_fields::Custom;
use crate::crm::customers::Customers;
use crate::crm::objects;
use crate::crm::recycling::work::recompute_later;
use crate::db::id::{CustomerId, PoolId, WorkspaceId};
use crate::db::schema::pools;
use crate::db::types::{Json, Named};
use crate::db::{Condition, DbConnection, Failure, Hold, Tx, columns, insert, update_rows, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::listing::rows::{count, exists, rows, with_id, with_ids};
use crate::listing::{FilterNode, List};

pub fn load(conn: &mut DbConnection, scope: &Scope, which: Condition) -> Result<Vec<Pool>, Failure> {
    let rows = pools::table.filter(which).order((pools::priority.desc(), pools::id.asc())).select(columns::<PoolRow>()).load(conn)?;
    let mut found: Vec<Pool> = rows.into_iter().map(Pool::from).collect();
    members::fill(conn, scope, &mut found)?;
    Ok(found)
}

fn one(conn: &mut DbConnection, scope: &Scope, which: Condition) -> Result<Pool, Failure> {
    load(conn, scope, which)?.pop().ok_or_else(|| Problem::not_found().into())
}

pub fn get(conn: &mut DbConnection, scope: &Scope, id: PoolId) -> Result<Pool, Failure> {
    one(conn, scope, with_id::<Pools>(rows::<Pools>(scope.workspace_id, false), id))
}

pub fn get_all(conn: &mut DbConnection, scope: &Scope, ids: &[PoolId]) -> Result<Vec<Pool>, Failure> {
    load(conn, scope, with_ids::<Pools>(rows::<Pools>(scope.workspace_id, false), ids))
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<Pools>) -> Result<Page<Pool>, Failure> {
    let seen = rows::<Pools>(scope.workspace_id, list.is_deleted);
    list.load_page(conn, scope, &seen, |conn, which, order| {
        let found = pools::table.filter(which).order(order).limit(list.rows());
        let mut data: Vec<Pool> = found.select(columns::<PoolRow>()).load(conn)?.into_iter().map(Pool::from).collect();
        members::fill(conn, scope, &mut data)?;
        Ok(data)
    })
}

/// The pool that takes whatever nobody else is named for.
pub fn default_pool(conn: &mut DbConnection, workspace_id: WorkspaceId) -> QueryResult<PoolId> {
    /// Which pool it is never changes, and most new customers go there.
    static KNOWN: RwLock<BTreeMap<WorkspaceId, PoolId>> = RwLock::new(BTreeMap::new());
    if let Some(id) = KNOWN.read().ok().and_then(|known| known.get(&workspace_id).copied()) {
        return Ok(id);
    }
    let own = pools::workspace_id.eq(workspace_id).and(pools::is_default.eq(true));
    let id = pools::table.filter(own).select(pools::id).first(conn)?;
    if let Ok(mut known) = KNOWN.write() {
        known.insert(workspace_id, id);
    }
    Ok(id)
}

type Filtered = (PoolId, Option<Json<Map<String, Value>>>);

/// Enabled pools, the highest priority first.
fn enabled(tx: &mut Tx<'_>) -> QueryResult<Vec<Filtered>> {
    let enabled = rows::<Pools>(tx.actor.workspace_id, false).then(" AND pools.is_enabled");
    pools::table.filter(enabled).order((pools::priority.desc(), pools::id.asc())).select((pools::id, pools::filter)).load(tx.conn)
}

/// A pool's filter, if it is one.
fn filter_of(filter: Map<String, Value>) -> Result<List<Customers>, Problem> {
    let wrong = || Problem::fields(vec![FieldError::new("/filter", Code::WrongType).with("expected", "a filter")]);
    let tree: FilterNode = serde_json::from_value(filter.into()).map_err(|_| wrong())?;
    List::of_filter(tree)
}

/// The pool of the highest priority when it takes every customer.
pub fn matching_all(tx: &mut Tx<'_>) -> QueryResult<Option<PoolId>> {
    Ok(enabled(tx)?.into_iter().next().filter(|(_, filter)| filter.is_none()).map(|(id, _)| id))
}

/// The pool of the highest priority that a customer belongs into.
pub fn matching(tx: &mut Tx<'_>, scope: &Scope, customer_id: CustomerId) -> Result<Option<PoolId>, Failure> {
    for (pool_id, filter) in enabled(tx)? {
        let Some(filter) = filter else { return Ok(Some(pool_id)) };
        let seen = with_id::<Customers>(rows::<Customers>(scope.workspace_id, false), customer_id);
        let matched = filter_of(filter.0).map_err(Failure::from).and_then(|list| list.matches(tx.conn, &scope.unbounded(), seen));
        match matched {
            Ok(true) => return Ok(Some(pool_id)),
            Ok(false) => {}
            // It was right when it was written: what it asks for has been purged, and nothing matches it any more.
            Err(Failure::Problem(problem)) => tracing::warn!(%pool_id, code = problem.code().as_ref(), "a pool's filter is out of date"),
            Err(failure) => return Err(failure),
        }
    }
    Ok(None)
}

/// What becomes of what belongs to a customer that is recycled into it; `None` when it takes nobody.
pub fn on_recycle(conn: &mut DbConnection, workspace_id: WorkspaceId, id: PoolId) -> QueryResult<Option<OnRecycle>> {
    let taking = pools::table.find((workspace_id, id)).filter(pools::is_enabled.eq(true).and(pools::deleted_at.is_null()));
    let found = taking.select((pools::on_recycle_opportunities, pools::on_recycle_planned_touches));
    let found: Option<(Named<OnRecycleOpportunities>, Named<OnRecyclePlannedTouches>)> = found.first(conn).optional()?;
    Ok(found.map(|(opportunities, planned_touches)| OnRecycle { opportunities: opportunities.0, planned_touches: planned_touches.0 }))
}

/// A pool that a customer is to go into, held so that it stays; whoever finds it gone looks again from the start.
pub fn hold(tx: &mut Tx<'_>, id: PoolId) -> Result<OnRecycle, Failure> {
    tx.hold("pools", id, Hold::ToRead)?;
    on_recycle(tx.conn, tx.actor.workspace_id, id)?.ok_or(Failure::Stale)
}

pub fn create_default(tx: &mut Tx<'_>) -> QueryResult<()> {
    let fields = PoolFields {
        name: "公海".to_owned(),
        is_enabled: true,
        is_open: true,
        members: Vec::new(),
        admins: Vec::new(),
        filter: None,
        priority: 0,
        daily_claim_limit: 20,
        claim_batch_max: 20,
        reclaim_cooldown_days: 7,
        new_item_quiet_hours: 0,
        remind_before_days: vec![7, 3, 1],
        on_recycle: OnRecycle::default(),
        masked_fields: vec![MaskedField::Phones, MaskedField::Email, MaskedField::Address],
    };
    let (created_at, updated_at, created_by_id) = (tx.now, tx.now, tx.actor.user_id);
    let pool = Pool { id: PoolId::new(), version: 1, is_default: true, fields, created_at, updated_at, created_by_id };
    insert(tx.conn, &[&insert_into(pools::table).values(&row_of(tx.actor.workspace_id, &pool))])
}

pub fn create(tx: &mut Tx<'_>, _: &Scope, input: &CreatePool) -> Result<Pool, Failure> {
    let (created_at, updated_at, created_by_id) = (tx.now, tx.now, tx.actor.user_id);
    let fields = input.fields.clone();
    let pool = Pool { id: PoolId::new(), version: 1, is_default: false, fields, created_at, updated_at, created_by_id };
    check(tx, None, &pool)?;
    insert(tx.conn, &[&insert_into(pools::table).values(&row_of(tx.actor.workspace_id, &pool))])?;
    members::replace(tx, &pool)?;
    record(tx, Operation::Created, pool.id, pool.version, diff(None, Some(&pool))?)?;
    Ok(pool)
}

pub fn update(tx: &mut Tx<'_>, scope: &Scope, id: PoolId, if_match: &IfMatch, patch: &UpdatePool) -> Result<Pool, Failure> {
    let before = get(tx.conn, scope, id)?;
    if_match.check(before.version)?;
    let mut after = Pool { fields: patch.apply(&before.fields)?, ..before.clone() };
    check(tx, Some(&before), &after)?;
    let changed = diff(Some(&before), Some(&after))?;
    if changed.is_empty() {
        return Ok(before);
    }
    (after.version, after.updated_at) = (before.version + 1, tx.now.max(before.updated_at));
    let row = row_of(tx.actor.workspace_id, &after);
    let guarded = pools::version.eq(before.version).and(pools::deleted_at.is_null());
    written(update_rows(tx.conn, pools::table.find((row.workspace_id, row.id)).filter(guarded), &row)?)?;
    if (&before.fields.members, &before.fields.admins) != (&after.fields.members, &after.fields.admins) {
        members::replace(tx, &after)?;
    }
    record(tx, Operation::Updated, id, after.version, changed)?;
    if (before.fields.is_enabled, before.fields.on_recycle) != (after.fields.is_enabled, after.fields.on_recycle) {
        recompute_later(tx, id)?;
    }
    if Hidden::of(&before.fields.masked_fields) != Hidden::of(&after.fields.masked_fields) {
        reindex_later(tx, id)?;
    }
    Ok(after)
}

fn check(tx: &mut Tx<'_>, before: Option<&Pool>, after: &Pool) -> Result<(), Failure> {
    let mut errors = Vec::new();
    if after.is_default && !after.fields.is_enabled {
        errors.push(FieldError::new("/is_enabled", Code::NotApplicable));
    }
    members::check(tx, before, after, &mut errors)?;
    Problem::check(errors)?;
    if let Some(filter) = &after.fields.filter {
        filter_of(filter.clone())?.resolve(tx.conn, &Scope::system(tx.actor.workspace_id, tx.now))?;
    }
    Ok(())
}

/// A pool with customers stays, and so does the default one.
pub fn delete(tx: &mut Tx<'_>, scope: &Scope, id: PoolId, if_match: &IfMatch) -> Result<(), Failure> {
    tx.hold("pools", id, Hold::ToWrite)?;
    let pool = get(tx.conn, scope, id)?;
    if_match.check(pool.version)?;
    let within = rows::<Customers>(scope.workspace_id, false).then(" AND customers.pool_id = ").bind(id);
    let customers = count::<Customers>(tx.conn, within)?;
    if customers > 0 {
        return Err(Problem::new(Code::InUse).with("count", customers).with("resource", "customers").into());
    }
    if pool.is_default {
        return Err(Problem::new(Code::InUse).with("count", 1).with("resource", "workspace").into());
    }
    objects::delete::<Pools>(tx, id, pool.version)?;
    recompute_later(tx, id)
}

pub fn restore(tx: &mut Tx<'_>, scope: &Scope, id: PoolId, if_match: &IfMatch) -> Result<Pool, Failure> {
    let deleted = objects::restorable::<Pools>(tx, with_id::<Pools>(rows::<Pools>(scope.workspace_id, true), id));
    let mut pool = one(tx.conn, scope, deleted)?;
    if_match.check(pool.version)?;
    objects::restore::<Pools>(tx, &rows::<Pools>(scope.workspace_id, false), id, pool.version, &[], &[], &Custom::default())?;
    (pool.version, pool.updated_at) = (pool.version + 1, tx.now);
    record(tx, Operation::Restored, id, pool.version, Map::new())?;
    recompute_later(tx, id)?;
    Ok(pool)
}

/// A pool that something is to go into: it stays until the end of the transaction.
pub fn check_place(tx: &mut Tx<'_>, pointer: &str, id: PoolId, errors: &mut Vec<FieldError>) -> QueryResult<()> {
    tx.hold("pools", id, Hold::ToRead)?;
    let own = with_id::<Pools>(rows::<Pools>(tx.actor.workspace_id, false), id);
    if !exists::<Pools>(tx.conn, own.clone())? {
        errors.push(FieldError::new(pointer, Code::UnknownReference));
    } else if !exists::<Pools>(tx.conn, own.then(" AND pools.is_enabled"))? {
        errors.push(FieldError::new(pointer, Code::InactiveReference));
    }
    Ok(())
}
