//! Reads the log for the search, on a read-only connection of its own to the store's database. The only
//! search module that knows the store's tables.

use std::path::{Path, PathBuf};

use chat::{
    id::UserId,
    protocol::{Seq, User},
    room_name::RoomName,
    time::Millis,
};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

/// How long to wait for a locked database.
pub(super) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// A room in the log.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) id: i64,
    pub(super) name: RoomName,
    /// The newest seq.
    pub(super) head: i64,
}

/// An event to index; only messages have text.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) seq: i64,
    pub(super) said: Option<IndexedText>,
}

/// The indexed fields of a message.
#[derive(Debug)]
pub(super) struct IndexedText {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) at: Millis,
}

/// A stored message.
#[derive(Debug)]
pub(super) struct LoggedMessage {
    pub(super) user: User,
    pub(super) text: String,
    pub(super) at: Millis,
}

/// A read-only connection to the log.
pub(super) struct Log(Connection);

impl Log {
    /// Returns the path of the store's database.
    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join("teahouse.db")
    }

    pub(super) fn open(path: &Path) -> rusqlite::Result<Log> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        Ok(Log(connection))
    }

    /// Returns every room in the log.
    pub(super) fn rooms(&self) -> rusqlite::Result<Vec<Room>> {
        let mut select = self.0.prepare_cached("SELECT id, name, head FROM room")?;
        let rooms = select.query_map((), |row| {
            let name = RoomName::parse(row.get_ref(1)?.as_str()?).ok();
            Ok(name.map(|name| (row.get(0), name, row.get(2))))
        })?;
        let mut known = Vec::new();
        for room in rooms {
            // A room whose name is invalid cannot be asked for.
            if let Some((id, name, head)) = room? {
                known.push(Room { id: id?, name, head: head? });
            }
        }
        Ok(known)
    }

    /// Returns the oldest stored seq of a room; `None` if it has no events.
    pub(super) fn oldest(&self, room: i64) -> rusqlite::Result<Option<i64>> {
        let mut select = self.0.prepare_cached("SELECT min(seq) FROM event WHERE room = ?1")?;
        select.query_row([room], |row| row.get(0))
    }

    /// Returns the events of a room after `after`, in order: at most `limit`, and none after the one that
    /// exceeds `bytes` bytes of text.
    pub(super) fn after(
        &self,
        room: i64,
        after: i64,
        limit: usize,
        mut bytes: usize,
    ) -> rusqlite::Result<Vec<Entry>> {
        let mut select = self.0.prepare_cached(
            "SELECT seq, kind, name, text, at FROM event WHERE room = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?;
        let mut rows = select.query(params![room, after, i64::try_from(limit).unwrap_or(i64::MAX)])?;
        let mut entries = Vec::new();
        while bytes > 0
            && let Some(row) = rows.next()?
        {
            let said = if row.get_ref(1)?.as_str()? == "message" {
                let text: String = row.get(3)?;
                bytes = bytes.saturating_sub(text.len());
                Some(IndexedText { name: row.get(2)?, text, at: moment(row.get(4)?) })
            } else {
                None
            };
            entries.push(Entry { seq: row.get(0)?, said });
        }
        Ok(entries)
    }

    /// Returns the message with this seq, if it is stored.
    pub(super) fn message(&self, room: i64, seq: i64) -> rusqlite::Result<Option<LoggedMessage>> {
        let mut select = self.0.prepare_cached(
            "SELECT user, name, text, at FROM event WHERE room = ?1 AND seq = ?2 AND kind = 'message'",
        )?;
        let kept = select.query_row([room, seq], |row| {
            let id = UserId::parse(row.get_ref(0)?.as_str()?).ok();
            let name: String = row.get(1)?;
            let (text, at) = (row.get(2)?, moment(row.get(3)?));
            Ok(id.map(|id| LoggedMessage { user: User { id, name: name.into() }, text, at }))
        });
        Ok(kept.optional()?.flatten())
    }
}

/// Converts a seq to the type that the rest of the server uses.
pub(super) fn seq(number: i64) -> Seq {
    number.unsigned_abs()
}

fn moment(millis: i64) -> Millis {
    Millis(u64::try_from(millis).unwrap_or_default())
}
