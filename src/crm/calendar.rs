//! Days of a workspace: a rule that counts days counts them in the workspace's time zone.

use std::collections::HashSet;

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;

use super::workspaces::{Weekday, WorkspaceFields};
use crate::db::DbConnection;
use crate::db::id::WorkspaceId;
use crate::db::schema::workspaces;
use crate::db::types::Instant;

/// A workspace's days.
#[derive(Debug, Clone, Copy)]
pub struct Calendar(Tz);

impl Calendar {
    pub const fn new(zone: Tz) -> Self {
        Self(zone)
    }

    pub fn of(conn: &mut DbConnection, workspace_id: WorkspaceId) -> QueryResult<Self> {
        let name: String = workspaces::table.find(workspace_id).select(workspaces::time_zone).first(conn)?;
        // It was checked when it was written.
        Ok(Self(name.parse().unwrap_or(Tz::UTC)))
    }

    /// The day on which this instant lies.
    pub fn day(self, at: Instant) -> NaiveDate {
        at.get().with_timezone(&self.0).date_naive()
    }

    /// The day's first instant: midnight, or when the clocks skip it, what comes next.
    pub fn start(self, day: NaiveDate) -> Instant {
        let midnight = day.and_time(NaiveTime::MIN);
        let first =
            (0..=24_i64).find_map(|quarters| self.0.from_local_datetime(&(midnight + TimeDelta::minutes(15 * quarters))).earliest());
        Instant::new(first.map_or_else(|| midnight.and_utc(), |first| first.with_timezone(&Utc)))
    }

    /// The day's last millisecond.
    pub fn end(self, day: NaiveDate) -> Instant {
        self.start(later(day, 1)).plus(-TimeDelta::milliseconds(1))
    }
}

/// This many days later; the last day that there is when there is none.
pub fn later(day: NaiveDate, days: i32) -> NaiveDate {
    let days = Days::new(u64::try_from(days).unwrap_or_default());
    day.checked_add_days(days).unwrap_or(NaiveDate::MAX)
}

/// This many days earlier; the first day that there is when there is none.
pub fn earlier(day: NaiveDate, days: i32) -> NaiveDate {
    let days = Days::new(u64::try_from(days).unwrap_or_default());
    day.checked_sub_days(days).unwrap_or(NaiveDate::MIN)
}

/// How far a working day is looked for: over all the days off that a workspace can have, and the weekends between them.
const SOUGHT: i32 = 1500;

/// The days on which a workspace works: those of its week, without its holidays, and with the days worked instead (调休).
#[derive(Debug, Clone)]
pub struct WorkingDays {
    week: Vec<Weekday>,
    holidays: HashSet<NaiveDate>,
    extra: HashSet<NaiveDate>,
}

impl WorkingDays {
    pub fn of(workspace: &WorkspaceFields) -> Self {
        let WorkspaceFields { working_days, holidays, extra_workdays, .. } = workspace;
        Self { week: working_days.clone(), holidays: holidays.iter().copied().collect(), extra: extra_workdays.iter().copied().collect() }
    }

    /// A day that is named as both, a holiday and a day of work, is a day of work.
    pub fn is_working(&self, day: NaiveDate) -> bool {
        self.extra.contains(&day) || (!self.holidays.contains(&day) && self.week.contains(&weekday(day)))
    }

    /// This day, or the next one that is worked on; this day when no day is.
    pub fn next_working_day(&self, day: NaiveDate) -> NaiveDate {
        (0..=SOUGHT).map(|days| later(day, days)).find(|day| self.is_working(*day)).unwrap_or(day)
    }

    /// This day, or the last one before it that was worked on; this day when none was.
    pub fn last_working_day(&self, day: NaiveDate) -> NaiveDate {
        (0..=SOUGHT).map(|days| earlier(day, days)).find(|day| self.is_working(*day)).unwrap_or(day)
    }
}

fn weekday(day: NaiveDate) -> Weekday {
    match day.weekday() {
        chrono::Weekday::Mon => Weekday::Monday,
        chrono::Weekday::Tue => Weekday::Tuesday,
        chrono::Weekday::Wed => Weekday::Wednesday,
        chrono::Weekday::Thu => Weekday::Thursday,
        chrono::Weekday::Fri => Weekday::Friday,
        chrono::Weekday::Sat => Weekday::Saturday,
        chrono::Weekday::Sun => Weekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::workspaces::default_workspace;

    fn working(holidays: &[&str], extra_workdays: &[&str]) -> WorkingDays {
        let days = |texts: &[&str]| texts.iter().map(|text| day(text)).collect();
        WorkingDays::of(&WorkspaceFields { holidays: days(holidays), extra_workdays: days(extra_workdays), ..default_workspace("W") })
    }

    #[test]
    fn working_days_follow_the_week_the_holidays_and_the_days_worked_instead() {
        // National day 2026: off from Thursday 1 to Wednesday 7 October; worked instead on Sunday 20 September and Saturday 10 October.
        let off = ["2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"];
        let golden = working(&off, &["2026-09-20", "2026-10-10"]);
        for (from, next, last) in [
            ("2026-09-19", "2026-09-20", "2026-09-18"),
            ("2026-09-20", "2026-09-20", "2026-09-20"),
            ("2026-09-26", "2026-09-28", "2026-09-25"),
            ("2026-10-01", "2026-10-08", "2026-09-30"),
            ("2026-10-04", "2026-10-08", "2026-09-30"),
            ("2026-10-10", "2026-10-10", "2026-10-10"),
            ("2026-10-11", "2026-10-12", "2026-10-10"),
        ] {
            assert_eq!(golden.next_working_day(day(from)), day(next), "behind {from}");
            assert_eq!(golden.last_working_day(day(from)), day(last), "before {from}");
        }
        // Over the end of the year.
        let new_year = working(&["2027-01-01"], &[]);
        assert_eq!(new_year.next_working_day(day("2027-01-01")), day("2027-01-04"));
        assert_eq!(new_year.last_working_day(day("2027-01-03")), day("2026-12-31"));
        assert!(working(&["2026-10-10"], &["2026-10-10"]).is_working(day("2026-10-10")));
    }

    #[test]
    fn who_never_works_has_every_day() {
        let never = WorkingDays::of(&WorkspaceFields { working_days: Vec::new(), ..default_workspace("W") });
        assert_eq!(never.next_working_day(day("2026-10-01")), day("2026-10-01"));
        assert_eq!(never.last_working_day(day("2026-10-01")), day("2026-10-01"));
    }

    fn at(text: &str) -> Instant {
        text.parse().expect("an instant")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_day_is_the_workspaces_own() {
        let shanghai = Calendar::new(Tz::Asia__Shanghai);
        assert_eq!(shanghai.day(at("2026-03-31T16:00:00Z")), day("2026-04-01"));
        assert_eq!(shanghai.start(day("2026-04-01")), at("2026-03-31T16:00:00Z"));
        assert_eq!(shanghai.end(day("2026-12-31")), at("2026-12-31T15:59:59.999Z"));
    }

    #[test]
    fn days_of_23_and_25_hours_end_where_the_next_begins() {
        let berlin = Calendar::new(Tz::Europe__Berlin);
        assert_eq!(berlin.end(day("2026-03-29")), at("2026-03-29T21:59:59.999Z"));
        assert_eq!(berlin.start(day("2026-03-29")), at("2026-03-28T23:00:00Z"));
        assert_eq!(berlin.end(day("2026-10-25")), at("2026-10-25T22:59:59.999Z"));
        // The clocks went from 24:00 to 1:00.
        let beirut = Calendar::new(Tz::Asia__Beirut);
        assert_eq!(beirut.start(day("2024-03-31")), at("2024-03-30T22:00:00Z"));
    }
}
