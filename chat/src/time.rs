//! Moments and spans in milliseconds, handed in from outside. Never reads a clock.
//!
//! [`Millis`] are for people and for what outlives a page; [`Ticks`] are for deadlines.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, as a wall clock said them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// How many milliseconds `self` lies after `earlier`; 0 if it does not, since wall clocks may step back.
    pub fn since(self, earlier: Millis) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for Millis {
    type Output = Millis;

    /// The moment `span` milliseconds later, or the last one there is.
    fn add(self, span: u64) -> Millis {
        Millis(self.0.saturating_add(span))
    }
}

impl Sub<u64> for Millis {
    type Output = Millis;

    /// The moment `span` milliseconds earlier, or the first one there is.
    fn sub(self, span: u64) -> Millis {
        Millis(self.0.saturating_sub(span))
    }
}

/// Milliseconds on a clock that never goes back, as a [`SteadyClock`](crate::steady_clock::SteadyClock) counts them. Where it
/// began means nothing: only differences do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticks(pub u64);

impl Ticks {
    /// How many milliseconds `self` lies after `earlier`; 0 if it does not.
    pub fn since(self, earlier: Ticks) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for Ticks {
    type Output = Ticks;

    /// The moment `span` milliseconds later, or the last one there is.
    fn add(self, span: u64) -> Ticks {
        Ticks(self.0.saturating_add(span))
    }
}
