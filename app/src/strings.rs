//! The strings in the reader's language.

use i18n::strings::Strings;

use crate::model::use_model;

/// Returns the strings in the reader's language. Those of a view stay as they are: another language draws it anew.
pub(crate) fn strings() -> &'static Strings {
    use_model().language.get_untracked().strings()
}

/// Returns the title of a room: the lobby's in the reader's language, the others' names.
pub(crate) fn room_title(strings: &Strings, room: &str) -> String {
    if room == "lobby" { strings.lobby.to_owned() } else { room.to_owned() }
}
