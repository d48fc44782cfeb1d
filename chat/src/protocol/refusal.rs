//! Why a client does not get what it asked for.

use serde::Serialize;

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
