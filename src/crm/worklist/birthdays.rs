//! Birthdays of the caller's customers and of their contacts.

use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::dto::{WorkContact, WorkItem, WorkReason};
use super::store::{Asked, Found};
use crate::crm::calendar::{WorkingDays, later};
use crate::db::id::{ContactId, CustomerId};
use crate::db::types::DbUuid;
use crate::db::{Condition, DbConnection};

/// Of a long holiday no more is shown.
const MOST_DAYS: usize = 31;

impl Asked<'_> {
    pub(super) fn customers_birthdays(&self, conn: &mut DbConnection) -> QueryResult<Vec<Found>> {
        let days = days(self.today, &self.working);
        let own = Condition::sql("SELECT c.id, c.name, ").append(place("p", &days)).then(" FROM customer_profiles p JOIN customers c");
        let own = own.then(" ON c.workspace_id = p.workspace_id AND c.id = p.customer_id WHERE p.workspace_id = ");
        let own = own.bind(self.scope.workspace_id).then(" AND c.owner_id = ").bind(self.scope.user_id);
        let own = own.then(" AND c.deleted_at IS NULL AND c.status = 'active' AND ").append(falls_on("p", &days));
        let rows: Vec<(CustomerId, String, i64)> = own.then(self.first("c.id")).giving::<(DbUuid, Text, BigInt)>().load(conn)?;
        Ok(rows.into_iter().map(|(id, name, place)| self.birthday(&days, place, (id, name), None)).collect())
    }

    /// Each contact once, however many of the caller's customers it belongs to.
    pub(super) fn contacts_birthdays(&self, conn: &mut DbConnection) -> QueryResult<Vec<Found>> {
        let days = days(self.today, &self.working);
        let mine = |customers: &str, links: &str| {
            let mine = Condition::sql(format!("{links}.contact_id = p.id AND NOT {links}.is_deleted AND {links}.left_date IS NULL AND "));
            let mine = mine.then(format!("{customers}.deleted_at IS NULL AND {customers}.status = 'active' AND {customers}.owner_id = "));
            mine.bind(self.scope.user_id)
        };
        let joined = |customers: &str, links: &str| {
            format!("customers {customers} ON {customers}.workspace_id = {links}.workspace_id AND {customers}.id = {links}.customer_id")
        };
        let own =
            Condition::sql("SELECT c.id, c.name, p.id, p.name, ").append(place("p", &days)).then(" FROM contacts p JOIN contact_links l");
        let own = own.then(" ON l.workspace_id = p.workspace_id AND l.contact_id = p.id JOIN ").then(joined("c", "l"));
        let own = own.then(" WHERE p.workspace_id = ").bind(self.scope.workspace_id).then(" AND p.deleted_at IS NULL AND ");
        let own = own.append(mine("c", "l")).then(" AND ").append(falls_on("p", &days));
        let own = own.then(" AND NOT EXISTS (SELECT 1 FROM contact_links other JOIN ").then(joined("before", "other"));
        let own =
            own.then(" WHERE other.workspace_id = p.workspace_id AND before.id < c.id AND ").append(mine("before", "other")).then(")");
        type Row = (CustomerId, String, ContactId, String, i64);
        let rows: Vec<Row> = own.then(self.first("c.id, p.id")).giving::<(DbUuid, Text, DbUuid, Text, BigInt)>().load(conn)?;
        let found = rows.into_iter().map(|(customer_id, customer_name, id, name, place)| {
            self.birthday(&days, place, (customer_id, customer_name), Some(WorkContact { id, name }))
        });
        Ok(found.collect())
    }

    fn first(&self, then: &str) -> String {
        format!(" ORDER BY place, {then} LIMIT {}", self.rows)
    }

    fn birthday(&self, days: &[NaiveDate], place: i64, customer: (CustomerId, String), contact: Option<WorkContact>) -> Found {
        let day = usize::try_from(place).ok().and_then(|place| days.get(place)).copied().unwrap_or(self.today);
        let item = self.item(WorkReason::Birthday, customer, day);
        Found { item: WorkItem { contact, ..item }, at: self.calendar.start(day) }
    }
}

/// Today, and the days off before the next working day.
fn days(today: NaiveDate, working: &WorkingDays) -> Vec<NaiveDate> {
    let next = working.next_working_day(later(today, 1));
    today.iter_days().take_while(|day| *day < next).take(MOST_DAYS).collect()
}

/// The birthdays, as MMDD, that are kept on a day.
fn kept_on(day: NaiveDate) -> Vec<u32> {
    let own = day.month() * 100 + day.day();
    let is_instead = own == 228 && !day.leap_year();
    if is_instead { vec![own, 229] } else { vec![own] }
}

/// The month and the day as the index has them.
fn month_day(table: &str) -> Condition {
    Condition::either(
        Condition::sql(format!("CAST(substr({table}.birthday, 6, 2) || substr({table}.birthday, 9, 2) AS INTEGER)")),
        Condition::sql(format!("(EXTRACT(MONTH FROM {table}.birthday) * 100 + EXTRACT(DAY FROM {table}.birthday))")),
    )
}

fn falls_on(table: &str, days: &[NaiveDate]) -> Condition {
    let kept: Vec<String> = days.iter().flat_map(|day| kept_on(*day)).map(|kept| kept.to_string()).collect();
    Condition::sql(format!("{table}.birthday IS NOT NULL AND ")).append(month_day(table)).then(format!(" IN ({})", kept.join(", ")))
}

/// Which of the days it is.
fn place(table: &str, days: &[NaiveDate]) -> Condition {
    let each = days.iter().enumerate().flat_map(|(place, day)| kept_on(*day).into_iter().map(move |kept| (place, kept)));
    let cases: String = each.map(|(place, kept)| format!(" WHEN {kept} THEN {place}")).collect();
    Condition::sql("CAST(CASE ").append(month_day(table)).then(format!("{cases} END AS BIGINT) AS place"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::workspaces::{WorkspaceFields, default_workspace};

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn days_off_are_looked_ahead_to() {
        let holidays = ["2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"].map(day).to_vec();
        let golden = WorkingDays::of(&WorkspaceFields { holidays, ..default_workspace("W") });
        for (today, count, last) in [
            ("2026-09-21", 1, "2026-09-21"),
            ("2026-09-25", 3, "2026-09-27"),
            ("2026-09-26", 2, "2026-09-27"),
            ("2026-09-30", 8, "2026-10-07"),
            ("2026-12-31", 1, "2026-12-31"),
        ] {
            let days = days(day(today), &golden);
            assert_eq!((days.len(), days.last()), (count, Some(&day(last))), "from {today}");
        }
        let never = WorkingDays::of(&WorkspaceFields { working_days: Vec::new(), ..default_workspace("W") });
        assert_eq!(days(day("2026-12-31"), &never), [day("2026-12-31")]);
    }

    #[test]
    fn the_29th_of_february_is_kept_every_year() {
        assert_eq!(kept_on(day("2027-02-28")), [228, 229]);
        assert_eq!(kept_on(day("2028-02-28")), [228]);
        assert_eq!(kept_on(day("2028-02-29")), [229]);
        assert_eq!(kept_on(day("2026-12-31")), [1231]);
    }
}
