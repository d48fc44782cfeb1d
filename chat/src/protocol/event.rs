//! What happens in a room, and who does it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    id::{ClientId, UserId},
    room_name::RoomName,
    time::Millis,
};

/// An event's number in its room's log, dense from 1; 0 stands before the first.
pub type Seq = u64;

/// A user, as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct User {
    /// What stays the same about them.
    pub id: UserId,
    /// Their nickname at the time.
    pub name: Arc<str>,
}

/// As much as there is of an answer that a program gives. Nobody keeps it: what is kept is the message that follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Growing {
    /// The room.
    pub room: RoomName,
    /// The id that the message will have.
    pub id: ClientId,
    /// Whose answer it is.
    pub user: User,
    /// Who asked, and may end it.
    pub asker: UserId,
    /// All of it so far; nothing while the program thinks.
    pub text: Arc<str>,
}

/// Something that changes what a room shows later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A message was said.
    Message(Message),
    /// A kind of event that this version does not know: it holds its place in the order and shows nothing.
    #[serde(untagged)]
    Unknown(Unknown),
}

impl Event {
    /// The event's number in its room; `None` where an unknown kind names none.
    pub fn seq(&self) -> Option<Seq> {
        match self {
            Event::Message(message) => Some(message.seq),
            Event::Unknown(unknown) => unknown.ghost.seq,
        }
    }
}

/// A message as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The room it was said in.
    pub room: RoomName,
    /// Its number in the room.
    pub seq: Seq,
    /// The sender's own name for it.
    pub id: ClientId,
    /// Who said it.
    pub user: User,
    /// What was said.
    pub text: Arc<str>,
    /// When the server took it.
    pub at: Millis,
}

/// A line or an event of a kind that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What it calls itself.
    pub kind: String,
    /// What of it is understood.
    pub ghost: UnknownEvent,
}

/// What is known of an unknown line: enough to keep the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UnknownEvent {
    /// The room, if it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
    /// Its place in the room's order, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
}
