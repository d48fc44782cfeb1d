//! State shared by all rooms: the list of open rooms, the store, the cluster, and counters.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use chat::{
    protocol::{Message, User},
    room_name::RoomName,
};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::command::RoomCommand;
use crate::{clock, cluster::SharedCluster, store::SharedStore};

/// How many commands a room's mailbox holds; beyond that, senders wait.
pub(super) const MAILBOX: usize = 1_024;

/// How late a missed message still reaches the bots, in milliseconds; shorter than bots remember their
/// answers.
const LATE_MS: u64 = 60_000;

/// Returns the bots of a room.
pub(crate) type BotsOf = Arc<dyn Fn(&RoomName) -> Vec<User> + Send + Sync>;

/// State shared by all rooms.
pub(super) struct Registry {
    open: Mutex<HashMap<RoomName, mpsc::Sender<RoomCommand>>>,
    pub(super) store: SharedStore,
    pub(super) cluster: SharedCluster,
    pub(super) leave_grace_ms: u64,
    pub(super) backlog: u32,
    pub(super) bots: BotsOf,
    missed: mpsc::Sender<Message>,
    pub(super) tasks: TaskTracker,
    /// How many messages were passed to rooms, and how many lines to sessions.
    pub(super) committed: AtomicU64,
    pub(super) deliveries: AtomicU64,
}

impl Registry {
    /// Creates a registry with no open rooms.
    pub(super) fn new(
        store: SharedStore,
        cluster: SharedCluster,
        leave_grace_ms: u64,
        backlog: u32,
        (bots, missed): (BotsOf, mpsc::Sender<Message>),
    ) -> Registry {
        Registry {
            open: Mutex::default(),
            store,
            cluster,
            leave_grace_ms,
            backlog,
            bots,
            missed,
            tasks: TaskTracker::new(),
            committed: AtomicU64::new(0),
            deliveries: AtomicU64::new(0),
        }
    }

    /// Returns the open rooms.
    pub(super) fn open(&self) -> MutexGuard<'_, HashMap<RoomName, mpsc::Sender<RoomCommand>>> {
        // No code that holds the lock can panic halfway through a change.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn store(&self) -> &SharedStore {
        &self.store
    }

    pub(super) fn cluster(&self) -> &SharedCluster {
        &self.cluster
    }

    /// Passes a message that no event announced to the bots, unless it is too old to answer.
    pub(super) fn missed(&self, message: &Message) {
        let is_recent = clock::now().since(message.at) < LATE_MS;
        if is_recent && self.missed.try_send(message.clone()).is_err() {
            tracing::warn!(room = %message.room, "too much was missed; the bots do not hear all of it");
        }
    }

    pub(super) fn leave_grace_ms(&self) -> u64 {
        self.leave_grace_ms
    }

    pub(super) fn backlog(&self) -> u32 {
        self.backlog
    }

    /// Removes an idle room unless a command for it is pending or being sent. Returns whether it was removed.
    pub(super) fn forget(&self, room: &RoomName, words: &mpsc::Receiver<RoomCommand>) -> bool {
        let mut open = self.open();
        let idle = words.is_empty() && words.sender_strong_count() <= 1;
        if idle {
            open.remove(room);
            // Under the lock, before another caller can find the room closed and follow it anew.
            self.store.unfollow(room);
        }
        idle
    }

    pub(super) fn count_deliveries(&self, deliveries: usize) {
        self.deliveries.fetch_add(deliveries as u64, Ordering::Relaxed);
    }
}
