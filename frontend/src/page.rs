//! The page's data, root element and cookies.

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

/// Returns the data that the server rendered this page from, and the element with the rendered view; `None`
/// if the page has no valid data.
#[cfg(feature = "hydrate")]
pub fn parts() -> Option<(Boot, HtmlElement)> {
    let text = document().get_element_by_id(ELEMENT_ID)?.text_content()?;
    let root = document().get_element_by_id("app")?.dyn_into().ok()?;
    Some((Boot::parse(&text).ok()?, root))
}

/// Returns the room and text of the message that the page before posted and the server sent.
pub fn posted(boot: &Boot) -> Option<(RoomName, Arc<str>)> {
    let sent = boot.form.sent.as_ref()?;
    let message = boot.room.events.iter().rev().find_map(|event| match event {
        Event::Message(message) if message.id == *sent && message.user.id == boot.user.id => Some(message),
        _ => None,
    })?;
    Some((message.room.clone(), message.text.clone()))
}

/// Returns the nonce of the composer's form from the page: the start script may have restored that of a form
/// whose answer was lost.
pub fn nonce() -> Option<String> {
    let field: HtmlInputElement = document().get_element_by_id(NONCE_ID)?.dyn_into().ok()?;
    Some(field.value())
}

/// Whether a translator has wrapped the page's texts in elements of its own.
pub fn is_translated() -> bool {
    document().query_selector("#app font").is_ok_and(|found| found.is_some())
}

/// Whether the page is visible.
pub fn is_visible() -> bool {
    !document().hidden()
}

/// Stores a user's setting in a cookie, for the server's next render.
pub fn remember(name: &str, value: &str) {
    let Ok(document) = document().dyn_into::<HtmlDocument>() else { return };
    let cookie = format!("{name}={value}; Path=/; Max-Age={YEAR}; SameSite=Lax");
    if document.set_cookie(&cookie).is_err() {
        leptos::logging::warn!("this browser keeps no cookies; {name} is forgotten with the page");
    }
}
