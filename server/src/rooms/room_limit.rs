//! The limit on the number of rooms, and the charge for new ones.
//!
//! Owns the count of rooms that have messages. Never charges for entering an existing room.

use std::{
    collections::HashSet,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chat::room_name::RoomName;
use tokio_util::sync::CancellationToken;

use crate::{
    budget::{Cost, Exceeded, Payer},
    rooms::Rooms,
    store::{Piece, SharedStore, StoreError},
};

/// How often the rooms are recounted, since other nodes create some too.
const COUNT: Duration = Duration::from_mins(1);

/// The limit on rooms.
pub(crate) struct RoomLimit {
    store: SharedStore,
    rooms: Rooms,
    /// The maximum number of rooms; 0 means no limit.
    most: usize,
    /// Open rooms that exist or were paid for. A page view opens a room too, but pays for none.
    admitted: Mutex<HashSet<RoomName>>,
    /// How many rooms had messages at the last count, plus those created on this node since.
    stored: AtomicUsize,
}

/// The reason why a room does not exist and cannot be created.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NoRoom {
    #[error("there are as many rooms as there may be (at most {0})")]
    TooMany(usize),
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RoomLimit {
    /// Creates a limit of `most` rooms, 0 for none, before the first count.
    pub(crate) fn new(store: SharedStore, rooms: Rooms, most: usize) -> RoomLimit {
        RoomLimit { store, rooms, most, admitted: Mutex::default(), stored: AtomicUsize::new(0) }
    }

    /// Admits a user to a room and charges the payer if the room does not exist yet. `None` is never charged:
    /// it stands for a program, whose token has a rate limit.
    ///
    /// # Errors
    /// Returns [`NoRoom`] for a new room that the payer cannot afford or that would exceed the limit.
    pub(crate) async fn admit(&self, room: &RoomName, payer: Option<Payer<'_>>) -> Result<(), NoRoom> {
        if *room == RoomName::lobby() || (self.admitted().contains(room) && self.rooms.is_open(room)) {
            return Ok(());
        }
        let slice = self.store.read(room.clone(), Piece::Latest { upto: 1, limit: 1 }).await?;
        if slice.extent.head == 0 {
            self.afford(payer)?;
        }
        self.admitted().insert(room.clone());
        Ok(())
    }

    /// Charges for a new room, if the limit allows one.
    fn afford(&self, payer: Option<Payer<'_>>) -> Result<(), NoRoom> {
        let open = self.rooms.count();
        if self.most > 0 && self.stored.load(Ordering::Relaxed).max(open) >= self.most {
            return Err(NoRoom::TooMany(self.most));
        }
        if let Some(payer) = payer {
            payer.charge(Cost::NewRoom, 1)?;
        }
        Ok(())
    }

    /// Counts a room that has its first message.
    pub(crate) fn add(&self) {
        self.stored.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many rooms have had a message, as far as they are counted.
    pub(crate) fn stored(&self) -> usize {
        self.stored.load(Ordering::Relaxed)
    }

    /// Recounts the rooms periodically, until `stop`.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        loop {
            match self.store.rooms().await {
                Ok(rooms) => self.stored.store(rooms.len(), Ordering::Relaxed),
                Err(error) => tracing::debug!(%error, "failed to count the rooms; trying again in a minute"),
            }
            if stop.run_until_cancelled(tokio::time::sleep(COUNT)).await.is_none() {
                return;
            }
            self.admitted().retain(|room| self.rooms.is_open(room));
        }
    }

    fn admitted(&self) -> MutexGuard<'_, HashSet<RoomName>> {
        // No code that holds the lock can panic halfway through a change.
        self.admitted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
