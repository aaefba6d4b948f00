//! Slows down password guessing: per address in memory, per account in the database. Every attempt is counted
//! before its password is looked at, so that many at once count as many. Never a permanent lock-out.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use diesel::prelude::*;
use moka::ops::compute::Op;
use moka::sync::Cache;

use crate::db::failure::Failure;
use crate::db::schema::login_throttles;
use crate::db::types::Instant;
use crate::db::{Tx, update_rows};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// Attempts from one network in `WINDOW` that may fail before it has to wait.
const PER_NETWORK: u32 = 60;
const WINDOW: Duration = Duration::from_secs(60);

/// Attempts on an account are forgotten after this long without another.
const ACCOUNT_WINDOW: chrono::Duration = chrono::Duration::days(1);

/// How an account is slowed down: attempts that cost nothing yet, and the longest wait in seconds.
#[derive(Debug, Clone, Copy)]
struct Pace {
    free: i32,
    longest: i64,
}

/// Guessing from one network.
const FROM_ONE_NETWORK: Pace = Pace { free: 5, longest: 300 };
/// Guessing from everywhere: so short a wait that the account's owner still gets in.
const FROM_ANYWHERE: Pace = Pace { free: 30, longest: 5 };

impl Pace {
    /// Seconds that an account waits after so many attempts without success: 1, 2, 4 … up to the longest.
    fn wait_after(self, attempts: i32) -> i64 {
        let over = attempts - self.free;
        if over < 0 {
            return 0;
        }
        1_i64.checked_shl(u32::try_from(over).unwrap_or(u32::MAX)).filter(|wait| (1..self.longest).contains(wait)).unwrap_or(self.longest)
    }
}

/// Who counts as one: an IPv4 address, or the /64 that an IPv6 address is given from.
fn network(address: IpAddr) -> IpAddr {
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

/// The keys under which the attempts on an account are counted.
fn throttle_keys(email_key: &str, address: IpAddr) -> [(String, Pace); 2] {
    [(format!("{email_key} {}", network(address)), FROM_ONE_NETWORK), (email_key.to_owned(), FROM_ANYWHERE)]
}

/// Counts an attempt on an account, existing or not, before its password is looked at; refuses while the account has to wait.
pub fn begin_login(tx: &mut Tx<'_>, email_key: &str, address: IpAddr) -> Result<(), Failure> {
    let stale = tx.now.plus(-ACCOUNT_WINDOW);
    diesel::delete(login_throttles::table.filter(login_throttles::updated_at.lt(stale))).execute(tx.conn)?;
    for (key, pace) in throttle_keys(email_key, address) {
        // The update comes first: its row lock lets attempts at the same moment count one after the other.
        let known = update_rows(
            tx.conn,
            login_throttles::table.find(&key),
            (login_throttles::failures.eq(login_throttles::failures + 1), login_throttles::updated_at.eq(tx.now)),
        )?;
        if known == 0 {
            let first = (login_throttles::email_key.eq(&key), login_throttles::failures.eq(1), login_throttles::updated_at.eq(tx.now));
            let noted = diesel::insert_into(login_throttles::table).values(first).execute(tx.conn);
            noted.map_err(|error| Failure::from(error).stale_on("login_throttles.email_key"))?;
            continue;
        }
        let (attempts, blocked_until) = login_throttles::table
            .find(&key)
            .select((login_throttles::failures, login_throttles::blocked_until))
            .first::<(i32, Option<Instant>)>(tx.conn)?;
        if let Some(until) = blocked_until.filter(|until| *until > tx.now) {
            let wait = (until.get() - tx.now.get()).num_seconds() + 1;
            return Err(Problem::new(Code::TooManyAttempts).retry_after(wait.unsigned_abs()).into());
        }
        let wait = pace.wait_after(attempts);
        if wait > 0 {
            let until = tx.now.plus(chrono::Duration::seconds(wait));
            update_rows(tx.conn, login_throttles::table.find(&key), login_throttles::blocked_until.eq(until))?;
        }
    }
    Ok(())
}

/// Forgets the attempts on an account: the password was right.
pub fn end_login(tx: &mut Tx<'_>, email_key: &str, address: IpAddr) -> QueryResult<()> {
    for (key, _) in throttle_keys(email_key, address) {
        diesel::delete(login_throttles::table.find(&key)).execute(tx.conn)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;

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
        let problem = throttle.attempt(address, now.plus(chrono::Duration::seconds(59))).expect_err("the same minute");
        assert_eq!(problem.error_response().headers().get("retry-after").expect("a time"), "2", "not before it ends");
        assert_eq!(refused(now.plus(chrono::Duration::seconds(60))), 40, "in the next minute");
    }
}
