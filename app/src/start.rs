//! The script that starts the program and watches over it: what it is given, and how it stands in the page.

use std::sync::LazyLock;

use leptos::{attr::custom::custom_attribute, nonce::use_nonce, prelude::*};

use crate::script::code;
use i18n::strings::PageStrings;

/// What the script is given.
pub(crate) struct Start {
    /// Where the program's JavaScript is.
    pub(crate) js: String,
    /// Where the program is.
    pub(crate) wasm: String,
    /// The digest of the outline of what the program is to find.
    pub(crate) outline: u32,
    /// What it says where the program does not run.
    pub(crate) strings: &'static PageStrings,
}

impl Start {
    /// The element. What the script is given stands in its attributes, where nothing of it is code.
    pub(crate) fn view(self) -> impl IntoView {
        let Start { js, wasm, outline, strings } = self;
        view! { <script nonce=use_nonce() inner_html=script()></script> }
            .add_any_attr(custom_attribute("data-js", js))
            .add_any_attr(custom_attribute("data-wasm", wasm))
            .add_any_attr(custom_attribute("data-outline", outline.to_string()))
            .add_any_attr(custom_attribute("data-log", strings.log))
            .add_any_attr(custom_attribute("data-late", strings.program_late))
            .add_any_attr(custom_attribute("data-no-wasm", strings.no_wasm))
            .add_any_attr(custom_attribute("data-failed", strings.program_failed))
            .add_any_attr(custom_attribute("data-crashed", strings.program_crashed))
            .add_any_attr(custom_attribute("data-reload", strings.reload))
    }
}

/// The script as it stands in the page.
fn script() -> &'static str {
    static SCRIPT: LazyLock<String> = LazyLock::new(|| code(include_str!("start.js")));
    &SCRIPT
}

#[cfg(test)]
mod tests {
    use super::script;

    #[test]
    fn the_script_has_no_comments_left_and_cannot_be_ended_by_what_is_in_it() {
        assert!(!script().contains("//") && !script().contains("/*") && !script().contains("</"));
    }
}
