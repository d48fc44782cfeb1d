//! When to connect, when to take a connection for dead, and how long to wait: deadlines by a steady clock and
//! exponential backoff with full jitter. Opens and closes nothing itself.

use super::{effect::Effect, input::Now, patience};

use crate::{
    close::CloseCode,
    time::{Millis, Ticks},
};

/// How long a connection may take until its `welcome`, in milliseconds.
const CONNECT_MS: u64 = 10_000;
/// How much later than the heartbeat a sign of life may come, in milliseconds.
const SLACK_MS: u64 = 10_000;
/// How soon a server that is asked for a sign of life must give one, in milliseconds.
const PROBE_MS: u64 = 5_000;
/// The longest first wait, in milliseconds; each further failure doubles it.
const BACKOFF_BASE_MS: u64 = 500;
/// The longest wait of all, in milliseconds: a room that is back should fill within seconds.
const BACKOFF_CAP_MS: u64 = 5_000;
/// How long to wait at least when nothing of the machine's network is there, in milliseconds.
const OFFLINE_MS: u64 = 5_000;

/// How the connection stands, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing has been tried yet.
    Idle,
    /// A connection is being made; `lost` tells since when there is none, if there was one.
    Connecting {
        /// Since when the user is cut off.
        lost: Option<Millis>,
    },
    /// The server has answered.
    Live,
    /// The server has answered, and cannot reach its store for now: what is said waits, and some may not be shown.
    WithoutStore,
    /// The next attempt is due at a moment.
    Waiting {
        /// When.
        until: Ticks,
        /// Since when the user is cut off.
        lost: Option<Millis>,
        /// Whether the machine itself says that it has no network.
        offline: bool,
    },
    /// The server wants no more connections until the user does something.
    Ended(CloseCode),
}

/// What a look at the clock showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// Nothing that others must know.
    Same,
    /// The connection was taken for dead.
    Lost,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    Connecting {
        deadline: Ticks,
        /// Whether lines can be sent, though nothing has been answered yet.
        open: bool,
    },
    Live {
        deadline: Ticks,
    },
    Waiting {
        until: Ticks,
    },
    Ended(CloseCode),
}

/// The client's one connection, over all its lives.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    phase: Phase,
    /// Names the attempts, so that a late word of an earlier one is not taken for the present one's.
    number: u32,
    /// How many attempts have failed in a row.
    failures: u32,
    heartbeat_ms: u64,
    offline: bool,
    /// Whether the server has said on this connection that it cannot reach its store, and not that it can again.
    storeless: bool,
    lost: Option<Millis>,
    /// When the server that is about to restart wants its clients back.
    drain: Option<Ticks>,
}

impl Connection {
    /// How it stands.
    pub fn status(&self) -> Status {
        match self.phase {
            Phase::Idle => Status::Idle,
            Phase::Connecting { .. } => Status::Connecting { lost: self.lost },
            Phase::Live { .. } if self.storeless => Status::WithoutStore,
            Phase::Live { .. } => Status::Live,
            Phase::Waiting { until } => Status::Waiting { until, lost: self.lost, offline: self.offline },
            Phase::Ended(code) => Status::Ended(code),
        }
    }

    /// Whether the server has said `welcome` on it.
    pub fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    /// Whether there will be no other.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    /// Whether lines can be sent on it.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Connecting { open: true, .. } | Phase::Live { .. })
    }

    /// The number of the connection that there is, or is about to be.
    pub(super) fn number(&self) -> Option<u32> {
        matches!(self.phase, Phase::Connecting { .. } | Phase::Live { .. }).then_some(self.number)
    }

    pub(super) fn connect(&mut self, now: Ticks, effects: &mut Vec<Effect>) {
        self.number += 1;
        self.drain = None;
        self.phase = Phase::Connecting { deadline: now + CONNECT_MS, open: false };
        effects.push(Effect::Open(self.number));
    }

    /// The user asks, or there is reason to believe that it will work now.
    pub(super) fn connect_now(&mut self, now: Ticks, effects: &mut Vec<Effect>) {
        if let Phase::Waiting { .. } = self.phase {
            self.failures = 0;
            self.connect(now, effects);
        }
    }

    pub(super) fn online(&mut self, online: bool, now: Now, effects: &mut Vec<Effect>) {
        self.offline = !online;
        if online {
            self.connect_now(now.ticks, effects);
        }
    }

    /// Whether this is news of the present connection.
    pub(super) fn opened(&mut self, number: u32, now: Ticks) -> bool {
        let present = self.number() == Some(number);
        if present {
            self.phase = Phase::Connecting { deadline: now + CONNECT_MS, open: true };
        }
        present
    }

    /// Whether this is news of the present connection; if so, it lives.
    pub(super) fn heard(&mut self, number: u32, now: Ticks) -> bool {
        let present = self.number() == Some(number);
        if present && let Phase::Live { .. } = self.phase {
            self.phase = Phase::Live { deadline: now + self.heartbeat_ms + SLACK_MS };
        }
        present
    }

    pub(super) fn welcomed(&mut self, heartbeat_ms: u64) {
        if let Phase::Connecting { deadline, .. } = self.phase {
            self.heartbeat_ms = heartbeat_ms;
            self.failures = 0;
            self.lost = None;
            self.offline = false;
            self.storeless = false;
            // The deadline counts from the frame that is being read.
            self.phase = Phase::Live { deadline: deadline + heartbeat_ms };
        }
    }

    /// The server says whether it can reach its store. Whether that is news.
    pub(super) fn store(&mut self, available: bool) -> bool {
        std::mem::replace(&mut self.storeless, !available) == available
    }

    /// Whether the server can reach its store, as far as it has said.
    pub(super) fn has_store(&self) -> bool {
        !self.storeless
    }

    pub(super) fn drain(&mut self, until: Ticks) {
        self.drain = Some(until);
    }

    /// Whether the user is cut off by this.
    pub(super) fn closed(&mut self, number: u32, code: u16, now: Now) -> bool {
        if self.number() != Some(number) {
            return false;
        }
        self.lost.get_or_insert(now.at);
        match CloseCode::from_number(code) {
            Some(code) if !code.reconnects() => self.phase = Phase::Ended(code),
            _ => self.wait(now),
        }
        true
    }

    /// Closes the connection and makes no other, for a reason that only its user can remove.
    pub(super) fn end(&mut self, code: CloseCode, effects: &mut Vec<Effect>) {
        effects.push(Effect::Close(self.number));
        self.phase = Phase::Ended(code);
    }

    /// Whether a sign of life should be asked for; it must then come soon.
    pub(super) fn probe(&mut self, now: Ticks) -> bool {
        let Phase::Live { deadline } = &mut self.phase else { return false };
        *deadline = (*deadline).min(now + PROBE_MS);
        true
    }

    /// Acts on deadlines that have passed.
    pub(super) fn pulse(&mut self, now: Now, effects: &mut Vec<Effect>) -> Pulse {
        match self.phase {
            Phase::Connecting { deadline, .. } | Phase::Live { deadline } if deadline <= now.ticks => {
                effects.push(Effect::Close(self.number));
                let was_live = self.is_live();
                self.lost.get_or_insert(now.at);
                if was_live {
                    // The machine slept, or the network changed: there is nothing to wait for.
                    self.connect(now.ticks, effects);
                } else {
                    self.wait(now);
                }
                Pulse::Lost
            }
            Phase::Waiting { until } if until <= now.ticks => {
                self.connect(now.ticks, effects);
                Pulse::Same
            }
            _ => Pulse::Same,
        }
    }

    /// When to look at the clock again.
    pub(super) fn next(&self) -> Option<Ticks> {
        match self.phase {
            Phase::Connecting { deadline, .. } | Phase::Live { deadline } => Some(deadline),
            Phase::Waiting { until } => Some(until),
            Phase::Idle | Phase::Ended(_) => None,
        }
    }

    fn wait(&mut self, now: Now) {
        let jittered = backoff(self.failures, now.random);
        self.failures = self.failures.saturating_add(1);
        let until = match self.drain {
            Some(until) => until,
            None if self.offline => now.ticks + jittered.max(OFFLINE_MS),
            None => now.ticks + jittered,
        };
        self.phase = Phase::Waiting { until };
    }
}

/// The wait before the next attempt in milliseconds: anything up to a bound that doubles with each failure until it
/// reaches the cap ("full jitter", so that those who were cut off together do not come back together).
fn backoff(failures: u32, random: f64) -> u64 {
    patience::part(BACKOFF_BASE_MS.saturating_mul(1 << failures.min(16)).min(BACKOFF_CAP_MS), random)
}

#[cfg(test)]
mod tests {
    use super::backoff;

    #[test]
    fn the_wait_is_bounded_by_the_cap_and_spread_from_zero() {
        assert_eq!(backoff(0, 0.0), 0);
        assert_eq!(backoff(0, 1.0), 500);
        assert_eq!(backoff(2, 0.5), 1_000);
        assert_eq!(backoff(4_000_000_000, 1.0), 5_000);
    }
}
