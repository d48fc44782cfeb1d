//! What all rooms share: which of them are open, and what they are told by and tell to.

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

/// How many commands may wait for a room; then those who speak to it wait.
pub(super) const MAILBOX: usize = 1_024;

/// How late something that was said still reaches the bots, in milliseconds; less than they remember what they answered.
const LATE_MS: u64 = 60_000;

/// Which bots answer in a room.
pub(crate) type BotsOf = Arc<dyn Fn(&RoomName) -> Vec<User> + Send + Sync>;

/// What all rooms share.
pub(super) struct Registry {
    open: Mutex<HashMap<RoomName, mpsc::Sender<RoomCommand>>>,
    pub(super) store: SharedStore,
    pub(super) cluster: SharedCluster,
    pub(super) leave_grace_ms: u64,
    pub(super) backlog: u32,
    pub(super) bots: BotsOf,
    missed: mpsc::Sender<Message>,
    pub(super) tasks: TaskTracker,
    /// How many messages were told to the rooms, and how many lines to sessions.
    pub(super) committed: AtomicU64,
    pub(super) deliveries: AtomicU64,
}

impl Registry {
    /// No room is open yet.
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

    /// Every room that is open.
    pub(super) fn open(&self) -> MutexGuard<'_, HashMap<RoomName, mpsc::Sender<RoomCommand>>> {
        // Nothing that holds the lock can panic half-way through a change.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn store(&self) -> &SharedStore {
        &self.store
    }

    pub(super) fn cluster(&self) -> &SharedCluster {
        &self.cluster
    }

    /// Tells the bots what was said while nothing was told, unless it is too long ago to be answered.
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

    /// Forgets a room that has nobody in it, unless somebody is speaking to it. Whether it is forgotten.
    pub(super) fn forget(&self, room: &RoomName, words: &mpsc::Receiver<RoomCommand>) -> bool {
        let mut open = self.open();
        let idle = words.is_empty() && words.sender_strong_count() <= 1;
        if idle {
            open.remove(room);
            // Before anybody else can find the room closed and follow it anew.
            self.store.unfollow(room);
        }
        idle
    }

    pub(super) fn count_deliveries(&self, deliveries: usize) {
        self.deliveries.fetch_add(deliveries as u64, Ordering::Relaxed);
    }
}
