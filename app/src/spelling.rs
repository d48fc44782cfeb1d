//! How a browser spells a room's name: as the server does, by the tables that the browser has itself. Only a browser calls
//! this. The server has the last word; see `room_name::fold`.

use chat::room_name::{RoomName, RoomNameError, fold};
use js_sys::{JsString, RegExp};

/// Finds what no room's name may hold, or not in this place; its last character is the one at fault. See UAX #31 for
/// `XIDC`; the punctuation among it is taken out, and so is what is invisible.
const UNFIT: &str =
    r"[^\p{XIDC}-]|(?!_)[\p{Pc}\p{DI}\u{B7}\u{387}\u{2118}\u{212E}\u{30FB}]|(?:^|[-_])\p{M}|\p{M}{7}";

/// Returns the room that somebody means by `text`.
///
/// # Errors
/// Says what is wrong.
pub fn room(text: &str) -> Result<RoomName, RoomNameError> {
    let name = canonical(text);
    let unfit =
        RegExp::new(UNFIT, "u").exec(&name).and_then(|found| String::from(found.get(0)).chars().last());
    match unfit {
        Some(c) => Err(RoomNameError::Unfit(c)),
        None => RoomName::from_canonical(&name),
    }
}

/// Returns the one spelling of `text` that counts.
fn canonical(text: &str) -> String {
    fold(text, |text| {
        JsString::from(text).normalize("NFKC").to_upper_case().to_lower_case().normalize("NFKC").into()
    })
}
