//! How long a write waits for its reader: at most a minute without progress, and in the long run no longer
//! than the bytes taken justify at the minimum throughput. A reader that trickles thus holds memory and a
//! connection hardly longer than one that has stopped.

use std::time::Duration;

use tokio::time::Instant;

/// How long a reader may take nothing before it is evicted.
pub const STALL: Duration = Duration::from_mins(1);

/// The minimum average throughput of a reader with queued data, in bytes per second: half of what the slowest
/// mobile network in use carries (GPRS, class 8).
const LEAST_BYTES_PER_SECOND: u32 = 4 * 1_024;

/// The time budget of one reader.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    /// The time spent waiting, less the time earned by the bytes taken.
    spent: Duration,
    /// Since when it has taken nothing; `None` while nothing waits for it.
    blocked_at: Option<Instant>,
}

impl Patience {
    /// Records that the reader takes no more for now.
    pub fn blocked(&mut self, now: Instant) {
        self.blocked_at.get_or_insert(now);
    }

    /// Records that the reader took `bytes`.
    pub fn took(&mut self, bytes: usize, now: Instant) {
        if let Some(at) = self.blocked_at.take() {
            self.spent += now - at;
        }
        let earned = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / f64::from(LEAST_BYTES_PER_SECOND);
        self.spent = self.spent.saturating_sub(Duration::from_secs_f64(earned));
    }

    /// Restores the full budget, because the reader has taken everything or is granted another try.
    pub fn begin_anew(&mut self) {
        *self = Patience::default();
    }

    /// Returns when the reader is given up unless it takes more.
    pub fn ends(&self) -> Instant {
        self.blocked_at.unwrap_or_else(Instant::now) + STALL.saturating_sub(self.spent)
    }

    /// Returns the deadline of a connection that is being closed: `stall` after the reader last took
    /// something.
    pub fn ends_within(&self, stall: Duration) -> Instant {
        self.blocked_at.unwrap_or_else(Instant::now) + stall
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Patience, STALL};

    #[test]
    fn a_reader_that_takes_nothing_is_given_up_after_a_minute() {
        let now = Instant::now();
        let mut patience = Patience::default();
        patience.blocked(now);
        patience.blocked(now + Duration::from_secs(30));
        assert_eq!(patience.ends(), now + STALL);
    }

    #[test]
    fn one_that_trickles_is_given_up_too_and_one_that_is_merely_slow_is_not() {
        let now = Instant::now();
        let given_up = |bytes_per_second: usize| {
            let mut patience = Patience::default();
            patience.blocked(now);
            (1..3_600).find(|second| {
                let at = now + Duration::from_secs(*second);
                let is_over = patience.ends() <= at;
                patience.took(bytes_per_second, at);
                patience.blocked(at);
                is_over
            })
        };
        assert_eq!(given_up(1_024), Some(80));
        assert!(given_up(3_072).is_some_and(|second| (200..=240).contains(&second)));
        assert_eq!(given_up(4_096), None);
        assert_eq!(given_up(100_000), None);
    }

    #[test]
    fn time_in_which_nothing_waits_does_not_count() {
        let now = Instant::now();
        let hour = Duration::from_hours(1);
        let mut patience = Patience::default();
        patience.blocked(now);
        patience.took(1, now + STALL / 2);
        patience.blocked(now + hour);
        assert!(patience.ends() > now + hour + STALL / 2);
        patience.begin_anew();
        patience.blocked(now + hour);
        assert_eq!(patience.ends(), now + hour + STALL);
    }
}
