//! What crosses the wire in `teahouse.v1`: the lines that a client and the server send each other, as types.
//!
//! Each line is one JSON object, externally tagged; docs/protocol.md describes the fields, and its examples are tests.
//! Nothing here decides anything: a line that parses is well formed, not allowed.

mod printing;
mod reading;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    id::{ClientId, Epoch, UserId},
    room_name::RoomName,
    time::Millis,
};

/// The WebSocket subprotocol whose lines these are.
pub const SUBPROTOCOL: &str = "teahouse.v1";

/// How long somebody counts as writing after it was last told that they do, in milliseconds.
pub const TYPING_MS: u64 = 6_000;

/// An event's number in its room's log, dense from 1; 0 stands before the first.
pub type Seq = u64;

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

/// A user, as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct User {
    /// What stays the same about them.
    pub id: UserId,
    /// Their nickname at the time.
    pub name: Arc<str>,
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

/// A refusal: what, why in words, and whether to try again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The message that was refused, by the sender's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The room that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// What went wrong, for programs; docs/protocol.md lists them.
    pub code: RefusalCode,
    /// What went wrong, for people, in English.
    pub reason: String,
    /// Present if the same may succeed later: in how many milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<u64>,
}

macro_rules! refusal_codes {
    ($($(#[$doc:meta])* $code:ident = $word:literal,)*) => {
        /// What can be wrong with what a client asks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RefusalCode {
            $($(#[$doc])* $code,)*
        }

        impl RefusalCode {
            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(RefusalCode::$code => $word,)*
                }
            }

            /// The code of a word; [`RefusalCode::Unknown`] for one of a later version.
            pub fn from_word(word: &str) -> RefusalCode {
                match word {
                    $($word => RefusalCode::$code,)*
                    _ => RefusalCode::Unknown,
                }
            }
        }
    };
}

refusal_codes! {
    /// The line is not JSON of this protocol.
    Malformed = "malformed",
    /// The frame is larger than the server takes.
    FrameTooLarge = "frame_too_large",
    /// The client id is not 1 to 64 of `[A-Za-z0-9_-]`.
    IdUnfit = "id_unfit",
    /// The client id was used before, for other content.
    IdReused = "id_reused",
    /// The room's name is not one.
    RoomUnfit = "room_unfit",
    /// The room was not joined.
    NotJoined = "not_joined",
    /// The session is in as many rooms as it may be.
    TooManyRooms = "too_many_rooms",
    /// There are as many connections as there may be, from this address or in all.
    TooManyConnections = "too_many_connections",
    /// There is nothing in the message.
    TextEmpty = "text_empty",
    /// The message is longer than allowed.
    TextTooLong = "text_too_long",
    /// The user may not do this in this room.
    Forbidden = "forbidden",
    /// The user, or the address that they come from, has spent a budget: of messages, text, new rooms, or answers unread.
    OverBudget = "over_budget",
    /// The server holds as much as it may, or its disk is nearly full: it takes nothing new.
    ServerFull = "server_full",
    /// Somebody else holds the nickname now.
    NicknameTaken = "nickname_taken",
    /// The store could not take it at present.
    StoreUnavailable = "store_unavailable",
    /// An earlier message to this room was refused for now; this one waits behind it.
    OutOfOrder = "out_of_order",
    /// The login is another user's than the client's.
    OtherUser = "other_user",
    /// A code of a later version.
    Unknown = "unknown",
}
