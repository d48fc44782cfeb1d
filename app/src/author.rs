//! The author of a line.

use chat::{grapheme, protocol::User};
use leptos::prelude::*;

use crate::{program::mark, strings::strings};

/// Renders the author. In continuation lines, the name is there for screen readers only.
pub(crate) fn author(user: &User, leads: bool) -> impl IntoView + use<> {
    // The seal shows the first grapheme of the name.
    let seal = leads.then(|| {
        let seal = grapheme::first(&user.name).to_owned();
        view! { <span class=format!("line__seal tint-{}", user.id.tint()) aria-hidden="true">{seal}</span> }
    });
    let class = if leads { "line__by" } else { "line__by hidden" };
    view! {
        {seal}
        <span class=class>
            <bdi class=format!("line__author tint-{}", user.id.tint())>{user.name.to_string()}</bdi>
            {mark(user, strings())}
        </span>
    }
}
