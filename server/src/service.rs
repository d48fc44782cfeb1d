//! What may be done with the chat, by whoever comes, through whichever door: sockets, the plain door, pages, the API, hooks
//! and bots. One way each to [`publish`] a message, to [`subscribe`] to a room without a gap, to [`read`] what was said and
//! to [`search`] it; each asks [`authorize`] first.
//!
//! Knows no HTTP and no sockets, and decides nothing about how a refusal looks: each door says it in its own form. Calls
//! rooms, the store, the search and budgets.

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

/// The one way to the rooms and their logs.
pub(crate) struct Service {
    store: SharedStore,
    rooms: Rooms,
    room_limit: RoomLimit,
    look_alikes: LookAlikes,
    search: Arc<Search>,
}

impl Service {
    /// A service of at most `max_rooms` rooms; 0 for any number.
    pub(crate) fn new(store: SharedStore, rooms: Rooms, search: Arc<Search>, max_rooms: usize) -> Service {
        Service {
            room_limit: RoomLimit::new(store.clone(), rooms.clone(), max_rooms),
            look_alikes: LookAlikes::new(store.clone()),
            store,
            rooms,
            search,
        }
    }

    /// Lets somebody go to a room, who pays for it if it does not exist yet; `None` pays nothing.
    ///
    /// # Errors
    /// Returns [`NoRoom`] for a new room that the payer cannot afford, or for which there is no place.
    pub(crate) async fn admit(&self, room: &RoomName, payer: Option<Payer<'_>>) -> Result<(), NoRoom> {
        self.room_limit.admit(room, payer).await
    }

    /// Returns the room that exists and looks the same as this one, which does not.
    pub(crate) async fn look_alike(&self, room: &RoomName) -> Option<RoomName> {
        self.look_alikes.of(room).await
    }

    /// Notes that a room exists from now on.
    pub(crate) fn note_new_room(&self, room: RoomName) {
        self.room_limit.add();
        self.look_alikes.open(room);
    }

    /// Returns in how many rooms somebody has spoken.
    pub(crate) fn stored_rooms(&self) -> usize {
        self.room_limit.stored()
    }

    /// Counts the rooms from time to time, until `stop`.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        self.room_limit.run(stop).await;
    }
}
