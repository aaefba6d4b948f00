//! Slows down password guessing: per address in memory, per account in the database (see `store`). Never a lock-out.

use std::net::IpAddr;
use std::time::Duration;

use moka::sync::Cache;

use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// Failed logins from one address in `WINDOW` before it has to wait.
const PER_ADDRESS: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);

/// Failures of one account that cost nothing yet.
const FREE_FAILURES: i32 = 5;
/// The longest wait for one account, in seconds.
const LONGEST: i64 = 300;

pub struct AddressThrottle(Cache<IpAddr, u32>);

impl Default for AddressThrottle {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(100_000).time_to_live(WINDOW).build())
    }
}

impl AddressThrottle {
    pub fn check(&self, address: IpAddr) -> Result<(), Problem> {
        if self.0.get(&address).unwrap_or(0) >= PER_ADDRESS {
            return Err(Problem::new(Code::TooManyAttempts).retry_after(WINDOW.as_secs()));
        }
        Ok(())
    }

    pub fn failed(&self, address: IpAddr) {
        self.0.entry(address).and_upsert_with(|known| known.map_or(1, |entry| entry.into_value().saturating_add(1)));
    }
}

/// Seconds that an account waits after so many failures in a row: 1, 2, 4 … up to five minutes.
pub fn wait_after(failures: i32) -> i64 {
    let over = failures - FREE_FAILURES;
    if over < 0 {
        0
    } else {
        1_i64.checked_shl(u32::try_from(over).unwrap_or(u32::MAX)).filter(|wait| (1..LONGEST).contains(wait)).unwrap_or(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_and_ends() {
        let waits: Vec<i64> = [0, 4, 5, 6, 8, 13, 14, 70, i32::MAX].into_iter().map(wait_after).collect();
        assert_eq!(waits, [0, 0, 1, 2, 8, 256, 300, 300, 300]);
    }
}
