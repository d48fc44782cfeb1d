//! The lines of an archive, as docs/archive-format.md describes them. Does not check their order.

use chat::{
    id::Epoch,
    protocol::{Message, Seq},
    room_name::RoomName,
    time::Millis,
};
use serde::{Deserialize, Serialize};

use super::counts::Counts;

/// The `format` field of an archive.
pub(super) const FORMAT: &str = "teahouse.archive";

/// The format version that is written, and the newest that is read.
pub(super) const VERSION: u32 = 1;

/// One line of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// The first line: identifies the archive.
    Archive(Header),
    /// A room; its events follow.
    Room(Reach),
    /// An event, in its wire format.
    Message(Message),
    /// The last line: proves that nothing is missing.
    End(Counts),
}

/// The origin of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    /// When the archive was written.
    pub(super) at: Millis,
    /// The epoch of the logs it was exported from. An import gives them another epoch.
    pub(super) epoch: Epoch,
}

/// The range of a room's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reach {
    pub(super) room: RoomName,
    /// The newest seq ever assigned; 0 if the room never had a message.
    pub(super) head: Seq,
    /// The first seq in the archive; 0 if there is none.
    pub(super) oldest: Seq,
}

/// The first line of an archive of any version: just enough to reject a newer format.
#[derive(Debug, Deserialize)]
pub(super) struct Opening {
    pub(super) archive: LineKind,
}

/// The format and version that a file declares.
#[derive(Debug, Deserialize)]
pub(super) struct LineKind {
    pub(super) format: String,
    pub(super) version: u32,
}

impl Line {
    /// Returns the line as JSON, with its line break.
    pub(super) fn print(&self) -> String {
        let mut line = serde_json::to_string(self).expect("lines have string keys and no failing serializer");
        line.push('\n');
        line
    }
}
