//! The way to what was said: a panel that slides in, and in it the search page of the server, as in any other frame.
//! Nothing of the search is in the browser's program, and none of it is lost without one.

use leptos::{attr::custom::custom_attribute, prelude::*};
use web_sys::HtmlElement;

use crate::{close::Close, model::use_model, strings::strings, ui::element};

/// The panel's id.
const SEARCH: &str = "search";

/// Opens the panel.
#[component]
pub(crate) fn SearchButton() -> impl IntoView {
    let strings = strings();
    view! {
        <button class="header__search" type="button" popovertarget=SEARCH title=strings.search aria-label=strings.search>
            <span class="header__glass" aria-hidden="true"></span>
        </button>
    }
}

/// The panel.
#[component]
pub fn SearchPanel() -> impl IntoView {
    let model = use_model();
    let strings = strings();
    let source = move || model.room.with_untracked(|room| format!("/search?here={room}&in={room}&panel=1"));
    // A lazy frame is fetched when it is seen, not before.
    let frame = view! { <iframe class="search-panel__frame" title=strings.search src=source()></iframe> }
        .add_any_attr(custom_attribute("loading", "lazy"));
    Effect::new(move |before: Option<()>| {
        model.room.track();
        if before.is_some()
            && let Some(panel) = element::<HtmlElement>(SEARCH)
            && let Some(frame) = panel.last_element_child()
        {
            // Whoever goes to another room, by Back too, sees that room. It fails where popovers are unknown, and then the
            // panel never opened.
            let _ = panel.hide_popover();
            // Taken out and put in again it begins anew; another address in the same frame would be an entry of the history.
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
