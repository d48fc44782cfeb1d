//! Gives every room its canonical name, once: migrates files of versions that allowed several spellings.
//! Messages stay in their room and retain their seqs.

use std::collections::HashMap;

use chat::{room_name::RoomName, room_renaming::rename_apart};
use rusqlite::{Transaction, params};

use crate::store::spelling::rename_in;

/// Renames the rooms without a canonical name, and remembers their former spellings. Two rooms never become
/// one.
pub(super) fn rename(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let names: Vec<String> = transaction
        .prepare("SELECT name FROM room ORDER BY id")?
        .query_map((), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let renamed: HashMap<&str, RoomName> = rename_apart(&names).into_iter().collect();
    for (old, new) in &renamed {
        transaction.execute(
            "INSERT INTO renamed (spelling, room) SELECT name, id FROM room WHERE name = ?1",
            [old],
        )?;
        transaction.execute("UPDATE room SET name = ?2 WHERE name = ?1", [old, new.as_str()])?;
        tracing::warn!(from = %old.escape_debug(), to = %new, "renamed a room that had another spelling");
    }
    rename_in_records(transaction, &renamed)
}

/// Updates records that name a renamed room: pending reminders and answers, and tokens.
fn rename_in_records(
    transaction: &Transaction<'_>,
    renamed: &HashMap<&str, RoomName>,
) -> rusqlite::Result<()> {
    if renamed.is_empty() {
        return Ok(());
    }
    let records: Vec<(String, String, String)> = transaction
        .prepare("SELECT drawer, key, value FROM record")?
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (collection, key, value) in records {
        if let Some(value) = rename_in(&value, renamed) {
            transaction.execute(
                "UPDATE record SET value = ?3 WHERE drawer = ?1 AND key = ?2",
                params![collection, key, value],
            )?;
        }
    }
    Ok(())
}
