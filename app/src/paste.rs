//! Pasting and dropping: limits the text in the composer and rejects files. The composer's note tells the
//! user what was not taken.
//!
//! The limit exceeds the maximum message length, so that a text can be shortened after pasting, but stays low
//! enough that the browser does not take seconds for every key. The browser itself truncates the rest.

use leptos::ev::Event;
use web_sys::{DataTransfer, Element, HtmlTextAreaElement, wasm_bindgen::JsCast};

use crate::{model::Model, ui::composer};

/// How many characters a text may exceed the maximum message length by. Here, characters are UTF-16 code
/// units, as browsers count them.
const EXCESS: i32 = 12_000;

/// The composer's capacity in characters where messages have no limit; a server accepts no more in a frame.
const UNLIMITED: i32 = 100_000;

/// Returns the composer's capacity in characters for a maximum message length.
fn capacity(text_limit: usize) -> i32 {
    if text_limit == 0 {
        UNLIMITED
    } else {
        i32::try_from(text_limit).unwrap_or(i32::MAX).saturating_add(EXCESS)
    }
}

/// Returns how many characters of a text do not fit into the remaining UTF-16 code units.
fn left_out(text: &str, room: i32) -> usize {
    let mut used = 0;
    let is_too_many = |c: &char| {
        used += if *c > '\u{ffff}' { 2 } else { 1 };
        used > room
    };
    text.chars().filter(is_too_many).count()
}

/// Handles a paste before it happens.
pub fn paste(model: &Model, event: &Event, pasted: &DataTransfer) {
    let text = pasted.get_data("text/plain").unwrap_or_default();
    if let Some(area) = composer().filter(|area| is_at(event, area)) {
        if text.is_empty() && has_files(pasted) {
            say_no_files(model);
        }
        hold(model, &area, &text);
    }
}

/// Handles a drag over the page, or a drop. Only the composer and other text fields accept text, and no drop
/// makes the browser leave the page.
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
        // During a drag, the data is not readable yet.
        hold(model, &area, &dragged.get_data("text/plain").unwrap_or_default());
    }
}

/// Handles input in the composer. Text beyond the capacity can only stem from before hydration; it is
/// truncated.
pub(crate) fn written(model: &Model, area: &HtmlTextAreaElement) {
    let capacity = capacity(model.text_limit.get_untracked());
    let left_out = left_out(&area.value(), capacity);
    if left_out > 0 {
        // Fails only for an invalid range; this one is valid.
        let _ = area.set_range_text_with_start_and_end("", capacity.unsigned_abs(), area.text_length());
        say_left_out(model, left_out);
    } else if area.text_length() <= EXCESS.unsigned_abs() {
        // A text that is still long may be the pasted one, so the note stays.
        model.note.show(String::new());
    }
}

/// Limits the composer to its capacity before a text is inserted, and notes how much will be left out.
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
