//! The classes of characters that decide where a link's path ends. Never decides it itself.

use super::invisible::is_invisible;

/// The role of a character in a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Belongs to the path.
    Inside,
    /// Belongs to the path if more of it follows; otherwise to the surrounding text.
    Middle,
    /// Belongs to the path after a separator: a pictograph in a URL is rare, one right after a URL is not.
    Symbol,
    /// Invisible, and part of the letter or the pictograph before it.
    Joiner,
    /// Part of a word, or the end of a quotation.
    Apostrophe,
    /// Ends the path.
    Ends,
}

impl Part {
    pub(super) fn of(c: char) -> Part {
        match c {
            '\u{200C}' | '\u{200D}' | '\u{FE0E}' | '\u{FE0F}' => Part::Joiner,
            '\u{2019}' => Part::Apostrophe,
            // Controls and what RFC 3987 excludes; « ¶ », typographic quotes, dashes and other punctuation of
            // prose, that of Chinese, and the wide forms.
            '\0'..=' '
            | '"'
            | '<'
            | '>'
            | '`'
            | '|'
            | '\u{7F}'..='\u{A0}'
            | '\u{AB}'
            | '\u{B6}'
            | '\u{BB}'
            | '\u{2014}'..='\u{205E}'
            | '\u{3000}'..='\u{3003}'
            | '\u{3008}'..='\u{3020}'
            | '\u{3030}'
            | '\u{303D}'
            | '\u{FE10}'..='\u{FE19}'
            | '\u{FE30}'..='\u{FE6B}'
            | '\u{FF01}'..='\u{FF0F}'
            | '\u{FF1A}'..='\u{FF20}'
            | '\u{FF3B}'..='\u{FF40}'
            | '\u{FF5B}'..='\u{FF65}' => Part::Ends,
            // What ends a sentence in ASCII; hyphens, and what ends one in Greek, Armenian, Hebrew, Arabic,
            // Indic scripts, Burmese and Khmer; the middle dots of Catalan and of Japanese.
            '!'
            | '*'
            | ','
            | '.'
            | ':'
            | ';'
            | '?'
            | '\u{A1}'
            | '\u{B7}'
            | '\u{BF}'
            | '\u{37E}'
            | '\u{387}'
            | '\u{55A}'..='\u{55F}'
            | '\u{589}'
            | '\u{58A}'
            | '\u{5BE}'
            | '\u{5C3}'
            | '\u{5F3}'
            | '\u{5F4}'
            | '\u{60C}'
            | '\u{61B}'
            | '\u{61F}'
            | '\u{6D4}'
            | '\u{964}'
            | '\u{965}'
            | '\u{104A}'
            | '\u{104B}'
            | '\u{17D4}'
            | '\u{17D5}'
            | '\u{2010}'..='\u{2013}'
            | '\u{30A0}'
            | '\u{30FB}' => Part::Middle,
            '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FBFF}' => Part::Symbol,
            _ if c.is_whitespace() || is_invisible(c) => Part::Ends,
            _ => Part::Inside,
        }
    }
}

/// Whether `c` is a letter or a digit, or beyond ASCII another character that may occur in a word,
/// approximately.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { Part::of(c) == Part::Inside }
}
