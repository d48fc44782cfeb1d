//! Names of rooms, as used in URLs, on the wire and in the store.
//!
//! Defines which names are valid and which spelling of a name is canonical: [`fold()`] computes it, on the
//! server and in the browser. Never knows which rooms exist.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::de::Deserializer;
use serde::{Deserialize, Serialize, Serializer};
use unicode_ident::{is_xid_continue, is_xid_start};
use unicode_normalization::UnicodeNormalization;

use crate::id::deserialize_parsed;
use crate::name::Skeleton;
use crate::text::is_invisible;

/// The maximum length of a room's name, in characters (`char`s).
pub const LIMIT: usize = 32;

/// The most combining marks in a row. Living scripts need fewer; more would stack up over the lines above.
const MARKS_LIMIT: usize = 6;

/// The most bytes that are examined.
const TYPED_LIMIT: usize = 64 * LIMIT;

/// How often normalizing and lower-casing are repeated before the result counts as stable. Two rounds
/// suffice: T̈ has no composed form, but ẗ has.
const ROUNDS: usize = 4;

/// A room's name in its canonical form: 1 to 32 letters and digits of any script, their combining marks, `-`
/// and `_`, in Unicode's NFKC and without case; see [`fold()`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// Parses a name that must be spelled canonically.
    ///
    /// # Errors
    /// Returns what is wrong; [`RoomNameError::NotCanonical`] if only the spelling is.
    pub fn parse(text: &str) -> Result<Self, RoomNameError> {
        if text.is_empty() {
            return Err(RoomNameError::Empty);
        }
        let mut marks_allowed = 0;
        for c in text.chars() {
            match CharKind::of(c) {
                CharKind::Letter => marks_allowed = MARKS_LIMIT,
                CharKind::Mark if marks_allowed > 0 => marks_allowed -= 1,
                CharKind::Joint => marks_allowed = 0,
                CharKind::Capital => return Err(RoomNameError::NotCanonical),
                CharKind::Mark | CharKind::Unfit => return Err(RoomNameError::Unfit(c)),
            }
        }
        if text.chars().nth(LIMIT).is_some() {
            return Err(RoomNameError::TooLong);
        }
        // In ASCII only the case can be wrong.
        if !text.is_ascii() && canonical(text) != text {
            return Err(RoomNameError::NotCanonical);
        }
        Ok(Self(text.into()))
    }

    /// Parses a name in any spelling: trims white space and converts the rest to its canonical form. For
    /// forms, URLs, settings, and everything else that users write.
    ///
    /// # Errors
    /// Returns the error of [`RoomName::parse`] for the canonical form.
    pub fn parse_any(text: &str) -> Result<Self, RoomNameError> {
        // NFKC composes only a few bytes into one, so a longer text cannot become valid.
        if text.trim().len() > TYPED_LIMIT {
            return Err(RoomNameError::TooLong);
        }
        Self::parse(&canonical(text.trim()))
    }

    /// Parses a name from a server's line, a URL or stored data.
    ///
    /// Meant for the browser, where the tables that tell letters from other characters would make up a large
    /// part of the program: it rejects only what can never be a name. The server parses every name, and
    /// refuses any other invalid one.
    ///
    /// # Errors
    /// Returns what is wrong.
    pub fn from_canonical(text: &str) -> Result<Self, RoomNameError> {
        if text.is_empty() {
            return Err(RoomNameError::Empty);
        }
        if text.chars().nth(LIMIT).is_some() {
            return Err(RoomNameError::TooLong);
        }
        let fits = |c: char| match c {
            'a'..='z' | '0'..='9' | '-' | '_' => true,
            c => !c.is_ascii() && !c.is_whitespace() && !c.is_control(),
        };
        match text.chars().find(|c| !fits(*c)) {
            None => Ok(Self(text.into())),
            Some(c) if c.is_ascii_uppercase() => Err(RoomNameError::NotCanonical),
            Some(c) => Err(RoomNameError::Unfit(c)),
        }
    }

    /// Returns the name of the lobby, the default room.
    pub fn lobby() -> Self {
        Self("lobby".into())
    }

    /// Returns the key of what the name looks like. No two rooms should have names that look the same.
    pub fn skeleton(&self) -> Skeleton {
        Skeleton::of_room(&self.0)
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns the canonical spelling of `text` as a room's name.
///
/// That is NFKC without case, as upper-casing and then lower-casing leave it: `ß` and `ẞ` become `ss`, `σ`
/// becomes `ς` at the end of a word and nowhere else, and the Turkish `ı` and `İ` become `i`, like `I` and
/// `i`, so that the meaning of a name does not depend on the language of the user's keyboard. `fold_once`
/// returns the NFKC of the lower case of the upper case of the NFKC of a text; the browser has these
/// operations built in, so its program needs no tables.
pub fn fold(text: &str, fold_once: impl Fn(&str) -> String) -> String {
    let mut name = text.trim().to_owned();
    for _ in 0..ROUNDS {
        // Lower-casing an `İ` leaves a combining dot above.
        let next = fold_once(&name).replace("i\u{307}", "i");
        let next = next.trim();
        if next == name {
            break;
        }
        next.clone_into(&mut name);
    }
    name
}

/// Returns the canonical spelling of `text`, as [`fold()`] defines it, using the server's Unicode tables.
pub(crate) fn canonical(text: &str) -> String {
    fold(text, |text| text.nfkc().collect::<String>().to_uppercase().to_lowercase().nfkc().collect())
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomName({})", self.0)
    }
}

impl Borrow<str> for RoomName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<RoomName> for Arc<str> {
    fn from(name: RoomName) -> Self {
        name.0
    }
}

impl Serialize for RoomName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RoomName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_parsed(deserializer, Self::from_canonical)
    }
}

/// The reason why a string is not a valid room name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RoomNameError {
    /// It contains nothing but white space.
    #[error("A room needs a name.")]
    Empty,
    /// It has more than [`LIMIT`] characters.
    #[error("A room's name may have {LIMIT} characters at most.")]
    TooLong,
    /// It contains this character, which is not allowed, or not in this place.
    #[error("A room's name is made of letters, digits, - and _, without {0:?}.")]
    Unfit(char),
    /// It contains a capital letter, or another character whose canonical spelling differs; only
    /// [`RoomName::parse`] reports this.
    #[error("A room's name is written in lower case and in Unicode's NFKC.")]
    NotCanonical,
}

impl RoomNameError {
    /// Returns the code of the error on the wire, which never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "room_name_empty",
            Self::TooLong => "room_name_too_long",
            Self::Unfit(_) => "room_name_unfit",
            Self::NotCanonical => "room_name_not_canonical",
        }
    }
}

/// The class of a character in a room's name.
pub(crate) enum CharKind {
    Letter,
    Mark,
    Joint,
    Capital,
    Unfit,
}

impl CharKind {
    /// Classifies `c` by the identifier properties of UAX #31: `XID_Continue` comprises the letters, marks
    /// and decimal digits that NFKC leaves, and some punctuation, which is excluded again.
    pub(crate) fn of(c: char) -> Self {
        match c {
            '-' | '_' => Self::Joint,
            _ if !is_xid_continue(c) || is_invisible(c) || is_identifier_punctuation(c) => Self::Unfit,
            _ if c.is_uppercase() => Self::Capital,
            _ if is_xid_start(c) || c.is_numeric() => Self::Letter,
            _ => Self::Mark,
        }
    }
}

/// Whether `c` continues an identifier without being a letter, a mark or a digit.
fn is_identifier_punctuation(c: char) -> bool {
    matches!(
        c,
        '\u{B7}'
            | '\u{387}'
            | '\u{203F}'..='\u{2040}'
            | '\u{2054}'
            | '\u{2118}'
            | '\u{212E}'
            | '\u{30FB}'
            | '\u{FE33}'..='\u{FE34}'
            | '\u{FE4D}'..='\u{FE4F}'
            | '\u{FF3F}'
            | '\u{FF65}'
    )
}
