//! What is left of one budget: a token bucket (GCRA, ITU-T I.371) in eight bytes and without a lock.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// The fill rate and the capacity of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    /// The time to earn one unit, in nanoseconds.
    nanos_each: u64,
    /// The time to fill an empty bucket, in nanoseconds.
    nanos_full: u64,
}

impl Rate {
    /// Returns a rate of `amount` units per `period` with bursts of up to `burst`; `None` (no limit) for an
    /// amount of 0.
    pub(super) fn new(amount: u64, period: Duration, burst: u64) -> Option<Rate> {
        let period = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
        let nanos_each = period.checked_div(amount)?.max(1);
        Some(Rate { nanos_each, nanos_full: nanos_each.saturating_mul(burst.max(1)) })
    }

    /// Returns a rate that is `times` as fast and has a burst `times` as large.
    pub(super) fn times(self, times: u64) -> Rate {
        Rate { nanos_each: (self.nanos_each / times).max(1), nanos_full: self.nanos_full }
    }
}

/// A bucket. The default, zero, is a full one.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// When it will be full, in nanoseconds of its owner's clock.
    full_at: AtomicU64,
}

impl Bucket {
    /// Takes `amount` units at `now`, or takes nothing and returns how long until there are enough.
    pub(super) fn take(&self, rate: Rate, amount: u32, now: u64) -> Result<(), Duration> {
        let cost = rate.nanos_each.saturating_mul(amount.into());
        let after = |full_at: u64| full_at.max(now).saturating_add(cost);
        let taken = self.full_at.fetch_update(Relaxed, Relaxed, |full_at| {
            let next = after(full_at);
            (next - now <= rate.nanos_full).then_some(next)
        });
        taken.map(drop).map_err(|full_at| Duration::from_nanos(after(full_at) - now - rate.nanos_full))
    }

    /// Takes `amount` units even if the bucket goes into debt; returns how long until the debt is paid.
    pub(super) fn spend(&self, rate: Rate, amount: u32, now: u64) -> Duration {
        let cost = rate.nanos_each.saturating_mul(amount.into());
        let after = |full_at: u64| full_at.max(now).saturating_add(cost);
        let before = self.full_at.fetch_update(Relaxed, Relaxed, |full_at| Some(after(full_at)));
        let next = before.map_or(now, after);
        Duration::from_nanos((next - now).saturating_sub(rate.nanos_full))
    }

    /// Returns `amount` units to the bucket.
    pub(super) fn give_back(&self, rate: Rate, amount: u32) {
        let cost = rate.nanos_each.saturating_mul(amount.into());
        let _ = self.full_at.fetch_update(Relaxed, Relaxed, |full_at| Some(full_at.saturating_sub(cost)));
    }

    /// Returns whether the bucket is full at `now`.
    pub(super) fn is_full(&self, now: u64) -> bool {
        self.full_at.load(Relaxed) <= now
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bucket, Rate};

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_bucket_gives_its_burst_and_then_what_it_earns() {
        let (rate, bucket) = (Rate::new(50, Duration::from_secs(1), 500).unwrap(), Bucket::default());
        assert!((0..500).all(|_| bucket.take(rate, 1, SECOND).is_ok()));
        assert_eq!(bucket.take(rate, 1, SECOND), Err(Duration::from_millis(20)));
        assert_eq!(bucket.take(rate, 50, SECOND), Err(Duration::from_secs(1)), "nothing was taken");
        assert!(bucket.take(rate, 50, 2 * SECOND).is_ok());
        assert!(bucket.take(rate, 1, 2 * SECOND).is_err());
        assert!(!bucket.is_full(2 * SECOND));
        assert!(bucket.is_full(12 * SECOND));
    }

    #[test]
    fn what_is_spent_beyond_it_is_a_debt_that_takes_time_to_pay() {
        let (rate, bucket) = (Rate::new(50, Duration::from_secs(1), 500).unwrap(), Bucket::default());
        assert_eq!(bucket.spend(rate, 500, 0), Duration::ZERO);
        assert_eq!(bucket.spend(rate, 1, 0), Duration::from_millis(20));
        assert_eq!(bucket.spend(rate, 1, 0), Duration::from_millis(40));
        assert_eq!(bucket.spend(rate, 1, SECOND), Duration::ZERO);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let (rate, bucket) = (Rate::new(1, Duration::from_secs(1), 2).unwrap(), Bucket::default());
        bucket.take(rate, 2, SECOND).unwrap();
        bucket.give_back(rate, 1);
        bucket.take(rate, 1, SECOND).unwrap();
        assert!(bucket.take(rate, 1, SECOND).is_err());
    }

    #[test]
    fn an_amount_of_0_is_no_limit() {
        assert_eq!(Rate::new(0, Duration::from_secs(1), 10), None);
    }
}
