//! The one clock of the house. Everything that asks for the time asks here, so that tests can move it.

use chrono::Utc;

use super::types::Instant;

#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn now() -> Instant {
    Instant::new(Utc::now())
}
