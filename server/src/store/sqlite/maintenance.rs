//! What keeps the file small, a bounded step at a time and never before somebody's message: rooms are brought down to what
//! they retain, and ids and nicknames are forgotten when their time is over. Decides when; what is done to the log is
//! [`log`]'s, and to the nicknames [`names`]'s.

use std::time::{Duration, Instant};

use chat::time::Millis;
use rusqlite::{Connection, TransactionBehavior};

use super::{log, names};

/// How many rows one step removes at the most, so that whoever waits for the writer waits a few milliseconds.
const STEP: u32 = 500;

/// How long ids are remembered at the least, in milliseconds: the 7 days that are promised, and one more because a client
/// reckons them by a clock of its own.
const REMEMBERED_MS: u64 = 8 * 24 * 60 * 60 * 1_000;

/// How often it is looked for ids whose time is over.
const EVERY: Duration = Duration::from_mins(10);

/// What is left to do.
pub(super) struct Chores {
    retain: u32,
    /// Up to which room, by id, all have been brought down to what they retain; `None` when all have.
    trimmed: Option<i64>,
    /// When to look for ids to forget.
    forget_at: Instant,
    /// A step has failed, and waits until something else succeeds.
    put_off: bool,
}

impl Chores {
    /// All that there may be after a start: what is retained may be less than it was.
    pub(super) fn new(retain: u32) -> Chores {
        Chores {
            retain,
            trimmed: (retain > 0).then_some(i64::MIN),
            forget_at: Instant::now(),
            put_off: false,
        }
    }

    /// Whether there is something to do now.
    pub(super) fn wait(&self) -> bool {
        !self.put_off && (self.trimmed.is_some() || self.forget_at <= Instant::now())
    }

    /// The store takes changes: what has failed may succeed now.
    pub(super) fn go_on(&mut self) {
        self.put_off = false;
    }

    /// Does the next step.
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
