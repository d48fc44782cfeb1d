//! The server's time, as last reported and advanced by the steady clock. Setting this machine's clock does
//! not change it.

use super::input::Now;

use crate::time::{Millis, Ticks};

/// The most by which one reading advances the clock, in milliseconds: more than a timer waits. Anything the
/// steady clock shows beyond it may be sleep, or the result of a clock being set.
const UNSEEN_MS: u64 = 120_000;

/// The server's clock. It may be behind by as long as the machine slept, but is never ahead.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerClock {
    /// The current time; `None` if the server has not reported it.
    at: Option<Millis>,
    /// The time up to which it has been advanced; `None` before the first reading.
    ticks: Option<Ticks>,
}

impl ServerClock {
    /// Creates a clock that shows `at`, and advances from the next reading on.
    pub(super) fn at(at: Millis) -> ServerClock {
        ServerClock { at: Some(at), ticks: None }
    }

    /// Advances the clock.
    pub(super) fn tick(&mut self, now: Now) {
        let since = self.ticks.replace(now.ticks).map_or(0, |ticks| now.ticks.since(ticks));
        self.at = self.at.map(|at| at + since.min(UNSEEN_MS));
    }

    /// Returns the time, or this machine's wall-clock time if the server has not reported its own.
    pub(super) fn read(&self, now: Now) -> Millis {
        self.at.unwrap_or(now.at)
    }
}
