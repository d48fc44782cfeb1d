//! Splits a text into units for the search: words, single letters of scripts written without spaces, and
//! symbols; and makes the index's tokens from them. Pure functions; the index sees only the tokens.
//!
//! In a run of Chinese, Japanese, Korean, Thai and the like, every letter begins one token: itself and the
//! next letter, or itself alone at the end of the run. So 我家在上海 becomes `我家 家在 在上 上海 海`: two
//! letters are one token, more are a phrase of tokens, and one is a prefix of a token.

use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};
use unicode_script::{Script, UnicodeScript as _};

use super::fold::fold;

/// How many characters of a word the index stores.
const WORD_LIMIT: usize = 64;

/// The kind of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitKind {
    /// Letters and digits up to the next space or mark.
    Word,
    /// One letter of a script that is written without spaces.
    Letter,
    /// An emoji or another symbol.
    Symbol,
}

/// A unit of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) kind: UnitKind,
    /// Its folded text.
    pub(super) folded: String,
    /// Its place in the original text, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it is a letter directly after another letter.
    pub(super) joined: bool,
}

/// The role of a folded character.
enum Role {
    Part(UnitKind),
    /// It is ignored.
    Nothing,
    /// It ends a word.
    Gap,
}

/// Returns the units of a text, in order.
pub(super) fn units(text: &str) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    // The kind of unit that the next character may continue.
    let mut open = None;
    for folded in fold(text) {
        let kind = match role(folded.character, open) {
            Role::Part(kind) => kind,
            Role::Nothing => continue,
            Role::Gap => {
                open = None;
                continue;
            }
        };
        match units.last_mut() {
            Some(word) if kind == UnitKind::Word && open == Some(UnitKind::Word) => {
                word.folded.push(folded.character);
                word.end = folded.end;
            }
            _ => units.push(Unit {
                kind,
                folded: folded.character.into(),
                start: folded.start,
                end: folded.end,
                joined: kind == UnitKind::Letter && open == Some(UnitKind::Letter),
            }),
        }
        open = Some(kind);
    }
    units
}

/// Returns the tokens of these units, one for each, in order. They consist of ASCII letters and digits, and
/// of non-ASCII characters.
pub(super) fn tokens(units: &[Unit]) -> Vec<String> {
    let token = |(index, unit): (usize, &Unit)| match (unit.kind, units.get(index + 1)) {
        (UnitKind::Letter, Some(next)) if next.joined => format!("{}{}", unit.folded, next.folded),
        (UnitKind::Word, _) => unit.folded.chars().take(WORD_LIMIT).collect(),
        (UnitKind::Letter | UnitKind::Symbol, _) => unit.folded.clone(),
    };
    units.iter().enumerate().map(token).collect()
}

/// Returns whether the index stores this word in full.
pub(super) fn is_kept_whole(word: &str) -> bool {
    word.chars().nth(WORD_LIMIT).is_none()
}

fn role(c: char, before: Option<UnitKind>) -> Role {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() { Role::Part(UnitKind::Word) } else { Role::Gap };
    }
    let category = c.general_category();
    match category {
        // Joiners, directional marks and the like, and emoji variation selectors.
        GeneralCategory::Format => return Role::Nothing,
        _ if matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}') => return Role::Nothing,
        _ => {}
    }
    let letter = c.is_alphanumeric() || category == GeneralCategory::ModifierLetter || is_combining_mark(c);
    if letter {
        return match c.script() {
            script if is_written_without_spaces(script) || c == 'ー' => Role::Part(UnitKind::Letter),
            // A mark belongs to its base character.
            Script::Inherited if before == Some(UnitKind::Letter) => Role::Part(UnitKind::Letter),
            _ => Role::Part(UnitKind::Word),
        };
    }
    match c.general_category_group() {
        // A code point that Unicode's tables do not know may be next year's emoji.
        GeneralCategoryGroup::Symbol => Role::Part(UnitKind::Symbol),
        GeneralCategoryGroup::Other if category != GeneralCategory::Control => Role::Part(UnitKind::Symbol),
        _ => Role::Gap,
    }
}

fn is_written_without_spaces(script: Script) -> bool {
    matches!(
        script,
        Script::Han
            | Script::Hiragana
            | Script::Katakana
            | Script::Bopomofo
            | Script::Hangul
            | Script::Thai
            | Script::Lao
            | Script::Khmer
            | Script::Myanmar
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{tokens, units};

    fn printed(text: &str) -> String {
        tokens(&units(text)).join(" ")
    }

    #[test]
    fn letters_without_spaces_go_in_pairs_and_the_last_one_alone() {
        assert_eq!(printed("我家在上海东边"), "我家 家在 在上 上海 海东 东边 边");
        assert_eq!(printed("東京タワー"), "東京 京タ タワ ワー ー");
        assert_eq!(printed("서울 날씨"), "서울 울 날씨 씨");
        assert_eq!(printed("海"), "海");
    }

    #[test]
    fn words_are_words_without_case_width_or_accents() {
        assert_eq!(printed("Don't panic, Ｃafé-goers!"), "don t panic cafe goers");
        assert_eq!(printed("https://example.org/tea_2?x=1"), "https example org tea 2 x 1");
        assert_eq!(printed("हिन्दी में"), "हिन्दी में");
    }

    #[test]
    fn both_stand_side_by_side() {
        assert_eq!(printed("我的iPhone手机"), "我的 的 iphone 手机 机");
        assert_eq!(printed("第3章，上。海"), "第 3 章 上 海");
    }

    #[test]
    fn a_symbol_is_found_by_itself() {
        assert_eq!(printed("tea🍵 👍🏽!"), "tea 🍵 👍 🏽");
        assert_eq!(printed("❤\u{FE0F}"), "❤");
    }

    #[test]
    fn what_cannot_be_seen_parts_no_word() {
        assert_eq!(printed("tea\u{AD}house"), "teahouse");
        assert_eq!(printed("می\u{200C}خواهم"), "میخواهم");
    }

    #[test]
    fn a_word_without_end_is_kept_in_part() {
        assert_eq!(printed(&"a".repeat(10_000)).len(), super::WORD_LIMIT);
    }

    proptest! {
        #[test]
        fn a_token_is_never_taken_apart_by_the_index(text in any::<String>()) {
            for token in tokens(&units(&text)) {
                prop_assert!(!token.is_empty());
                prop_assert!(token.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric()), "{token:?}");
            }
        }

        #[test]
        fn every_unit_stands_where_it_says(text in any::<String>()) {
            for unit in units(&text) {
                prop_assert!(text.get(unit.start..unit.end).is_some_and(|part| !part.is_empty()));
            }
        }
    }
}
