//! Programmatic edits of the composer's text. The browser undoes them with Ctrl+Z like typed text.

use leptos::prelude::*;
use web_sys::{HtmlDocument, HtmlTextAreaElement, wasm_bindgen::JsCast};

use crate::action::{Action, Actions};

/// Replaces a range of the focused composer, in UTF-16 code units, and puts the caret behind the new text.
pub(crate) fn replace(area: &HtmlTextAreaElement, text: &str, from: u32, to: u32, actions: &Actions) {
    // These fail only for an invalid range; this one is valid.
    let _ = area.set_selection_range(from, to);
    // Deprecated, but the only way to add to the browser's undo history; all browsers support it.
    let document: HtmlDocument = document().unchecked_into();
    if !document.exec_command_with_show_ui_and_value("insertText", false, text).unwrap_or_default() {
        let _ = area.set_range_text(text);
        if let Ok(Some(end)) = area.selection_end() {
            let _ = area.set_selection_range(end, end);
        }
    }
    actions.perform(Action::Write(area.value()));
}
