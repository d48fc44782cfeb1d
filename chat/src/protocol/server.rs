//! What the server says.

use serde::Serialize;

use super::{
    event::{Event, Growing, Message, Seq, Unknown, User},
    refusal::Refused,
};
use crate::{id::Epoch, room_name::RoomName, time::Millis};

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerLine {
    /// The answer to `hello`, before any room.
    Welcome(Welcome),
    /// A room was entered, or caught up with: what the client missed, or the newest page.
    Joined(Joined),
    /// A piece of history that was asked for.
    Page(Page),
    /// A message was said; for its sender this is the acknowledgement.
    Message(Message),
    /// People came and went; of a crowd, only how many there are.
    Presence(PresenceChange),
    /// Who is there: a page that was asked for, or all, since a crowd are few again.
    Members {
        /// The room.
        room: RoomName,
        /// Who.
        #[serde(flatten)]
        members: Members,
    },
    /// Somebody is writing.
    Typing {
        /// The room in which.
        room: RoomName,
        /// Who.
        user: User,
    },
    /// A program's answer grows; once it is whole it is a `message` of the same user and id.
    Growing(Growing),
    /// The server's heartbeat; the client answers `pong`.
    Ping {
        /// Where the log of each joined room stands, so that a lost last event is noticed too.
        heads: Vec<Head>,
    },
    /// Something could not be done; the session goes on.
    Refused(Refused),
    /// A room that was to be entered has another name than it was asked for by; it is to be entered by that.
    Renamed {
        /// The room, as the client spelled it.
        room: String,
        /// Its name.
        name: RoomName,
    },
    /// Whether the store that holds the logs can be reached; without it, reading and saying may be refused for now.
    Store {
        /// Whether it answers. Until it is said otherwise, it does.
        available: bool,
    },
    /// The server is about to close this connection because it restarts.
    Drain {
        /// When to come back, in milliseconds from now.
        retry_ms: u64,
    },
    /// A line that this version does not know. If it names a room and a seq, it is an event of a kind yet to come.
    #[serde(untagged)]
    Unknown(Unknown),
}

/// The answer to `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Welcome {
    /// Who the server takes the client for.
    pub user: User,
    /// How often the server pings, in milliseconds.
    pub heartbeat_ms: u64,
    /// The longest message, in characters; 0 for no limit.
    pub text_limit: usize,
    /// What the server's clock shows, by which it forgets ids of messages. An earlier version of it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
}

/// Entering a room: where its log stands, who is there, and what was missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Joined {
    /// The room.
    pub room: RoomName,
    /// The life of the room's log in which the seqs count.
    pub epoch: Epoch,
    /// The newest seq there is; 0 in an empty room.
    pub head: Seq,
    /// The oldest seq still kept; 0 in an empty room.
    pub oldest: Seq,
    /// Whether `events` is exactly what came after the position that the client named. Otherwise it is the newest page.
    pub resumed: bool,
    /// Who is there.
    pub members: Members,
    /// The events, by seq, without holes.
    pub events: Vec<Event>,
}

/// Who is in a room: all of them while they are few, some by name and the count when they are a crowd.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Members {
    /// How many there are.
    pub count: usize,
    /// Those who are named.
    pub list: Vec<User>,
    /// The bots that answer in the room, which are always there and are not counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bots: Vec<User>,
}

/// A piece of a room's kept log, by seq, without holes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Page {
    /// The room.
    pub room: RoomName,
    /// The life of the log in which the seqs count.
    pub epoch: Epoch,
    /// The oldest seq still kept; 0 in an empty room.
    pub oldest: Seq,
    /// The events.
    pub events: Vec<Event>,
}

/// People came and went, joined per tick. One that names nobody is about a crowd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PresenceChange {
    /// The room.
    pub room: RoomName,
    /// Who entered.
    pub enter: Vec<User>,
    /// Who left.
    pub leave: Vec<User>,
    /// How many are there now.
    pub count: usize,
}

/// Where the log of a room stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The room.
    pub room: RoomName,
    /// The life of its log.
    pub epoch: Epoch,
    /// The newest seq; 0 in an empty room.
    pub seq: Seq,
}
