//! Keys that are meant for another place than the one that has the focus: those that write, in the log; those that scroll
//! it, in an empty composer.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::ui::{composer, timeline};

/// Where a key that writes is meant for the composer: the log and what can have the focus in it, or nothing at all.
const READING: &str = "body, #timeline, #timeline :is(a, button)";

/// Where the keys that scroll have nothing to scroll.
const EMPTY_COMPOSER: &str = "#composer:placeholder-shown";

/// A key is pressed, and nothing has taken it yet.
pub fn press(event: &KeyboardEvent) {
    let is_taken = event.default_prevented() || event.is_composing();
    let is_command = event.ctrl_key() || event.alt_key() || event.meta_key();
    let Some(focused) = document().active_element().filter(|_| !is_taken && !is_command) else { return };
    let is_at = |selector| focused.matches(selector).unwrap_or_default();
    let key = event.key();
    if is_at(READING) {
        // With the focus there, the browser writes it there.
        if let Some(composer) = composer().filter(|_| writes(&key)) {
            let _ = composer.focus();
        }
    } else if let Some(pages) = pages(&key)
        && is_at(EMPTY_COMPOSER)
        && let Some(timeline) = timeline()
    {
        event.prevent_default();
        // A little less than one sees, so that the eye keeps its place.
        timeline.set_scroll_top(timeline.scroll_top() + pages * timeline.client_height() / 8 * 7);
    }
}

/// By how many screens a key scrolls.
fn pages(key: &str) -> Option<i32> {
    match key {
        "PageUp" => Some(-1),
        "PageDown" => Some(1),
        _ => None,
    }
}

/// Whether a key writes something. A space does not: where one reads, it scrolls, and it presses buttons.
fn writes(key: &str) -> bool {
    // A key of one character is called by it. Others begin to write one: an accent, and what an input method takes.
    let mut characters = key.chars();
    let is_character = characters.next().is_some_and(|c| c != ' ') && characters.next().is_none();
    is_character || key == "Dead" || key == "Process"
}

#[cfg(test)]
mod tests {
    use super::{pages, writes};

    #[test]
    fn a_key_that_writes_is_told_from_one_that_does_something() {
        for key in ["a", "Ü", "7", "/", "@", "茶", "🍵", "Dead", "Process"] {
            assert!(writes(key), "{key}");
        }
        for key in [" ", "Enter", "Tab", "Escape", "ArrowUp", "PageDown", "F5", "Shift", "Backspace", ""] {
            assert!(!writes(key), "{key}");
        }
    }

    #[test]
    fn two_keys_scroll() {
        assert_eq!((pages("PageUp"), pages("PageDown"), pages("Home")), (Some(-1), Some(1), None));
    }
}
