//! All the work, most urgent first: a statement or two for each source, along an index of the caller's own, with as many rows as are
//! wanted and one more.

use std::cmp::Reverse;

use chrono::{Duration, NaiveDate};
use chrono_tz::Tz;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::cadence;
use super::dto::{WorkCustomer, WorkItem, WorkReason, Worklist};
use crate::auth::Scope;
use crate::crm::calendar::{Calendar, WorkingDays};
use crate::crm::pipelines::{self, StageFields};
use crate::crm::workspaces;
use crate::db::id::CustomerId;
use crate::db::types::Instant;
use crate::db::{Condition, DbConnection, Failure};

/// From here on nothing else is more urgent.
const RECYCLING_NOW: i64 = 1;

/// The caller, its days, and how much it wants.
pub(super) struct Asked<'a> {
    pub scope: &'a Scope,
    pub calendar: Calendar,
    pub working: WorkingDays,
    pub today: NaiveDate,
    /// As many as are wanted, and one more.
    pub rows: i64,
    /// What the open stages of the workspace ask for.
    pub stages: Vec<StageFields>,
    /// How often a customer is to be touched when nothing else says so.
    pub cadence_days: i32,
}

/// Something to do, with what it is sorted by behind its rank and its days.
pub(super) struct Found {
    pub item: WorkItem,
    pub at: Instant,
}

pub fn worklist(conn: &mut DbConnection, scope: &Scope, limit: i64) -> Result<Worklist, Failure> {
    let fields = workspaces::store::get(conn, scope.workspace_id)?.fields;
    let calendar = Calendar::new(fields.time_zone.parse().unwrap_or(Tz::UTC));
    let (working, today) = (WorkingDays::of(&fields), calendar.day(scope.now));
    let (stages, cadence_days) = (pipelines::store::open_stages(conn, scope.workspace_id)?, fields.cadence_days);
    let asked = Asked { scope, calendar, working, today, rows: limit + 1, stages, cadence_days };
    let mut found = asked.planned(conn, false)?;
    found.extend(asked.planned(conn, true)?);
    found.extend(asked.recycling(conn)?);
    found.extend(asked.neglected(conn)?);
    found.extend(asked.stale(conn)?);
    found.extend(asked.customers_birthdays(conn)?);
    found.extend(asked.contacts_birthdays(conn)?);
    // By urgency, then by how long it is overdue; each source has its rows in this order too, so those that it left out come later.
    found.sort_by_key(|Found { item, at }| {
        let objects = (item.customer.id, item.opportunity.as_ref().map(|of| of.id), item.contact.as_ref().map(|of| of.id));
        (item.rank, Reverse(item.overdue_days), item.due_date, item.reason, *at, item.planned_touch_id, objects)
    });
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = found.len() > limit;
    Ok(Worklist { data: found.into_iter().take(limit).map(|found| found.item).collect(), has_more })
}

impl Asked<'_> {
    pub(super) fn item(&self, reason: WorkReason, (id, name): (CustomerId, String), due_date: NaiveDate) -> WorkItem {
        let overdue_days = (self.today - due_date).num_days().max(0);
        let level = if reason == WorkReason::RecyclingSoon { None } else { cadence::level(overdue_days) };
        let rank = match (reason, level) {
            (WorkReason::RecyclingSoon, _) if (due_date - self.today).num_days() <= RECYCLING_NOW => 1,
            (WorkReason::RecyclingSoon, _) => 6,
            (_, Some(level)) => 5 - level,
            (_, None) => 5,
        };
        let (customer, due_at) = (WorkCustomer { id, name }, None);
        let (planned_touch_id, opportunity, contact) = (None, None, None);
        WorkItem { rank, reason, customer, planned_touch_id, opportunity, contact, due_at, due_date, overdue_days, level }
    }

    /// The first of these rows that have waited since `anchor` for `days` of theirs, what is due first before the others: those with so
    /// many days whose anchor lies before the instant beside them.
    pub(super) fn late(&self, rows: Condition, columns: &str, limits: impl Iterator<Item = (i32, Instant)>) -> Condition {
        let each = limits.map(|(days, before)| Condition::sql(format!("waiting.days = {days} AND waiting.anchor < ")).bind(before));
        let any = each.reduce(Condition::or).unwrap_or_else(|| Condition::sql("1 = 0"));
        let due = Condition::either(
            Condition::sql("strftime('%Y-%m-%dT%H:%M:%fZ', waiting.anchor, waiting.days || ' days')"),
            Condition::sql("waiting.anchor + waiting.days * INTERVAL '24 hours'"),
        );
        // Made once: the days of a row take a look at its opportunities.
        let late = Condition::sql("WITH waiting AS MATERIALIZED (").append(rows);
        let late = late.then(format!(") SELECT {columns} FROM waiting WHERE ")).append(any).then(" ORDER BY ").append(due);
        late.then(format!(", waiting.customer_id, waiting.id LIMIT {}", self.rows))
    }

    /// What such a row is sorted by.
    pub(super) fn due_at(anchor: Instant, days: i32) -> Instant {
        anchor.plus(Duration::hours(24 * i64::from(days)))
    }

    /// The days of the workspace's tiers.
    pub(super) fn tier_cadences(&self, conn: &mut DbConnection) -> QueryResult<Vec<i32>> {
        let own = Condition::sql("SELECT DISTINCT cadence_days FROM tiers WHERE workspace_id = ").bind(self.scope.workspace_id);
        own.then(" AND deleted_at IS NULL AND cadence_days > 0").giving::<Integer>().load(conn)
    }
}
