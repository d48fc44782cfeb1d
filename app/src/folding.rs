//! Folds long messages to their beginning, with a way to show the rest. Uses the browser's own `<details>`,
//! so that it works without scripts and before hydration; `folding.js` keeps the reading position.

use chat::id::ClientId;
use leptos::prelude::*;

use crate::{strings::strings, ui::use_ui};

/// Messages with more lines than this are folded. The style sheet shows 30 lines, so that unfolding is worth
/// a click.
const FOLDED_LINES: usize = 36;

/// The number of columns in the widest line.
const COLUMNS: usize = 90;

/// From this character on, characters are two columns wide, as in Chinese, Japanese and Korean.
const FIRST_WIDE: char = '\u{2e80}';

/// Renders the fold below a message's text, if it is long.
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

/// Whether a text is long enough to fold. Estimates instead of measuring, because server and browser must
/// agree.
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
