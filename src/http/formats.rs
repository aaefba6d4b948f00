//! What the formats of the document mean, beyond what its patterns can say.

use chrono::{Datelike, Duration, NaiveDate};
use url::Url;
use validator::{ValidateEmail, ValidationError};

use crate::db::clock;
use crate::db::types::Instant;

pub fn is_email(text: &str) -> bool {
    text.validate_email() && text.rsplit_once('@').is_some_and(|(_, domain)| domain.contains('.'))
}

/// An absolute http or https URL with a host name.
pub fn is_web_url(text: &str) -> bool {
    !text.contains(char::is_whitespace)
        && Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| host.contains('.')))
}

/// A day as `YYYY-MM-DD`, of the years 1 to 9999.
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok_and(|day| (1..=9999).contains(&day.year()))
}

/// For `validator`: not after today, wherever it already is today.
pub fn check_not_future(day: &NaiveDate) -> Result<(), ValidationError> {
    let latest = clock::now().get() + Duration::hours(14);
    if *day > latest.date_naive() { Err(ValidationError::new("date_in_future")) } else { Ok(()) }
}

pub fn is_instant(text: &str) -> bool {
    text.parse::<Instant>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_past_only() {
        let soon = clock::now().get().date_naive() + Duration::days(3);
        assert!(check_not_future(&soon).is_err());
        assert!(check_not_future(&NaiveDate::from_ymd_opt(1990, 2, 28).expect("a day")).is_ok());
    }

    #[test]
    fn formats_are_strict() {
        assert!(is_email("a.b+c@example.com") && !is_email("a@localhost") && !is_email("a b@example.com"));
        assert!(
            is_web_url("https://例子.中国/a?b")
                && !is_web_url("www.example.com")
                && !is_web_url("javascript:alert(1)")
                && !is_web_url("https:// x.y")
        );
        assert!(is_date("2024-02-29") && !is_date("2023-02-29") && !is_date("2024-2-9") && !is_date("0000-01-01"));
        assert!(is_instant("2024-01-01T00:00:00+08:00") && !is_instant("2024-01-01T00:00:00") && !is_instant("2024-01-01"));
    }
}
