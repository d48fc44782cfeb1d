//! Whose line it is.

use chat::{grapheme, protocol::User};
use leptos::prelude::*;

use crate::{program::mark, strings::strings};

/// Who says it. Where the name stands above already it is there only to be heard.
pub(crate) fn author(user: &User, leads: bool) -> impl IntoView + use<> {
    // A seal bears the first character of a name, as people count them.
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
