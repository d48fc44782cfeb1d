//! What this tab remembers over a reload: which rooms are open in it.

use chat::room_name::RoomName;
use leptos::prelude::window;

const ROOMS: &str = "rooms";

/// The rooms that were open; none where the browser keeps nothing.
pub fn rooms() -> Vec<RoomName> {
    let stored =
        window().session_storage().ok().flatten().and_then(|storage| storage.get_item(ROOMS).ok().flatten());
    let stored = stored.unwrap_or_default();
    stored.split(' ').filter_map(|name| RoomName::from_canonical(name).ok()).collect()
}

/// Remembers the open rooms. Where the browser keeps nothing, they are forgotten with the page.
pub fn keep_rooms<'a>(rooms: impl Iterator<Item = &'a RoomName>) {
    let text = rooms.map(RoomName::as_str).collect::<Vec<_>>().join(" ");
    if let Ok(Some(storage)) = window().session_storage() {
        // A storage that is full keeps what it had, and the page works all the same.
        let _ = storage.set_item(ROOMS, &text);
    }
}
