//! The events of a room, and the users who cause them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    id::{ClientId, UserId},
    room_name::RoomName,
    time::Millis,
};

/// An event's number in its room's log, dense from 1; 0 is the position before the first event.
pub type Seq = u64;

/// A user, as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct User {
    /// The id, which never changes.
    pub id: UserId,
    /// The nickname at the time.
    pub name: Arc<str>,
}

/// A streaming answer of a program, as far as it has come. It is never stored; only the message that
/// completes it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StreamingAnswer {
    /// The room.
    pub room: RoomName,
    /// The id that the message will have.
    pub id: ClientId,
    /// The program that answers.
    pub user: User,
    /// The user who asked, and who may stop the answer.
    pub asker: UserId,
    /// The whole text so far; empty while the program has produced none.
    pub text: Arc<str>,
}

/// An event in a room's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A message was sent.
    Message(Message),
    /// An event of a kind that this version does not know: it takes its place in the order and shows nothing.
    #[serde(untagged)]
    Unknown(Unknown),
}

impl Event {
    /// Returns the event's seq, or `None` if an unknown kind has none.
    pub fn seq(&self) -> Option<Seq> {
        match self {
            Event::Message(message) => Some(message.seq),
            Event::Unknown(unknown) => unknown.ghost.seq,
        }
    }
}

/// A message as stored in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The room it was sent to.
    pub room: RoomName,
    /// Its seq in the room.
    pub seq: Seq,
    /// Its id, chosen by the sender.
    pub id: ClientId,
    /// The sender.
    pub user: User,
    /// The message text.
    pub text: Arc<str>,
    /// The time at which the server accepted it.
    pub at: Millis,
}

/// A line or an event of a kind that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The name of the kind.
    pub kind: String,
    /// The fields that this version understands.
    pub ghost: UnknownEvent,
}

/// The fields understood of an unknown line: enough to keep the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UnknownEvent {
    /// The room, if the line names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
    /// The seq in the room's log, if the line has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
}
