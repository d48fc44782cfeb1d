//! Times and durations in milliseconds. Never reads a clock; callers pass times in.
//!
//! [`Millis`] are for display and for what outlives a page; [`Ticks`] are for deadlines.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, as read from a wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// Returns the milliseconds from `earlier` to `self`; 0 if `self` is not later, since wall clocks may
    /// step back.
    pub fn since(self, earlier: Millis) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for Millis {
    type Output = Millis;

    /// Returns the time `span` milliseconds later, or the latest representable one.
    fn add(self, span: u64) -> Millis {
        Millis(self.0.saturating_add(span))
    }
}

impl Sub<u64> for Millis {
    type Output = Millis;

    /// Returns the time `span` milliseconds earlier, or the earliest representable one.
    fn sub(self, span: u64) -> Millis {
        Millis(self.0.saturating_sub(span))
    }
}

/// Milliseconds on a clock that never goes back, as counted by a
/// [`SteadyClock`](crate::steady_clock::SteadyClock). Its origin is arbitrary; only differences have a
/// meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(pub u64);

impl Ticks {
    /// Returns the milliseconds from `earlier` to `self`; 0 if `self` is not later.
    pub fn since(self, earlier: Ticks) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for Ticks {
    type Output = Ticks;

    /// Returns the time `span` milliseconds later, or the latest representable one.
    fn add(self, span: u64) -> Ticks {
        Ticks(self.0.saturating_add(span))
    }
}
