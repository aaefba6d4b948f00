//! What a user holds and may hold.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::dto::{CapScope, HoldingCap};
use super::store;
use crate::auth::privileges::Role;
use crate::crm::org_units::reach;
use crate::db::id::{CustomerId, OrgUnitId, UserId, WorkspaceId};
use crate::db::schema::users;
use crate::db::types::{DbUuid, Instant, Named};
use crate::db::{Condition, DbConnection, Failure, Hold, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// What a user holds, against the cap that counts for it.
#[derive(Debug, Clone)]
pub struct Capacity {
    pub cap: Option<HoldingCap>,
    /// Customers that count.
    pub held: i64,
    /// Customers that it holds besides, which do not count.
    pub excluded: i64,
}

impl Capacity {
    pub fn of(conn: &mut DbConnection, workspace_id: WorkspaceId, user_id: UserId, now: Instant) -> QueryResult<Self> {
        let caps = store::all(conn, workspace_id)?;
        let cap = narrowest(conn, workspace_id, user_id, caps)?;
        Self::counted(conn, workspace_id, user_id, cap, now)
    }

    /// The same for whoever only checks it: without a cap nothing is counted.
    pub fn to_check(conn: &mut DbConnection, workspace_id: WorkspaceId, user_id: UserId, now: Instant) -> QueryResult<Self> {
        let caps = store::all(conn, workspace_id)?;
        Self::under(conn, workspace_id, user_id, caps, now)
    }

    fn under(
        conn: &mut DbConnection,
        workspace_id: WorkspaceId,
        user_id: UserId,
        caps: Vec<HoldingCap>,
        now: Instant,
    ) -> QueryResult<Self> {
        match narrowest(conn, workspace_id, user_id, caps)? {
            None => Ok(Self { cap: None, held: 0, excluded: 0 }),
            cap => Self::counted(conn, workspace_id, user_id, cap, now),
        }
    }

    fn counted(
        conn: &mut DbConnection,
        workspace_id: WorkspaceId,
        user_id: UserId,
        cap: Option<HoldingCap>,
        now: Instant,
    ) -> QueryResult<Self> {
        let (all, excluded) = count(conn, workspace_id, user_id, cap.as_ref(), now)?;
        Ok(Self { cap, held: all - excluded, excluded })
    }

    /// Why it may not hold this many more.
    pub fn check(&self, more: i64) -> Result<(), Problem> {
        match &self.cap {
            Some(cap) if self.held + more > i64::from(cap.fields.cap) => {
                let reached = Problem::new(Code::HoldingCapReached).with("cap", cap.fields.cap);
                Err(reached.with("held", self.held).with("excluded", self.excluded))
            }
            _ => Ok(()),
        }
    }
}

/// What a user who is to gain these customers holds. Its row is held, to write when there are caps: of two who gain for it at once the
/// second then counts what the first did. The customers are held behind it and before anything is counted: one of them may be its own.
pub fn hold(tx: &mut Tx<'_>, user_id: UserId, gained: &[CustomerId]) -> Result<Capacity, Failure> {
    let workspace_id = tx.actor.workspace_id;
    let caps = store::all(tx.conn, workspace_id)?;
    tx.hold("users", user_id, if caps.is_empty() { Hold::ToRead } else { Hold::ToWrite })?;
    tx.hold_all("customers", gained)?;
    Ok(Capacity::under(tx.conn, workspace_id, user_id, caps, tx.now)?)
}

/// The cap that counts for a user.
fn narrowest(
    conn: &mut DbConnection,
    workspace_id: WorkspaceId,
    user_id: UserId,
    caps: Vec<HoldingCap>,
) -> QueryResult<Option<HoldingCap>> {
    if caps.is_empty() {
        return Ok(None);
    }
    let role: Named<Role> = users::table.find((workspace_id, user_id)).select(users::role).first(conn)?;
    let units: Vec<OrgUnitId> = match caps.iter().any(|cap| cap.fields.scope == CapScope::OrgUnit) {
        true => reach::path(workspace_id, user_id).giving::<DbUuid>().load(conn)?,
        false => Vec::new(),
    };
    let place = |cap: &HoldingCap| match cap.fields.scope {
        CapScope::User => (cap.fields.user_id == Some(user_id)).then_some(0),
        CapScope::Role => (cap.fields.role == Some(role.0)).then_some(0),
        CapScope::OrgUnit => units.iter().position(|unit| Some(*unit) == cap.fields.org_unit_id),
        CapScope::Workspace => Some(0),
    };
    let own = caps.into_iter().filter_map(|cap| place(&cap).map(|place| ((cap.fields.scope, place, cap.fields.cap), cap)));
    Ok(own.min_by_key(|(key, _)| *key).map(|(_, cap)| cap))
}

/// How many customers a user holds, and how many of these do not count.
fn count(
    conn: &mut DbConnection,
    workspace_id: WorkspaceId,
    user_id: UserId,
    cap: Option<&HoldingCap>,
    now: Instant,
) -> QueryResult<(i64, i64)> {
    let (mut outside, mut joined) = (Condition::sql("1 = 0"), "");
    if let Some(exclude) = cap.map(|cap| &cap.fields.exclude) {
        if exclude.won {
            outside = outside.or(Condition::sql(
                "EXISTS (SELECT 1 FROM opportunities o WHERE o.workspace_id = customers.workspace_id AND o.customer_id = customers.id \
                 AND o.stage_kind = 'won' AND o.deleted_at IS NULL)",
            ));
        }
        if exclude.locked {
            outside = outside.or(Condition::sql("COALESCE(h.locked_until > ").bind(now).then(", FALSE)"));
            joined = " JOIN customer_holdings h ON h.workspace_id = customers.workspace_id AND h.customer_id = customers.id";
        }
        if !exclude.tier_ids.is_empty() {
            let tiers = Condition::any_of("customers.tier_id", exclude.tier_ids.iter().copied());
            outside = outside.or(Condition::sql("COALESCE(").append(tiers).then(", FALSE)"));
        }
    }
    let counted =
        Condition::sql("SELECT count(*), CAST(COALESCE(sum(CASE WHEN ").append(outside).then(" THEN 1 ELSE 0 END), 0) AS BIGINT)");
    let counted = counted.then(format!(" FROM customers{joined} WHERE customers.workspace_id = ")).bind(workspace_id);
    let counted = counted.then(" AND customers.deleted_at IS NULL AND customers.owner_id = ").bind(user_id);
    counted.giving::<(BigInt, BigInt)>().get_result(conn)
}
