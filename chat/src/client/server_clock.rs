//! What time it is at the server, as it last said, carried on by the steady clock. Setting the clock of this machine does
//! not change it.

use super::input::Now;

use crate::time::{Millis, Ticks};

/// The longest that may pass unseen between two looks at the clock, in milliseconds: more than a timer waits. What the
/// steady clock shows beyond it may be sleep, or somebody may have set a clock.
const UNSEEN_MS: u64 = 120_000;

/// The server's clock. It may be behind, by as long as the machine slept; it is not ahead.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerClock {
    /// What it shows; `None` if the server has said nothing.
    at: Option<Millis>,
    /// Up to when it has been carried on; `None` before the first look.
    ticks: Option<Ticks>,
}

impl ServerClock {
    /// One that shows this, and counts from the next look on.
    pub(super) fn at(at: Millis) -> ServerClock {
        ServerClock { at: Some(at), ticks: None }
    }

    /// Carries it on.
    pub(super) fn tick(&mut self, now: Now) {
        let since = self.ticks.replace(now.ticks).map_or(0, |ticks| now.ticks.since(ticks));
        self.at = self.at.map(|at| at + since.min(UNSEEN_MS));
    }

    /// What it shows; what the clock of this machine shows where the server has said nothing.
    pub(super) fn read(&self, now: Now) -> Millis {
        self.at.unwrap_or(now.at)
    }
}
