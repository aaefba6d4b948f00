//! What has happened with customers, as far as recycling asks: the latest of each, in four statements for however many.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use super::rules::Case;
use crate::crm::calendar::Calendar;
use crate::crm::customers::Customer;
use crate::db::id::{CustomerId, TierId, WorkspaceId};
use crate::db::types::{DbInstant, DbUuid, Instant};
use crate::db::{Condition, DbConnection};

/// The latest of what counts, since ever.
#[derive(Debug, Clone, Copy, Default)]
pub struct History {
    last_touch: Option<Instant>,
    last_advance: Option<Instant>,
    has_open: bool,
    has_won: bool,
    last_opportunity: Option<Instant>,
    last_deal: Option<Instant>,
}

/// A customer with an owner, as far as the rules need to know.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    pub since: Instant,
    pub locked_until: Option<Instant>,
    pub tier_id: Option<TierId>,
}

impl Held {
    pub fn of(customer: &Customer) -> Self {
        let since = customer.holding.claimed_at.unwrap_or(customer.created_at);
        Self { since, locked_until: customer.holding.locked_until, tier_id: customer.tier_id }
    }
}

impl History {
    pub fn case(&self, held: &Held, calendar: Calendar) -> Case {
        let since = |at: Option<Instant>| at.filter(|at| *at >= held.since).map(|at| calendar.day(at));
        Case {
            claimed: calendar.day(held.since),
            tier_id: held.tier_id,
            last_touch: since(self.last_touch),
            last_advance: since(self.last_advance),
            has_open_opportunity: self.has_open,
            has_won: self.has_won,
            has_new_opportunity: since(self.last_opportunity).is_some(),
            last_deal: self.last_deal.map(|at| calendar.day(at)),
            locked_until: held.locked_until.map(|at| calendar.day(at)),
        }
    }
}

const TOUCHES: &str = "SELECT t.customer_id, max(t.occurred_at) FROM touch_records t WHERE t.resets_recycle AND t.deleted_at IS NULL";
const ADVANCES: &str = "SELECT t.customer_id, max(t.entered_at) FROM stage_moves t \
    JOIN stages a ON a.workspace_id = t.workspace_id AND a.id = t.from_stage_id \
    JOIN stages b ON b.workspace_id = t.workspace_id AND b.id = t.stage_id AND b.position > a.position WHERE b.kind <> 'lost'";
const DEALS: &str = "SELECT t.customer_id, count(CASE WHEN t.stage_kind = 'open' THEN 1 END), \
    count(CASE WHEN t.stage_kind = 'won' THEN 1 END), max(CASE WHEN t.stage_kind IN ('open', 'won') THEN t.created_at END), \
    max(CASE WHEN t.stage_kind = 'won' THEN t.closed_at END) FROM opportunities t WHERE t.deleted_at IS NULL";

type Deals = (CustomerId, i64, i64, Option<Instant>, Option<Instant>);

pub fn of(conn: &mut DbConnection, workspace_id: WorkspaceId, ids: &[CustomerId]) -> QueryResult<HashMap<CustomerId, History>> {
    let grouped = |statement: &str| {
        let of_these = Condition::sql(statement).then(" AND t.workspace_id = ").bind(workspace_id).then(" AND ");
        of_these.append(Condition::any_of("t.customer_id", ids.iter().copied())).then(" GROUP BY t.customer_id")
    };
    let mut found: HashMap<CustomerId, History> = ids.iter().map(|id| (*id, History::default())).collect();
    let touches = grouped(TOUCHES).giving::<(DbUuid, DbInstant)>().load::<(CustomerId, Instant)>(conn)?;
    for (id, at) in touches {
        found.entry(id).or_default().last_touch = Some(at);
    }
    let advances = grouped(ADVANCES).giving::<(DbUuid, DbInstant)>().load::<(CustomerId, Instant)>(conn)?;
    for (id, at) in advances {
        found.entry(id).or_default().last_advance = Some(at);
    }
    let deals = grouped(DEALS).giving::<(DbUuid, BigInt, BigInt, Nullable<DbInstant>, Nullable<DbInstant>)>().load::<Deals>(conn)?;
    for (id, open, won, last_opportunity, last_deal) in deals {
        let history = found.entry(id).or_default();
        (history.has_open, history.has_won) = (open > 0, won > 0);
        (history.last_opportunity, history.last_deal) = (last_opportunity, last_deal);
    }
    Ok(found)
}
