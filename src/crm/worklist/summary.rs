//! How the caller keeps its plans.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Nullable;

use super::dto::{PlanKept, WorklistSummary};
use crate::auth::Scope;
use crate::crm::calendar::{Calendar, earlier};
use crate::db::types::{DbInstant, Instant};
use crate::db::{Condition, DbConnection, Failure};

/// How far back plans count.
const DAYS: i32 = 30;
/// The newest so many count at most.
const MOST: i64 = 10_000;
/// How far a touch may be from its day.
const NEAR_DAYS: i64 = 1;

/// When it was planned for, and when it took place.
type Plan = (Instant, Option<Instant>);

pub fn summary(conn: &mut DbConnection, scope: &Scope) -> Result<WorklistSummary, Failure> {
    let calendar = Calendar::of(conn, scope.workspace_id)?;
    let today = calendar.day(scope.now);
    let (from_date, to_date) = (earlier(today, DAYS), earlier(today, 1));
    let own = Condition::sql("SELECT due_at, completed_at FROM planned_touches WHERE workspace_id = ").bind(scope.workspace_id);
    let own = own.then(" AND assignee_id = ").bind(scope.user_id).then(" AND status <> 'cancelled' AND deleted_at IS NULL AND due_at >= ");
    let own = own.bind(calendar.start(from_date)).then(" AND due_at < ").bind(calendar.start(today));
    let own = own.then(format!(" ORDER BY due_at DESC LIMIT {MOST}"));
    let plans: Vec<Plan> = own.giving::<(DbInstant, Nullable<DbInstant>)>().load(conn)?;
    let days = |(due, done): &Plan| (calendar.day(*due), done.map(|done| calendar.day(done)));
    let (numerator, denominator) = kept(plans.iter().map(days));
    let ratio = (denominator > 0).then(|| ratio(numerator, denominator));
    Ok(WorklistSummary { plan: PlanKept { from_date, to_date, numerator, denominator, ratio } })
}

/// How many were made near their day, and how many there were.
fn kept(plans: impl Iterator<Item = (NaiveDate, Option<NaiveDate>)>) -> (i64, i64) {
    plans.fold((0, 0), |(kept, all), (due, done)| {
        let is_kept = done.is_some_and(|done| (done - due).num_days().abs() <= NEAR_DAYS);
        (kept + i64::from(is_kept), all + 1)
    })
}

#[expect(clippy::cast_precision_loss, reason = "there are at most ten thousand")]
fn ratio(numerator: i64, denominator: i64) -> f64 {
    (numerator as f64 / denominator as f64 * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_early_or_late_is_kept() {
        let day = |text: &str| format!("2026-{text}").parse::<NaiveDate>().expect("a day");
        let due = day("03-01");
        let done = [Some(day("02-28")), Some(due), Some(day("03-02")), Some(day("02-27")), Some(day("03-03")), None];
        assert_eq!(kept(done.into_iter().map(|done| (due, done))), (3, 6));
        assert_eq!(kept(std::iter::empty()), (0, 0));
        assert!((ratio(1, 3) - 0.3333).abs() < f64::EPSILON);
    }
}
