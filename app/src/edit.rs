//! Changes to what is written in the composer that are not the user's own keys. The browser takes them back with Ctrl+Z as
//! it does what was typed.

use leptos::prelude::*;
use web_sys::{HtmlDocument, HtmlTextAreaElement, wasm_bindgen::JsCast};

use crate::action::{Action, Actions};

/// Writes a text in the place of a range of the focused composer, counted as the browser counts, and leaves the caret behind it.
pub(crate) fn replace(area: &HtmlTextAreaElement, text: &str, from: u32, to: u32, actions: &Actions) {
    // These fail only where the range is none, and this is one.
    let _ = area.set_selection_range(from, to);
    // Deprecated, and the only way into a browser's history of what can be undone; all of them have it.
    let document: HtmlDocument = document().unchecked_into();
    if !document.exec_command_with_show_ui_and_value("insertText", false, text).unwrap_or_default() {
        let _ = area.set_range_text(text);
        if let Ok(Some(end)) = area.selection_end() {
            let _ = area.set_selection_range(end, end);
        }
    }
    actions.perform(Action::Write(area.value()));
}
