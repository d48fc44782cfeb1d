//! The mark of programs: whoever reads a name sees whether a person bears it. It comes from the id, which nobody chooses,
//! and is no text of the name's, so that no name can pose as one that bears it.

use chat::protocol::User;
use leptos::prelude::*;

use i18n::strings::Strings;

/// The mark, beside the name of a program; beside that of a person, nothing.
pub(crate) fn mark(user: &User, strings: &'static Strings) -> impl IntoView + use<> {
    // As an image it is told from the name by those who listen, too.
    user.id.is_program().then(
        || view! { <span class="program" role="img" aria-label=strings.program>{strings.program}</span> },
    )
}
