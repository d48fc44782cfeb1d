//! What is done to the log within a transaction: messages are appended, what is beyond what is retained is trimmed, and
//! ids are forgotten in the end. Neither begins nor commits.

use chat::{
    id::UserId,
    protocol::{Message, Seq, User},
    room_name::RoomName,
    time::Millis,
};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use sha2::{Digest as _, Sha256};

use super::reader::{self, signed};
use crate::store::{Appended, Draft};

/// How many of its oldest messages a room loses with one append at the most: one makes room for the new one, the other
/// brings down what was retained before the setting was lowered.
const PER_APPEND: u32 = 2;

/// Keeps a message, unless its id is remembered. The room then keeps its newest `retain`; 0: all of them.
pub(super) fn append(
    transaction: &Transaction<'_>,
    draft: &Draft,
    retain: u32,
) -> rusqlite::Result<Appended> {
    let room = room_id(transaction, &draft.room)?;
    if let Some(remembered) = remembered(transaction, room, draft)? {
        return Ok(remembered);
    }
    let seq: Seq = transaction
        .prepare_cached("UPDATE room SET head = head + 1 WHERE id = ?1 RETURNING head")?
        .query_row([room], |row| row.get::<_, i64>(0))?
        .unsigned_abs();
    let message = Message {
        room: draft.room.clone(),
        seq,
        id: draft.id.clone(),
        user: draft.user.clone(),
        text: draft.text.clone(),
        at: draft.at,
    };
    keep(transaction, room, &message)?;
    if retain > 0 && seq > u64::from(retain) {
        trim(transaction, room, seq - u64::from(retain), PER_APPEND)?;
    }
    Ok(Appended::New(message))
}

/// Puts a message in its place in the log of a room, and remembers its client id. The room's head is the caller's part.
pub(crate) fn keep(transaction: &Transaction<'_>, room: i64, message: &Message) -> rusqlite::Result<()> {
    let Message { seq, id, user, text, at, .. } = message;
    transaction
        .prepare_cached(
            "INSERT INTO event (room, seq, kind, user, name, client, text, at)
             VALUES (?1, ?2, 'message', ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            room,
            signed(*seq),
            user.id.as_str(),
            &*user.name,
            id.as_str(),
            &**text,
            signed(at.0)
        ])?;
    transaction
        .prepare_cached("INSERT INTO sent (room, user, client, seq, at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![room, user.id.as_str(), id.as_str(), signed(*seq), signed(at.0)])?;
    Ok(())
}

/// Removes a room's events up to this seq, the oldest first and at most `limit` of them; gives how many. Of each there
/// remains what it takes to know it again when its sender repeats it.
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

/// Forgets the ids of messages that were said before a moment and are no longer kept, at most `limit` of them; gives how
/// many.
pub(super) fn forget(transaction: &Transaction<'_>, before: Millis, limit: u32) -> rusqlite::Result<usize> {
    transaction
        .prepare_cached(
            "DELETE FROM sent WHERE (room, user, client) IN
                 (SELECT room, user, client FROM sent WHERE digest IS NOT NULL AND at < ?1 LIMIT ?2)",
        )?
        .execute(params![signed(before.0), limit])
}

/// The first room after this one, by id, and how far its log reaches.
pub(super) fn room_after(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<Option<(i64, Seq)>> {
    transaction
        .prepare_cached("SELECT id, head FROM room WHERE id > ?1 ORDER BY id LIMIT 1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))
        .optional()
}

/// What a draft's id was used for before, if it is remembered.
fn remembered(transaction: &Transaction<'_>, room: i64, draft: &Draft) -> rusqlite::Result<Option<Appended>> {
    let sent = transaction
        .prepare_cached(
            "SELECT seq, at, name, digest FROM sent WHERE room = ?1 AND user = ?2 AND client = ?3",
        )?
        .query_row(params![room, draft.user.id.as_str(), draft.id.as_str()], Sent::read)
        .optional()?;
    let Some(sent) = sent else { return Ok(None) };
    if let Some(original) = reader::at(transaction, &draft.room, sent.seq)? {
        let same = original.text == draft.text;
        return Ok(Some(if same { Appended::Known(original) } else { Appended::Reused }));
    }
    Ok(Some(match (sent.name, sent.digest) {
        (Some(name), Some(held)) if held == digest(&draft.text) => Appended::Known(Message {
            room: draft.room.clone(),
            seq: sent.seq,
            id: draft.id.clone(),
            user: User { id: UserId::clone(&draft.user.id), name: name.into() },
            text: draft.text.clone(),
            at: sent.at,
        }),
        _ => Appended::Reused,
    }))
}

/// What is known of an id.
struct Sent {
    seq: Seq,
    at: Millis,
    /// The rest is there once the event is no longer kept.
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

/// The id of the room of a name, which is made if there is none.
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
