//! Where a room and a message are found on this site.

use chat::{protocol::Seq, room_name::RoomName};

/// The path of a room's page. Browsers encode by themselves what is no ASCII in it.
pub fn path(room: &RoomName) -> String {
    if *room == RoomName::lobby() { "/chat".to_owned() } else { format!("/chat/{room}") }
}

/// The lasting address of a message: the page around it, and its place there.
pub fn permalink(room: &RoomName, seq: Seq) -> String {
    format!("/chat/{room}/{seq}#{}", anchor(seq))
}

/// The id of a message's line.
pub fn anchor(seq: Seq) -> String {
    format!("m{seq}")
}
