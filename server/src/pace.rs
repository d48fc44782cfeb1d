//! How fast a connection may speak: a burst, and then so many a second. Whoever is faster is read later, not refused.

use std::time::Duration;

use tokio::time::Instant;

/// How many lines may come at once before the pace counts.
const BURST: f64 = 500.0;

/// One connection's pace: a bucket that fills with time, and may be overdrawn by what was read already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    per_second: f64,
    left: f64,
    at: Instant,
}

impl Pace {
    /// A full burst, and then `per_second`; 0 for no limit.
    pub(crate) fn new(per_second: u32, now: Instant) -> Pace {
        Pace { per_second: f64::from(per_second), left: BURST, at: now }
    }

    /// Counts one line, and gives how long not to read after it.
    pub(crate) fn count(&mut self, now: Instant) -> Duration {
        if self.per_second == 0.0 {
            return Duration::ZERO;
        }
        let filled = (now - self.at).as_secs_f64() * self.per_second;
        self.left = (self.left + filled).min(BURST) - 1.0;
        self.at = now;
        Duration::from_secs_f64((-self.left / self.per_second).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Pace;

    #[test]
    fn after_the_burst_reading_pauses_as_long_as_the_pace_asks() {
        let now = Instant::now();
        let mut pace = Pace::new(50, now);
        assert!((0..500).all(|_| pace.count(now).is_zero()));
        assert_eq!(pace.count(now), Duration::from_millis(20));
        assert_eq!(pace.count(now), Duration::from_millis(40));
        assert!(pace.count(now + Duration::from_secs(1)).is_zero());
    }

    #[test]
    fn zero_lifts_the_limit() {
        let now = Instant::now();
        let mut pace = Pace::new(0, now);
        assert!((0..10_000).all(|_| pace.count(now).is_zero()));
    }
}
