//! How many rooms there may be, and who pays for a new one.
//!
//! Owns the count of the rooms in which somebody has spoken. A room that exists costs nothing to enter.

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

/// How often the rooms are counted: other nodes make some, too.
const COUNT: Duration = Duration::from_mins(1);

/// The limit on rooms.
pub(crate) struct RoomLimit {
    store: SharedStore,
    rooms: Rooms,
    /// How many there may be; 0 lifts the limit.
    most: usize,
    /// Those that exist or were paid for, while they are open: what a page shows opens a room too, and pays for none.
    admitted: Mutex<HashSet<RoomName>>,
    /// In how many somebody has spoken, when they were last counted, and since then on this node.
    stored: AtomicUsize,
}

/// Why there is no such room and none is made.
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
    /// At most `most` rooms, 0 for any number, of which none is counted yet.
    pub(crate) fn new(store: SharedStore, rooms: Rooms, most: usize) -> RoomLimit {
        RoomLimit { store, rooms, most, admitted: Mutex::default(), stored: AtomicUsize::new(0) }
    }

    /// Lets somebody go to a room, who pays for it if it does not exist yet. `None` pays nothing: a program, whose token has
    /// a rate.
    ///
    /// # Errors
    /// Returns [`NoRoom`] for a new room that the payer cannot afford, or for which there is no place.
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

    /// Charges for a new room, if there is a place for one.
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

    /// Somebody has spoken in a room for the first time.
    pub(crate) fn add(&self) {
        self.stored.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns in how many rooms somebody has spoken, as far as they have been counted.
    pub(crate) fn stored(&self) -> usize {
        self.stored.load(Ordering::Relaxed)
    }

    /// Counts the rooms from time to time, until `stop`.
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
        // Nothing that holds the lock can panic half-way through a change.
        self.admitted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
