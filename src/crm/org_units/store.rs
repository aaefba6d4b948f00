//! Organisation units in the database. Everybody in the workspace sees all of them.

use diesel::insert_into;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use serde_json::Map;

use super::dto::{CreateOrgUnit, MoveOrgUnit, OrgUnit, UpdateOrgUnit};
use super::fields::OrgUnits;
use super::reach::subtree;
use super::rows::{OrgUnitRow, row_of};
use crate::auth::Scope;
use crate::changes::{Operation, diff, record};
use crate::crm::custom_fields::Custom;
use crate::crm::{external_refs, objects};
use crate::db::id::{OrgUnitId, UserId};
use crate::db::schema::{org_units, users};
use crate::db::{Condition, DbConnection, Failure, Hold, Topic, Tx, columns, insert, update_rows, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::http::validation;
use crate::listing::List;
use crate::listing::rows::{exists, rows, with_id, with_ids};

fn load(conn: &mut DbConnection, scope: &Scope, id: OrgUnitId, is_deleted: bool) -> Result<OrgUnit, Failure> {
    let which = with_id::<OrgUnits>(rows::<OrgUnits>(scope.workspace_id, is_deleted), id);
    let row = org_units::table.filter(which).select(columns::<OrgUnitRow>()).first(conn).optional()?;
    row.map(OrgUnit::from).ok_or_else(|| Problem::not_found().into())
}

pub fn get(conn: &mut DbConnection, scope: &Scope, id: OrgUnitId) -> Result<OrgUnit, Failure> {
    load(conn, scope, id, false)
}

pub fn get_all(conn: &mut DbConnection, scope: &Scope, ids: &[OrgUnitId]) -> Result<Vec<OrgUnit>, Failure> {
    let which = with_ids::<OrgUnits>(rows::<OrgUnits>(scope.workspace_id, false), ids);
    Ok(org_units::table.filter(which).select(columns::<OrgUnitRow>()).load(conn)?.into_iter().map(OrgUnit::from).collect())
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<OrgUnits>) -> Result<Page<OrgUnit>, Failure> {
    let seen = rows::<OrgUnits>(scope.workspace_id, list.is_deleted);
    list.load_page(conn, scope, &seen, |conn, which, order| {
        let found = org_units::table.filter(which).order(order).limit(list.rows());
        Ok(found.select(columns::<OrgUnitRow>()).load(conn)?.into_iter().map(OrgUnit::from).collect())
    })
}

pub fn create(tx: &mut Tx<'_>, scope: &Scope, input: &CreateOrgUnit) -> Result<OrgUnit, Failure> {
    let CreateOrgUnit { parent_id, fields } = input.clone();
    let mut errors = validation::errors(&fields);
    check(tx, "/parent_id", parent_id, &mut errors)?;
    Problem::check(errors)?;
    let (created_at, updated_at, created_by_id) = (tx.now, tx.now, tx.actor.user_id);
    let unit = OrgUnit { id: OrgUnitId::new(), version: 1, parent_id, fields, created_at, updated_at, created_by_id };
    insert(tx.conn, &[&insert_into(org_units::table).values(&row_of(scope.workspace_id, &unit))])?;
    external_refs::add::<OrgUnits>(tx, &rows::<OrgUnits>(scope.workspace_id, false), unit.id, &unit.fields.external_refs)?;
    record(tx, Operation::Created, unit.id, unit.version, diff(None, Some(&unit))?)?;
    Ok(unit)
}

/// A unit that something is to belong to: it stays until the end of the transaction.
pub fn check(tx: &mut Tx<'_>, pointer: &str, id: Option<OrgUnitId>, errors: &mut Vec<FieldError>) -> QueryResult<()> {
    let Some(id) = id else { return Ok(()) };
    tx.hold("org_units", id, Hold::ToRead)?;
    if !exists::<OrgUnits>(tx.conn, with_id::<OrgUnits>(rows::<OrgUnits>(tx.actor.workspace_id, false), id))? {
        errors.push(FieldError::new(pointer, Code::UnknownReference));
    }
    Ok(())
}

pub fn update(tx: &mut Tx<'_>, scope: &Scope, id: OrgUnitId, if_match: &IfMatch, patch: &UpdateOrgUnit) -> Result<OrgUnit, Failure> {
    let before = get(tx.conn, scope, id)?;
    if_match.check(before.version)?;
    let after = OrgUnit { fields: patch.apply(&before.fields)?, ..before.clone() };
    Problem::check(validation::errors(&after.fields))?;
    let after = save(tx, &before, after, Operation::Updated)?;
    if before.fields.external_refs != after.fields.external_refs {
        external_refs::replace::<OrgUnits>(tx, &rows::<OrgUnits>(scope.workspace_id, false), id, &after.fields.external_refs)?;
    }
    Ok(after)
}

/// Writes what changed, as the next version; nothing when nothing changed.
fn save(tx: &mut Tx<'_>, before: &OrgUnit, mut after: OrgUnit, operation: Operation) -> Result<OrgUnit, Failure> {
    let changed = diff(Some(before), Some(&after))?;
    if changed.is_empty() {
        return Ok(after);
    }
    (after.version, after.updated_at) = (before.version + 1, tx.now.max(before.updated_at));
    let row = row_of(tx.actor.workspace_id, &after);
    let guarded = org_units::version.eq(before.version).and(org_units::deleted_at.is_null());
    written(update_rows(tx.conn, org_units::table.find((row.workspace_id, row.id)).filter(guarded), &row)?)?;
    record(tx, operation, after.id, after.version, changed)?;
    Ok(after)
}

/// Moves a unit with all that is below it. Of two moves the second sees the first, so they cannot make a cycle together.
pub fn move_unit(tx: &mut Tx<'_>, scope: &Scope, id: OrgUnitId, if_match: &IfMatch, to: &MoveOrgUnit) -> Result<OrgUnit, Failure> {
    tx.lock(Topic::OrgUnits)?;
    let before = get(tx.conn, scope, id)?;
    if_match.check(before.version)?;
    let mut errors = Vec::new();
    check(tx, "/parent_id", to.parent_id, &mut errors)?;
    Problem::check(errors)?;
    if let Some(parent_id) = to.parent_id {
        let asked = Condition::sql("SELECT ").bind(parent_id).then(" IN ").append(subtree(scope, id));
        if asked.giving::<Bool>().get_result(tx.conn)? {
            return Err(Problem::new(Code::HierarchyCycle).into());
        }
    }
    let after = OrgUnit { parent_id: to.parent_id, ..before.clone() };
    save(tx, &before, after, Operation::Moved)
}

/// What belongs to a unit keeps it.
const USES: &[(&str, &str)] = &[
    ("org_units", "SELECT count(*) FROM org_units WHERE deleted_at IS NULL AND workspace_id = "),
    ("users", "SELECT count(*) FROM users WHERE workspace_id = "),
    ("pools", "SELECT count(DISTINCT pool_id) FROM pool_members WHERE workspace_id = "),
    ("holding_caps", "SELECT count(*) FROM holding_caps WHERE workspace_id = "),
];

/// A unit with units, users, pools or caps stays.
pub fn delete(tx: &mut Tx<'_>, scope: &Scope, id: OrgUnitId, if_match: &IfMatch) -> Result<(), Failure> {
    tx.hold("org_units", id, Hold::ToWrite)?;
    let unit = get(tx.conn, scope, id)?;
    if_match.check(unit.version)?;
    for (resource, counted) in USES {
        let column = if *resource == "org_units" { "parent_id" } else { "org_unit_id" };
        let counted = Condition::sql(*counted).bind(scope.workspace_id).then(format!(" AND {column} = ")).bind(id);
        let count: i64 = counted.giving::<BigInt>().get_result(tx.conn)?;
        if count > 0 {
            return Err(Problem::new(Code::InUse).with("count", count).with("resource", *resource).into());
        }
    }
    objects::delete::<OrgUnits>(tx, id, unit.version)
}

/// At its old place, or at the top when that is gone.
pub fn restore(tx: &mut Tx<'_>, scope: &Scope, id: OrgUnitId, if_match: &IfMatch) -> Result<OrgUnit, Failure> {
    tx.lock(Topic::OrgUnits)?;
    let deleted = with_id::<OrgUnits>(rows::<OrgUnits>(scope.workspace_id, true), id);
    let deleted = objects::restorable::<OrgUnits>(tx, deleted);
    let row = org_units::table.filter(deleted).select(columns::<OrgUnitRow>()).first(tx.conn).optional()?;
    let mut unit = row.map(OrgUnit::from).ok_or_else(Problem::not_found)?;
    if_match.check(unit.version)?;
    let mut errors = Vec::new();
    check(tx, "/parent_id", unit.parent_id, &mut errors)?;
    let own = rows::<OrgUnits>(scope.workspace_id, false);
    objects::restore::<OrgUnits>(tx, &own, id, unit.version, &unit.fields.external_refs, &[], &Custom::default())?;
    (unit.version, unit.updated_at) = (unit.version + 1, tx.now);
    record(tx, Operation::Restored, id, unit.version, Map::new())?;
    if errors.is_empty() {
        return Ok(unit);
    }
    let at_the_top = OrgUnit { parent_id: None, ..unit.clone() };
    save(tx, &unit, at_the_top, Operation::Moved)
}

/// The unit that a user belongs to.
pub fn of_user(tx: &mut Tx<'_>, user_id: UserId) -> QueryResult<Option<OrgUnitId>> {
    users::table.find((tx.actor.workspace_id, user_id)).select(users::org_unit_id).first(tx.conn)
}
