//! The one clock of the house. A server asks its own (`Db::now`, `Tx.now`), so that a test can move one server's time without
//! sleeping; nothing outside the program can.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{Duration, Utc};

use super::types::Instant;

/// The machine's time: for what belongs to no server.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn now() -> Instant {
    Instant::new(Utc::now())
}

/// A server's time: the machine's, and in tests as much later as they say. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn now(&self) -> Instant {
        now().plus(Duration::milliseconds(self.0.load(Ordering::Acquire)))
    }

    /// Moves it forward, for tests.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.num_milliseconds(), Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_move_together() {
        let clock = Clock::default();
        let same = clock.clone();
        clock.advance(Duration::days(30));
        let before = now();
        assert!(same.now() >= before.plus(Duration::days(30)) && Clock::default().now() < before.plus(Duration::days(1)));
    }
}
