//! Where the work is found: a statement for each source, along an index of the caller's own, with as many rows as are wanted and one more.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};

use super::cadence::{self, DEFAULT_DAYS};
use super::dto::{WorkCustomer, WorkItem, WorkReason, Worklist};
use crate::auth::Scope;
use crate::crm::calendar::{Calendar, WorkingDays, later};
use crate::crm::{planned_touches, workspaces};
use crate::db::id::{CustomerId, PlannedTouchId};
use crate::db::types::{DbInstant, DbUuid, Instant};
use crate::db::{Condition, DbConnection, Failure};

/// How far ahead customers that go back are shown.
const RECYCLING_DAYS: i32 = 7;
/// From here on nothing else is more urgent.
const RECYCLING_NOW: i64 = 1;

/// The caller, its days, and how much it wants.
struct Asked<'a> {
    scope: &'a Scope,
    calendar: Calendar,
    working: WorkingDays,
    today: NaiveDate,
    /// As many as are wanted, and one more.
    rows: i64,
}

/// Something to do, with what it is sorted by behind its rank.
struct Found {
    item: WorkItem,
    at: Instant,
}

pub fn worklist(conn: &mut DbConnection, scope: &Scope, limit: i64) -> Result<Worklist, Failure> {
    let workspace = workspaces::store::get(conn, scope.workspace_id)?;
    let calendar = Calendar::of(conn, scope.workspace_id)?;
    let (working, today) = (WorkingDays::of(&workspace.fields), calendar.day(scope.now));
    let asked = Asked { scope, calendar, working, today, rows: limit + 1 };
    let mut found = asked.planned(conn, false)?;
    found.extend(asked.planned(conn, true)?);
    found.extend(asked.recycling(conn)?);
    found.extend(asked.neglected(conn)?);
    // By urgency, then by how long it is overdue; each source has its rows in this order too, so those that it left out come later.
    found.sort_by_key(|found| {
        let item = &found.item;
        (item.rank, Reverse(item.overdue_days), item.due_date, item.reason, found.at, item.planned_touch_id, item.customer.id)
    });
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = found.len() > limit;
    Ok(Worklist { data: found.into_iter().take(limit).map(|found| found.item).collect(), has_more })
}

impl Asked<'_> {
    fn item(&self, reason: WorkReason, customer: (CustomerId, String), due_date: NaiveDate) -> WorkItem {
        let overdue_days = (self.today - due_date).num_days().max(0);
        let level = if reason == WorkReason::RecyclingSoon { None } else { cadence::level(overdue_days) };
        let rank = match (reason, level) {
            (WorkReason::RecyclingSoon, _) if (due_date - self.today).num_days() <= RECYCLING_NOW => 1,
            (WorkReason::RecyclingSoon, _) => 6,
            (_, Some(level)) => 5 - level,
            (_, None) => 5,
        };
        let (id, name) = customer;
        WorkItem { rank, reason, customer: WorkCustomer { id, name }, planned_touch_id: None, due_at: None, due_date, overdue_days, level }
    }

    /// The first planned touch of each customer that is overdue, or due today.
    fn planned(&self, conn: &mut DbConnection, is_today: bool) -> QueryResult<Vec<Found>> {
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
    fn recycling(&self, conn: &mut DbConnection) -> QueryResult<Vec<Found>> {
        let own = self.owned("h.recycle_due_at").then(" AND h.recycle_due_at <= ");
        let own = own.bind(self.calendar.end(later(self.today, RECYCLING_DAYS)));
        let own = own.then(format!(" ORDER BY h.recycle_due_at, c.id LIMIT {}", self.rows));
        let rows: Vec<(CustomerId, String, Instant)> = own.giving::<(DbUuid, Text, DbInstant)>().load(conn)?;
        let found = rows.into_iter().map(|(id, name, at)| {
            let item = self.item(WorkReason::RecyclingSoon, (id, name), self.calendar.day(at));
            Found { item: WorkItem { due_at: Some(at), ..item }, at }
        });
        Ok(found.collect())
    }

    /// The caller's customers whose cadence is due: one statement for each number of days that there is, in which what was touched first
    /// is due first.
    fn neglected(&self, conn: &mut DbConnection) -> QueryResult<Vec<Found>> {
        let own = Condition::sql("SELECT DISTINCT cadence_days FROM tiers WHERE workspace_id = ").bind(self.scope.workspace_id);
        let own = own.then(" AND deleted_at IS NULL AND cadence_days > 0").giving::<Integer>();
        let mut cadences: BTreeSet<i32> = own.load::<i32>(conn)?.into_iter().collect();
        cadences.insert(DEFAULT_DAYS);
        let mut found = Vec::new();
        for days in cadences {
            found.extend(self.neglected_for(conn, days)?);
        }
        Ok(found)
    }

    fn neglected_for(&self, conn: &mut DbConnection, days: i32) -> QueryResult<Vec<Found>> {
        // Touches before the claim were another owner's.
        let anchor = "CASE WHEN c.last_touch_at > h.since THEN c.last_touch_at ELSE h.since END";
        let until = self.calendar.start(later(cadence::last_anchor(self.today, days, &self.working), 1));
        let own = self.owned(anchor).then(" AND c.status = 'active' AND c.lifecycle_stage <> 'churned' AND ");
        let own = own.then(format!("COALESCE(t.cadence_days, {DEFAULT_DAYS}) = ")).bind(i64::from(days));
        let own = own.then(format!(" AND {anchor} < ")).bind(until).then(format!(" ORDER BY 3, 1 LIMIT {}", self.rows));
        let rows: Vec<(CustomerId, String, Instant)> = own.giving::<(DbUuid, Text, DbInstant)>().load(conn)?;
        let found = rows.into_iter().map(|(id, name, at)| {
            let due_date = cadence::due(self.calendar.day(at), days, &self.working);
            let reason = if due_date < self.today { WorkReason::CadenceOverdue } else { WorkReason::CadenceDue };
            Found { item: self.item(reason, (id, name), due_date), at }
        });
        Ok(found.collect())
    }

    /// The caller's own customers with their tiers, up to where further conditions are added.
    fn owned(&self, third: &str) -> Condition {
        let own = Condition::sql(format!("SELECT c.id, c.name, {third} FROM customers c JOIN customer_holdings h"));
        let own = own.then(" ON h.workspace_id = c.workspace_id AND h.customer_id = c.id LEFT JOIN tiers t");
        let own =
            own.then(" ON t.workspace_id = c.workspace_id AND t.id = c.tier_id WHERE c.workspace_id = ").bind(self.scope.workspace_id);
        own.then(" AND c.owner_id = ").bind(self.scope.user_id).then(" AND c.deleted_at IS NULL")
    }
}
