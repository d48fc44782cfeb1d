//! Rooms with look-alike names. A room without messages is not opened if an existing one looks the same: the
//! user is redirected to that one, so that nobody takes `cаfe` with a Cyrillic а for `cafe`. Never changes
//! existing rooms.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chat::{name::Skeleton, room_name::RoomName};
use tokio::time::Instant;

use crate::store::SharedStore;

/// How long the list of rooms is cached. A room opened on another node may stay unknown for that long.
const FRESH: Duration = Duration::from_secs(1);

/// The existing rooms by skeleton.
pub(crate) struct LookAlikes {
    store: SharedStore,
    rooms: Mutex<Rooms>,
}

#[derive(Default)]
struct Rooms {
    names: HashSet<RoomName>,
    /// The first room of each skeleton.
    by_look: HashMap<Skeleton, RoomName>,
    read: Option<Instant>,
}

impl LookAlikes {
    /// Creates an empty cache.
    pub(crate) fn new(store: SharedStore) -> LookAlikes {
        LookAlikes { store, rooms: Mutex::default() }
    }

    /// Returns the existing room that this one looks like, if this one has no messages. Returns `None` while
    /// the store does not answer: no message can be sent to the room then.
    pub(crate) async fn of(&self, room: &RoomName) -> Option<RoomName> {
        let fresh = {
            let rooms = self.rooms();
            if rooms.names.contains(room) {
                return None;
            }
            rooms.read.is_some_and(|read| read.elapsed() < FRESH)
        };
        if !fresh {
            // Set first, so that concurrent callers do not ask too.
            self.rooms().read = Some(Instant::now());
            match self.store.rooms().await {
                Ok(names) => {
                    let mut rooms = self.rooms();
                    rooms.learn(names);
                }
                Err(error) => {
                    tracing::debug!(%error, "failed to look for a room of the same look");
                    return None;
                }
            }
        }
        let rooms = self.rooms();
        if rooms.names.contains(room) {
            return None;
        }
        rooms.by_look.get(&room.skeleton()).cloned()
    }

    /// Records that a room has its first message.
    pub(crate) fn open(&self, room: RoomName) {
        self.rooms().learn(vec![room]);
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        // No code that holds the lock can panic halfway through a change.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rooms {
    /// Adds existing rooms, and the lobby, whether or not it has messages.
    fn learn(&mut self, mut names: Vec<RoomName>) {
        names.push(RoomName::lobby());
        names.retain(|name| !self.names.contains(name));
        // Sorted, so that the same one of several look-alikes wins in any order; plain ASCII names come
        // first.
        names.sort_unstable();
        for name in names {
            self.by_look.entry(name.skeleton()).or_insert_with(|| name.clone());
            self.names.insert(name);
        }
    }
}
