//! Rooms that look like others. A room in which nobody has spoken yet is not opened where one of the same look is: whoever asks
//! for it is led to that one, so that nobody takes `cаfe` with a Cyrillic а for `cafe`. Rooms that are there stay what they are.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chat::{name::Skeleton, room_name::RoomName};
use tokio::time::Instant;

use crate::store::SharedStore;

/// How long what was read of the rooms is believed. A room that was opened on another node is unknown for so long.
const FRESH: Duration = Duration::from_secs(1);

/// The rooms by their look.
pub(crate) struct LookAlikes {
    store: SharedStore,
    rooms: Mutex<Rooms>,
}

#[derive(Default)]
struct Rooms {
    names: HashSet<RoomName>,
    /// The first of each look.
    by_look: HashMap<Skeleton, RoomName>,
    read: Option<Instant>,
}

impl LookAlikes {
    /// Nothing is known of the rooms yet.
    pub(crate) fn new(store: SharedStore) -> LookAlikes {
        LookAlikes { store, rooms: Mutex::default() }
    }

    /// The room that this one would be taken for, if nobody has spoken in this one. While the store does not answer there is
    /// none: nobody can speak in it then.
    pub(crate) async fn of(&self, room: &RoomName) -> Option<RoomName> {
        let fresh = {
            let rooms = self.rooms();
            if rooms.names.contains(room) {
                return None;
            }
            rooms.read.is_some_and(|read| read.elapsed() < FRESH)
        };
        if !fresh {
            // One asks for all who come meanwhile.
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

    /// Somebody has spoken in a room for the first time.
    pub(crate) fn open(&self, room: RoomName) {
        self.rooms().learn(vec![room]);
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        // Nothing that holds the lock can panic half-way through a change.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rooms {
    /// These rooms are there, and the lobby, whether or not anybody has spoken in it.
    fn learn(&mut self, mut names: Vec<RoomName>) {
        names.push(RoomName::lobby());
        names.retain(|name| !self.names.contains(name));
        // Of several the same one whatever their order; in plain letters, if there is one.
        names.sort_unstable();
        for name in names {
            self.by_look.entry(name.skeleton()).or_insert_with(|| name.clone());
            self.names.insert(name);
        }
    }
}
