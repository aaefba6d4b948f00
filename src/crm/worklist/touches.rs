//! Customers that are to be touched: as it was planned, because they go back to their pool, or because their cadence says so.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};

use super::cadence;
use super::dto::{WorkItem, WorkReason};
use super::store::{Asked, Found};
use crate::crm::calendar::later;
use crate::crm::planned_touches;
use crate::db::id::{CustomerId, PlannedTouchId};
use crate::db::types::{DbInstant, DbUuid, Instant};
use crate::db::{Condition, DbConnection};

/// How far ahead customers that go back are shown.
const RECYCLING_DAYS: i32 = 7;

impl Asked<'_> {
    /// The first planned touch of each customer that is overdue, or due today.
    pub(super) fn planned(&self, conn: &mut DbConnection, is_today: bool) -> QueryResult<Vec<Found>> {
        let (start, end) = (self.calendar.start(self.today), self.calendar.start(later(self.today, 1)));
        let reason = if is_today { WorkReason::PlannedTouchDue } else { WorkReason::PlannedTouchOverdue };
        let due = |table: &str| {
            let due = Condition::sql(format!(" AND {table}.status = 'planned' AND {table}.deleted_at IS NULL AND {table}.due_at < "));
            match is_today {
                true => due.bind(end).then(format!(" AND {table}.due_at >= ")).bind(start),
                false => due.bind(start),
            }
        };
        let own = Condition::sql("SELECT planned_touches.id, planned_touches.due_at, c.id, c.name FROM planned_touches JOIN customers c");
        let own = own.then(" ON c.workspace_id = planned_touches.workspace_id AND c.id = planned_touches.customer_id WHERE ");
        let own = own.append(planned_touches::visible(self.scope, false)).then(" AND planned_touches.assignee_id = ");
        let own = own.bind(self.scope.user_id).append(due("planned_touches"));
        let first = own.then(" AND NOT EXISTS (SELECT 1 FROM planned_touches p WHERE p.workspace_id = planned_touches.workspace_id");
        let first = first.then(" AND p.customer_id = planned_touches.customer_id AND p.assignee_id = planned_touches.assignee_id");
        let first = first.append(due("p")).then(" AND (p.due_at, p.id) < (planned_touches.due_at, planned_touches.id))");
        let first = first.then(format!(" ORDER BY planned_touches.due_at, planned_touches.id LIMIT {}", self.rows));
        type Row = (PlannedTouchId, Instant, CustomerId, String);
        let rows: Vec<Row> = first.giving::<(DbUuid, DbInstant, DbUuid, Text)>().load(conn)?;
        let found = rows.into_iter().map(|(id, at, customer_id, name)| {
            let item = self.item(reason, (customer_id, name), self.calendar.day(at));
            Found { item: WorkItem { planned_touch_id: Some(id), due_at: Some(at), ..item }, at }
        });
        Ok(found.collect())
    }

    /// The caller's customers that go back to their pool soon.
    pub(super) fn recycling(&self, conn: &mut DbConnection) -> QueryResult<Vec<Found>> {
        let own = Condition::sql("SELECT c.id, c.name, h.recycle_due_at FROM customer_holdings h JOIN customers c");
        let own = own.then(" ON c.workspace_id = h.workspace_id AND c.id = h.customer_id WHERE h.workspace_id = ");
        let own = own.bind(self.scope.workspace_id).then(" AND h.owner_id = ").bind(self.scope.user_id);
        let own = own.then(" AND c.deleted_at IS NULL AND h.recycle_due_at <= ").bind(self.calendar.end(later(self.today, RECYCLING_DAYS)));
        let own = own.then(format!(" ORDER BY h.recycle_due_at, c.id LIMIT {}", self.rows));
        let rows: Vec<(CustomerId, String, Instant)> = own.giving::<(DbUuid, Text, DbInstant)>().load(conn)?;
        let found = rows.into_iter().map(|(id, name, at)| {
            let item = self.item(WorkReason::RecyclingSoon, (id, name), self.calendar.day(at));
            Found { item: WorkItem { due_at: Some(at), ..item }, at }
        });
        Ok(found.collect())
    }

    /// The caller's customers whose cadence is due: of an open opportunity's stage, of the tier, of the workspace.
    pub(super) fn neglected(&self, conn: &mut DbConnection) -> QueryResult<Vec<Found>> {
        let mut cadences: BTreeSet<i32> = self.stages.iter().filter_map(|stage| stage.cadence_days).collect();
        let of_stage = if cadences.is_empty() { "" } else { OF_STAGE };
        cadences.extend(self.tier_cadences(conn)?);
        cadences.extend(Some(self.cadence_days).filter(|days| *days > 0));
        // Touches before the claim were another owner's.
        let own = Condition::sql("SELECT c.id, c.id AS customer_id, c.name, CASE WHEN c.last_touch_at > h.since THEN c.last_touch_at");
        let own = own.then(format!(" ELSE h.since END AS anchor, COALESCE({of_stage}t.cadence_days, {}) AS days", self.cadence_days));
        // PostgreSQL would read the holdings of everybody for those of somebody who has thousands.
        let one = Condition::sql("CROSS JOIN LATERAL (SELECT h.since FROM customer_holdings h WHERE h.workspace_id = c.workspace_id");
        let one = one.then(" AND h.customer_id = c.id OFFSET 0) h");
        let each = "JOIN customer_holdings h ON h.workspace_id = c.workspace_id AND h.customer_id = c.id";
        let own = own.then(" FROM customers c ").append(Condition::either(Condition::sql(each), one));
        let own = own.then(" LEFT JOIN tiers t ON t.workspace_id = c.workspace_id AND t.id = c.tier_id WHERE c.workspace_id = ");
        let own = own.bind(self.scope.workspace_id).then(" AND c.owner_id = ").bind(self.scope.user_id);
        let own = own.then(" AND c.deleted_at IS NULL AND c.status = 'active' AND c.lifecycle_stage <> 'churned'");
        let limits = cadences.into_iter().map(|days| {
            let last = cadence::last_anchor(self.today, days, &self.working);
            (days, self.calendar.start(later(last, 1)))
        });
        let late = self.late(own, "waiting.id, waiting.name, waiting.anchor, waiting.days", limits);
        let rows: Vec<(CustomerId, String, Instant, i32)> = late.giving::<(DbUuid, Text, DbInstant, Integer)>().load(conn)?;
        let found = rows.into_iter().map(|(id, name, at, days)| {
            let due_date = cadence::due(self.calendar.day(at), days, &self.working);
            let reason = if due_date < self.today { WorkReason::CadenceOverdue } else { WorkReason::CadenceDue };
            Found { item: self.item(reason, (id, name), due_date), at: Self::due_at(at, days) }
        });
        Ok(found.collect())
    }
}

/// The shortest of the stages that a customer's open opportunities are in.
const OF_STAGE: &str = "(SELECT MIN(s.cadence_days) FROM opportunities o JOIN stages s ON s.workspace_id = o.workspace_id AND \
    s.id = o.stage_id WHERE o.workspace_id = c.workspace_id AND o.customer_id = c.id AND o.stage_kind = 'open' AND o.deleted_at IS NULL), ";
