//! Signals to the indexer from commits and from searches.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use tokio::sync::Notify;

use crate::clock;

/// Signals to the indexer.
#[derive(Default)]
pub(crate) struct Signals {
    /// Notified after a commit to the log, or for another reason to check.
    pub(crate) committed: Notify,
    /// Whether a search found the index damaged.
    pub(super) damaged: AtomicBool,
    /// When the oldest commit that is not indexed yet was made, in milliseconds; 0 if there is none.
    waiting_since: AtomicU64,
}

impl Signals {
    /// Signals a commit to the log.
    pub(crate) fn commit(&self) {
        // Only the first waiting commit sets the time.
        let _ = self.waiting_since.compare_exchange(0, clock::now().0, Ordering::Relaxed, Ordering::Relaxed);
        self.committed.notify_one();
    }

    /// Records that the index has caught up with the log.
    pub(super) fn caught_up(&self) {
        self.waiting_since.store(0, Ordering::Relaxed);
    }

    /// Returns how long the oldest commit that is not indexed yet has waited.
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
