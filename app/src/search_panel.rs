//! The search panel: slides in and shows the server's search page in a frame. The WebAssembly program
//! contains no search code, and the search works without it.

use leptos::{attr::custom::custom_attribute, prelude::*};
use web_sys::HtmlElement;

use crate::{close::Close, model::use_model, strings::strings, ui::element};

/// The id of the panel.
const SEARCH: &str = "search";

/// The button that opens the panel.
#[component]
pub(crate) fn SearchButton() -> impl IntoView {
    let strings = strings();
    view! {
        <button class="header__search" type="button" popovertarget=SEARCH title=strings.search aria-label=strings.search>
            <span class="header__glass" aria-hidden="true"></span>
        </button>
    }
}

/// The search panel.
#[component]
pub fn SearchPanel() -> impl IntoView {
    let model = use_model();
    let strings = strings();
    let source = move || model.room.with_untracked(|room| format!("/search?here={room}&in={room}&panel=1"));
    // A lazy frame is fetched only when it becomes visible.
    let frame = view! { <iframe class="search-panel__frame" title=strings.search src=source()></iframe> }
        .add_any_attr(custom_attribute("loading", "lazy"));
    Effect::new(move |before: Option<()>| {
        model.room.track();
        if before.is_some()
            && let Some(panel) = element::<HtmlElement>(SEARCH)
            && let Some(frame) = panel.last_element_child()
        {
            // A change of room, also by Back, shows that room. Fails only where popovers are not supported,
            // and there the panel never opened.
            let _ = panel.hide_popover();
            // Removing and reinserting the frame resets it; a new address in the same frame would add a
            // history entry.
            frame.remove();
            let _ = frame.set_attribute("src", &source());
            let _ = panel.append_child(&frame);
        }
    });
    view! {
        <section class="search-panel" id=SEARCH popover="auto" aria-label=strings.search>
            <p class="search-panel__title" aria-hidden="true">{strings.search}</p>
            <Close of=SEARCH/>
            {frame}
        </section>
    }
}
