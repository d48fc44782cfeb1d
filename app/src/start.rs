//! The script that starts and supervises the WebAssembly program, and its parameters.

use std::sync::LazyLock;

use leptos::{attr::custom::custom_attribute, nonce::use_nonce, prelude::*};

use crate::script::code;
use i18n::strings::PageStrings;

/// The parameters of the script.
pub(crate) struct Start {
    /// The path of the program's JavaScript.
    pub(crate) js: String,
    /// The path of the WebAssembly program.
    pub(crate) wasm: String,
    /// The digest of the markup that the program expects to hydrate.
    pub(crate) outline: u32,
    /// The texts that the script shows if the program does not run.
    pub(crate) strings: &'static PageStrings,
}

impl Start {
    /// Renders the script element. The parameters are attributes, so that they cannot become code.
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

/// Returns the script as embedded in the page.
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
