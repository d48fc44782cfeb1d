//! Nicknames: which are valid, and which two look too alike for two users.
//!
//! Defines a nickname's valid characters, its canonical form and its skeleton. Never knows which names are
//! taken. Only the server calls this module, because it needs large Unicode tables; the browser shows
//! nicknames as the plain strings that the wire carries.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_script::UnicodeScript;
use unicode_security::skeleton;
use unicode_segmentation::UnicodeSegmentation;

use crate::text::is_invisible;

/// The maximum length of a nickname in user-perceived characters (extended grapheme clusters, UAX #29).
pub const LIMIT: usize = 24;

/// The maximum length of a nickname in bytes of UTF-8, because a single cluster may have any size.
/// Twenty-four letters with a mark each, of any script, take fewer.
pub const BYTES_LIMIT: usize = 256;

/// The most bytes that are examined. Normalizing may shorten the input, but not by this factor.
const TYPED_LIMIT: usize = 4 * BYTES_LIMIT;

/// The most nonspacing marks in a row (UTS #39, section 5.4).
const NONSPACING_LIMIT: usize = 4;

/// The most marks of any kind in a row. Living scripts need fewer.
const MARKS_LIMIT: usize = 8;

/// How often folding a skeleton is repeated before the result counts as stable. A test verifies it for all of
/// Unicode.
const ROUNDS: usize = 4;

/// The canonical combining class of viramas, the signs that suppress a consonant's vowel.
const VIRAMA: u8 = 9;

/// The look of a `w`.
const WIDE: &str = "vv";

const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';
const ZERO_WIDTH_JOINER: char = '\u{200D}';
const TEXT_PRESENTATION: char = '\u{FE0E}';
const EMOJI_PRESENTATION: char = '\u{FE0F}';

/// A nickname in its canonical form, safe to show to everyone.
///
/// It is in NFKC and has 1 to [`LIMIT`] user-perceived characters, at least one of which is a letter, a digit
/// or a symbol, with single spaces inside and none around them. It contains nothing that breaks lines,
/// changes the writing direction or is invisible.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nickname(Arc<str>);

impl Nickname {
    /// Parses a nickname as a user types it, and converts it to its canonical form.
    ///
    /// White space around it is removed, runs of spaces inside become one space, and NFKC turns full-width
    /// letters into plain ones. Parsing a nickname again changes nothing.
    ///
    /// Characters without a visible shape are rejected, except where a script or an emoji requires them:
    /// joiners after a virama (RFC 5892, appendix A) and the sequences of UTS #51.
    ///
    /// # Errors
    /// Returns a rule that `text` breaks; any one of them if there are several.
    pub fn parse(text: &str) -> Result<Self, NicknameError> {
        let typed = text.trim();
        if typed.len() > TYPED_LIMIT {
            return Err(NicknameError::TooLong);
        }
        let name = canonical(typed);
        if name.is_empty() {
            return Err(NicknameError::Empty);
        }
        let mut clusters = 0;
        for cluster in name.graphemes(true) {
            check_cluster(cluster)?;
            clusters += 1;
        }
        if clusters > LIMIT || name.len() > BYTES_LIMIT {
            return Err(NicknameError::TooLong);
        }
        if !name.chars().any(is_telling) {
            return Err(NicknameError::OnlyPunctuation);
        }
        Ok(Self(name.into()))
    }

    /// Returns the nickname as shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the key of what this name looks like. No two users may have names with the same skeleton.
    ///
    /// It is the skeleton of UTS #39, section 4, made case-insensitive, so that `admin`, `ADMIN` and `Аdmin`
    /// with a Cyrillic А share one, as do `Alice` and `AIice` with a capital i. UTS #39 compares letters as
    /// they are; here a letter looks like whatever ASCII it or its other case looks like (a Cyrillic Н looks
    /// like H, so н counts as h). A repeated mark is drawn over itself, so it counts once; `vv` equals `w`,
    /// as in UTS #39 `rn` equals `m`.
    pub fn skeleton(&self) -> Skeleton {
        let mut key = self.0.to_string();
        for _ in 0..ROUNDS {
            let next = without_doubled_marks(key.nfd().map(look).collect::<String>().nfd());
            if next == key {
                break;
            }
            key = next;
        }
        Skeleton(key)
    }
}

impl fmt::Display for Nickname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Nickname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nickname({:?})", &*self.0)
    }
}

impl serde::Serialize for Nickname {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl From<Nickname> for Arc<str> {
    fn from(name: Nickname) -> Self {
        name.0
    }
}

/// The look of a name: a key to compare, never to show.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Skeleton(String);

impl Skeleton {
    /// Returns the key of what a room's name looks like. Room names have no capitals, so that, unlike in a
    /// nickname, `i` does not count as `l`.
    pub(crate) fn of_room(name: &str) -> Self {
        Self(without_doubled_marks(skeleton(name)).replace('w', WIDE))
    }

    /// Returns the key, for a store that keeps names unique.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The reason why a string is not a valid nickname. The views translate it by its variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NicknameError {
    /// It contains nothing but white space.
    #[error("A nickname needs at least one character.")]
    Empty,
    /// It has more than [`LIMIT`] characters, or more than [`BYTES_LIMIT`] bytes.
    #[error("A nickname may have {LIMIT} characters at most.")]
    TooLong,
    /// It contains a control character or a line break.
    #[error("A nickname may not hold control characters or line breaks.")]
    Control,
    /// It contains a character that changes the writing direction.
    #[error("A nickname may not hold characters that change the direction of writing.")]
    Bidi,
    /// It contains an invisible character.
    #[error("A nickname may not hold invisible characters.")]
    Invisible,
    /// It contains a character without an agreed meaning: an unassigned or a private-use one.
    #[error("A nickname may only hold characters that everybody's device knows.")]
    Unassigned,
    /// It contains a combining mark without a base, or on a letter of another script, where no font shows it
    /// as intended.
    #[error("A nickname may not hold an accent without a letter of its script under it.")]
    StrayMark,
    /// It has too many marks on one letter.
    #[error("A nickname may not heap so many accents on one letter.")]
    TooManyMarks,
    /// It consists of punctuation only.
    #[error("A nickname needs a letter, a digit or a symbol.")]
    OnlyPunctuation,
}

impl NicknameError {
    /// All errors.
    pub const ALL: [Self; 9] = [
        Self::Empty,
        Self::TooLong,
        Self::Control,
        Self::Bidi,
        Self::Invisible,
        Self::Unassigned,
        Self::StrayMark,
        Self::TooManyMarks,
        Self::OnlyPunctuation,
    ];

    /// Returns the code of the error on the wire and in URLs, which never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "nickname_empty",
            Self::TooLong => "nickname_too_long",
            Self::Control => "nickname_control",
            Self::Bidi => "nickname_bidi",
            Self::Invisible => "nickname_invisible",
            Self::Unassigned => "nickname_unassigned",
            Self::StrayMark => "nickname_stray_mark",
            Self::TooManyMarks => "nickname_too_many_marks",
            Self::OnlyPunctuation => "nickname_only_punctuation",
        }
    }

    /// Returns the error with this code, if there is one.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.code() == code)
    }
}

/// Returns `typed` in NFKC, with each run of spaces inside reduced to one, and none around.
fn canonical(typed: &str) -> String {
    // NFKC turns some symbols into letters, ™ into TM. A presentation selector after such a symbol (phones
    // insert one) would be left dangling on the letter.
    let mut before = None;
    let selected = typed.chars().filter(|&c| {
        let dangling = matches!(c, TEXT_PRESENTATION | EMOJI_PRESENTATION)
            && before.is_some_and(|b| !std::iter::once(b).nfkc().eq([b]));
        before = Some(c);
        !dangling
    });
    let mut name = String::with_capacity(typed.len());
    for c in selected.nfkc() {
        if c.general_category() != GeneralCategory::SpaceSeparator {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with(' ') {
            name.push(' ');
        }
    }
    name.truncate(name.trim_end_matches(' ').len());
    name
}

/// Checks one user-perceived character.
fn check_cluster(cluster: &str) -> Result<(), NicknameError> {
    if is_emoji_sequence(cluster) {
        return Ok(());
    }
    let (mut before, mut base) = (None, None);
    let (mut marks, mut nonspacing) = (0, 0);
    for c in cluster.chars() {
        let after_virama = before.is_some_and(|b| canonical_combining_class(b) == VIRAMA);
        match c.general_category() {
            GeneralCategory::Control
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator => return Err(NicknameError::Control),
            _ if is_bidi_control(c) => return Err(NicknameError::Bidi),
            GeneralCategory::Format
                if after_virama && matches!(c, ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER) => {}
            GeneralCategory::Unassigned | GeneralCategory::PrivateUse | GeneralCategory::Surrogate => {
                return Err(NicknameError::Unassigned);
            }
            // A replacement character indicates that the name was damaged on its way here.
            _ if matches!(c, '\u{FFFC}' | '\u{FFFD}') => return Err(NicknameError::Unassigned),
            GeneralCategory::Format => return Err(NicknameError::Invisible),
            _ if is_invisible(c) => return Err(NicknameError::Invisible),
            category if is_mark(category) => {
                if matches!(before, None | Some(' ')) || !base.is_some_and(|base| belongs(c, base)) {
                    return Err(NicknameError::StrayMark);
                }
                marks += 1;
                nonspacing += usize::from(category != GeneralCategory::SpacingMark);
                if marks > MARKS_LIMIT || nonspacing > NONSPACING_LIMIT {
                    return Err(NicknameError::TooManyMarks);
                }
            }
            _ => (marks, nonspacing, base) = (0, 0, Some(c)),
        }
        before = Some(c);
    }
    Ok(())
}

fn is_mark(category: GeneralCategory) -> bool {
    matches!(
        category,
        GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark | GeneralCategory::EnclosingMark
    )
}

/// Whether the script of `base` is written with `mark` (UTS #39, section 5.4). General marks fit any base.
fn belongs(mark: char, base: char) -> bool {
    if matches!(
        mark,
        '\u{300}'..='\u{36F}'
            | '\u{1AB0}'..='\u{1AFF}'
            | '\u{1DC0}'..='\u{1DFF}'
            | '\u{20D0}'..='\u{20FF}'
            | '\u{FE20}'..='\u{FE2F}'
    ) {
        return true;
    }
    let (mark, base) = (mark.script_extension(), base.script_extension());
    let is_general = |scripts: unicode_script::ScriptExtension| scripts.is_common() || scripts.is_inherited();
    is_general(mark) || (!is_general(base) && !mark.intersection(base).is_empty())
}

/// Returns `text` with each run of the same mark reduced to one.
fn without_doubled_marks(text: impl Iterator<Item = char>) -> String {
    let mut kept = String::new();
    for c in text {
        if !(kept.ends_with(c) && is_mark(c.general_category())) {
            kept.push(c);
        }
    }
    kept
}

/// Whether `c` has the property `Bidi_Control` of UAX #9.
fn is_bidi_control(c: char) -> bool {
    matches!(
        c,
        '\u{61C}' | '\u{200E}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
}

/// Whether `c` alone would be sufficient for a name.
fn is_telling(c: char) -> bool {
    matches!(
        c.general_category_group(),
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number | GeneralCategoryGroup::Symbol
    )
}

/// Whether `cluster` is an emoji by the grammar of UTS #51, section 1.4.9, which permits joiners, selectors
/// and tags.
fn is_emoji_sequence(cluster: &str) -> bool {
    let mut chars = cluster.chars().peekable();
    loop {
        if !take_emoji(&mut chars) {
            return false;
        }
        match chars.next() {
            None => return true,
            Some(ZERO_WIDTH_JOINER) => {}
            Some(_) => return false,
        }
    }
}

/// Consumes one element of an emoji sequence from `chars`; returns whether there was one.
fn take_emoji(chars: &mut Peekable<Chars<'_>>) -> bool {
    const KEYCAP: char = '\u{20E3}';
    const BLACK_FLAG: char = '\u{1F3F4}';
    const LAST_TAG: char = '\u{E007F}';

    let Some(base) = chars.next() else {
        return false;
    };
    if base.is_ascii() {
        return chars.next_if_eq(&EMOJI_PRESENTATION).is_some()
            && chars.next_if_eq(&KEYCAP).is_some()
            && matches!(base, '0'..='9' | '#' | '*');
    }
    if !base.is_emoji_char() {
        return false;
    }
    // Only the flags of regions are written with tags, and a region's code has six letters at most.
    if base == BLACK_FLAG {
        let mut tags = 0;
        while chars.next_if(|c| ('\u{E0030}'..='\u{E007A}').contains(c)).is_some() {
            tags += 1;
        }
        if tags > 0 {
            return tags <= 6 && chars.next_if_eq(&LAST_TAG).is_some();
        }
    }
    chars.next_if(|c| matches!(c, '\u{1F3FB}'..='\u{1F3FF}' | &TEXT_PRESENTATION | &EMOJI_PRESENTATION));
    true
}

/// Returns the look of `c`, in lower case.
fn look(c: char) -> String {
    let prototype = |c: char| skeleton(c.encode_utf8(&mut [0; 4])).collect::<String>();
    let upper: String = c.to_uppercase().collect();
    // Derived from the upper case, so that ς becomes σ.
    let lower = upper.to_lowercase();
    let as_it_is = prototype(c);
    if as_it_is.is_ascii() {
        return fold_ascii(&as_it_is);
    }
    for case in [&upper, &lower] {
        let look: String = skeleton(case).collect();
        if look.is_ascii() {
            return fold_ascii(&look);
        }
    }
    skeleton(&lower).collect()
}

/// Returns `look` in lower case with i as l, because a capital i looks like an l, so the small one must
/// follow; and with w as two v.
fn fold_ascii(look: &str) -> String {
    look.to_ascii_lowercase().replace('i', "l").replace('w', WIDE)
}
