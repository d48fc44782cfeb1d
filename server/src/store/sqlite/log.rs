//! Operations on the logs within a transaction: appends messages, trims those beyond the retention limit, and
//! deletes old message ids. Never begins or commits a transaction.

use std::collections::HashMap;

use chat::{
    id::UserId,
    protocol::{Message, Seq, User},
    room_name::RoomName,
    time::Millis,
};
use rusqlite::{CachedStatement, OptionalExtension as _, Row, Statement, Transaction, params};
use sha2::{Digest as _, Sha256};

use super::reader::{self, signed};
use crate::store::{Appended, NewMessage};

/// Inserts a message.
const KEEP: &str = "INSERT INTO event (room, seq, kind, user, name, client, text, at)
    VALUES (?1, ?2, 'message', ?3, ?4, ?5, ?6, ?7)";

/// Records the use of a message id.
const REMEMBER: &str = "INSERT INTO sent (room, user, client, seq, at) VALUES (?1, ?2, ?3, ?4, ?5)";

/// The maximum number of its oldest messages that a room loses per append: one makes room for the new
/// message, the other shrinks the log after the retention limit was lowered.
const PER_APPEND: u32 = 2;

/// The messages appended in one transaction: statements are prepared once, and each room's head is read once
/// and written once.
pub(super) struct Appending<'a> {
    transaction: &'a Transaction<'a>,
    /// How many of its newest messages a room retains; 0 means all.
    retain: u32,
    take_id: CachedStatement<'a>,
    keep: CachedStatement<'a>,
    rooms: HashMap<RoomName, Stand>,
}

/// The head of a room's log.
#[derive(Clone, Copy)]
struct Stand {
    room: i64,
    head: Seq,
}

impl<'a> Appending<'a> {
    /// Starts without messages.
    pub(super) fn begin(transaction: &'a Transaction<'a>, retain: u32) -> rusqlite::Result<Appending<'a>> {
        Ok(Appending {
            transaction,
            retain,
            take_id: transaction.prepare_cached(&format!("{REMEMBER} ON CONFLICT DO NOTHING"))?,
            keep: transaction.prepare_cached(KEEP)?,
            rooms: HashMap::new(),
        })
    }

    /// Stores a message, unless its id is remembered.
    pub(super) fn append(&mut self, draft: &NewMessage) -> rusqlite::Result<Appended> {
        let Stand { room, head } = self.stand(&draft.room)?;
        let message = Message {
            room: draft.room.clone(),
            seq: head + 1,
            id: draft.id.clone(),
            user: draft.user.clone(),
            text: draft.text.clone(),
            at: draft.at,
        };
        if remember(&mut self.take_id, room, &message)? == 0 {
            return remembered(self.transaction, room, draft);
        }
        insert(&mut self.keep, room, &message)?;
        self.rooms.insert(draft.room.clone(), Stand { room, head: message.seq });
        if self.retain > 0 && message.seq > u64::from(self.retain) {
            trim(self.transaction, room, message.seq - u64::from(self.retain), PER_APPEND)?;
        }
        Ok(Appended::New(message))
    }

    /// Writes the new heads.
    pub(super) fn finish(self) -> rusqlite::Result<()> {
        let mut update = self.transaction.prepare_cached("UPDATE room SET head = ?2 WHERE id = ?1")?;
        for Stand { room, head } in self.rooms.values() {
            update.execute([*room, signed(*head)])?;
        }
        Ok(())
    }

    /// Returns a room's head, including the messages appended here.
    fn stand(&mut self, name: &RoomName) -> rusqlite::Result<Stand> {
        if let Some(stand) = self.rooms.get(name) {
            return Ok(*stand);
        }
        let room = room_id(self.transaction, name)?;
        let head = self
            .transaction
            .prepare_cached("SELECT head FROM room WHERE id = ?1")?
            .query_row([room], |row| row.get::<_, i64>(0))?
            .unsigned_abs();
        Ok(Stand { room, head })
    }
}

/// Inserts a message into a room's log, and records its id. The caller updates the room's head.
pub(crate) fn keep(transaction: &Transaction<'_>, room: i64, message: &Message) -> rusqlite::Result<()> {
    insert(&mut *transaction.prepare_cached(KEEP)?, room, message)?;
    remember(&mut *transaction.prepare_cached(REMEMBER)?, room, message)?;
    Ok(())
}

fn insert(keep: &mut Statement<'_>, room: i64, message: &Message) -> rusqlite::Result<usize> {
    let Message { seq, id, user, text, at, .. } = message;
    keep.execute(params![
        room,
        signed(*seq),
        user.id.as_str(),
        &*user.name,
        id.as_str(),
        &**text,
        signed(at.0)
    ])
}

fn remember(take_id: &mut Statement<'_>, room: i64, message: &Message) -> rusqlite::Result<usize> {
    let Message { seq, id, user, at, .. } = message;
    take_id.execute(params![room, user.id.as_str(), id.as_str(), signed(*seq), signed(at.0)])
}

/// Removes a room's events up to this seq, oldest first and at most `limit` of them; returns how many. The
/// sender's name and a digest of the text remain for each, which identify a repeated message.
pub(super) fn trim(
    transaction: &Transaction<'_>,
    room: i64,
    upto: Seq,
    limit: u32,
) -> rusqlite::Result<usize> {
    let mut select = transaction.prepare_cached(
        "SELECT seq, user, client, name, text FROM event WHERE room = ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3",
    )?;
    let mut remember = transaction.prepare_cached(
        "UPDATE sent SET name = ?4, digest = ?5 WHERE room = ?1 AND user = ?2 AND client = ?3 AND seq = ?6",
    )?;
    let mut last = None;
    let mut trimmed = 0;
    let mut rows = select.query(params![room, signed(upto), limit])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let (user, client) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
        let (name, text) = (row.get_ref(3)?.as_str()?, row.get_ref(4)?.as_str()?);
        remember.execute(params![room, user, client, name, digest(text), seq])?;
        last = Some(seq);
        trimmed += 1;
    }
    if let Some(last) = last {
        transaction
            .prepare_cached("DELETE FROM event WHERE room = ?1 AND seq <= ?2")?
            .execute(params![room, last])?;
    }
    Ok(trimmed)
}

/// Deletes the ids of messages sent before a time and no longer retained, at most `limit` of them; returns
/// how many.
pub(super) fn forget(transaction: &Transaction<'_>, before: Millis, limit: u32) -> rusqlite::Result<usize> {
    transaction
        .prepare_cached(
            "DELETE FROM sent WHERE (room, user, client) IN
                 (SELECT room, user, client FROM sent WHERE digest IS NOT NULL AND at < ?1 LIMIT ?2)",
        )?
        .execute(params![signed(before.0), limit])
}

/// Returns the next room after this id, with its head.
pub(super) fn room_after(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<Option<(i64, Seq)>> {
    transaction
        .prepare_cached("SELECT id, head FROM room WHERE id > ?1 ORDER BY id LIMIT 1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))
        .optional()
}

/// Returns the outcome for a draft whose id is remembered.
fn remembered(transaction: &Transaction<'_>, room: i64, draft: &NewMessage) -> rusqlite::Result<Appended> {
    let sent = transaction
        .prepare_cached(
            "SELECT seq, at, name, digest FROM sent WHERE room = ?1 AND user = ?2 AND client = ?3",
        )?
        .query_row(params![room, draft.user.id.as_str(), draft.id.as_str()], Sent::read)?;
    if let Some(original) = reader::at(transaction, &draft.room, sent.seq)? {
        let same = original.text == draft.text;
        return Ok(if same { Appended::Known(original) } else { Appended::Reused });
    }
    Ok(match (sent.name, sent.digest) {
        (Some(name), Some(held)) if held == digest(&draft.text) => Appended::Known(Message {
            room: draft.room.clone(),
            seq: sent.seq,
            id: draft.id.clone(),
            user: User { id: UserId::clone(&draft.user.id), name: name.into() },
            text: draft.text.clone(),
            at: sent.at,
        }),
        _ => Appended::Reused,
    })
}

/// The stored use of a message id.
struct Sent {
    seq: Seq,
    at: Millis,
    /// Set, with the digest, once the event is no longer retained.
    name: Option<String>,
    digest: Option<Vec<u8>>,
}

impl Sent {
    fn read(row: &Row<'_>) -> rusqlite::Result<Sent> {
        let (seq, at): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok(Sent {
            seq: seq.unsigned_abs(),
            at: Millis(at.unsigned_abs()),
            name: row.get(2)?,
            digest: row.get(3)?,
        })
    }
}

fn digest(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

/// Returns the id of a room, which is created if necessary.
pub(crate) fn room_id(transaction: &Transaction<'_>, name: &RoomName) -> rusqlite::Result<i64> {
    let known = transaction
        .prepare_cached("SELECT id FROM room WHERE name = ?1")?
        .query_row([name.as_str()], |row| row.get(0))
        .optional()?;
    match known {
        Some(id) => Ok(id),
        None => transaction
            .prepare_cached("INSERT INTO room (name) VALUES (?1) RETURNING id")?
            .query_row([name.as_str()], |row| row.get(0)),
    }
}
