//! Slows down password guessing: per address in memory, per account in the database (see `store`). Every attempt is counted
//! before its password is looked at, so that many at once count as many. Never a permanent lock-out.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use moka::ops::compute::Op;
use moka::sync::Cache;

use crate::db::types::Instant;
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// Attempts from one network in `WINDOW` that may fail before it has to wait.
const PER_NETWORK: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);

/// How an account is slowed down: attempts that cost nothing yet, and the longest wait in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    free: i32,
    longest: i64,
}

/// Guessing from one network.
pub const FROM_ONE_NETWORK: Pace = Pace { free: 5, longest: 300 };
/// Guessing from everywhere: so short a wait that the account's owner still gets in.
pub const FROM_ANYWHERE: Pace = Pace { free: 30, longest: 5 };

impl Pace {
    /// Seconds that an account waits after so many attempts without success: 1, 2, 4 … up to the longest.
    pub fn wait_after(self, attempts: i32) -> i64 {
        let over = attempts - self.free;
        if over < 0 {
            return 0;
        }
        1_i64.checked_shl(u32::try_from(over).unwrap_or(u32::MAX)).filter(|wait| (1..self.longest).contains(wait)).unwrap_or(self.longest)
    }
}

/// Who counts as one: an IPv4 address, or the /64 that an IPv6 address is given from.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

/// Attempts of each network, with the beginning of their window.
pub struct AddressThrottle(Cache<IpAddr, (u32, Instant)>);

impl Default for AddressThrottle {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(100_000).time_to_live(WINDOW).build())
    }
}

impl AddressThrottle {
    /// Counts an attempt; too many in the window are refused.
    pub fn attempt(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        let counted = self.0.entry(network(address)).and_upsert_with(|known| match known.map(moka::Entry::into_value) {
            Some((count, since)) if passed(since, now) < WINDOW => (count.saturating_add(1), since),
            _ => (1, now),
        });
        let (count, since) = counted.into_value();
        if count > PER_NETWORK {
            let left = WINDOW.saturating_sub(passed(since, now)).as_secs() + 1;
            return Err(Problem::new(Code::TooManyAttempts).retry_after(left));
        }
        Ok(())
    }

    /// Takes an attempt back: it was right.
    pub fn succeeded(&self, address: IpAddr) {
        self.0.entry(network(address)).and_compute_with(|known| match known.map(moka::Entry::into_value) {
            Some((count, since)) => Op::Put((count.saturating_sub(1), since)),
            None => Op::Nop,
        });
    }
}

/// Nothing when the clock was put back.
fn passed(since: Instant, now: Instant) -> Duration {
    (now.get() - since.get()).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_and_ends() {
        let waits: Vec<i64> =
            [0, 4, 5, 6, 8, 13, 14, 70, i32::MAX].into_iter().map(|attempts| FROM_ONE_NETWORK.wait_after(attempts)).collect();
        assert_eq!(waits, [0, 0, 1, 2, 8, 256, 300, 300, 300]);
    }

    #[test]
    fn a_network_is_counted_as_one() {
        let of = |text: &str| network(text.parse().expect("an address")).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:10.0.0.1"), "10.0.0.1");
    }

    #[test]
    fn an_attempt_that_was_right_does_not_count() {
        let (throttle, address, now) = (AddressThrottle::default(), IpAddr::from([10, 0, 0, 1]), crate::db::clock::now());
        for _ in 0..100 {
            throttle.attempt(address, now).expect("right ones have no limit");
            throttle.succeeded(address);
        }
        throttle.succeeded(IpAddr::from([10, 0, 0, 2]));
        assert_eq!((0..100).filter(|_| throttle.attempt(address, now).is_err()).count(), 40);
    }

    #[test]
    fn many_attempts_at_once_count_as_many() {
        let (throttle, address, now) = (AddressThrottle::default(), IpAddr::from([10, 0, 0, 1]), crate::db::clock::now());
        let refused = |now| (0..100).filter(|_| throttle.attempt(address, now).is_err()).count();
        assert_eq!((refused(now), refused(now)), (40, 100));
        assert_eq!(refused(now.plus(chrono::Duration::seconds(60))), 40, "in the next minute");
    }
}
