//! Gives every room its canonical name, once: migrates the data of versions that allowed several spellings.
//! Messages stay in their room and retain their seqs.

use std::collections::{BTreeMap, HashMap};

use chat::{room_name::RoomName, room_renaming::rename_apart};
use redis::{RedisResult, Script, aio::MultiplexedConnection, cmd};
use serde_json::json;

use crate::store::{
    Collection,
    redis::key::{Keys, WINDOW_MS},
    spelling::rename_in,
};

const RENAME: &str = include_str!("spelling.lua");

/// The collections whose records name rooms.
const DRAWERS: [Collection; 3] = [Collection::Token, Collection::Answer, Collection::Reminder];

/// Renames the rooms without a canonical name, and upgrades the schema from `older` to `newer`. Two rooms
/// never become one, and of several nodes that start at once, one does it.
pub(super) async fn rename(
    connection: &mut MultiplexedConnection,
    keys: &Keys,
    (older, newer): (u32, u32),
) -> RedisResult<()> {
    let mut names: Vec<String> = cmd("SMEMBERS").arg(keys.rooms()).query_async(connection).await?;
    names.sort_unstable();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let renamed: HashMap<&str, RoomName> = rename_apart(&names).into_iter().collect();
    let mut records = Vec::new();
    for collection in DRAWERS.into_iter().filter(|_| !renamed.is_empty()) {
        let hash = keys.records(collection);
        let held: BTreeMap<String, String> = cmd("HGETALL").arg(&hash).query_async(connection).await?;
        for (field, value) in held {
            if let Some(new) = rename_in(&value, &renamed) {
                records.push(json!([hash, field, value, new]));
            }
        }
    }
    let rooms: Vec<_> = renamed
        .iter()
        .map(|(old, new)| json!([old, new.as_str(), keys.room(old, ""), keys.room(new, "")]))
        .collect();
    // cjson encodes and decodes an empty list as an object, which iterates over nothing either.
    let todo = json!({ "rooms": rooms, "records": records }).to_string();
    let script = Script::new(RENAME);
    let mut call = script.key(keys.meta());
    call.key(keys.rooms()).key(keys.renamed()).arg(older).arg(newer).arg(WINDOW_MS).arg(todo);
    let done: u32 = call.invoke_async(connection).await?;
    if done == 1 {
        for (old, new) in &renamed {
            tracing::warn!(from = %old.escape_debug(), to = %new, "renamed a room that had another spelling");
        }
    }
    Ok(())
}
