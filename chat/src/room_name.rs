//! Names of rooms, as they stand in addresses, on the wire and in the store.
//!
//! Owns which names there are and which of several spellings is the one that counts: [`fold()`] gives it, on the server and
//! in the browser. Never knows which rooms exist.

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

/// The most characters (`char`s) a room's name may have.
pub const LIMIT: usize = 32;

/// The most marks in a row. The scripts of the living need fewer; more is a tower over the lines above.
const MARKS_LIMIT: usize = 6;

/// The most bytes looked at.
const TYPED_LIMIT: usize = 64 * LIMIT;

/// How often normalizing and lower-casing are tried before a name is taken for settled. Two rounds do:
/// T̈ has no composed form, but ẗ has.
const ROUNDS: usize = 4;

/// A room's name in its canonical form: 1 to 32 letters and digits of any script, the marks that
/// belong to them, `-` and `_`, in Unicode's NFKC and without case; see [`fold()`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// Returns the room that `text` names, if `text` is its name to the letter.
    ///
    /// # Errors
    /// Says what is wrong, [`RoomNameError::NotCanonical`] if only the spelling is.
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
        // In ASCII there was nothing but the case.
        if !text.is_ascii() && canonical(text) != text {
            return Err(RoomNameError::NotCanonical);
        }
        Ok(Self(text.into()))
    }

    /// Returns the room that somebody means by `text`, however they spell it: white space around it goes, the rest is
    /// spelled canonically. For forms, addresses, settings, and everything else that people write.
    ///
    /// # Errors
    /// As [`RoomName::parse`] says of the canonical form.
    pub fn parse_any(text: &str) -> Result<Self, RoomNameError> {
        // NFKC composes a few bytes into one at most, so that what is this long cannot come out fit.
        if text.trim().len() > TYPED_LIMIT {
            return Err(RoomNameError::TooLong);
        }
        Self::parse(&canonical(text.trim()))
    }

    /// Returns the room that `text` names in a line of the server's, in an address or in what was stored.
    ///
    /// For the browser, where the tables that tell letters from other characters would be a large part of the program:
    /// it only refuses what no name can be. A name that is none all the same is refused by the server, which parses it.
    ///
    /// # Errors
    /// Says what is wrong.
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

    /// Returns the room that everybody is in.
    pub fn lobby() -> Self {
        Self("lobby".into())
    }

    /// Returns what the name looks like. There should be no two rooms whose names look the same.
    pub fn skeleton(&self) -> Skeleton {
        Skeleton::of_room(&self.0)
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns the one spelling of `text` that counts for a room's name.
///
/// That is NFKC without case, as upper case and then lower case leave it: `ß` and `ẞ` are `ss`, `σ` is `ς` at the end of a
/// word and nowhere else, and the Turkish `ı` and `İ` are `i`, like `I` and `i`. What somebody means by a name does not
/// depend on the language of their keyboard. `fold_once` gives the NFKC of the lower case of the upper case of the NFKC of a
/// text: the browser has all that by itself, without tables in its program.
pub fn fold(text: &str, fold_once: impl Fn(&str) -> String) -> String {
    let mut name = text.trim().to_owned();
    for _ in 0..ROUNDS {
        // The dot above is what lower case makes of an `İ`.
        let next = fold_once(&name).replace("i\u{307}", "i");
        let next = next.trim();
        if next == name {
            break;
        }
        next.clone_into(&mut name);
    }
    name
}

/// Spells `text` as [`fold()`] says, with the tables of the server.
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

/// Why a string is no room's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RoomNameError {
    /// There is nothing in it but white space.
    #[error("A room needs a name.")]
    Empty,
    /// It has more than [`LIMIT`] characters.
    #[error("A room's name may have {LIMIT} characters at most.")]
    TooLong,
    /// It holds this character, which no room's name may hold, or not in this place.
    #[error("A room's name is made of letters, digits, - and _, without {0:?}.")]
    Unfit(char),
    /// It holds a capital letter, or another one that is spelled otherwise; only [`RoomName::parse`] minds.
    #[error("A room's name is written in lower case and in Unicode's NFKC.")]
    NotCanonical,
}

impl RoomNameError {
    /// Returns the name of the error on the wire, which never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "room_name_empty",
            Self::TooLong => "room_name_too_long",
            Self::Unfit(_) => "room_name_unfit",
            Self::NotCanonical => "room_name_not_canonical",
        }
    }
}

/// What a character is to a room's name.
pub(crate) enum CharKind {
    Letter,
    Mark,
    Joint,
    Capital,
    Unfit,
}

impl CharKind {
    /// Sorts `c` by the identifier properties of UAX #31: `XID_Continue` is the letters, marks and
    /// decimal digits that NFKC leaves, and some punctuation that is taken out again.
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
