//! Recycle rules in the database: few for each pool, and always read together.

use diesel::insert_into;
use diesel::prelude::*;

use super::dto::{CreateRecycleRule, ExtendOn, RecycleExclude, RecycleKind, RecycleRule, RecycleRuleFields, TierDays, UpdateRecycleRule};
use super::rules;
use super::work::recompute_later;
use crate::auth::Scope;
use crate::changes::{Operation, diff, record};
use crate::crm::{pools, references};
use crate::db::id::{PoolId, RecycleRuleId, UserId, WorkspaceId};
use crate::db::schema::{recycle_rules, tiers};
use crate::db::types::{Instant, Json, Named};
use crate::db::{DbConnection, Failure, Hold, Tx, columns, insert, update_rows, written};
use crate::http::etag::IfMatch;
use crate::http::problem::Problem;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = recycle_rules, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
struct Row {
    workspace_id: WorkspaceId,
    id: RecycleRuleId,
    version: i64,
    pool_id: PoolId,
    kind: Named<RecycleKind>,
    days: i32,
    tier_days: Json<Vec<TierDays>>,
    extend_on: Json<Vec<ExtendOn>>,
    extend_days: Option<i32>,
    exclude: Json<RecycleExclude>,
    is_active: bool,
    changed_at: Instant,
    created_at: Instant,
    updated_at: Instant,
    created_by_id: Option<UserId>,
}

impl From<Row> for RecycleRule {
    #[rustfmt::skip]
    fn from(row: Row) -> Self {
        let Row {
            workspace_id: _, id, version, pool_id, kind, days, tier_days, extend_on, extend_days, exclude, is_active, changed_at, created_at,
            updated_at, created_by_id,
        } = row;
        let fields = RecycleRuleFields {
            kind: kind.0, days, tier_days: tier_days.0, extend_on: extend_on.0, extend_days, exclude: exclude.0, is_active,
        };
        Self { id, version, pool_id, fields, changed_at, created_at, updated_at, created_by_id }
    }
}

#[rustfmt::skip]
fn row_of(workspace_id: WorkspaceId, rule: &RecycleRule) -> Row {
    let RecycleRule { id, version, pool_id, fields, changed_at, created_at, updated_at, created_by_id } = rule.clone();
    let RecycleRuleFields { kind, days, tier_days, extend_on, extend_days, exclude, is_active } = fields;
    Row {
        workspace_id, id, version, pool_id, kind: Named(kind), days, tier_days: Json(tier_days), extend_on: Json(extend_on), extend_days,
        exclude: Json(exclude), is_active, changed_at, created_at, updated_at, created_by_id,
    }
}

#[diesel::dsl::auto_type(no_type_alias)]
fn own(workspace_id: WorkspaceId) -> _ {
    recycle_rules::table.filter(recycle_rules::workspace_id.eq(workspace_id).and(recycle_rules::deleted_at.is_null()))
}

/// Whether any rule is active: most workspaces have none, and pay one look-up.
pub fn any(conn: &mut DbConnection, workspace_id: WorkspaceId) -> QueryResult<bool> {
    let active = own(workspace_id).filter(recycle_rules::is_active.eq(true)).select(recycle_rules::id);
    active.first::<RecycleRuleId>(conn).optional().map(|found| found.is_some())
}

pub fn active(conn: &mut DbConnection, workspace_id: WorkspaceId, pool_id: PoolId) -> QueryResult<Vec<RecycleRule>> {
    let of_pool = own(workspace_id).filter(recycle_rules::pool_id.eq(pool_id).and(recycle_rules::is_active.eq(true)));
    let mut rules: Vec<RecycleRule> =
        of_pool.order(recycle_rules::id).select(columns::<Row>()).load(conn)?.into_iter().map(RecycleRule::from).collect();
    if rules.iter().any(|rule| rule.fields.kind == RecycleKind::NoTouch) {
        let days = tier_days(conn, workspace_id)?;
        rules.iter_mut().for_each(|rule| rules::with_tiers(&mut rule.fields, &days));
    }
    Ok(rules)
}

/// The days that tiers have of their own.
pub fn tier_days(conn: &mut DbConnection, workspace_id: WorkspaceId) -> QueryResult<Vec<TierDays>> {
    let own = tiers::table.filter(tiers::workspace_id.eq(workspace_id).and(tiers::deleted_at.is_null()));
    let own = own.filter(tiers::recycle_days.is_not_null()).order(tiers::id).select((tiers::id, tiers::recycle_days.assume_not_null()));
    Ok(own.load(conn)?.into_iter().map(|(tier_id, days)| TierDays { tier_id, days }).collect())
}

/// After a tier's days have changed: as if each rule that they count for had been changed, with its days of grace.
pub fn tier_changed(tx: &mut Tx<'_>) -> Result<(), Failure> {
    let counts =
        own(tx.actor.workspace_id).filter(recycle_rules::is_active.eq(true).and(recycle_rules::kind.eq(Named(RecycleKind::NoTouch))));
    for row in counts.order(recycle_rules::id).select(columns::<Row>()).load(tx.conn)? {
        let before = RecycleRule::from(row);
        save(tx, &before, before.fields.clone())?;
    }
    Ok(())
}

pub fn list(conn: &mut DbConnection, scope: &Scope, pool_id: PoolId) -> Result<Vec<RecycleRule>, Failure> {
    let pool = pools::store::get(conn, scope, pool_id)?;
    let of_pool = own(scope.workspace_id).filter(recycle_rules::pool_id.eq(pool.id)).order(recycle_rules::id);
    Ok(of_pool.select(columns::<Row>()).load(conn)?.into_iter().map(RecycleRule::from).collect())
}

pub fn get(conn: &mut DbConnection, workspace_id: WorkspaceId, id: RecycleRuleId) -> Result<RecycleRule, Failure> {
    let row = own(workspace_id).filter(recycle_rules::id.eq(id)).select(columns::<Row>()).first(conn).optional()?;
    row.map(RecycleRule::from).ok_or_else(|| Problem::not_found().into())
}

pub fn create(tx: &mut Tx<'_>, scope: &Scope, pool_id: PoolId, input: &CreateRecycleRule) -> Result<RecycleRule, Failure> {
    tx.hold("pools", pool_id, Hold::ToRead)?;
    let pool_id = pools::store::get(tx.conn, scope, pool_id)?.id;
    let (changed_at, created_at, updated_at, created_by_id) = (tx.now, tx.now, tx.now, tx.actor.user_id);
    let fields = input.fields.clone();
    let rule = RecycleRule { id: RecycleRuleId::new(), version: 1, pool_id, fields, changed_at, created_at, updated_at, created_by_id };
    check(tx, &rule)?;
    insert(tx.conn, &[&insert_into(recycle_rules::table).values(&row_of(scope.workspace_id, &rule))])?;
    record(tx, Operation::Created, rule.id, rule.version, diff(None, Some(&rule))?)?;
    recompute_later(tx, pool_id)?;
    Ok(rule)
}

pub fn update(tx: &mut Tx<'_>, id: RecycleRuleId, if_match: &IfMatch, patch: &UpdateRecycleRule) -> Result<RecycleRule, Failure> {
    let before = get(tx.conn, tx.actor.workspace_id, id)?;
    if_match.check(before.version)?;
    let fields = patch.apply(&before.fields)?;
    if fields == before.fields {
        return Ok(before);
    }
    let after = save(tx, &before, fields)?;
    check(tx, &after)?;
    Ok(after)
}

fn save(tx: &mut Tx<'_>, before: &RecycleRule, fields: RecycleRuleFields) -> Result<RecycleRule, Failure> {
    let (version, updated_at) = (before.version + 1, tx.now.max(before.updated_at));
    let after = RecycleRule { fields, version, updated_at, changed_at: tx.now, ..before.clone() };
    let row = row_of(tx.actor.workspace_id, &after);
    let guarded = recycle_rules::table.find((row.workspace_id, row.id)).filter(recycle_rules::version.eq(before.version));
    written(update_rows(tx.conn, guarded, &row)?)?;
    record(tx, Operation::Updated, after.id, after.version, diff(Some(before), Some(&after))?)?;
    recompute_later(tx, after.pool_id)?;
    Ok(after)
}

/// Customers keep its id in their history, so the row stays.
pub fn delete(tx: &mut Tx<'_>, id: RecycleRuleId, if_match: &IfMatch) -> Result<RecycleRule, Failure> {
    let rule = get(tx.conn, tx.actor.workspace_id, id)?;
    if_match.check(rule.version)?;
    let guarded = recycle_rules::table.find((tx.actor.workspace_id, id)).filter(recycle_rules::version.eq(rule.version));
    let gone = (recycle_rules::deleted_at.eq(tx.now), recycle_rules::version.eq(rule.version + 1), recycle_rules::updated_at.eq(tx.now));
    written(update_rows(tx.conn, guarded, gone)?)?;
    record(tx, Operation::Deleted, id, rule.version + 1, serde_json::Map::new())?;
    recompute_later(tx, rule.pool_id)?;
    Ok(rule)
}

fn check(tx: &mut Tx<'_>, rule: &RecycleRule) -> Result<(), Failure> {
    let mut errors = rules::check(&rule.fields);
    let tiers = rule.fields.exclude.tier_ids.iter().enumerate();
    let tiers = tiers.map(|(index, id)| (format!("/exclude/tier_ids/{index}"), *id));
    let days = rule.fields.tier_days.iter().enumerate();
    let tiers = tiers.chain(days.map(|(index, of_tier)| (format!("/tier_days/{index}/tier_id"), of_tier.tier_id)));
    for (pointer, id) in tiers.collect::<Vec<_>>() {
        references::check_tier(tx, &pointer, Some(id), &mut errors)?;
    }
    Ok(Problem::check(errors)?)
}
