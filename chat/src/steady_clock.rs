//! A clock for deadlines, derived from a machine's two clocks: the monotonic clock, which may stop while the
//! machine sleeps, and the wall clock, which its user may set. Reads neither of them itself.

use crate::time::{Millis, Ticks};

/// How far the wall clock may get ahead of the monotonic one before the machine counts as having slept, in
/// milliseconds. A smaller difference is rounding, or a clock being adjusted.
const SLEPT_MS: u64 = 1_000;

/// A clock that never goes back and runs at least as fast as either of its sources, so that no deadline is
/// later than intended. Setting the wall clock back has no effect. Setting it forward looks like sleep, and
/// ends waits early.
#[derive(Clone, Debug, Default)]
pub struct SteadyClock {
    last: Option<Reading>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    ticks: Ticks,
    monotonic: Option<u64>,
    /// The wall-clock time when the two clocks last agreed, advanced by the ticks since then.
    wall: Millis,
}

impl SteadyClock {
    /// Returns the time, given the wall-clock time and, where there is a monotonic clock, its reading in
    /// milliseconds.
    pub fn read(&mut self, wall: Millis, monotonic: Option<u64>) -> Ticks {
        let first = Reading { ticks: Ticks(wall.0), monotonic, wall };
        let last = self.last.unwrap_or(first);
        let counted = match (last.monotonic, monotonic) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => 0,
        };
        let expected = last.wall + counted;
        let ahead = wall.since(expected);
        let slept = if ahead > SLEPT_MS || monotonic.is_none() { ahead } else { 0 };
        let ticks = last.ticks + counted + slept;
        // Follow a wall clock that was set back, so that its progress from there on counts again.
        self.last = Some(Reading { ticks, monotonic, wall: wall.min(expected + slept) });
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::SteadyClock;
    use crate::time::{Millis, Ticks};

    const NOON: u64 = 1_795_132_800_000;
    const HOUR: u64 = 3_600_000;

    /// Returns the ticks counted from the first reading to the last; a reading is the wall-clock time
    /// relative to noon, and the monotonic time.
    fn counted<const N: usize>(readings: [(i64, Option<u64>); N]) -> u64 {
        let mut clock = SteadyClock::default();
        let ticks = readings
            .map(|(wall, monotonic)| clock.read(Millis(NOON.checked_add_signed(wall).unwrap()), monotonic));
        assert!(ticks.is_sorted(), "{ticks:?}");
        ticks.last().unwrap().since(*ticks.first().unwrap())
    }

    #[test]
    fn clocks_that_agree_are_both_right() {
        assert_eq!(counted([(0, Some(50)), (10, Some(60)), (4_000, Some(4_050))]), 4_000);
    }

    #[test]
    fn a_wall_clock_that_is_put_back_stops_nothing() {
        assert_eq!(counted([(0, Some(0)), (-3_600_000, Some(5)), (-3_595_000, Some(5_005))]), 5_005);
        assert_eq!(counted([(0, None), (-3_600_000, None), (-3_595_000, None)]), 5_000);
    }

    #[test]
    fn a_wall_clock_that_goes_on_while_the_monotonic_one_stands_tells_of_sleep() {
        assert_eq!(counted([(0, Some(0)), (3_600_000, Some(5))]), HOUR);
        assert_eq!(counted([(0, Some(0)), (3_600_000, Some(5)), (3_601_000, Some(1_005))]), HOUR + 1_000);
        assert_eq!(counted([(0, None), (3_600_000, None)]), HOUR);
    }

    #[test]
    fn a_sleep_after_the_clock_was_put_back_is_told_too() {
        assert_eq!(counted([(0, Some(0)), (-3_600_000, Some(0)), (-3_000_000, Some(0))]), 600_000);
    }

    #[test]
    fn a_monotonic_clock_that_counts_through_sleep_is_not_counted_twice() {
        assert_eq!(counted([(0, Some(0)), (3_600_000, Some(HOUR)), (3_600_001, Some(HOUR + 1))]), HOUR + 1);
    }

    #[test]
    fn rounding_adds_nothing_up() {
        let mut clock = SteadyClock::default();
        let mut last = Ticks(NOON);
        for tick in 0..10_000 {
            // Read every half millisecond, the two clocks are rounded differently.
            last = clock.read(Millis(NOON + tick / 2), Some(tick.div_ceil(2)));
        }
        assert!(last.since(Ticks(NOON)).abs_diff(5_000) <= 1, "{last:?}");
    }

    #[test]
    fn a_monotonic_clock_that_stands_still_altogether_delays_nothing_by_more_than_a_moment() {
        let mut clock = SteadyClock::default();
        let ticks = (0..=100).map(|tick| clock.read(Millis(NOON + tick * 100), Some(0))).last().unwrap();
        assert!(ticks.since(Ticks(NOON)) >= 9_000, "{ticks:?}");
    }

    #[test]
    fn a_clock_that_says_nonsense_breaks_nothing() {
        let mut clock = SteadyClock::default();
        let readings = [(0, Some(u64::MAX)), (u64::MAX, Some(0)), (0, None), (1, Some(1)), (u64::MAX, None)];
        let ticks = readings.map(|(wall, monotonic)| clock.read(Millis(wall), monotonic));
        assert!(ticks.is_sorted(), "{ticks:?}");
    }
}
