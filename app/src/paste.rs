//! What is pasted or dropped: how much of it the composer holds, and what becomes of files. What is not taken, the composer
//! says.
//!
//! It holds more than a message may have, so that a text can be shortened, but not so much that the browser takes seconds for
//! every key. The browser itself cuts off the rest.

use leptos::ev::Event;
use web_sys::{DataTransfer, Element, HtmlTextAreaElement, wasm_bindgen::JsCast};

use crate::{model::Model, ui::composer};

/// By how many characters a text may be longer than a message. Characters count here as the browser counts them, in UTF-16.
const EXCESS: i32 = 12_000;

/// How many characters the composer holds where messages have no limit; a server takes no more in a frame.
const UNLIMITED: i32 = 100_000;

/// How many characters the composer holds, given how many a message may have.
fn capacity(text_limit: usize) -> i32 {
    if text_limit == 0 {
        UNLIMITED
    } else {
        i32::try_from(text_limit).unwrap_or(i32::MAX).saturating_add(EXCESS)
    }
}

/// How many characters of a text are too many where there is room for so many, as the browser counts them.
fn left_out(text: &str, room: i32) -> usize {
    let mut used = 0;
    let is_too_many = |c: &char| {
        used += if *c > '\u{ffff}' { 2 } else { 1 };
        used > room
    };
    text.chars().filter(is_too_many).count()
}

/// Something is about to be pasted.
pub fn paste(model: &Model, event: &Event, pasted: &DataTransfer) {
    let text = pasted.get_data("text/plain").unwrap_or_default();
    if let Some(area) = composer().filter(|area| is_at(event, area)) {
        if text.is_empty() && has_files(pasted) {
            say_no_files(model);
        }
        hold(model, &area, &text);
    }
}

/// Something is dragged over the page, or dropped. Text goes where one writes; for nothing that is dropped does the browser
/// leave the page.
pub fn drop_on_page(model: &Model, event: &Event, dragged: &DataTransfer) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let takes_text = target.is_some_and(|target| target.matches("textarea, input").unwrap_or_default());
    let has_files = has_files(dragged);
    if has_files {
        say_no_files(model);
    }
    if has_files || !takes_text {
        event.prevent_default();
        dragged.set_drop_effect("none");
    } else if let Some(area) = composer().filter(|area| is_at(event, area)) {
        // What is only dragged over it is not told yet.
        hold(model, &area, &dragged.get_data("text/plain").unwrap_or_default());
    }
}

/// Something was written in the composer. What is more than it holds was there before this program was: it is cut off.
pub(crate) fn written(model: &Model, area: &HtmlTextAreaElement) {
    let capacity = capacity(model.text_limit.get_untracked());
    let left_out = left_out(&area.value(), capacity);
    if left_out > 0 {
        // It fails only where the range is none, and this is one.
        let _ = area.set_range_text_with_start_and_end("", capacity.unsigned_abs(), area.text_length());
        say_left_out(model, left_out);
    } else if area.text_length() <= EXCESS.unsigned_abs() {
        // What is still long may be what was pasted.
        model.note.show(String::new());
    }
}

/// Lets the composer hold what it can of a text that comes to it, and says how much is left out.
fn hold(model: &Model, area: &HtmlTextAreaElement, text: &str) {
    let capacity = capacity(model.text_limit.get_untracked());
    area.set_max_length(capacity);
    let selection = (area.selection_start(), area.selection_end());
    if let (Ok(Some(from)), Ok(Some(to))) = selection {
        let stays = area.text_length() - (to - from);
        let left_out = left_out(text, capacity.saturating_sub_unsigned(stays));
        if left_out > 0 {
            say_left_out(model, left_out);
        }
    }
}

fn is_at(event: &Event, area: &HtmlTextAreaElement) -> bool {
    event.target().is_some_and(|target| &target == area.as_ref())
}

fn has_files(data: &DataTransfer) -> bool {
    data.types().includes(&"Files".into(), 0)
}

fn say_no_files(model: &Model) {
    model.note.show(model.language.get_untracked().strings().no_files.to_owned());
}

fn say_left_out(model: &Model, count: usize) {
    model.note.show((model.language.get_untracked().strings().left_out)(count));
}

#[cfg(test)]
mod tests {
    use super::{EXCESS, UNLIMITED, capacity, left_out};

    #[test]
    fn the_composer_holds_more_than_a_message_and_not_much_more() {
        assert_eq!(capacity(4_000), 4_000 + EXCESS);
        assert_eq!(capacity(5), 5 + EXCESS);
        assert_eq!(capacity(0), UNLIMITED);
        assert_eq!(capacity(usize::MAX), i32::MAX);
    }

    #[test]
    fn what_is_left_out_counts_by_characters_and_room_as_the_browser_counts() {
        assert_eq!(left_out("tea", 3), 0);
        assert_eq!(left_out("tea", 1), 2);
        assert_eq!(left_out("tea", -5), 3);
        assert_eq!(left_out("茶茶", 1), 1);
        assert_eq!(left_out("🍵🍵🍵", 4), 1);
        assert_eq!(left_out("🍵🍵🍵", 3), 2, "one that counts for two is not halved");
    }
}
