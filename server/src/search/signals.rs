//! What the indexer is told by those who commit and those who search.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

use crate::clock;

/// What the indexer is told.
#[derive(Default)]
pub(crate) struct Signals {
    /// Something was committed to the log, or there is another reason to look.
    pub(crate) committed: Notify,
    /// A search found the index damaged.
    pub(super) damaged: AtomicBool,
    /// Since when something committed has been waiting for the index, in milliseconds; 0 if nothing has.
    waiting_since: AtomicU64,
}

impl Signals {
    /// Something was committed to the log.
    pub(crate) fn commit(&self) {
        // The first that waits counts.
        let _ = self.waiting_since.compare_exchange(0, clock::now().0, Ordering::Relaxed, Ordering::Relaxed);
        self.committed.notify_one();
    }

    /// The index holds all that the log does.
    pub(super) fn caught_up(&self) {
        self.waiting_since.store(0, Ordering::Relaxed);
    }

    /// Returns how long something that was committed has been waiting for the index.
    pub(crate) fn lag(&self) -> Duration {
        match self.waiting_since.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => Duration::from_millis(clock::now().0.saturating_sub(since)),
        }
    }

    pub(super) fn take_damaged(&self) -> bool {
        self.damaged.swap(false, Ordering::Relaxed)
    }
}
