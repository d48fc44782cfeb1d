//! The events that the store and other nodes emit, and the channel that carries them. Lies below both, so
//! that neither depends on the other.

use chat::{
    id::{ClientId, Epoch, NodeId, UserId},
    protocol::{Message, StreamingAnswer, User},
    room::Presence,
    room_name::RoomName,
};
use tokio::sync::mpsc;

use crate::budget::Charge;

/// Number of events that may wait for the dispatcher; when the channel is full, the store waits, and so do
/// senders.
pub(crate) const CAPACITY: usize = 4_096;

/// The channel on which a store emits its events, in seq order per room.
pub(crate) type EventSender = mpsc::Sender<StoreEvent>;

/// An event that a store emits about the rooms it follows.
#[derive(Debug)]
pub(crate) enum StoreEvent {
    /// Messages that were committed together, in this order and in this epoch.
    Committed(Epoch, Vec<Message>),
    /// Events of this room may have been missed; the room has to read the store again.
    Behind(RoomName),
    /// Whether the store is available. It is until an event says otherwise.
    Available(bool),
    /// An event from another node.
    Elsewhere(ClusterMessage),
}

/// An event from another node.
#[derive(Clone, Debug)]
pub(crate) enum ClusterMessage {
    /// A user's presence in a room on that node changed.
    Presence(RoomName, NodeId, User, Presence),
    /// A user on that node is typing.
    Typing(RoomName, User),
    /// The text of a streaming answer on that node.
    StreamingAnswer(StreamingAnswer),
    /// A user stopped an answer that may be streaming on this node.
    Stop(RoomName, ClientId, UserId),
    /// A node was lost, and with it the presence of all its users.
    NodeLost(NodeId),
    /// A user's client opened a newer connection on that node.
    Introduced(UserId, ClientId),
    /// A user logged out on that node.
    LoggedOut(UserId),
    /// Charges on that node that count here too.
    Charged(Vec<Charge>),
    /// A user ended all of their other logins on that node.
    LoginsEnded(UserId),
}
