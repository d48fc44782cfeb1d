//! The strings in the user's language.

use i18n::strings::Strings;

use crate::model::use_model;

/// Returns the strings in the user's language. Not reactive: a change of language redraws every view.
pub(crate) fn strings() -> &'static Strings {
    use_model().language.get_untracked().strings()
}

/// Returns the title of a room: for the lobby in the user's language, otherwise the room's name.
pub(crate) fn room_title(strings: &Strings, room: &str) -> String {
    if room == "lobby" { strings.lobby.to_owned() } else { room.to_owned() }
}
