//! What the page brings along, and what it is told: its data, its root, its cookies.

use app::boot::{Boot, ELEMENT_ID};
use leptos::prelude::document;
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlDocument, HtmlElement};

/// A year, in seconds.
const YEAR: u32 = 31_536_000;

/// What the server rendered this page from; `None` where it brought nothing that is understood.
pub fn boot() -> Option<Boot> {
    let text = document().get_element_by_id(ELEMENT_ID)?.text_content()?;
    Boot::parse(&text).ok()
}

/// The element whose children the server rendered.
pub fn root() -> Option<HtmlElement> {
    document().get_element_by_id("app")?.dyn_into().ok()
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
