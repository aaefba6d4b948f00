//! Tiers in the database. Everybody in the workspace sees all of them.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::dto::{CreateTier, Tier, TierFields, UpdateTier};
use super::fields::{INCLUDE_COUNTS, Tiers};
use super::rows::{TierRow, row_of};
use crate::auth::Scope;
use crate::changes::{Operation, diff, record};
use crate::crm::custom_fields::written;
use crate::crm::customers::{self, Customers};
use crate::crm::{external_refs, objects, recycling};
use crate::db::id::{TierId, WorkspaceId};
use crate::db::schema::tiers;
use crate::db::types::DbUuid;
use crate::db::{Condition, DbConnection, Failure, Hold, Topic, Tx, columns, update_rows, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::http::validation;
use crate::listing::List;
use crate::listing::rows::{count, exists, holder, rows, with_id, with_ids};

fn load(conn: &mut DbConnection, which: Condition) -> Result<Tier, Failure> {
    let row = tiers::table.filter(which).select(columns::<TierRow>()).first(conn).optional()?;
    row.map(Tier::from).ok_or_else(|| Problem::not_found().into())
}

fn one(workspace_id: WorkspaceId, id: TierId, is_deleted: bool) -> Condition {
    with_id::<Tiers>(rows::<Tiers>(workspace_id, is_deleted), id)
}

pub fn get(conn: &mut DbConnection, scope: &Scope, id: TierId, include_counts: bool) -> Result<Tier, Failure> {
    let mut tier = [load(conn, one(scope.workspace_id, id, false))?];
    if include_counts {
        count_customers(conn, scope, &mut tier)?;
    }
    let [tier] = tier;
    Ok(tier)
}

pub fn get_all(conn: &mut DbConnection, scope: &Scope, ids: &[TierId]) -> Result<Vec<Tier>, Failure> {
    let which = with_ids::<Tiers>(rows::<Tiers>(scope.workspace_id, false), ids);
    Ok(tiers::table.filter(which).select(columns::<TierRow>()).load(conn)?.into_iter().map(Tier::from).collect())
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<Tiers>) -> Result<Page<Tier>, Failure> {
    let seen = rows::<Tiers>(scope.workspace_id, list.is_deleted);
    list.load_page(conn, scope, &seen, |conn, which, order| {
        let found = tiers::table.filter(which).order(order).limit(list.rows());
        let mut data: Vec<Tier> = found.select(columns::<TierRow>()).load(conn)?.into_iter().map(Tier::from).collect();
        if list.has(INCLUDE_COUNTS) {
            count_customers(conn, scope, &mut data)?;
        }
        Ok(data)
    })
}

/// How many customers that the caller sees have each tier, in one statement.
fn count_customers(conn: &mut DbConnection, scope: &Scope, tiers: &mut [Tier]) -> QueryResult<()> {
    let having = customers::visible(scope, false).and(Condition::any_of("customers.tier_id", tiers.iter().map(|tier| tier.id)));
    let counted = Condition::sql("SELECT tier_id, count(*) FROM customers WHERE ").append(having).then(" GROUP BY tier_id");
    let counts: HashMap<TierId, i64> = counted.giving::<(DbUuid, BigInt)>().load::<(TierId, i64)>(conn)?.into_iter().collect();
    for tier in tiers {
        tier.customer_count = Some(counts.get(&tier.id).copied().unwrap_or_default());
    }
    Ok(())
}

pub fn create(tx: &mut Tx<'_>, scope: &Scope, input: &CreateTier) -> Result<Tier, Failure> {
    let (id, mut fields) = (TierId::new(), input.fields.clone().tidy());
    let mut errors = Vec::new();
    let values = written::check::<Tiers>(tx, scope, None, &mut fields.custom, &mut errors)?;
    let (created_at, updated_at, created_by_id) = (tx.now, tx.now, tx.actor.user_id);
    let tier = Tier { id, version: 1, code: input.code.clone(), fields, customer_count: None, created_at, updated_at, created_by_id };
    check(tx, &tier, errors)?;
    if tier.fields.is_default {
        demote_default(tx, id)?;
    }
    diesel::insert_into(tiers::table).values(&row_of(tx.actor.workspace_id, &tier)).execute(tx.conn).map_err(raced)?;
    external_refs::add::<Tiers>(tx, &rows::<Tiers>(scope.workspace_id, false), id, &tier.fields.external_refs)?;
    values.write::<Tiers>(tx, &rows::<Tiers>(scope.workspace_id, false), id)?;
    record(tx, Operation::Created, id, tier.version, diff(None, Some(&tier))?)?;
    Ok(tier)
}

pub fn update(tx: &mut Tx<'_>, scope: &Scope, id: TierId, if_match: &IfMatch, patch: &UpdateTier) -> Result<Tier, Failure> {
    let before = load(tx.conn, one(scope.workspace_id, id, false))?;
    if_match.check(before.version)?;
    let mut after = Tier { fields: patch.apply(&before.fields)?.tidy(), ..before.clone() };
    let mut errors = Vec::new();
    let values = written::check::<Tiers>(tx, scope, Some(&before.fields.custom), &mut after.fields.custom, &mut errors)?;
    check(tx, &after, errors)?;
    if after.fields.is_default && !before.fields.is_default {
        demote_default(tx, id)?;
    }
    let after = save(tx, &before, after)?;
    if before.fields.recycle_days != after.fields.recycle_days {
        recycling::store::tier_changed(tx)?;
    }
    if before.fields.external_refs != after.fields.external_refs {
        external_refs::replace::<Tiers>(tx, &rows::<Tiers>(scope.workspace_id, false), id, &after.fields.external_refs)?;
    }
    values.write::<Tiers>(tx, &rows::<Tiers>(scope.workspace_id, false), id)?;
    Ok(after)
}

/// Writes what changed, as the next version; nothing when nothing changed.
fn save(tx: &mut Tx<'_>, before: &Tier, mut after: Tier) -> Result<Tier, Failure> {
    let changed = diff(Some(before), Some(&after))?;
    if changed.is_empty() {
        return Ok(after);
    }
    (after.version, after.updated_at) = (before.version + 1, tx.now.max(before.updated_at));
    let row = row_of(tx.actor.workspace_id, &after);
    let guarded = tiers::version.eq(before.version).and(tiers::deleted_at.is_null());
    let known = tiers::table.find((row.workspace_id, row.id)).filter(guarded);
    written(update_rows(tx.conn, known, &row).map_err(raced)?)?;
    record(tx, Operation::Updated, after.id, after.version, changed)?;
    Ok(after)
}

/// A tier that customers have stays.
pub fn delete(tx: &mut Tx<'_>, scope: &Scope, id: TierId, if_match: &IfMatch) -> Result<(), Failure> {
    tx.hold("tiers", id, Hold::ToWrite)?;
    let tier = load(tx.conn, one(scope.workspace_id, id, false))?;
    if_match.check(tier.version)?;
    let having = rows::<Customers>(scope.workspace_id, false).then(" AND customers.tier_id = ").bind(id);
    let customers = count::<Customers>(tx.conn, having)?;
    if customers > 0 {
        return Err(Problem::new(Code::InUse).with("count", customers).with("resource", "customers").into());
    }
    objects::delete::<Tiers>(tx, id, tier.version)
}

pub fn restore(tx: &mut Tx<'_>, scope: &Scope, id: TierId, if_match: &IfMatch) -> Result<Tier, Failure> {
    let deleted = objects::restorable::<Tiers>(tx, one(scope.workspace_id, id, true));
    let tier = load(tx.conn, deleted)?;
    if_match.check(tier.version)?;
    check(tx, &tier, Vec::new())?;
    let own = rows::<Tiers>(scope.workspace_id, false);
    let mut after = tier.clone();
    if tier.fields.is_default && exists::<Tiers>(tx.conn, own.clone().then(" AND tiers.is_default"))? {
        // Another tier has become the default in the meantime.
        after.fields.is_default = false;
        update_rows(tx.conn, tiers::table.find((tx.actor.workspace_id, id)), tiers::is_default.eq(false))?;
    }
    let TierFields { external_refs, custom, .. } = &tier.fields;
    objects::restore::<Tiers>(tx, &own, id, tier.version, external_refs, &[], custom).map_err(stale_when_raced)?;
    (after.version, after.updated_at) = (tier.version + 1, tx.now);
    record(tx, Operation::Restored, id, after.version, diff(Some(&tier), Some(&after))?)?;
    Ok(after)
}

/// What is wrong with the members; and code and rank belong to one tier.
fn check(tx: &mut Tx<'_>, tier: &Tier, mut errors: Vec<FieldError>) -> Result<(), Failure> {
    errors.extend(validation::errors(&tier.fields));
    Problem::check(errors)?;
    let workspace_id = tx.actor.workspace_id;
    let taken = |field: &str, holder: Option<TierId>| match holder.filter(|holder| *holder != tier.id) {
        Some(holder) => Err(Problem::new(Code::ValueTaken).with("field", field).with("existing_id", holder.to_string())),
        None => Ok(()),
    };
    taken("code", holder::<Tiers>(tx.conn, workspace_id, "code", tier.code.as_str())?)?;
    taken("rank", holder::<Tiers>(tx.conn, workspace_id, "rank", i64::from(tier.fields.rank))?)?;
    Ok(())
}

/// Takes the mark of the default tier from whoever has it, with a change of that tier's own.
fn demote_default(tx: &mut Tx<'_>, except: TierId) -> Result<(), Failure> {
    tx.lock(Topic::DefaultTier)?;
    let default = rows::<Tiers>(tx.actor.workspace_id, false).then(" AND tiers.is_default");
    let row = tiers::table.filter(default).select(columns::<TierRow>()).first(tx.conn).optional()?;
    let Some(before) = row.map(Tier::from).filter(|tier| tier.id != except) else { return Ok(()) };
    let mut after = before.clone();
    after.fields.is_default = false;
    save(tx, &before, after).map(|_| ())
}

/// Somebody may take the same code or rank, or become the default, at the same moment; whoever comes second runs again.
fn raced(error: diesel::result::Error) -> Failure {
    stale_when_raced(error.into())
}

fn stale_when_raced(failure: Failure) -> Failure {
    ["tiers.code", "tiers.rank", "tiers.is_default"].into_iter().fold(failure, Failure::stale_on)
}
