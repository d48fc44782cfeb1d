//! What the store and other nodes tell without being asked, and the channel by which they do. Below both of them, so that
//! neither needs to know the other.

use chat::{
    id::{ClientId, Epoch, NodeId, UserId},
    protocol::{Growing, Message, User},
    room::Presence,
    room_name::RoomName,
};
use tokio::sync::mpsc;

use crate::budget::Charge;

/// How much news may wait for the rooms; then the store waits, and with it those who send.
pub(crate) const CAPACITY: usize = 4_096;

/// Where a store tells its news, in seq order per room.
pub(crate) type EventSender = mpsc::Sender<StoreEvent>;

/// What a store tells without being asked, of the rooms that are followed.
#[derive(Debug)]
pub(crate) enum StoreEvent {
    /// Messages were committed together, in this order and in this life of their rooms' logs.
    Committed(Epoch, Vec<Message>),
    /// Something may have happened to the room that was not told: it is to look for itself.
    Behind(RoomName),
    /// Whether the store can be used now. It can until something else is said.
    Available(bool),
    /// Something that another node told.
    Elsewhere(ClusterMessage),
}

/// What another node tells.
#[derive(Clone, Debug)]
pub(crate) enum ClusterMessage {
    /// A user's seat in a room, over there, is taken or not any more.
    Presence(RoomName, NodeId, User, Presence),
    /// A user over there writes.
    Typing(RoomName, User),
    /// A program's answer grows over there.
    Growing(Growing),
    /// A user wants no more of an answer that may grow here.
    Stop(RoomName, ClientId, UserId),
    /// A node is gone, and with it all of its seats.
    NodeLost(NodeId),
    /// A user's client has made a newer connection over there.
    Introduced(UserId, ClientId),
    /// A user has logged out over there.
    LoggedOut(UserId),
    /// What was charged over there and counts here too.
    Charged(Vec<Charge>),
    /// A user has ended all of their other logins over there.
    LoginsEnded(UserId),
}
