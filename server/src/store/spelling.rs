//! Which room somebody means by a spelling that may not be the canonical one, and what becomes of records that name rooms
//! by another spelling.

use std::collections::HashMap;

use chat::room_name::{LIMIT, RoomName, RoomNameError};
use serde_json::Value;

use crate::store::{SharedStore, StoreError};

/// The longest name, in bytes.
const LONGEST: usize = 4 * LIMIT;

/// The members of a record in which a room stands, or several.
const MEMBERS: [&str; 3] = ["room", "rooms", "channels"];

/// Returns the room that was kept under this very spelling before rooms had one spelling each, or else the one that
/// goes by it. For what leads to a room that its writer was in: an open page, a link to a message. What somebody types is
/// for [`RoomName::parse_any`] alone, so that all who type the same meet.
pub(crate) async fn meant(
    store: &SharedStore,
    spelling: &str,
) -> Result<Result<RoomName, RoomNameError>, StoreError> {
    // Nothing longer was ever a name.
    if spelling.len() <= LONGEST
        && let Some(name) = store.renamed(spelling.to_owned()).await?
    {
        return Ok(Ok(name));
    }
    Ok(RoomName::parse_any(spelling))
}

/// Returns a record's value with the rooms that were renamed under their new names, if it names any.
pub(crate) fn rename_in(value: &str, renamed: &HashMap<&str, RoomName>) -> Option<String> {
    let mut value: Value = serde_json::from_str(value).ok()?;
    let mut changed = false;
    let mut rename = |room: &mut Value| {
        if let Value::String(name) = room
            && let Some(new) = renamed.get(name.as_str())
        {
            *name = new.to_string();
            changed = true;
        }
    };
    for member in MEMBERS {
        match value.get_mut(member) {
            Some(Value::Array(rooms)) => rooms.iter_mut().for_each(&mut rename),
            Some(room) => rename(room),
            None => {}
        }
    }
    changed.then(|| value.to_string())
}
