//! A search term: how the index is queried for it, and where it occurs in a text.

use std::ops::Range;

use super::{
    fold::reach,
    unit::{Unit, UnitKind, is_kept_whole, tokens, units},
};

/// A word, or a phrase of several units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    units: Vec<Unit>,
    /// Whether the last word may be a prefix, because the user may still be typing it.
    open: bool,
}

impl Term {
    /// Parses unquoted input, whose last word may be a prefix. Returns `None` if nothing in it can be
    /// searched for.
    pub(super) fn typed(text: &str) -> Option<Term> {
        let units = units(text);
        // A character after the last word completes it: `tea,` does not match `teapot`.
        let open = units.last().is_some_and(|last| last.end == text.len());
        (!units.is_empty()).then_some(Term { units, open })
    }

    /// Parses quoted input, which matches exactly.
    pub(super) fn quoted(text: &str) -> Option<Term> {
        let units = units(text);
        (!units.is_empty()).then_some(Term { units, open: false })
    }

    /// Returns the number of units.
    pub(super) fn len(&self) -> usize {
        self.units.len()
    }

    /// Truncates the term to `len` units, the last of which is a whole word.
    pub(super) fn truncate(&mut self, len: usize) {
        self.units.truncate(len);
        self.open = false;
    }

    /// Returns the FTS5 phrase for the term. It consists of tokens only, and no token contains FTS5 syntax,
    /// whatever the input was.
    pub(super) fn phrase(&self) -> String {
        let mut tokens = tokens(&self.units);
        let mut goes_on = false;
        match self.units.last() {
            // The pair before it contains it already.
            Some(last) if last.kind == UnitKind::Letter && last.joined => drop(tokens.pop()),
            // A single letter is the first of a pair, or the last of a run.
            Some(last) if last.kind == UnitKind::Letter => goes_on = true,
            Some(last) if last.kind == UnitKind::Word => goes_on = self.open && is_kept_whole(&last.folded),
            _ => {}
        }
        format!("\"{}\"{}", tokens.join(" "), if goes_on { " *" } else { "" })
    }

    /// Returns the prefix to look up in the vocabulary, if the term is a single unfinished word. A single
    /// letter is not looked up, because the index has a prefix index for those.
    pub(super) fn beginning(&self) -> Option<&str> {
        match self.units.as_slice() {
            [word] if word.kind == UnitKind::Word && self.open && is_kept_whole(&word.folded) => {
                Some(word.folded.as_str()).filter(|word| word.chars().nth(1).is_some())
            }
            _ => None,
        }
    }

    /// Returns where the term occurs in the text that `units` were made of.
    pub(super) fn places<'a>(
        &'a self,
        text: &'a str,
        units: &'a [Unit],
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        units.windows(self.units.len().max(1)).filter_map(|window| self.place(text, window))
    }

    fn place(&self, text: &str, window: &[Unit]) -> Option<Range<usize>> {
        let last = self.units.len().checked_sub(1)?;
        for (index, (wanted, unit)) in self.units.iter().zip(window).enumerate() {
            let goes_on = index == last && self.open && wanted.kind == UnitKind::Word;
            let same =
                if goes_on { unit.folded.starts_with(&wanted.folded) } else { unit.folded == wanted.folded };
            if !same || wanted.kind != unit.kind || (index > 0 && wanted.joined != unit.joined) {
                return None;
            }
        }
        let (first, unit) = (window.first()?, window.last()?);
        let wanted = &self.units[last].folded;
        // In a longer word, only the prefix is marked.
        let end = if unit.folded == *wanted {
            unit.end
        } else {
            unit.start + reach(&text[unit.start..unit.end], wanted.chars().count())
        };
        Some(first.start..end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Term;
    use crate::search::unit::units;

    fn found(term: &Term, text: &str) -> Vec<String> {
        term.places(text, &units(text)).map(|place| text[place].to_owned()).collect()
    }

    fn typed(term: &str, text: &str) -> Vec<String> {
        found(&Term::typed(term).unwrap(), text)
    }

    #[test]
    fn letters_without_spaces_are_found_in_the_middle_of_a_run() {
        let text = "我家在上海东边";
        for part in ["上海", "海东", "东边", "海", "我家在上海东边"] {
            assert_eq!(typed(part, text), [part]);
        }
        for other in ["上东", "海上", "上海，东边", "南"] {
            assert!(typed(other, text).is_empty(), "{other}");
        }
    }

    #[test]
    fn the_last_letters_of_a_word_may_be_missing_and_the_first_may_not() {
        assert_eq!(typed("tea", "The Teahouse has tea"), ["Tea", "tea"]);
        assert!(typed("house", "The Teahouse").is_empty());
        assert_eq!(typed("strass", "Straße"), ["Straß"]);
    }

    #[test]
    fn a_word_that_was_finished_does_not_go_on() {
        assert_eq!(typed("tea,", "teahouse tea"), ["tea"]);
        assert_eq!(found(&Term::quoted("tea").unwrap(), "teahouse tea"), ["tea"]);
    }

    #[test]
    fn several_in_a_row_are_found_in_a_row() {
        let term = Term::quoted("green tea").unwrap();
        assert_eq!(found(&term, "Green, tea and green black tea"), ["Green, tea"]);
        assert_eq!(typed("example.org/te", "see https://example.org/tea!"), ["example.org/te"]);
    }

    #[test]
    fn the_index_is_asked_for_tokens_alone() {
        let phrase = |text: &str| Term::typed(text).unwrap().phrase();
        assert_eq!(phrase("上海"), "\"上海\"");
        assert_eq!(phrase("上海东"), "\"上海 海东\"");
        assert_eq!(phrase("海"), "\"海\" *");
        assert_eq!(phrase("手机iPhone"), "\"手机 机 iphone\" *");
        assert_eq!(phrase("iPhone手"), "\"iphone 手\" *");
        assert_eq!(phrase("\"NEAR(a,b)\" OR"), "\"near a b or\" *");
        assert_eq!(phrase(&"a".repeat(100)), format!("\"{}\"", "a".repeat(64)));
    }

    proptest! {
        #[test]
        fn every_part_of_a_text_is_found_in_it(text in "[a-c 上海东かなＡé,.🍵]{1,12}", from in 0..12_usize, to in 0..12_usize) {
            let all: Vec<char> = text.chars().collect();
            let (from, to) = (from.min(all.len()), to.min(all.len()));
            let part: String = all[from.min(to)..to.max(from)].iter().collect();
            // A part whose first word lost its beginning has another first word.
            let whole = from.min(to) == 0 || !all[from.min(to) - 1].is_alphanumeric() || !is_word(all[from.min(to) - 1]);
            if let (true, Some(term)) = (whole, Term::typed(&part)) {
                prop_assert!(!found(&term, &text).is_empty(), "{:?} in {:?}", part, text);
            }
        }
    }

    fn is_word(c: char) -> bool {
        matches!(c, 'a'..='c' | 'Ａ' | 'é')
    }
}
