//! The chat's use cases, for every interface: sockets, the plain-text protocol, pages, the API, hooks and
//! bots. There is one way each to [`publish`] a message, to [`subscribe`] to a room without a gap, to
//! [`read`] messages and to [`search`] them; each calls [`authorize`] first.
//!
//! Knows nothing about HTTP or sockets, and does not format refusals: each interface does that. Calls rooms,
//! the store, the search and budgets.

pub(crate) mod authorize;
pub(crate) mod publish;
pub(crate) mod read;
pub(crate) mod search;
pub(crate) mod subscribe;

#[cfg(test)]
pub(crate) mod scratch;

use std::sync::Arc;

use chat::room_name::RoomName;
use tokio_util::sync::CancellationToken;

use crate::{
    budget::Payer,
    rooms::{
        Rooms,
        look_alikes::LookAlikes,
        room_limit::{NoRoom, RoomLimit},
    },
    search::Search,
    store::SharedStore,
};

/// The only access to the rooms and their logs.
pub(crate) struct Service {
    store: SharedStore,
    rooms: Rooms,
    room_limit: RoomLimit,
    look_alikes: LookAlikes,
    search: Arc<Search>,
}

impl Service {
    /// Creates a service that allows at most `max_rooms` rooms; 0 means no limit.
    pub(crate) fn new(store: SharedStore, rooms: Rooms, search: Arc<Search>, max_rooms: usize) -> Service {
        Service {
            room_limit: RoomLimit::new(store.clone(), rooms.clone(), max_rooms),
            look_alikes: LookAlikes::new(store.clone()),
            store,
            rooms,
            search,
        }
    }

    /// Admits a user to a room and charges the payer if the room does not exist yet; `None` is never charged.
    ///
    /// # Errors
    /// Returns [`NoRoom`] for a new room that the payer cannot afford or that would exceed the limit.
    pub(crate) async fn admit(&self, room: &RoomName, payer: Option<Payer<'_>>) -> Result<(), NoRoom> {
        self.room_limit.admit(room, payer).await
    }

    /// Returns the existing room that looks the same as this one, which does not exist.
    pub(crate) async fn look_alike(&self, room: &RoomName) -> Option<RoomName> {
        self.look_alikes.of(room).await
    }

    /// Records that a room exists from now on.
    pub(crate) fn note_new_room(&self, room: RoomName) {
        self.room_limit.add();
        self.look_alikes.open(room);
    }

    /// Returns how many rooms have had a message.
    pub(crate) fn stored_rooms(&self) -> usize {
        self.room_limit.stored()
    }

    /// Recounts the rooms periodically, until `stop`.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        self.room_limit.run(stop).await;
    }
}
