//! Puts away what has slid in, by the browser's own means. Where it is a column there is nothing to put away.

use leptos::prelude::*;

use crate::strings::strings;

/// The button.
#[component]
pub fn Close(
    /// The id of what it puts away.
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
