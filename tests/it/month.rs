//! A month of a sales department, as a script: twelve reps in three units claim, touch, plan, release and lock customers, their managers
//! transfer and assign, the server recycles every night, holidays and weekends pass, and somebody leaves. In the end every customer is in
//! one place, its history leads there, and whoever has read nothing but the feed knows it too; nobody got more in a day than the pool
//! gives, and each customer was recycled on the very day that the rules say, and not before.
//!
//! It is done with 800 customers, which CI has the time for; `MONTH_CUSTOMERS=5000` does it with more, and every rep then does more in a
//! day. `MONTH_SEED` gives another month. With `DATA_DIR`, the folder with `companies.csv`, the customers have names of real companies.

mod books;
mod checks;
mod day;
mod names;
mod office;

use chrono::{Datelike, Duration, Weekday};

use crate::harness::{App, Mirror, on_both};
use books::Books;
use office::Office;

/// Days that pass. The feed goes back for thirty, and is read from its beginning in the end.
const DAYS: i64 = 28;
/// Days from the first Monday: a holiday, a Saturday that is worked instead, and the last day of somebody.
const HOLIDAY: i64 = 9;
const WORKED: i64 = 12;
const LEAVES: i64 = 15;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn a_month_of_a_sales_department() {
    on_both(|app| async move {
        let customers = number("MONTH_CUSTOMERS", 800) as usize;
        let mut office = Office::open(&app, customers).await;
        let mut books = Books::default();
        let mut mirror = Mirror::default();
        for day in 0..DAYS {
            night(&app, &mut office, day).await;
            mirror.follow(&office.admin.actor).await;
            if is_working(&office, day) {
                day::pass(&app, &mut office, &mut books, &mirror, day).await;
            }
            if day == LEAVES {
                office.part_with_one(&app).await;
            }
        }
        night(&app, &mut office, DAYS).await;
        checks::everything(&app, &office, &books, &mut mirror).await;
    });
}

/// It is the next morning, and the server has done what was to be done.
async fn night(app: &App, office: &mut Office, day: i64) {
    if day > 0 {
        app.advance(Duration::days(1));
    }
    office.renew(app).await;
    app.run_due_jobs().await;
}

fn is_working(office: &Office, day: i64) -> bool {
    let is_weekend = matches!(office.date(day).weekday(), Weekday::Sat | Weekday::Sun);
    day == WORKED || (day != HOLIDAY && !is_weekend)
}
