//! Resolves room names in a non-canonical spelling, and updates records that contain them.

use std::collections::HashMap;

use chat::room_name::{LIMIT, RoomName, RoomNameError};
use serde_json::Value;

use crate::store::{SharedStore, StoreError};

/// The longest name, in bytes.
const LONGEST: usize = 4 * LIMIT;

/// The members of a record that contain one or more rooms.
const MEMBERS: [&str; 3] = ["room", "rooms", "channels"];

/// Returns the room that had exactly this spelling before room names became canonical, or else the one that
/// the spelling parses to. It is for references from users who were in the room: open pages and permalinks.
/// Typed names go through [`RoomName::parse_any`] alone, so that all users who type the same name meet.
pub(crate) async fn meant(
    store: &SharedStore,
    spelling: &str,
) -> Result<Result<RoomName, RoomNameError>, StoreError> {
    // No name was ever longer.
    if spelling.len() <= LONGEST
        && let Some(name) = store.renamed(spelling.to_owned()).await?
    {
        return Ok(Ok(name));
    }
    Ok(RoomName::parse_any(spelling))
}

/// Returns a record's value with renamed rooms replaced; `None` if there is nothing to replace.
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
