//! Holding caps in the database: few, and always read together.

use diesel::insert_into;
use diesel::prelude::*;

use super::dto::{CapExclude, CapScope, CreateHoldingCap, HoldingCap, HoldingCapFields, UpdateHoldingCap};
use crate::auth::privileges::Role;
use crate::changes::{Operation, diff, record};
use crate::crm::{org_units, references};
use crate::db::id::{HoldingCapId, OrgUnitId, TierId, UserId, WorkspaceId};
use crate::db::schema::holding_caps;
use crate::db::types::{Instant, Json, Named};
use crate::db::{DbConnection, Failure, Tx, columns, insert, update_rows, written};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::problem::{FieldError, Problem};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = holding_caps, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
struct Row {
    workspace_id: WorkspaceId,
    id: HoldingCapId,
    version: i64,
    scope: Named<CapScope>,
    user_id: Option<UserId>,
    role: Option<Named<Role>>,
    org_unit_id: Option<OrgUnitId>,
    cap: i32,
    exclude_won: bool,
    exclude_locked: bool,
    exclude_tier_ids: Json<Vec<TierId>>,
    created_at: Instant,
    updated_at: Instant,
    created_by_id: Option<UserId>,
}

impl From<Row> for HoldingCap {
    #[rustfmt::skip]
    fn from(row: Row) -> Self {
        let Row {
            workspace_id: _, id, version, scope, user_id, role, org_unit_id, cap, exclude_won, exclude_locked, exclude_tier_ids, created_at,
            updated_at, created_by_id,
        } = row;
        let exclude = CapExclude { won: exclude_won, locked: exclude_locked, tier_ids: exclude_tier_ids.0 };
        let fields = HoldingCapFields { scope: scope.0, user_id, role: role.map(|role| role.0), org_unit_id, cap, exclude };
        Self { id, version, fields, created_at, updated_at, created_by_id }
    }
}

#[rustfmt::skip]
fn row_of(workspace_id: WorkspaceId, cap: &HoldingCap) -> Row {
    let HoldingCap { id, version, fields, created_at, updated_at, created_by_id } = cap.clone();
    let HoldingCapFields { scope, user_id, role, org_unit_id, cap, exclude } = fields;
    let CapExclude { won, locked, tier_ids } = exclude;
    Row {
        workspace_id, id, version, scope: Named(scope), user_id, role: role.map(Named), org_unit_id, cap, exclude_won: won,
        exclude_locked: locked, exclude_tier_ids: Json(tier_ids), created_at, updated_at, created_by_id,
    }
}

/// All of the workspace, narrowest scope first.
pub fn all(conn: &mut DbConnection, workspace_id: WorkspaceId) -> QueryResult<Vec<HoldingCap>> {
    let rows = holding_caps::table.filter(holding_caps::workspace_id.eq(workspace_id)).select(columns::<Row>()).load(conn)?;
    let mut caps: Vec<HoldingCap> = rows.into_iter().map(HoldingCap::from).collect();
    caps.sort_by_key(|cap| (cap.fields.scope, cap.id));
    Ok(caps)
}

pub fn get(conn: &mut DbConnection, workspace_id: WorkspaceId, id: HoldingCapId) -> Result<HoldingCap, Failure> {
    let row = holding_caps::table.find((workspace_id, id)).select(columns::<Row>()).first(conn).optional()?;
    row.map(HoldingCap::from).ok_or_else(|| Problem::not_found().into())
}

pub fn create(tx: &mut Tx<'_>, input: &CreateHoldingCap) -> Result<HoldingCap, Failure> {
    let (created_at, updated_at, created_by_id) = (tx.now, tx.now, tx.actor.user_id);
    let cap = HoldingCap { id: HoldingCapId::new(), version: 1, fields: input.fields.clone(), created_at, updated_at, created_by_id };
    check(tx, &cap)?;
    insert(tx.conn, &[&insert_into(holding_caps::table).values(&row_of(tx.actor.workspace_id, &cap))])?;
    record(tx, Operation::Created, cap.id, cap.version, diff(None, Some(&cap))?)?;
    Ok(cap)
}

pub fn update(tx: &mut Tx<'_>, id: HoldingCapId, if_match: &IfMatch, patch: &UpdateHoldingCap) -> Result<HoldingCap, Failure> {
    let before = get(tx.conn, tx.actor.workspace_id, id)?;
    if_match.check(before.version)?;
    let mut after = HoldingCap { fields: patch.apply(&before.fields)?, ..before.clone() };
    check(tx, &after)?;
    let changed = diff(Some(&before), Some(&after))?;
    if changed.is_empty() {
        return Ok(before);
    }
    (after.version, after.updated_at) = (before.version + 1, tx.now.max(before.updated_at));
    let row = row_of(tx.actor.workspace_id, &after);
    let guarded = holding_caps::table.find((row.workspace_id, row.id)).filter(holding_caps::version.eq(before.version));
    written(update_rows(tx.conn, guarded, &row)?)?;
    record(tx, Operation::Updated, id, after.version, changed)?;
    Ok(after)
}

/// For good: nothing names a cap.
pub fn delete(tx: &mut Tx<'_>, id: HoldingCapId, if_match: &IfMatch) -> Result<(), Failure> {
    let cap = get(tx.conn, tx.actor.workspace_id, id)?;
    if_match.check(cap.version)?;
    let guarded = holding_caps::table.find((tx.actor.workspace_id, id)).filter(holding_caps::version.eq(cap.version));
    written(diesel::delete(guarded).execute(tx.conn)?)?;
    record(tx, Operation::Deleted, id, cap.version + 1, serde_json::Map::new())
}

fn check(tx: &mut Tx<'_>, cap: &HoldingCap) -> Result<(), Failure> {
    let HoldingCapFields { scope, user_id, role, org_unit_id, exclude, .. } = &cap.fields;
    let mut errors = Vec::new();
    // Exactly what the scope asks for.
    for (of, name, is_given) in [
        (CapScope::User, "/user_id", user_id.is_some()),
        (CapScope::Role, "/role", role.is_some()),
        (CapScope::OrgUnit, "/org_unit_id", org_unit_id.is_some()),
    ] {
        match (*scope == of, is_given) {
            (true, false) => errors.push(FieldError::new(name, Code::Required)),
            (false, true) => errors.push(FieldError::new(name, Code::NotApplicable)),
            _ => {}
        }
    }
    references::check_user(tx, "/user_id", *user_id, &mut errors)?;
    org_units::store::check(tx, "/org_unit_id", *org_unit_id, &mut errors)?;
    for (index, tier_id) in exclude.tier_ids.iter().enumerate() {
        references::check_tier(tx, &format!("/exclude/tier_ids/{index}"), Some(*tier_id), &mut errors)?;
    }
    Ok(Problem::check(errors)?)
}
