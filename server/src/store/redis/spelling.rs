//! Gives every room its canonical name, once: in what a Teahouse of before there was one spelling for each left in Redis.
//! Messages keep their room and their seqs.

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

/// Where rooms are named beside the logs.
const DRAWERS: [Collection; 3] = [Collection::Token, Collection::Answer, Collection::Reminder];

/// Renames the rooms that are spelled otherwise, and brings the schema from `older` to `newer`. Two rooms never become one,
/// and of several nodes that begin at once, one does it.
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
    // cjson writes and reads an empty list as an object, which has nothing to walk through either.
    let todo = json!({ "rooms": rooms, "records": records }).to_string();
    let script = Script::new(RENAME);
    let mut call = script.key(keys.meta());
    call.key(keys.rooms()).key(keys.renamed()).arg(older).arg(newer).arg(WINDOW_MS).arg(todo);
    let done: u32 = call.invoke_async(connection).await?;
    if done == 1 {
        for (old, new) in &renamed {
            tracing::warn!(from = %old.escape_debug(), to = %new, "a room was renamed: its name had another spelling");
        }
    }
    Ok(())
}
