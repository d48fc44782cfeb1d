//! Paths of rooms and messages on this site.

use chat::{protocol::Seq, room_name::RoomName};

/// Returns the path of a room's page. Browsers percent-encode non-ASCII characters themselves.
pub fn path(room: &RoomName) -> String {
    if *room == RoomName::lobby() { "/chat".to_owned() } else { format!("/chat/{room}") }
}

/// Returns the permalink of a message: the page around it, with a fragment that points to it.
pub fn permalink(room: &RoomName, seq: Seq) -> String {
    format!("/chat/{room}/{seq}#{}", anchor(seq))
}

/// Returns the element id of a message's line.
pub fn anchor(seq: Seq) -> String {
    format!("m{seq}")
}
