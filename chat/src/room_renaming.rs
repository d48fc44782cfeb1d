//! Canonical names for rooms whose names were stored when several spellings were allowed.
//!
//! Decides which name each such room gets, and tells rooms with the same canonical name apart by a number.
//! Renames nothing itself.

use std::collections::HashSet;

use crate::room_name::{CharKind, LIMIT, RoomName, canonical};

/// The name of a room whose own name contains no valid character.
const UNNAMED: &str = "room";

/// Returns a new name for each room that is not spelled canonically; `names` are the names of all rooms. The
/// new name is the canonical spelling, with `-2`, `-3` and so on appended if another room has it. Rooms
/// spelled canonically keep their names.
pub fn rename_apart<'a>(names: &[&'a str]) -> Vec<(&'a str, RoomName)> {
    let (kept, others): (Vec<&str>, Vec<&str>) =
        names.iter().copied().partition(|name| RoomName::parse(name).is_ok());
    let mut taken: HashSet<RoomName> =
        kept.into_iter().filter_map(|name| RoomName::parse(name).ok()).collect();
    let mut renamed = Vec::new();
    for name in others {
        let mut number = 1_usize;
        let new = loop {
            let new = numbered(name, number);
            if taken.insert(new.clone()) {
                break new;
            }
            number += 1;
        };
        renamed.push((name, new));
    }
    renamed
}

/// Returns the canonical spelling of `name`, without invalid characters, and with `number` appended from 2
/// on.
fn numbered(name: &str, number: usize) -> RoomName {
    let suffix = if number > 1 { format!("-{number}") } else { String::new() };
    let spelled = canonical(name.trim());
    let fit: String = spelled.chars().filter(|c| !matches!(CharKind::of(*c), CharKind::Unfit)).collect();
    // Cutting may leave a letter at the end that is spelled differently at the end of a word.
    let cut: String = fit.chars().take(LIMIT - suffix.chars().count()).collect();
    RoomName::parse_any(&(cut + &suffix))
        .or_else(|_| RoomName::parse(&format!("{UNNAMED}{suffix}")))
        .expect("a short word and a number are a name")
}

#[cfg(test)]
mod tests {
    use super::rename_apart;
    use crate::room_name::LIMIT;

    fn renamed(names: &[&str]) -> Vec<(String, String)> {
        let renamed = rename_apart(names);
        renamed.into_iter().map(|(old, new)| (old.to_owned(), new.to_string())).collect()
    }

    #[test]
    fn rooms_that_exist_twice_are_told_apart_by_a_number() {
        let names = ["ｔｅａ", "tea", "lobby", "ｔea", "ﾃﾞ", "cafe\u{301}", "café", "tea-2"];
        let wanted = [("ｔｅａ", "tea-3"), ("ｔea", "tea-4"), ("ﾃﾞ", "デ"), ("cafe\u{301}", "café-2")];
        assert_eq!(renamed(&names), wanted.map(|(old, new)| (old.to_owned(), new.to_owned())));
        assert_eq!(renamed(&["tea", "茶", "οδος"]), []);
    }

    #[test]
    fn a_name_that_grows_too_long_is_cut_and_one_that_cannot_be_gets_another() {
        let long = "ß".repeat(LIMIT);
        let cut = "s".repeat(LIMIT);
        let wanted =
            [(long.clone(), format!("{}-2", "s".repeat(LIMIT - 2))), ("☕".to_owned(), "room".to_owned())];
        assert_eq!(renamed(&[&long, "☕", &cut]), wanted);
        let sigmas = "ﬀσα".repeat(16);
        assert_eq!(renamed(&[&sigmas])[0].1.chars().count(), LIMIT);
    }
}
