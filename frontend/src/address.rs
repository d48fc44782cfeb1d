//! The address bar: parses the room in an address, and switches rooms without a reload.

use app::{
    address::{anchor, path},
    spelling,
};
use chat::{close::CloseCode, protocol::Seq, room_name::RoomName};
use leptos::prelude::window;
use wasm_bindgen::JsValue;

const CHAT: &str = "/chat";

/// Returns the room of a path; `None` if the path is not a room's.
pub fn room_of(path: &str) -> Option<RoomName> {
    let rest = path.strip_prefix(CHAT)?;
    match rest.strip_prefix('/') {
        None if rest.is_empty() => Some(RoomName::lobby()),
        None => None,
        Some("") => Some(RoomName::lobby()),
        Some(rest) => {
            // A message's seq may follow.
            let name = rest.split('/').next().unwrap_or(rest);
            let name = js_sys::decode_uri_component(name).ok()?;
            spelling::room(&String::from(name)).ok()
        }
    }
}

/// Returns the room of the address bar.
pub fn room() -> Option<RoomName> {
    room_of(&window().location().pathname().ok()?)
}

/// Shows a room's address as a new history entry; does nothing if it is already shown.
pub fn show(target: &RoomName) {
    if room().as_ref() == Some(target) {
        return;
    }
    let pushed = window()
        .history()
        .and_then(|history| history.push_state_with_url(&JsValue::NULL, "", Some(&path(target))));
    if pushed.is_err() {
        leptos::logging::warn!("the address bar could not follow to another room");
    }
}

/// Scrolls to a message on this page, as its permalink does.
pub fn go_to(seq: Seq) {
    if window().location().replace(&format!("#{}", anchor(seq))).is_err() {
        leptos::logging::warn!("the page could not go to its message");
    }
}

/// Reloads the page.
pub fn reload() {
    if window().location().reload().is_err() {
        leptos::logging::warn!("the page could not be loaded anew");
    }
}

/// Returns the URL of the server's WebSocket.
pub fn socket() -> String {
    let location = window().location();
    let scheme = if location.protocol().is_ok_and(|protocol| protocol == "https:") { "wss" } else { "ws" };
    format!("{scheme}://{}/ws", location.host().unwrap_or_default())
}

/// Returns the path of the data of a room's page.
#[cfg(feature = "csr")]
pub fn boot(room: &RoomName) -> String {
    format!("/boot/{}", js_sys::encode_uri_component(room.as_str()))
}

/// Leaves the page for the login page, and passes the reason if it is known.
pub fn login(reason: Option<CloseCode>) {
    let here = window().location().pathname().unwrap_or_default();
    let next = js_sys::encode_uri_component(&here);
    let why = match reason {
        Some(CloseCode::NicknameTaken) => "&why=lost-name",
        Some(CloseCode::LoggedOut) => "&why=logged-out",
        Some(CloseCode::LoginRequired) => "&why=expired",
        _ => "",
    };
    if window().location().assign(&format!("/login?next={next}{why}")).is_err() {
        leptos::logging::error!("the login page cannot be opened");
    }
}
