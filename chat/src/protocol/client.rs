//! The lines that a client sends.

use serde::Deserialize;

use super::event::Seq;
use crate::time::Millis;

/// A line that a client sends.
///
/// Names and ids are plain strings here, so that the server can name an invalid one when it refuses it; it
/// parses them before use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientLine {
    /// The first line of a connection: the open rooms, and how much of each the client holds. An empty list
    /// means the lobby.
    Hello {
        /// The rooms, each with the position up to which the client holds its log.
        rooms: Vec<RoomPosition>,
        /// A name that the client chooses and uses on all its connections. The server replaces an earlier
        /// connection of the same user and name as a ghost.
        #[serde(default)]
        client: Option<String>,
        /// The id of the user whose client this is. The server refuses it if the login belongs to another user.
        #[serde(default)]
        user: Option<String>,
    },
    /// Sends a message.
    Send {
        /// The message's id, chosen by the client; sending it again under the same id is harmless.
        id: String,
        /// The room to send to; the session must have joined it.
        room: String,
        /// The message text.
        text: String,
    },
    /// Requests a part of the retained log, by exactly one of `before`, `around` and `at`.
    History(History),
    /// Joins a room, or catches up with a room already joined.
    Join(RoomPosition),
    /// Leaves a room; the other members are told at once.
    Leave {
        /// The room to leave.
        room: String,
    },
    /// Requests one page of a room's members.
    Members {
        /// The room; the session must have joined it.
        room: String,
        /// The name after which the page begins. The first page is returned if it is absent or no member
        /// follows it.
        #[serde(default)]
        after: Option<String>,
    },
    /// Reports that the user is typing.
    Typing {
        /// The room in which the user is typing.
        room: String,
    },
    /// Stops a streaming answer; only the user who asked for it may do so. Has no effect on an answer that
    /// has ended.
    Stop {
        /// The room of the answer.
        room: String,
        /// The answer's id.
        id: String,
    },
    /// Answers a `ping`.
    Pong {},
}

/// A room, and the position up to which a client holds its log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RoomPosition {
    /// The room's name.
    pub room: String,
    /// The epoch of the log in which `seq` counts. If absent, the client holds nothing.
    #[serde(default)]
    pub epoch: Option<String>,
    /// The last seq that the client holds.
    #[serde(default)]
    pub seq: Option<Seq>,
}

/// A request for a part of a room's retained log, located in one of three ways.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct History {
    /// The room; the session must have joined it.
    pub room: String,
    /// Requests the newest events with a seq below this one.
    #[serde(default)]
    pub before: Option<Seq>,
    /// Requests the events on both sides of this seq, itself included, as evenly as the log allows.
    #[serde(default)]
    pub around: Option<Seq>,
    /// Requests the first events at or after this time.
    #[serde(default)]
    pub at: Option<Millis>,
    /// The maximum number of events.
    pub limit: u32,
}
