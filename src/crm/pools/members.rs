//! Who belongs to a pool.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::dto::{Pool, PoolMember};
use crate::auth::{Reach, Scope};
use crate::crm::org_units::{self, reach};
use crate::crm::references;
use crate::db::id::{OrgUnitId, PoolId, UserId};
use crate::db::schema::pool_members;
use crate::db::types::DbUuid;
use crate::db::{Condition, DbConnection, Failure, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::FieldError;

/// What somebody is to a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Stranger,
    Member,
    Admin,
}

/// The ids of the pools that a caller looks into: those that are open, its own, and those of the units below its unit when these
/// are its to see.
pub fn open_to(scope: &Scope) -> Condition {
    let pools = Condition::sql("(SELECT pools.id FROM pools WHERE pools.workspace_id = ").bind(scope.workspace_id);
    let pools = pools.then(" AND (pools.is_open OR pools.id IN (SELECT m.pool_id FROM pool_members m WHERE m.workspace_id = ");
    let pools = pools.bind(scope.workspace_id).then(" AND (m.user_id = ").bind(scope.user_id);
    let pools = pools.then(" OR m.org_unit_id IN ").append(reach::above(scope, scope.user_id));
    let pools = match scope.sees {
        Reach::Unit => pools.then(" OR m.org_unit_id IN ").append(reach::below(scope)),
        _ => pools,
    };
    pools.then("))))")
}

/// What a user is to each pool, by its own name or by a unit's.
pub struct Standings {
    /// Whether it is an administrator of those that name it.
    named: HashMap<PoolId, bool>,
}

impl Standings {
    pub fn of(conn: &mut DbConnection, scope: &Scope, user_id: UserId) -> QueryResult<Self> {
        let named = Condition::sql("SELECT m.pool_id, m.is_admin FROM pool_members m WHERE m.workspace_id = ").bind(scope.workspace_id);
        let named = named.then(" AND (m.user_id = ").bind(user_id).then(" OR m.org_unit_id IN ");
        let named = named.append(reach::above(scope, user_id)).then(")").giving::<(DbUuid, Bool)>();
        let mut standings = Self { named: HashMap::new() };
        for (pool_id, is_admin) in named.load::<(PoolId, bool)>(conn)? {
            *standings.named.entry(pool_id).or_default() |= is_admin;
        }
        Ok(standings)
    }

    pub fn to(&self, pool: &Pool) -> Standing {
        match self.named.get(&pool.id) {
            Some(true) => Standing::Admin,
            Some(false) => Standing::Member,
            None if pool.fields.is_open => Standing::Member,
            None => Standing::Stranger,
        }
    }
}

type Row = (PoolId, bool, Option<UserId>, Option<OrgUnitId>);

/// Gives each pool its members, in one statement.
pub fn fill(conn: &mut DbConnection, scope: &Scope, pools: &mut [Pool]) -> QueryResult<()> {
    if pools.is_empty() {
        return Ok(());
    }
    let rows: Vec<Row> = pool_members::table
        .filter(pool_members::workspace_id.eq(scope.workspace_id))
        .filter(Condition::any_of("pool_members.pool_id", pools.iter().map(|pool| pool.id)))
        .order((pool_members::pool_id, pool_members::is_admin, pool_members::position))
        .select((pool_members::pool_id, pool_members::is_admin, pool_members::user_id, pool_members::org_unit_id))
        .load(conn)?;
    let mut places: HashMap<PoolId, &mut Pool> = pools.iter_mut().map(|pool| (pool.id, pool)).collect();
    for (pool_id, is_admin, user_id, org_unit_id) in rows {
        let Some(pool) = places.get_mut(&pool_id) else { continue };
        let list = if is_admin { &mut pool.fields.admins } else { &mut pool.fields.members };
        list.push(PoolMember { user_id, org_unit_id });
    }
    Ok(())
}

/// Each member must be somebody.
pub fn check(tx: &mut Tx<'_>, before: Option<&Pool>, after: &Pool, errors: &mut Vec<FieldError>) -> Result<(), Failure> {
    let had = |member: &PoolMember| before.is_some_and(|pool| pool.fields.members.contains(member) || pool.fields.admins.contains(member));
    for (list, members) in [("members", &after.fields.members), ("admins", &after.fields.admins)] {
        for (index, member) in members.iter().enumerate().filter(|(_, member)| !had(member)) {
            if member.user_id.is_some() == member.org_unit_id.is_some() {
                let both = FieldError::new(format!("/{list}/{index}"), Code::ExclusiveFields);
                errors.push(both.with("fields", vec!["user_id", "org_unit_id"]));
                continue;
            }
            references::check_user(tx, &format!("/{list}/{index}/user_id"), member.user_id, errors)?;
            org_units::store::check(tx, &format!("/{list}/{index}/org_unit_id"), member.org_unit_id, errors)?;
        }
    }
    Ok(())
}

/// Writes them in the place of those that there were.
pub fn replace(tx: &mut Tx<'_>, pool: &Pool) -> QueryResult<()> {
    let own = pool_members::workspace_id.eq(tx.actor.workspace_id).and(pool_members::pool_id.eq(pool.id));
    diesel::delete(pool_members::table.filter(own)).execute(tx.conn)?;
    for (is_admin, members) in [(false, &pool.fields.members), (true, &pool.fields.admins)] {
        for (position, member) in (0_i32..).zip(members) {
            diesel::insert_into(pool_members::table)
                .values((
                    pool_members::workspace_id.eq(tx.actor.workspace_id),
                    pool_members::pool_id.eq(pool.id),
                    pool_members::is_admin.eq(is_admin),
                    pool_members::position.eq(position),
                    pool_members::user_id.eq(member.user_id),
                    pool_members::org_unit_id.eq(member.org_unit_id),
                ))
                .execute(tx.conn)?;
        }
    }
    Ok(())
}
