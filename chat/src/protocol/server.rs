//! The lines that the server sends.

use serde::Serialize;

use super::{
    event::{Event, Message, Seq, StreamingAnswer, Unknown, User},
    refusal::Refused,
};
use crate::{id::Epoch, room_name::RoomName, time::Millis};

/// A line that the server sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerLine {
    /// The answer to `hello`, sent before any room's state.
    Welcome(Welcome),
    /// The answer to a join: the events that the client missed, or the newest page.
    Joined(Joined),
    /// The part of the history that the client requested.
    Page(Page),
    /// A message was sent; for its sender this is the acknowledgement.
    Message(Message),
    /// Members entered or left; for a crowd, only their number is sent.
    Presence(PresenceChange),
    /// The members of a room: a requested page, or all of them once a crowd has become small again.
    Members {
        /// The room.
        room: RoomName,
        /// The members.
        #[serde(flatten)]
        members: Members,
    },
    /// A user is typing.
    Typing {
        /// The room in which the user is typing.
        room: RoomName,
        /// The user.
        user: User,
    },
    /// A program's streaming answer has advanced; when complete it arrives as a `message` of the same user
    /// and id.
    #[serde(rename = "growing")]
    StreamingAnswer(StreamingAnswer),
    /// The server's heartbeat; the client answers `pong`.
    Ping {
        /// The head of each joined room's log, so that a client notices a lost last event too.
        heads: Vec<Head>,
    },
    /// The server refused a request; the session continues.
    Refused(Refused),
    /// The room that the client asked to join has another name; the client must join by that one.
    Renamed {
        /// The room's name as the client spelled it.
        room: String,
        /// The room's canonical name.
        name: RoomName,
    },
    /// Whether the store that holds the logs is reachable; while it is not, reading and sending may be
    /// refused temporarily.
    Store {
        /// Whether the store is reachable. A client assumes that it is until told otherwise.
        available: bool,
    },
    /// The server is about to close this connection because it is restarting.
    Drain {
        /// The delay before the client should reconnect, in milliseconds.
        retry_ms: u64,
    },
    /// A line that this version does not know. If it has a room and a seq, it is an event of a later
    /// version's kind.
    #[serde(untagged)]
    Unknown(Unknown),
}

/// The answer to `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Welcome {
    /// The user as whom the server identified the client.
    pub user: User,
    /// The server's ping interval, in milliseconds.
    pub heartbeat_ms: u64,
    /// The maximum length of a message, in characters; 0 for no limit.
    pub text_limit: usize,
    /// The time by the server's clock, which decides when the server forgets message ids. Servers of an
    /// earlier version do not send it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
}

/// The answer to a join: the state of the room's log, its members, and the missed events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Joined {
    /// The room.
    pub room: RoomName,
    /// The epoch of the room's log in which the seqs count.
    pub epoch: Epoch,
    /// The newest seq; 0 in an empty room.
    pub head: Seq,
    /// The oldest retained seq; 0 in an empty room.
    pub oldest: Seq,
    /// Whether `events` is exactly what follows the position that the client sent. Otherwise it is the newest
    /// page.
    pub resumed: bool,
    /// The members.
    pub members: Members,
    /// The events, in order of seq, without gaps.
    pub events: Vec<Event>,
}

/// The members of a room: all of them while they are few, or some of them and the total for a crowd.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Members {
    /// The number of members.
    pub count: usize,
    /// The members listed by name.
    pub list: Vec<User>,
    /// The bots that answer in the room. They are always present and are not counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bots: Vec<User>,
}

/// A part of a room's retained log, in order of seq, without gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page {
    /// The room.
    pub room: RoomName,
    /// The epoch of the log in which the seqs count.
    pub epoch: Epoch,
    /// The oldest retained seq; 0 in an empty room.
    pub oldest: Seq,
    /// The events.
    pub events: Vec<Event>,
}

/// Members who entered or left, batched per tick. A change that lists nobody concerns a crowd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PresenceChange {
    /// The room.
    pub room: RoomName,
    /// The users who entered.
    pub enter: Vec<User>,
    /// The users who left.
    pub leave: Vec<User>,
    /// The number of members now.
    pub count: usize,
}

/// The head of a room's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The room.
    pub room: RoomName,
    /// The epoch of its log.
    pub epoch: Epoch,
    /// The newest seq; 0 in an empty room.
    pub seq: Seq,
}
