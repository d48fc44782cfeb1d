//! Builds the excerpt of a found message: its text, cut around the first match, with the matches marked.

use std::ops::Range;

use app::search::Piece;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{term::Term, unit::units};

/// The length of an excerpt, in user-perceived characters.
const LENGTH: usize = 280;

/// How many of them precede the first match.
const BEFORE: usize = 60;

/// How far a cut moves to find a space, so as not to split a word.
const SPACE: usize = 16;

/// An excerpt of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) pieces: Vec<Piece>,
    /// Whether text is left out before and after.
    pub(super) cut: (bool, bool),
}

/// Returns the excerpt of a text in which all of these terms occur; `None` if one does not.
pub(super) fn excerpt(text: &str, terms: &[Term]) -> Option<Excerpt> {
    let units = units(text);
    let mut places = Vec::new();
    for term in terms {
        let before = places.len();
        places.extend(term.places(text, &units));
        if places.len() == before {
            return None;
        }
    }
    let places = merged(places);
    let window = window(text, places.first().map_or(0, |place| place.start));
    let mut pieces = Vec::new();
    let mut shown = window.start;
    for place in places {
        let place = place.start.clamp(shown, window.end)..place.end.clamp(shown, window.end);
        push(&mut pieces, &text[shown..place.start], false);
        push(&mut pieces, &text[place.clone()], true);
        shown = place.end;
    }
    push(&mut pieces, &text[shown..window.end], false);
    Some(Excerpt { pieces, cut: (window.start > 0, window.end < text.len()) })
}

fn push(pieces: &mut Vec<Piece>, text: &str, found: bool) {
    if !text.is_empty() {
        pieces.push(Piece { text: text.to_owned(), found });
    }
}

/// Sorts the matches and merges those that touch or overlap.
fn merged(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_by_key(|place| (place.start, place.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(places.len());
    for place in places {
        match merged.last_mut() {
            Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
            _ => merged.push(place),
        }
    }
    merged
}

/// Returns the range of a text to show if the first match begins at `first`.
fn window(text: &str, first: usize) -> Range<usize> {
    // A text has no more characters than bytes, so most texts need no counting.
    if text.len() <= LENGTH {
        return 0..text.len();
    }
    let starts: Vec<usize> = text.grapheme_indices(true).map(|(start, _)| start).collect();
    if starts.len() <= LENGTH {
        return 0..text.len();
    }
    let first = starts.partition_point(|start| *start < first);
    let start = first.saturating_sub(BEFORE).min(starts.len() - LENGTH);
    let is_space = |at: usize| text[starts[at]..].starts_with(char::is_whitespace);
    let start = match start {
        0 => 0,
        start => (start..(start + SPACE).min(first)).find(|at| is_space(*at)).map_or(start, |at| at + 1),
    };
    let end = start + LENGTH;
    let end = match starts.get(end) {
        None => text.len(),
        Some(_) => starts[(end - SPACE..end).rev().find(|at| is_space(*at)).unwrap_or(end)],
    };
    starts[start]..end
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Excerpt, LENGTH, Piece, excerpt};
    use crate::{
        search::{query::Query, term::Term},
        time_zone::TimeZone,
    };

    fn terms(text: &str) -> Vec<Term> {
        Query::parse(text, &TimeZone::default()).terms
    }

    /// Renders an excerpt with its matches in brackets.
    fn shown(text: &str, wanted: &str) -> Option<String> {
        excerpt(text, &terms(wanted)).map(|Excerpt { pieces, cut }| {
            let pieces = pieces.into_iter().map(
                |Piece { text, found }| {
                    if found { format!("[{text}]") } else { text }
                },
            );
            let dots = |cut| if cut { "…" } else { "" };
            format!("{}{}{}", dots(cut.0), pieces.collect::<String>(), dots(cut.1))
        })
    }

    #[test]
    fn what_was_found_is_set_apart() {
        assert_eq!(shown("我家在上海东边", "上海").as_deref(), Some("我家在[上海]东边"));
        assert_eq!(shown("我家在上海东边", "上海 海东").as_deref(), Some("我家在[上海东]边"));
        assert_eq!(
            shown("Green TEA, green teahouse", "tea").as_deref(),
            Some("Green [TEA], green [tea]house")
        );
        assert_eq!(shown("<b>tea</b>", "b").as_deref(), Some("<[b]>tea</[b]>"));
        assert_eq!(shown("only words", "").as_deref(), Some("only words"));
    }

    #[test]
    fn a_text_without_one_of_the_words_is_none_that_was_found() {
        assert_eq!(shown("green tea", "green coffee"), None);
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_place() {
        let text = format!("{}needle {}", "hay ".repeat(500), "straw ".repeat(500));
        let shown = shown(&text, "needle").unwrap();
        assert!(shown.starts_with("…hay ") && shown.ends_with("straw…"), "{shown}");
        let before = shown.find("[needle]").unwrap();
        assert!((30..=64).contains(&before), "{shown}");
        assert!(shown.chars().count() <= LENGTH + 4, "{shown}");
    }

    #[test]
    fn a_long_text_that_ends_with_the_place_is_shown_from_further_back() {
        let shown = shown(&format!("{}针", "草".repeat(1_000)), "针").unwrap();
        assert!(shown.starts_with("…草") && shown.ends_with("草[针]"));
        assert_eq!(shown.chars().count(), LENGTH + 3);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_a_part_of_the_text(text in "\\PC{0,400}", wanted in "\\PC{0,4}") {
            if let Some(Excerpt { pieces, cut }) = excerpt(&text, &terms(&wanted)) {
                let shown: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
                prop_assert!(text.contains(&shown));
                prop_assert!(cut.0 || text.starts_with(&shown));
                prop_assert!(cut.1 || text.ends_with(&shown));
                prop_assert!(pieces.iter().all(|piece| !piece.text.is_empty()));
            }
        }
    }
}
