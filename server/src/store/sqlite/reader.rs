//! Questions to the database, on connections that cannot write.

use std::{path::Path, sync::Arc};

use chat::{
    id::{ClientId, UserId},
    protocol::{Message, Seq, User},
    room_name::RoomName,
    time::Millis,
};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};
use tokio::sync::{Mutex, Semaphore};

use crate::store::{Extent, StoreError};

/// How many questions are answered at once; further ones wait.
const CONNECTIONS: usize = 4;

/// The connections that ask.
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Semaphore,
}

impl Readers {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Readers> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            Ok(connection)
        };
        let idle = (0..CONNECTIONS).map(|_| open()).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Readers { idle: Arc::new(Mutex::new(idle)), permits: Semaphore::new(CONNECTIONS) })
    }

    /// Answers no more, and lets go of the file when the questions that are under way are answered.
    pub(super) async fn close(&self) {
        // All permits together stand for nobody asking; nothing else takes more than one.
        let all = u32::try_from(CONNECTIONS).expect("a few connections");
        if let Ok(_all) = self.permits.acquire_many(all).await {
            self.permits.close();
            self.idle.lock().await.clear();
        }
    }

    /// Asks on a connection of its own, on a thread that may block.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _permit = self.permits.acquire().await.map_err(|_| StoreError::Closed)?;
        let idle = self.idle.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let connection = idle.blocking_lock().pop().expect("a permit stands for an idle connection");
            let answer = question(&connection);
            idle.blocking_lock().push(connection);
            answer
        });
        Ok(answer.await.map_err(|error| StoreError::Unavailable(error.to_string()))??)
    }
}

/// The columns of an event, in the order in which [`message`] reads them.
const COLUMNS: &str = "seq, user, name, client, text, at";

pub(super) fn extent(connection: &Connection, room: &RoomName) -> rusqlite::Result<Extent> {
    let mut select = connection.prepare_cached(
        "SELECT head, coalesce((SELECT min(seq) FROM event WHERE room = room.id), 0) FROM room WHERE name = ?1",
    )?;
    let extent = select
        .query_row([room.as_str()], |row| Ok(Extent { head: unsigned(row, 0)?, oldest: unsigned(row, 1)? }))
        .optional()?;
    Ok(extent.unwrap_or_default())
}

pub(super) fn range(
    connection: &Connection,
    room: &RoomName,
    after: Seq,
    upto: Seq,
) -> rusqlite::Result<Vec<Message>> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM event WHERE room = (SELECT id FROM room WHERE name = ?1) AND seq > ?2 AND seq <= ?3
         ORDER BY seq"
    ))?;
    select.query_map(params![room.as_str(), signed(after), signed(upto)], |row| message(row, room))?.collect()
}

pub(super) fn latest(
    connection: &Connection,
    room: &RoomName,
    upto: Seq,
    limit: u32,
) -> rusqlite::Result<Vec<Message>> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM event WHERE room = (SELECT id FROM room WHERE name = ?1) AND seq <= ?2
         ORDER BY seq DESC LIMIT ?3"
    ))?;
    let mut messages = select
        .query_map(params![room.as_str(), signed(upto), limit], |row| message(row, room))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    messages.reverse();
    Ok(messages)
}

/// The message at a place that the log is known to hold.
pub(super) fn at(connection: &Connection, room: &RoomName, seq: Seq) -> rusqlite::Result<Option<Message>> {
    Ok(range(connection, room, seq.saturating_sub(1), seq)?.pop())
}

fn message(row: &Row<'_>, room: &RoomName) -> rusqlite::Result<Message> {
    Ok(Message {
        room: room.clone(),
        seq: unsigned(row, 0)?,
        user: User { id: parsed(row, 1, UserId::parse)?, name: row.get::<_, String>(2)?.into() },
        id: parsed(row, 3, ClientId::parse)?,
        text: row.get::<_, String>(4)?.into(),
        at: Millis(unsigned(row, 5)?),
    })
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

/// A number of ours as SQLite's: seqs and milliseconds stay far below the limit, and what does not is as good as it.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn parsed<T, E: std::error::Error + Send + Sync + 'static>(
    row: &Row<'_>,
    column: usize,
    parse: impl Fn(&str) -> Result<T, E>,
) -> rusqlite::Result<T> {
    parse(row.get_ref(column)?.as_str()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
