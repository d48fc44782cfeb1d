//! Normalizes and validates room names in the browser like the server, but with the browser's own Unicode
//! tables. Called in browsers only. The server's decision is final; see `room_name::fold`.

use chat::room_name::{RoomName, RoomNameError, fold};
use js_sys::{JsString, RegExp};

/// Matches what a room name must not contain, or not at this position; the last character of the match is the
/// invalid one. `XIDC` is defined in UAX #31; the punctuation and invisible characters in it are excluded.
const UNFIT: &str =
    r"[^\p{XIDC}-]|(?!_)[\p{Pc}\p{DI}\u{B7}\u{387}\u{2118}\u{212E}\u{30FB}]|(?:^|[-_])\p{M}|\p{M}{7}";

/// Parses `text` as a room name.
///
/// # Errors
/// Returns what is wrong with the name.
pub fn room(text: &str) -> Result<RoomName, RoomNameError> {
    let name = canonical(text);
    let unfit =
        RegExp::new(UNFIT, "u").exec(&name).and_then(|found| String::from(found.get(0)).chars().last());
    match unfit {
        Some(c) => Err(RoomNameError::Unfit(c)),
        None => RoomName::from_canonical(&name),
    }
}

/// Returns the canonical spelling of `text`.
fn canonical(text: &str) -> String {
    fold(text, |text| {
        JsString::from(text).normalize("NFKC").to_upper_case().to_lower_case().normalize("NFKC").into()
    })
}
