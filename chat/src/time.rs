//! Moments and spans in milliseconds, handed in from outside. Never reads a clock.

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
