//! What a client says.

use serde::Deserialize;

use super::event::Seq;
use crate::time::Millis;

/// What a client says.
///
/// Names and ids are plain strings here, so that the server can refuse an unfit one by naming it; it parses them
/// before it uses them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientLine {
    /// The first line of a connection: the rooms that are open and what of them is held. None means the lobby.
    Hello {
        /// The rooms, each with the position up to which the client holds it.
        rooms: Vec<RoomPosition>,
        /// The client's name for itself, the same on all its connections: an earlier one of this user's under the same
        /// name is a ghost, and is replaced.
        #[serde(default)]
        client: Option<String>,
        /// The id of the user whose client this is. The server refuses it where the login is another user's.
        #[serde(default)]
        user: Option<String>,
    },
    /// Say something.
    Send {
        /// The client's own name for the message: saying it again is harmless.
        id: String,
        /// The room to say it in, which must have been joined.
        room: String,
        /// What is said.
        text: String,
    },
    /// Ask for a piece of the kept log, by exactly one of `before`, `around` and `at`.
    History(History),
    /// Enter a room, or catch up with one that is already entered.
    Join(RoomPosition),
    /// Leave a room, at once and audibly.
    Leave {
        /// The room to leave.
        room: String,
    },
    /// Ask who is in a room, a page at a time.
    Members {
        /// The room; it must have been joined.
        room: String,
        /// The name after which the page begins. Without it, or where nobody comes after it, it is the first one.
        #[serde(default)]
        after: Option<String>,
    },
    /// The user is writing.
    Typing {
        /// The room in which.
        room: String,
    },
    /// End an answer that grows, by who asked for it. One that has ended meanwhile stays as it is.
    Stop {
        /// The room in which it grows.
        room: String,
        /// The answer's id.
        id: String,
    },
    /// The answer to a `ping`.
    Pong {},
}

/// A room, and up to where a client holds its log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RoomPosition {
    /// The room's name.
    pub room: String,
    /// The life of the log in which `seq` counts. Without it nothing is held.
    #[serde(default)]
    pub epoch: Option<String>,
    /// The last seq that is held.
    #[serde(default)]
    pub seq: Option<Seq>,
}

/// A wish for a piece of a room's kept log, in one of three ways to name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct History {
    /// The room whose history is wanted; it must have been joined.
    pub room: String,
    /// The newest events with a smaller seq than this.
    #[serde(default)]
    pub before: Option<Seq>,
    /// The events on both sides of this seq, itself included, as evenly as the log allows.
    #[serde(default)]
    pub around: Option<Seq>,
    /// The first events said at this moment or later.
    #[serde(default)]
    pub at: Option<Millis>,
    /// At most so many.
    pub limit: u32,
}
