//! The reasons for which the server refuses a client's request.

use serde::Serialize;

use crate::text::TextError;

/// A refusal: the request that failed, the reason, and whether to retry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The id of the refused message, chosen by its sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The room that the refusal concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// The reason as a code for programs; docs/protocol.md lists the codes.
    pub code: RefusalCode,
    /// The reason as English text for users.
    pub reason: String,
    /// The time in milliseconds after which a retry may succeed; absent if none will.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<u64>,
}

macro_rules! refusal_codes {
    ($($(#[$doc:meta])* $code:ident = $word:literal,)*) => {
        /// The reason for a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RefusalCode {
            $($(#[$doc])* $code,)*
        }

        impl RefusalCode {
            /// Returns the code as written on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(RefusalCode::$code => $word,)*
                }
            }

            /// Parses a code from the wire; returns [`RefusalCode::Unknown`] for a code of a later version.
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
    /// The frame is larger than the server accepts.
    FrameTooLarge = "frame_too_large",
    /// The client id is not 1 to 64 of `[A-Za-z0-9_-]`.
    IdUnfit = "id_unfit",
    /// The client id was used before, for different content.
    IdReused = "id_reused",
    /// The room's name is not valid.
    RoomUnfit = "room_unfit",
    /// The session has not joined the room.
    NotJoined = "not_joined",
    /// The session has joined as many rooms as it may.
    TooManyRooms = "too_many_rooms",
    /// The limit on connections is reached, for this address or for the server.
    TooManyConnections = "too_many_connections",
    /// The message text is empty.
    TextEmpty = "text_empty",
    /// The message is longer than allowed.
    TextTooLong = "text_too_long",
    /// The user may not do this in this room.
    Forbidden = "forbidden",
    /// The user or their address has exhausted a budget: for messages, text, new rooms or unread replies.
    OverBudget = "over_budget",
    /// The server stores as much as it may, or its disk is nearly full; it accepts nothing new.
    ServerFull = "server_full",
    /// Another user holds the nickname now.
    NicknameTaken = "nickname_taken",
    /// The store is unavailable at present.
    StoreUnavailable = "store_unavailable",
    /// An earlier message to this room was refused temporarily; this one must wait behind it.
    OutOfOrder = "out_of_order",
    /// The login belongs to another user than the client.
    OtherUser = "other_user",
    /// A code of a later version.
    Unknown = "unknown",
}

impl From<TextError> for RefusalCode {
    fn from(error: TextError) -> RefusalCode {
        match error {
            TextError::Empty => RefusalCode::TextEmpty,
            TextError::TooLong { .. } => RefusalCode::TextTooLong,
        }
    }
}
