//! The lines of an archive, as docs/archive-format.md describes them. Knows nothing of their order.

use chat::{
    id::Epoch,
    protocol::{Message, Seq},
    room_name::RoomName,
    time::Millis,
};
use serde::{Deserialize, Serialize};

use super::counts::Counts;

/// What an archive calls itself.
pub(super) const FORMAT: &str = "teahouse.archive";

/// The version of the format that is written, and the newest that is read.
pub(super) const VERSION: u32 = 1;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// The first: what this is.
    Archive(Header),
    /// A room, whose events follow.
    Room(Reach),
    /// An event, as it crosses the wire.
    Message(Message),
    /// The last: that nothing is missing.
    End(Counts),
}

/// Where an archive comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    /// When it was written.
    pub(super) at: Millis,
    /// The life of the logs that it was written from. Where it is read, they live another one.
    pub(super) epoch: Epoch,
}

/// How far a room's log reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reach {
    pub(super) room: RoomName,
    /// The newest seq there ever was; 0 where nobody has spoken.
    pub(super) head: Seq,
    /// The first seq that follows; 0 if none does.
    pub(super) oldest: Seq,
}

/// The beginning of an archive of any version: all that must be understood to say that the rest is not.
#[derive(Debug, Deserialize)]
pub(super) struct Opening {
    pub(super) archive: LineKind,
}

/// What a file says that it is.
#[derive(Debug, Deserialize)]
pub(super) struct LineKind {
    pub(super) format: String,
    pub(super) version: u32,
}

impl Line {
    /// The line with its line break.
    pub(super) fn print(&self) -> String {
        let mut line = serde_json::to_string(self).expect("lines have string keys and no failing serializer");
        line.push('\n');
        line
    }
}
