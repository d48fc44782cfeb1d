//! Decides when to connect, when a connection counts as dead, and how long to wait before retrying, with
//! deadlines on a steady clock and exponential backoff with full jitter. Opens and closes nothing itself.

use super::{effect::Effect, input::Now, patience};

use crate::{
    close::CloseCode,
    time::{Millis, Ticks},
};

/// The longest time from connecting to `welcome`, in milliseconds.
const CONNECT_MS: u64 = 10_000;
/// How much later than the heartbeat a sign of life may arrive, in milliseconds.
const SLACK_MS: u64 = 10_000;
/// The time within which a probed server must show a sign of life, in milliseconds.
const PROBE_MS: u64 = 5_000;
/// The upper bound of the first wait, in milliseconds; each further failure doubles it.
const BACKOFF_BASE_MS: u64 = 500;
/// The upper bound of any wait, in milliseconds: a room that is back should fill within seconds.
const BACKOFF_CAP_MS: u64 = 5_000;
/// The least wait while the machine has no network, in milliseconds.
const OFFLINE_MS: u64 = 5_000;

/// The status of the connection, as shown to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No attempt has been made yet.
    Idle,
    /// A connection is being opened.
    Connecting {
        /// The time at which the previous connection was lost, if there was one.
        lost: Option<Millis>,
    },
    /// The server has sent `welcome`.
    Live,
    /// The connection is live, but the server cannot reach its store: new messages wait, and some may not be
    /// shown.
    WithoutStore,
    /// The client waits before the next attempt.
    Waiting {
        /// The time of the next attempt.
        until: Ticks,
        /// The time at which the previous connection was lost, if there was one.
        lost: Option<Millis>,
        /// Whether the machine reports that it has no network.
        offline: bool,
    },
    /// The connection has ended, and none follows until the user acts.
    Ended(CloseCode),
}

/// The result of checking the deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// Nothing that the client must act on.
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
        /// Whether lines can be sent, although the server has not answered yet.
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

/// The client's single connection, across reconnections.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    phase: Phase,
    /// Identifies the attempt, so that a late report on an earlier one is not taken for the present one's.
    number: u32,
    /// The number of consecutive failed attempts.
    failures: u32,
    heartbeat_ms: u64,
    offline: bool,
    /// Whether the server's last report on this connection was that it cannot reach its store.
    storeless: bool,
    lost: Option<Millis>,
    /// The time at which a restarting server wants its clients back.
    drain: Option<Ticks>,
}

impl Connection {
    /// Returns the status.
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

    /// Whether the server has sent `welcome`.
    pub fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    /// Whether the client will open no further connection.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended(_))
    }

    /// Whether lines can be sent.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Connecting { open: true, .. } | Phase::Live { .. })
    }

    /// Returns the number of the connection that is open or being opened.
    pub(super) fn number(&self) -> Option<u32> {
        matches!(self.phase, Phase::Connecting { .. } | Phase::Live { .. }).then_some(self.number)
    }

    pub(super) fn connect(&mut self, now: Ticks, effects: &mut Vec<Effect>) {
        self.number += 1;
        self.drain = None;
        self.phase = Phase::Connecting { deadline: now + CONNECT_MS, open: false };
        effects.push(Effect::Open(self.number));
    }

    /// Connects without waiting any longer: the user asks for it, or it is likely to succeed now.
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

    /// Records that the connection is open; returns whether the report concerns the present one.
    pub(super) fn opened(&mut self, number: u32, now: Ticks) -> bool {
        let present = self.number() == Some(number);
        if present {
            self.phase = Phase::Connecting { deadline: now + CONNECT_MS, open: true };
        }
        present
    }

    /// Records a sign of life; returns whether it concerns the present connection.
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

    /// Records whether the server can reach its store; returns whether that has changed.
    pub(super) fn store(&mut self, available: bool) -> bool {
        std::mem::replace(&mut self.storeless, !available) == available
    }

    /// Whether the server can reach its store, as last reported.
    pub(super) fn has_store(&self) -> bool {
        !self.storeless
    }

    pub(super) fn drain(&mut self, until: Ticks) {
        self.drain = Some(until);
    }

    /// Handles a closed connection; returns whether it was the present one.
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

    /// Closes the connection for good, for a reason that only its user can remove.
    pub(super) fn end(&mut self, code: CloseCode, effects: &mut Vec<Effect>) {
        effects.push(Effect::Close(self.number));
        self.phase = Phase::Ended(code);
    }

    /// Shortens the deadline for a sign of life; returns whether to request one.
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

    /// Returns the next deadline.
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

/// Returns the wait before the next attempt in milliseconds: uniform up to a bound that doubles with each
/// failure until it reaches the cap ("full jitter", so that clients disconnected together do not return
/// together).
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
