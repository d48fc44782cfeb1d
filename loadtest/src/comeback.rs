//! How clients reconnect: exponential backoff with full jitter, as docs/protocol.md requires and the page
//! does.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use anyhow::Result;

use crate::clock::nanos;
use crate::crowd::{Crowd, Fate};
use crate::gathering::Gathering;

const BASE: Duration = Duration::from_millis(500);
const CAP: Duration = Duration::from_secs(5);

/// The disconnected seats, and when each of them tries again.
pub(crate) struct Comeback {
    due: BinaryHeap<Reverse<(u64, usize)>>,
    /// Failed attempts of each seat since it was last in its room.
    failures: Vec<u32>,
    /// Number of attempts of all seats.
    pub(crate) attempts: u64,
    /// Close codes the server sent, or `None` where a connection just ended.
    pub(crate) codes: Vec<Option<u16>>,
}

impl Comeback {
    pub(crate) fn new(seats: usize) -> Self {
        Self { due: BinaryHeap::new(), failures: vec![0; seats], attempts: 0, codes: Vec::new() }
    }

    /// Runs one turn of at most `patience`: schedules a reconnect for every lost connection, and starts those
    /// that are due.
    pub(crate) fn turn(&mut self, gathering: &mut Gathering, patience: Duration) -> Result<()> {
        gathering.swarm.turn(patience, &mut gathering.talk)?;
        let now = gathering.clock.now();
        for (seat, fate) in gathering.talk.ended.drain(..) {
            if let Fate::Closed(code) = fate {
                self.failures[seat] = 0;
                self.codes.push(code);
            }
            let wait = match gathering.talk.drained.remove(&seat) {
                Some(asked) => Duration::from_millis(asked),
                None => backoff(self.failures[seat], fastrand::f64()),
            };
            self.failures[seat] += 1;
            self.due.push(Reverse((now + nanos(wait), seat)));
        }
        self.try_again(&mut gathering.swarm.crowd, now)
    }

    fn try_again(&mut self, crowd: &mut Crowd, now: u64) -> Result<()> {
        while let Some(&Reverse((due, seat))) = self.due.peek()
            && due <= now
        {
            self.due.pop();
            self.attempts += 1;
            crowd.connect(seat)?;
        }
        Ok(())
    }
}

fn backoff(failures: u32, random: f64) -> Duration {
    BASE.saturating_mul(1 << failures.min(16)).min(CAP).mul_f64(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_five_seconds_and_are_spread_over_all_of_it() {
        assert_eq!(backoff(0, 1.0), BASE);
        assert_eq!(backoff(2, 0.5), Duration::from_secs(1));
        assert_eq!(backoff(4, 1.0), CAP);
        assert_eq!(backoff(u32::MAX, 0.0), Duration::ZERO);
    }
}
