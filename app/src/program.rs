//! The badge that distinguishes programs from users. It depends on the id, which nobody can choose, and is
//! not part of the name's text, so that no name can imitate it.

use chat::protocol::User;
use leptos::prelude::*;

use i18n::strings::Strings;

/// Renders the badge beside the name of a program; nothing beside that of a user.
pub(crate) fn mark(user: &User, strings: &'static Strings) -> impl IntoView + use<> {
    // The image role lets screen readers tell it from the name, too.
    user.id.is_program().then(
        || view! { <span class="program" role="img" aria-label=strings.program>{strings.program}</span> },
    )
}
