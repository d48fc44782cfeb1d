//! Where a room is found on this site.

use chat::room_name::RoomName;

/// The path of a room's page. Browsers encode by themselves what is no ASCII in it.
pub fn path(room: &RoomName) -> String {
    if *room == RoomName::lobby() { "/chat".to_owned() } else { format!("/chat/{room}") }
}
