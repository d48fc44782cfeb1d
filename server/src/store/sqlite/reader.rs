//! Database queries, on read-only connections.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chat::{
    id::{ClientId, Epoch, UserId},
    protocol::{Message, Seq, User},
    room_name::RoomName,
    time::Millis,
};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};
use tokio::sync::{Mutex, Semaphore};

use super::{failure::Failure, schema};
use crate::store::{Extent, Piece, Slice, StoreError};

/// How many queries run at once; further ones wait.
const CONNECTIONS: usize = 4;

/// How long a query waits for a lock; locks are short, since the writer does not block readers.
const PATIENCE: Duration = Duration::from_secs(5);

/// The read connections.
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Semaphore,
    file: Arc<TheFile>,
}

/// The database file, in case it has to be opened again.
struct TheFile {
    path: PathBuf,
    /// The epoch of its logs, which identifies the file.
    epoch: Epoch,
}

impl TheFile {
    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        schema::same(&connection, &self.epoch)?;
        Ok(connection)
    }
}

impl Readers {
    pub(super) fn open(path: &Path, epoch: Epoch) -> rusqlite::Result<Readers> {
        let file = Arc::new(TheFile { path: path.to_owned(), epoch });
        let idle = (0..CONNECTIONS).map(|_| file.open()).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Readers { idle: Arc::new(Mutex::new(idle)), permits: Semaphore::new(CONNECTIONS), file })
    }

    /// Accepts no more queries, and closes the file once the running ones are done.
    pub(super) async fn close(&self) {
        // Holding all permits means that no query runs; nothing else takes more than one.
        let all = u32::try_from(CONNECTIONS).expect("a few connections");
        if let Ok(_all) = self.permits.acquire_many(all).await {
            self.permits.close();
            self.idle.lock().await.clear();
        }
    }

    /// Runs a query on its own connection, on a blocking thread.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let _permit = self.permits.acquire().await.map_err(|_| StoreError::Closed)?;
        let (idle, file) = (self.idle.clone(), self.file.clone());
        let answer = tokio::task::spawn_blocking(move || {
            let mut connection = idle.blocking_lock().pop().expect("a permit stands for an idle connection");
            let answer = question(&connection).map_err(Failure::from);
            if let Err(failure) = &answer
                && failure.may_break_connections()
                && let Ok(fresh) = file.open()
            {
                connection = fresh;
            }
            idle.blocking_lock().push(connection);
            answer
        });
        let answer = answer.await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        answer.map_err(|failure| StoreError::Unavailable(failure.to_string()))
    }
}

/// The columns of an event, in the order in which [`message`] reads them.
const COLUMNS: &str = "seq, user, name, client, text, at";

pub(crate) fn extent(connection: &Connection, room: &RoomName) -> rusqlite::Result<Extent> {
    let mut select = connection.prepare_cached(
        "SELECT head, coalesce((SELECT min(seq) FROM event WHERE room = room.id), 0) FROM room WHERE name = ?1",
    )?;
    let extent = select
        .query_row([room.as_str()], |row| Ok(Extent { head: unsigned(row, 0)?, oldest: unsigned(row, 1)? }))
        .optional()?;
    Ok(extent.unwrap_or_default())
}

/// Returns every room that has had a message.
pub(super) fn rooms(connection: &Connection) -> rusqlite::Result<Vec<RoomName>> {
    let mut select = connection.prepare_cached("SELECT name FROM room WHERE head > 0")?;
    // Nobody can request a room whose name does not parse.
    let names = select.query_map((), |row| Ok(RoomName::parse(row.get_ref(0)?.as_str()?).ok()))?;
    names.filter_map(Result::transpose).collect()
}

/// Returns the room that once had this spelling.
pub(super) fn renamed(connection: &Connection, spelling: &str) -> rusqlite::Result<Option<RoomName>> {
    let mut select = connection
        .prepare_cached("SELECT name FROM renamed JOIN room ON room.id = renamed.room WHERE spelling = ?1")?;
    let name = select.query_row([spelling], |row| row.get::<_, String>(0)).optional()?;
    Ok(name.and_then(|name| RoomName::parse(&name).ok()))
}

/// Reads a piece of a room's log and its extent from one snapshot.
pub(super) fn slice(
    connection: &Connection,
    epoch: Epoch,
    room: &RoomName,
    piece: Piece,
) -> rusqlite::Result<Slice> {
    // One transaction sees one snapshot of the log, whatever is appended and trimmed meanwhile.
    let _one_state = connection.unchecked_transaction()?;
    let extent = extent(connection, room)?;
    let messages = match piece {
        Piece::Between { after, upto } => range(connection, room, after, upto)?,
        Piece::Latest { upto, limit } => latest(connection, room, upto, limit)?,
        Piece::Around { seq, limit } => {
            let limit = u64::from(limit);
            let newest = (extent.head + 1).saturating_sub(limit);
            let first = seq.saturating_sub(limit / 2).min(newest).max(extent.oldest);
            range(connection, room, first.saturating_sub(1), (first + limit).saturating_sub(1))?
        }
        Piece::Since { at, limit } => match first_since(connection, room, extent.oldest, at)? {
            Some(first) => range(connection, room, first - 1, first - 1 + u64::from(limit))?,
            None => Vec::new(),
        },
    };
    Ok(Slice { epoch, extent, messages })
}

/// Returns the first message of a room sent at a time or later.
fn first_since(
    connection: &Connection,
    room: &RoomName,
    oldest: Seq,
    at: Millis,
) -> rusqlite::Result<Option<Seq>> {
    let mut earliest = connection.prepare_cached(
        "SELECT seq FROM event WHERE room = (SELECT id FROM room WHERE name = ?1) AND at >= ?2
         ORDER BY at, seq LIMIT 1",
    )?;
    let moment = signed(at.0);
    let Some(seq) = earliest.query_row(params![room.as_str(), moment], |row| unsigned(row, 0)).optional()?
    else {
        return Ok(None);
    };
    // Two concurrent messages may enter the log in the opposite order of their times: those directly before
    // it with a later time count too.
    let mut before = connection.prepare_cached(
        "SELECT seq FROM event WHERE room = (SELECT id FROM room WHERE name = ?1) AND seq < ?2 AND +at < ?3
         ORDER BY seq DESC LIMIT 1",
    )?;
    let before =
        before.query_row(params![room.as_str(), signed(seq), moment], |row| unsigned(row, 0)).optional()?;
    Ok(Some(before.map_or(oldest, |before| before + 1)))
}

pub(crate) fn range(
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

fn latest(connection: &Connection, room: &RoomName, upto: Seq, limit: u32) -> rusqlite::Result<Vec<Message>> {
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

/// Returns the message at a seq that the log contains.
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

/// Converts a number for SQLite: seqs and milliseconds stay far below the limit, and larger numbers are
/// clamped to it.
pub(crate) fn signed(number: u64) -> i64 {
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

#[cfg(test)]
mod tests {
    use chat::{
        id::{ClientId, Epoch, UserId},
        protocol::{Seq, User},
        room_name::RoomName,
        time::Millis,
    };
    use tokio::sync::mpsc;

    use crate::store::{NewMessage, Piece, Store as _, sqlite::SqliteStore};

    fn draft(n: u64) -> NewMessage {
        let user = User { id: UserId::parse("u").unwrap(), name: "U".into() };
        let id = ClientId::parse(&format!("m{n}")).unwrap();
        NewMessage { room: RoomName::lobby(), id, user, text: "tea".into(), at: Millis(n) }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_piece_and_where_the_log_stands_are_of_one_moment_while_the_log_moves_on() {
        let folder = tempfile::tempdir().unwrap();
        let (news, mut told) = mpsc::channel(1_000);
        let epoch = Epoch::parse("e").unwrap();
        let store = std::sync::Arc::new(SqliteStore::open(folder.path(), epoch, 3, news).unwrap());
        let speaker = store.clone();
        let speaking = tokio::spawn(async move {
            for n in 0..2_000 {
                assert!(speaker.append(vec![draft(n)]).await.failed.is_none());
                told.recv().await;
            }
        });
        let mut moments = 0;
        let mut last = 0;
        while !speaking.is_finished() {
            let all = Piece::Latest { upto: Seq::MAX, limit: 100 };
            let slice = store.read(RoomName::lobby(), all).await.unwrap();
            let seqs: Vec<Seq> = slice.messages.iter().map(|message| message.seq).collect();
            let (oldest, head) = (slice.extent.oldest, slice.extent.head);
            assert!(seqs.iter().copied().eq(oldest.max(1)..=head), "{oldest} to {head}: {seqs:?}");
            moments += usize::from(head != last);
            last = head;
        }
        speaking.await.unwrap();
        assert!(moments > 10, "it was looked at while it moved on");
        store.close().await;
    }

    #[tokio::test]
    async fn every_room_that_somebody_has_spoken_in_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (news, _told) = mpsc::channel(10);
        let store = SqliteStore::open(folder.path(), Epoch::parse("e").unwrap(), 1, news).unwrap();
        assert_eq!(store.rooms().await.unwrap(), []);
        let tea = RoomName::parse("tea").unwrap();
        let in_tea = NewMessage { room: tea.clone(), ..draft(3) };
        assert!(store.append(vec![draft(1), draft(2), in_tea]).await.failed.is_none());
        store.follow(RoomName::parse("silent").unwrap()).await.unwrap();
        let mut rooms = store.rooms().await.unwrap();
        rooms.sort();
        assert_eq!(rooms, [RoomName::lobby(), tea]);
        store.close().await;
    }
}
