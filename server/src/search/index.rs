//! The index: a separate file beside the log, which may be lost at any time. Owns its tables, message numbers
//! and queries; never stores message texts, which belong to the log.
//!
//! It is a contentless FTS5 table: [`super::unit`] makes the tokens, and SQLite's `ascii` tokenizer only
//! splits them at the spaces. A message's number begins with its timestamp, so that the newest come first
//! without sorting, and days are ranges of numbers.

use std::{
    cell::RefCell,
    collections::HashMap,
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    time::Instant,
};

use chat::{id::Epoch, time::Millis};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Transaction, params};

use super::{
    log::{IndexedText, PATIENCE},
    query::{Author, Query},
    unit::{tokens, units},
    vocabulary::Vocabulary,
};

/// Increases with every change of the tables or of tokenization; a file of another version is rebuilt.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE meta (epoch TEXT NOT NULL) STRICT;

    -- Up to which seq each room is indexed.
    CREATE TABLE room (
        id   INTEGER PRIMARY KEY,
        upto INTEGER NOT NULL
    ) STRICT;

    -- Where in the log each message is.
    CREATE TABLE message (
        id   INTEGER PRIMARY KEY,
        room INTEGER NOT NULL,
        seq  INTEGER NOT NULL,
        UNIQUE (room, seq)
    ) STRICT;

    CREATE VIRTUAL TABLE said USING fts5 (
        words, author, room,
        content = '', contentless_delete = 1, tokenize = 'ascii',
        -- A single Chinese letter, and the first of a word, are asked for often and begin many tokens.
        prefix = '1'
    );";

/// How many bits of a message's number distinguish messages of the same millisecond.
pub(super) const TIE_BITS: u32 = 20;

/// The last millisecond that has numbers: in the year 2248.
pub(super) const LAST: u64 = (1 << (63 - TIE_BITS)) - 1;

/// How many steps of SQLite's virtual machine run between two checks of the deadline.
const STEPS: i32 = 5_000;

/// The path of the index, and the log it belongs to.
#[derive(Clone, Debug)]
pub(super) struct IndexFiles {
    pub(super) path: PathBuf,
    /// The epoch of its log.
    pub(super) epoch: Epoch,
}

impl IndexFiles {
    pub(super) fn new(folder: &Path, epoch: Epoch) -> IndexFiles {
        IndexFiles { path: folder.join("search.db"), epoch }
    }

    /// Returns whether the file exists.
    pub(super) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Removes the file and SQLite's companion files.
    pub(super) fn clear(&self) -> io::Result<()> {
        // The file itself goes last: its companions mean nothing without it.
        for suffix in ["-wal", "-shm", "-journal", ""] {
            let mut name = self.path.clone().into_os_string();
            name.push(suffix);
            match fs::remove_file(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Returns whether an error means that the file is damaged, rather than temporarily unusable.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    !matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OperationInterrupted
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::PermissionDenied
                | ErrorCode::DiskFull
                | ErrorCode::CannotOpen
        )
    )
}

/// An open index.
pub(super) struct Index(Connection);

impl Index {
    /// Opens the file for its single writer; `None` if it has another version or belongs to another epoch.
    pub(super) fn open(place: &IndexFiles) -> rusqlite::Result<Option<Index>> {
        let connection = Connection::open(&place.path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // After a power failure, the last commits may be missing and are indexed again; the file stays
        // consistent.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let index = Index(connection);
        let tables: i64 = index.0.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
        if tables == 0 {
            index.0.execute_batch(&format!("BEGIN; {TABLES} PRAGMA user_version = {VERSION};"))?;
            index.0.execute("INSERT INTO meta (epoch) VALUES (?1)", [place.epoch.as_str()])?;
            index.0.execute_batch("COMMIT")?;
        }
        Ok(index.belongs(place)?.then_some(index))
    }

    /// Opens the file for a search; `None` if there is no usable file yet.
    pub(super) fn read(place: &IndexFiles) -> rusqlite::Result<Option<Index>> {
        if !place.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let index = Index(Connection::open_with_flags(&place.path, flags)?);
        index.0.busy_timeout(PATIENCE)?;
        Ok(index.belongs(place)?.then_some(index))
    }

    fn belongs(&self, place: &IndexFiles) -> rusqlite::Result<bool> {
        let version: i64 = self.0.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version != VERSION {
            return Ok(false);
        }
        let epoch: Option<String> =
            self.0.query_row("SELECT epoch FROM meta", (), |row| row.get(0)).optional()?;
        Ok(epoch.as_deref() == Some(place.epoch.as_str()))
    }

    /// Returns, by room id, the seq up to which each room is indexed.
    pub(super) fn rooms(&self) -> rusqlite::Result<Vec<(i64, i64)>> {
        let mut select = self.0.prepare_cached("SELECT id, upto FROM room")?;
        select.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// Applies several changes in one transaction.
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&Change<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let transaction = Change(self.0.transaction()?, RefCell::default());
        let result = change(&transaction)?;
        transaction.0.commit()?;
        Ok(result)
    }

    /// Interrupts queries after a deadline, with an error for which [`is_interruption`] returns `true`.
    pub(super) fn end_at(&self, deadline: Instant) -> rusqlite::Result<()> {
        self.0.progress_handler(STEPS, Some(move || Instant::now() >= deadline))
    }

    /// Passes candidate messages to `look`, newest first, as number, room and seq, until it returns `false`.
    /// `rooms` are the ids of the rooms that the query names.
    pub(super) fn walk(
        &self,
        query: &Query,
        rooms: &[i64],
        older_than: Option<i64>,
        mut look: impl FnMut(i64, i64, i64) -> rusqlite::Result<bool>,
    ) -> rusqlite::Result<()> {
        let Range { start, end } = query.span.clone().unwrap_or(0..u64::MAX);
        let (from, to) = (number(start), if end > LAST { i64::MAX } else { number(end) });
        let to = older_than.unwrap_or(i64::MAX).min(to);
        let expression = expression(query, rooms, &Vocabulary::of(&self.0)?)?;
        let mut select = if expression.is_empty() {
            self.0.prepare_cached(
                "SELECT id, room, seq FROM message WHERE ?1 = '' AND id >= ?2 AND id < ?3 ORDER BY id DESC",
            )?
        } else {
            // CROSS JOIN fixes the order of the join: `said` is the outer loop.
            self.0.prepare_cached(
                "SELECT said.rowid, message.room, message.seq FROM said CROSS JOIN message ON message.id = said.rowid
                 WHERE said MATCH ?1 AND said.rowid >= ?2 AND said.rowid < ?3 ORDER BY said.rowid DESC",
            )?
        };
        let mut rows = select.query(params![expression, from, to])?;
        while let Some(row) = rows.next()? {
            if !look(row.get(0)?, row.get(1)?, row.get(2)?)? {
                break;
            }
        }
        Ok(())
    }
}

/// Returns whether an error means that the deadline passed.
pub(super) fn is_interruption(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

/// A transaction, with a cache of the tokens of its messages' authors.
pub(super) struct Change<'a>(Transaction<'a>, RefCell<HashMap<String, String>>);

impl Change<'_> {
    /// Indexes a message.
    pub(super) fn add(&self, room: i64, seq: i64, said: &IndexedText) -> rusqlite::Result<()> {
        let id = self.free(said.at)?;
        self.0
            .prepare_cached("INSERT INTO message (id, room, seq) VALUES (?1, ?2, ?3)")?
            .execute([id, room, seq])?;
        let mut authors = self.1.borrow_mut();
        let author =
            authors.entry(said.name.clone()).or_insert_with(|| Author::new(&said.name).token()).as_str();
        self.0
            .prepare_cached("INSERT INTO said (rowid, words, author, room) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![id, tokens(&units(&said.text)).join(" "), author, room_token(room)])?;
        Ok(())
    }

    /// Records that a room is indexed up to `upto`.
    pub(super) fn reached(&self, room: i64, upto: i64) -> rusqlite::Result<()> {
        self.0
            .prepare_cached(
                "INSERT INTO room (id, upto) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET upto = excluded.upto",
            )?
            .execute([room, upto])?;
        Ok(())
    }

    /// Removes a room's entries before `oldest`, at most `limit` messages; returns how many it removed.
    pub(super) fn forget(&self, room: i64, oldest: i64, limit: usize) -> rusqlite::Result<usize> {
        let mut select = self
            .0
            .prepare_cached("SELECT id FROM message WHERE room = ?1 AND seq < ?2 ORDER BY seq LIMIT ?3")?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let ids: Vec<i64> =
            select.query_map([room, oldest, limit], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        for id in &ids {
            self.0.prepare_cached("DELETE FROM said WHERE rowid = ?1")?.execute([id])?;
            self.0.prepare_cached("DELETE FROM message WHERE id = ?1")?.execute([id])?;
        }
        Ok(ids.len())
    }

    /// Removes the record of a room that no longer exists.
    pub(super) fn forget_room(&self, room: i64) -> rusqlite::Result<()> {
        self.0.prepare_cached("DELETE FROM room WHERE id = ?1")?.execute([room])?;
        Ok(())
    }

    /// Returns a free number for a message of this millisecond.
    fn free(&self, at: Millis) -> rusqlite::Result<i64> {
        let at = at.0.min(LAST - 1);
        let (first, next) = (number(at), number(at + 1));
        let last: Option<i64> = self
            .0
            .prepare_cached("SELECT max(id) FROM message WHERE id >= ?1 AND id < ?2")?
            .query_row([first, next], |row| row.get(0))?;
        // More than a million messages in one millisecond overflow into the next.
        match last {
            None => Ok(first),
            Some(last) if last + 1 < next || at == LAST - 1 => Ok(last + 1),
            Some(_) => self.free(Millis(at + 1)),
        }
    }
}

/// Returns the first number of a millisecond.
fn number(millis: u64) -> i64 {
    i64::try_from(millis.min(LAST) << TIE_BITS).expect("the last moment's numbers fit")
}

fn room_token(room: i64) -> String {
    format!("r{room}")
}

/// Builds the FTS5 query; empty if the query only restricts days.
fn expression(query: &Query, rooms: &[i64], vocabulary: &Vocabulary<'_>) -> rusqlite::Result<String> {
    let any = |column: &str, tokens: Vec<String>| {
        let tokens: Vec<String> = tokens.iter().map(|token| format!("{column} : \"{token}\"")).collect();
        (!tokens.is_empty()).then(|| format!("({})", tokens.join(" OR ")))
    };
    let mut words = Vec::new();
    for term in &query.terms {
        let named = match term.beginning() {
            Some(beginning) => vocabulary.beginning(beginning)?.and_then(|named| any("words", named)),
            None => None,
        };
        words.push(named.unwrap_or_else(|| format!("(words : {})", term.phrase())));
    }
    let author = any("author", query.authors.iter().map(Author::token).collect());
    let room = any("room", rooms.iter().copied().map(room_token).collect());
    Ok(words.into_iter().chain(author).chain(room).collect::<Vec<_>>().join(" AND "))
}
