//! Imports rooms from lines into the database, all or nothing. The server must be stopped.

use std::{fs, path::Path};

use anyhow::Context as _;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{
    aside::set_aside,
    counts::Counts,
    line::{Line, Reach},
    new_file::NewFile,
    reading::Reading,
};

use crate::{
    clock, random,
    store::sqlite::{
        self,
        log::{keep, room_id},
        reader::{self, signed},
        schema,
    },
};

/// Imports the rooms of an archive into the database of a data folder, creating it if necessary. Returns a
/// summary with the counts.
pub fn import(data: &Path, file: &Path) -> anyhow::Result<String> {
    let mut reading = Reading::open(file)?;
    // Reject a file that is no archive before creating anything for it.
    reading.next()?;
    fs::create_dir_all(data).with_context(|| format!("cannot make the data folder {}", data.display()))?;
    let _lock = sqlite::lock(data).context("stop the server first")?;
    let database = data.join(sqlite::FILE);
    let counts = if database.exists() {
        let (mut connection, _) = schema::open(&database, random::epoch())?;
        fill(&mut connection, &mut reading, &database)?
    } else {
        let new = NewFile::create(&database)?;
        let (mut connection, _) = schema::open(new.path(), random::epoch())?;
        let counts = fill(&mut connection, &mut reading, &database)?;
        let alone = connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()));
        alone.with_context(|| format!("cannot write {}", database.display()))?;
        drop(connection);
        // A write-ahead log left without its database would be taken for part of this one.
        set_aside(data, clock::now())?;
        new.place()?;
        counts
    };
    Ok(format!("imported {counts} from {} into {}", reading.name(), data.display()))
}

/// Imports the rest of the archive in one transaction.
fn fill(connection: &mut Connection, reading: &mut Reading, database: &Path) -> anyhow::Result<Counts> {
    let unwritten = || format!("cannot write {}", database.display());
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).with_context(unwritten)?;
    let mut id = 0;
    let counts = loop {
        match reading.next()? {
            Line::Archive(_) => {}
            Line::Room(reach) => {
                let head = reader::extent(&transaction, &reach.room).with_context(unwritten)?.head;
                if head > 0 {
                    return Err(reading.wrong(&format_args!(
                        "people have spoken in the room {} already, up to seq {head}; only a new or empty room can be imported",
                        reach.room
                    )));
                }
                id = begin(&transaction, &reach).with_context(unwritten)?;
            }
            Line::Message(message) => {
                // A client may have reused an id that the server had forgotten: the last message with it
                // wins.
                transaction
                    .prepare_cached("DELETE FROM sent WHERE room = ?1 AND user = ?2 AND client = ?3")
                    .and_then(|mut delete| {
                        delete.execute(params![id, message.user.id.as_str(), message.id.as_str()])
                    })
                    .and_then(|_| keep(&transaction, id, &message))
                    .with_context(unwritten)?;
            }
            Line::End(counts) => break counts,
        }
    };
    transaction.commit().with_context(unwritten)?;
    Ok(counts)
}

/// Creates a room whose newest seq is the line's `head`; returns its id.
fn begin(transaction: &Transaction<'_>, reach: &Reach) -> rusqlite::Result<i64> {
    let id = room_id(transaction, &reach.room)?;
    transaction.execute("UPDATE room SET head = ?2 WHERE id = ?1", params![id, signed(reach.head)])?;
    Ok(id)
}
