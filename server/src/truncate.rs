//! Cuts texts that exceed the message limit, and marks the cut for the reader.

use unicode_segmentation::UnicodeSegmentation as _;

/// Replaces the rest of a cut text.
const ELLIPSIS: char = '…';

/// Returns the beginning of a text and an ellipsis, at most `limit` characters in all; splits no grapheme
/// cluster.
pub(crate) fn truncate(text: &str, limit: usize) -> String {
    let mut left = limit.saturating_sub(1);
    let mut kept = String::new();
    for cluster in text.graphemes(true) {
        let Some(rest) = left.checked_sub(cluster.chars().count()) else { break };
        left = rest;
        kept.push_str(cluster);
    }
    kept.truncate(kept.trim_end().len());
    kept.push(ELLIPSIS);
    kept
}

#[cfg(test)]
mod tests {
    use super::truncate;

    #[test]
    fn a_cut_text_has_as_many_characters_as_it_may_and_no_half_ones() {
        assert_eq!(truncate("abcdef", 4), "abc…");
        assert_eq!(truncate("ab  cdef", 5), "ab…", "without white space before the ellipsis");
        assert_eq!(truncate("a👨‍👩‍👧 is a family", 5), "a…", "five characters make one family");
        assert_eq!(truncate("茶馆里有茶", 3), "茶馆…");
    }
}
