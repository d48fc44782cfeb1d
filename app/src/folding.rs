//! Long messages are folded: their beginning shows, and a way to the rest. By the browser's own means, so that it works
//! before the browser's program runs and without it; folding.js beside this keeps what is read in its place.

use chat::id::ClientId;
use leptos::prelude::*;

use crate::{strings::strings, ui::use_ui};

/// From so many lines on a message is folded. The style sheet shows 30 of them: what is folded is worth a click.
const FOLDED_LINES: usize = 36;

/// So many columns fit into a line where there is most room for one.
const COLUMNS: usize = 90;

/// From here on a character fills two columns, as those of Chinese, Japanese and Korean do.
const FIRST_WIDE: char = '\u{2e80}';

/// The way to the rest of a message, below its text, if it is long.
pub(crate) fn rest(id: &ClientId, text: &str) -> Option<impl IntoView + use<>> {
    is_long(text).then(|| {
        let strings = strings();
        let has_grown = use_ui().grown.has(id);
        view! {
            <details class="line__rest" open=has_grown>
                <summary>
                    <span class="line__unfold">{strings.unfold}</span>
                    <span class="line__fold">{strings.fold}</span>
                </summary>
            </details>
        }
    })
}

/// Whether a text fills so many lines that it is folded. Server and browser must agree, so nothing is measured.
fn is_long(text: &str) -> bool {
    let columns =
        |line: &str| line.chars().map(|character| 1 + usize::from(character >= FIRST_WIDE)).sum::<usize>();
    text.lines().map(|line| columns(line).div_ceil(COLUMNS).max(1)).sum::<usize>() > FOLDED_LINES
}

#[cfg(test)]
mod tests {
    use super::is_long;

    #[test]
    fn many_lines_are_folded_and_a_few_more_than_show_are_not() {
        assert!(!is_long(""));
        assert!(!is_long(&"line\n".repeat(36)));
        assert!(is_long(&"line\n".repeat(37)));
        assert!(is_long(&"\n".repeat(4_000)));
    }

    #[test]
    fn long_lines_count_for_as_many_as_they_fill() {
        assert!(!is_long(&"a".repeat(36 * 90)));
        assert!(is_long(&"a".repeat(36 * 90 + 1)));
        // A Chinese character is as wide as two letters.
        assert!(!is_long(&"茶".repeat(36 * 45)));
        assert!(is_long(&"茶".repeat(36 * 45 + 1)));
    }
}
