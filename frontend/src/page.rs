//! What the page brings along, and what it is told: its data, its root, its cookies.

use std::sync::Arc;

#[cfg(feature = "hydrate")]
use app::boot::ELEMENT_ID;
use app::{boot::Boot, form::NONCE_ID};
use chat::{protocol::Event, room_name::RoomName};
use leptos::prelude::document;
use wasm_bindgen::JsCast as _;
#[cfg(feature = "hydrate")]
use web_sys::HtmlElement;
use web_sys::{HtmlDocument, HtmlInputElement};

/// A year, in seconds.
const YEAR: u32 = 31_536_000;

/// What the server rendered this page from, and the element that holds what it rendered; `None` where the page has
/// nothing that is understood.
#[cfg(feature = "hydrate")]
pub fn parts() -> Option<(Boot, HtmlElement)> {
    let text = document().get_element_by_id(ELEMENT_ID)?.text_content()?;
    let root = document().get_element_by_id("app")?.dyn_into().ok()?;
    Some((Boot::parse(&text).ok()?, root))
}

/// What was posted from the page before and was sent: its room and its words.
pub fn posted(boot: &Boot) -> Option<(RoomName, Arc<str>)> {
    let sent = boot.form.sent.as_ref()?;
    let message = boot.room.events.iter().rev().find_map(|event| match event {
        Event::Message(message) if message.id == *sent && message.user.id == boot.user.id => Some(message),
        _ => None,
    })?;
    Some((message.room.clone(), message.text.clone()))
}

/// What tells the composer's form from others, as it stands in the page: the start script may have put back that of a form
/// whose answer was lost.
pub fn nonce() -> Option<String> {
    let field: HtmlInputElement = document().get_element_by_id(NONCE_ID)?.dyn_into().ok()?;
    Some(field.value())
}

/// Whether a translator has put its own elements around the page's texts.
pub fn is_translated() -> bool {
    document().query_selector("#app font").is_ok_and(|found| found.is_some())
}

/// Whether the page is seen.
pub fn is_visible() -> bool {
    !document().hidden()
}

/// Remembers a setting of the reader's, for the server's next render.
pub fn remember(name: &str, value: &str) {
    let Ok(document) = document().dyn_into::<HtmlDocument>() else { return };
    let cookie = format!("{name}={value}; Path=/; Max-Age={YEAR}; SameSite=Lax");
    if document.set_cookie(&cookie).is_err() {
        leptos::logging::warn!("this browser keeps no cookies; {name} is forgotten with the page");
    }
}
