//! Maintenance that bounds the file's size, in small steps and never ahead of a waiting message: trims rooms
//! to their retention limit, and deletes expired ids and nicknames. Decides when; [`log`] changes the logs,
//! and [`names`] the nicknames.

use std::time::{Duration, Instant};

use chat::time::Millis;
use rusqlite::{Connection, TransactionBehavior};

use super::{log, names};

/// The maximum number of rows removed per step, so that a waiting change is delayed by a few milliseconds
/// only.
const STEP: u32 = 500;

/// How long ids are retained at least, in milliseconds: the 7 promised days, and one more because clients use
/// their own clocks.
const REMEMBERED_MS: u64 = 8 * 24 * 60 * 60 * 1_000;

/// How often expired ids are looked for.
const EVERY: Duration = Duration::from_mins(10);

/// The remaining maintenance.
pub(super) struct Chores {
    retain: u32,
    /// The last room, by id, that is trimmed to its limit; `None` once all are.
    trimmed: Option<i64>,
    /// When to look for expired ids next.
    forget_at: Instant,
    /// Whether a step has failed, and waits until a change succeeds.
    put_off: bool,
}

impl Chores {
    /// Starts with all possible work, since the retention limit may have been lowered.
    pub(super) fn new(retain: u32) -> Chores {
        Chores {
            retain,
            trimmed: (retain > 0).then_some(i64::MIN),
            forget_at: Instant::now(),
            put_off: false,
        }
    }

    /// Returns whether there is work to do now.
    pub(super) fn wait(&self) -> bool {
        !self.put_off && (self.trimmed.is_some() || self.forget_at <= Instant::now())
    }

    /// Resumes after a failure, because a change has succeeded.
    pub(super) fn go_on(&mut self) {
        self.put_off = false;
    }

    /// Performs the next step.
    pub(super) fn step(&mut self, connection: &mut Connection, now: Millis) {
        let done = match self.trimmed {
            Some(room) => self.trim(connection, room),
            None => self.forget(connection, now),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "the store could not be tidied up; it is tried again");
            self.put_off = true;
        }
    }

    fn trim(&mut self, connection: &mut Connection, after: i64) -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let Some((room, head)) = log::room_after(&transaction, after)? else {
            self.trimmed = None;
            return Ok(());
        };
        let trimmed = log::trim(&transaction, room, head.saturating_sub(u64::from(self.retain)), STEP)?;
        transaction.commit()?;
        if trimmed < STEP as usize {
            self.trimmed = Some(room);
        }
        Ok(())
    }

    fn forget(&mut self, connection: &mut Connection, now: Millis) -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let ids = log::forget(&transaction, now - REMEMBERED_MS, STEP)?;
        let names = names::forget(&transaction, now, STEP)?;
        transaction.commit()?;
        if ids.max(names) < STEP as usize {
            self.forget_at = Instant::now() + EVERY;
        }
        Ok(())
    }
}
