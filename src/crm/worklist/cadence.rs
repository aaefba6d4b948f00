//! How often a customer is to be touched: days only, no clock and no database.
//!
//! The days are those of the stage that an open opportunity is in, else of the customer's tier, else of the workspace.

use chrono::NaiveDate;

use crate::crm::calendar::{WorkingDays, earlier, later};

/// The day on which the next touch is due, by the day of the last one or of the claim.
pub fn due(anchor: NaiveDate, days: i32, working: &WorkingDays) -> NaiveDate {
    working.next_working_day(later(anchor, days))
}

/// The last day of an anchor whose next touch is due by this day: what comes due on a day off is due on the next working day.
pub fn last_anchor(today: NaiveDate, days: i32, working: &WorkingDays) -> NaiveDate {
    earlier(working.last_working_day(today), days)
}

/// How bad it is that something was due so many days ago: 1 up to three days, 2 up to a week, 3 beyond. `None` when it is not overdue.
pub const fn level(overdue_days: i64) -> Option<i32> {
    match overdue_days {
        ..=0 => None,
        1..=3 => Some(1),
        4..=7 => Some(2),
        _ => Some(3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::workspaces::{WorkspaceFields, default_workspace};

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn working(holidays: &[&str], extra_workdays: &[&str]) -> WorkingDays {
        let days = |texts: &[&str]| texts.iter().map(|text| day(text)).collect();
        WorkingDays::of(&WorkspaceFields { holidays: days(holidays), extra_workdays: days(extra_workdays), ..default_workspace("W") })
    }

    #[test]
    fn what_is_due_on_a_day_off_is_due_on_the_next_working_day() {
        let golden = working(&["2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"], &["2026-10-10"]);
        for (anchor, days, expected) in [
            ("2026-09-21", 7, "2026-09-28"),
            // A Saturday, and in the holidays.
            ("2026-09-19", 7, "2026-09-28"),
            ("2026-09-24", 7, "2026-10-08"),
            // A Saturday that is worked on.
            ("2026-10-03", 7, "2026-10-10"),
            ("2026-12-25", 7, "2027-01-01"),
            ("2026-12-31", 30, "2027-02-01"),
        ] {
            assert_eq!(due(day(anchor), days, &golden), day(expected), "{days} days from {anchor}");
        }
    }

    #[test]
    fn the_last_anchor_is_the_last_that_is_due() {
        let golden = working(&["2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"], &["2026-10-10"]);
        let mut today = day("2026-09-15");
        while today < day("2026-10-20") {
            for days in [1, 7, 30] {
                let last = last_anchor(today, days, &golden);
                assert!(due(last, days, &golden) <= today, "{last} is due by {today}");
                assert!(due(later(last, 1), days, &golden) > today, "the day behind {last} is not due by {today}");
            }
            today = later(today, 1);
        }
    }

    #[test]
    fn levels_begin_where_they_should() {
        let levels: Vec<Option<i32>> = [-1, 0, 1, 3, 4, 7, 8, 400].into_iter().map(level).collect();
        assert_eq!(levels, [None, None, Some(1), Some(1), Some(2), Some(2), Some(3), Some(3)]);
    }
}
