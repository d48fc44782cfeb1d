//! Folds width, case and accents away, so that different spellings compare equal, and maps every folded
//! character to its place in the original text. Knows nothing of words.
//!
//! NFKC makes `ＡＢＣ` plain, `ｶﾞ` one character and `①` a digit. Accents are removed from letters that most
//! readers treat as the same without them (Latin, Greek, most of Cyrillic, Arabic and Hebrew points); the
//! marks of other scripts, which are vowels or form another consonant (か and が), stay.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_segmentation::UnicodeSegmentation as _;

/// A folded character, and the bytes of the text that it stands for. The range covers whole user-perceived
/// characters, so that marking a match never splits one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Folded {
    pub(super) character: char,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Folds a text.
pub(super) fn fold(text: &str) -> Vec<Folded> {
    let mut folded = Vec::with_capacity(text.len());
    // In ASCII, each byte is a character of its own, except for CRLF.
    if text.is_ascii() && !text.contains('\r') {
        folded.extend(text.bytes().enumerate().map(|(start, byte)| Folded {
            character: char::from(byte.to_ascii_lowercase()),
            start,
            end: start + 1,
        }));
        return folded;
    }
    let mut bare = String::new();
    for (start, cluster) in text.grapheme_indices(true) {
        let end = start + cluster.len();
        if let [byte] = cluster.as_bytes() {
            folded.push(Folded { character: char::from(byte.to_ascii_lowercase()), start, end });
            continue;
        }
        bare.clear();
        strip(cluster, &mut bare);
        folded.extend(bare.nfc().map(|character| Folded { character, start, end }));
    }
    folded
}

/// Returns a folded text as a string.
pub(super) fn folded(text: &str) -> String {
    fold(text).into_iter().map(|folded| folded.character).collect()
}

/// Returns how many bytes at the start of `text` its first `count` folded characters cover.
pub(super) fn reach(text: &str, count: usize) -> usize {
    fold(text).get(count.saturating_sub(1)).map_or(text.len(), |folded| folded.end)
}

/// Appends one user-perceived character to `bare`, decomposed, in lower case and without accents.
fn strip(cluster: &str, bare: &mut String) {
    let mut letter = None;
    for c in cluster.nfkd().flat_map(char::to_lowercase) {
        // й is a letter of its own, not an accented и.
        if is_accent(c) && !(letter == Some('и') && c == '\u{306}') {
            continue;
        }
        if !is_combining_mark(c) {
            letter = Some(c);
        }
        match c {
            // Letters that Unicode does not decompose.
            'ß' => bare.push_str("ss"),
            'æ' => bare.push_str("ae"),
            'œ' => bare.push_str("oe"),
            'ø' => bare.push('o'),
            'đ' => bare.push('d'),
            'ł' => bare.push('l'),
            'ı' => bare.push('i'),
            'ς' => bare.push('σ'),
            c => bare.push(c),
        }
    }
}

/// Returns whether `c` is a mark that readers leave out when they search.
fn is_accent(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36F}'
            | '\u{591}'..='\u{5BD}'
            | '\u{5BF}'
            | '\u{5C1}'..='\u{5C2}'
            | '\u{5C4}'..='\u{5C5}'
            | '\u{5C7}'
            | '\u{640}'
            | '\u{64B}'..='\u{65F}'
            | '\u{670}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{fold, folded, reach};

    #[test]
    fn width_case_and_accents_are_folded_away() {
        for (text, plain) in [
            ("ＡＢＣ１２３", "abc123"),
            ("Crème Brûlée", "creme brulee"),
            ("cre\u{300}me", "creme"),
            ("Straße", "strasse"),
            ("ΌΣΟΣ", "οσοσ"),
            ("İstanbul ISPARTA ılık", "istanbul isparta ilik"),
            ("tiếng Việt", "tieng viet"),
            ("Ёлка", "елка"),
            ("øl på Łódź", "ol pa lodz"),
            ("①", "1"),
        ] {
            assert_eq!(folded(text), plain);
        }
    }

    #[test]
    fn marks_that_make_another_letter_stay() {
        for text in ["が", "мой", "हिन्दी", "서울", "ที่", "בית"] {
            assert_eq!(folded(text).chars().count(), folded(&folded(text)).chars().count());
            assert_ne!(folded(text), "");
        }
        assert_ne!(folded("が"), folded("か"));
        assert_ne!(folded("мой"), folded("мои"));
        assert_eq!(folded("ｶﾞｷﾞ"), "ガギ");
        assert_eq!(folded("\u{1109}\u{1165}\u{110B}\u{116E}\u{11AF}"), "서울");
    }

    #[test]
    fn what_is_reached_is_whole_characters() {
        assert_eq!(reach("tea\u{301}house", 3), "tea\u{301}".len());
        assert_eq!(reach("Straße", 5), "Straß".len());
        assert_eq!(reach("tea", 9), 3);
    }

    proptest! {
        #[test]
        fn every_folded_character_stands_for_whole_characters_of_the_text(text in "\\PC{0,40}") {
            let mut before = 0;
            for folded in fold(&text) {
                prop_assert!(text.get(folded.start..folded.end).is_some_and(|part| !part.is_empty()));
                prop_assert!(before <= folded.start);
                before = folded.start;
            }
        }

        #[test]
        fn what_is_folded_stays_as_it_is(text in "\\PC{0,40}") {
            let once = folded(&text);
            prop_assert_eq!(folded(&once), once);
        }
    }
}
