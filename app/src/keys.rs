//! Redirects keys from the focused element: typing in the log goes to the composer; scrolling keys in an
//! empty composer go to the log.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::ui::{composer, timeline};

/// Where typing is redirected to the composer: the log and the focusable elements in it, or no focus at all.
const READING: &str = "body, #timeline, #timeline :is(a, button)";

/// Where scrolling keys have nothing to scroll.
const EMPTY_COMPOSER: &str = "#composer:placeholder-shown";

/// Handles a key press that nothing else has handled.
pub fn press(event: &KeyboardEvent) {
    let is_taken = event.default_prevented() || event.is_composing();
    let is_command = event.ctrl_key() || event.alt_key() || event.meta_key();
    let Some(focused) = document().active_element().filter(|_| !is_taken && !is_command) else { return };
    let is_at = |selector| focused.matches(selector).unwrap_or_default();
    let key = event.key();
    if is_at(READING) {
        // Once focused, the composer receives the character from the browser.
        if let Some(composer) = composer().filter(|_| writes(&key)) {
            let _ = composer.focus();
        }
    } else if let Some(pages) = pages(&key)
        && is_at(EMPTY_COMPOSER)
        && let Some(timeline) = timeline()
    {
        event.prevent_default();
        // Less than a full screen, so that the user keeps their place.
        timeline.set_scroll_top(timeline.scroll_top() + pages * timeline.client_height() / 8 * 7);
    }
}

/// The number of screens that a key scrolls by.
fn pages(key: &str) -> Option<i32> {
    match key {
        "PageUp" => Some(-1),
        "PageDown" => Some(1),
        _ => None,
    }
}

/// Whether a key types something. Space does not count: it scrolls the log and presses buttons.
fn writes(key: &str) -> bool {
    // The name of a character key is that character. The other two begin one: a dead key (accent), and a key
    // that an input method handles.
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
