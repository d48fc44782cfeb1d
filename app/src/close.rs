//! The close button of a panel, using the browser's popover API. Where the panel is a column there is nothing
//! to close.

use leptos::prelude::*;

use crate::strings::strings;

/// The close button.
#[component]
pub fn Close(
    /// The id of the popover to close.
    of: &'static str,
) -> impl IntoView {
    view! {
        <button
            class="close quiet"
            type="button"
            popovertarget=of
            popovertargetaction="hide"
            aria-label=strings().close
            title=strings().close
        >
            <span aria-hidden="true">"×"</span>
        </button>
    }
}
