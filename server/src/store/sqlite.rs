//! The embedded store: one SQLite file with one writer and a few readers.
//!
//! [`inspect`] checks whose file it is before anything touches it, and [`schema`] creates the tables, with
//! [`spelling`] for room names. Only the [`writer`] thread changes them, through [`log`], [`names`] and
//! [`records`], and runs [`maintenance`] when no change waits; [`reader`] reads. [`failure`] classifies
//! errors. [`offline_records`] is for commands that work on the records of a folder that a server may be
//! using.

pub(crate) mod inspect;
pub(crate) mod schema;
mod space;

pub(crate) mod offline_records;

pub(crate) mod log;
mod maintenance;
pub(crate) mod mark;
mod names;
mod records;
mod spelling;
mod writer;

pub(crate) mod reader;

mod failure;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use chat::{id::Epoch, protocol::Head, room_name::RoomName};
use futures::{FutureExt as _, future::BoxFuture};
use tokio::sync::Mutex;

use reader::Readers;
use space::Space;
use writer::{Writer, WriterThread};

use super::{
    AppendedBatch, Claim, Collection, NewMessage, OpenError, Piece, Put, Record, Slice, Store, StoreError,
};

use crate::events::EventSender;

/// The name of the database in the data folder.
pub(crate) const FILE: &str = "teahouse.db";

/// The embedded store.
pub(crate) struct SqliteStore {
    epoch: Epoch,
    writer: Writer,
    readers: Readers,
    space: Space,
    /// Held as long as the store is open, so that no second server serves the same rooms.
    lock: Mutex<Option<File>>,
}

impl SqliteStore {
    /// Opens the database in a data folder, or creates one with this `epoch`. A room retains its newest
    /// `retain` messages; 0 means all of them. Committed messages go to `news`.
    pub(crate) fn open(
        folder: &Path,
        epoch: Epoch,
        retain: u32,
        news: EventSender,
    ) -> Result<SqliteStore, OpenError> {
        let path = folder.join(FILE);
        let unusable =
            |error: io::Error| OpenError::Folder { path: folder.to_owned(), reason: error.to_string() };
        fs::create_dir_all(folder).map_err(unusable)?;
        let lock = lock(folder)?;
        let (connection, epoch) = schema::open(&path, epoch)?;
        let unreadable =
            |error: rusqlite::Error| OpenError::Unreadable { path: path.clone(), reason: error.to_string() };
        let readers = Readers::open(&path, epoch.clone()).map_err(unreadable)?;
        let writer_thread = WriterThread { connection, path, epoch: epoch.clone(), retain, news };
        let writer = Writer::start(writer_thread).map_err(unusable)?;
        let space = Space::new(folder.join(FILE));
        Ok(SqliteStore { epoch, writer, readers, space, lock: Mutex::new(Some(lock)) })
    }

    /// Limits the store to `most` bytes of messages, and leaves `free` bytes on the disk; 0 lifts either
    /// limit.
    #[must_use]
    pub(crate) fn within(self, most: u64, free: u64) -> SqliteStore {
        SqliteStore { space: self.space.within(most, free), ..self }
    }

    /// Returns the epoch of the logs.
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }
}

/// Locks an existing data folder for this process, until the result is dropped.
pub(crate) fn lock(folder: &Path) -> Result<File, OpenError> {
    let unusable =
        |error: io::Error| OpenError::Folder { path: folder.to_owned(), reason: error.to_string() };
    let lock = File::create(folder.join("lock")).map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::Busy { path: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

impl Store for SqliteStore {
    fn append(&self, drafts: Vec<NewMessage>) -> BoxFuture<'_, AppendedBatch> {
        if let Some(lack) = self.space.lacks() {
            let kept = AppendedBatch { appended: Vec::new(), failed: Some(StoreError::Full(lack)) };
            return std::future::ready(kept).boxed();
        }
        self.writer.append(drafts).boxed()
    }

    fn follow(&self, room: RoomName) -> BoxFuture<'_, Result<Head, StoreError>> {
        async move {
            let asked = room.clone();
            let extent = self.readers.ask(move |connection| reader::extent(connection, &asked)).await?;
            Ok(Head { room, epoch: self.epoch.clone(), seq: extent.head })
        }
        .boxed()
    }

    /// Does nothing: all rooms' events are published, and those of rooms not followed are ignored.
    fn unfollow(&self, _room: &RoomName) {}

    fn read(&self, room: RoomName, piece: Piece) -> BoxFuture<'_, Result<Slice, StoreError>> {
        let epoch = self.epoch.clone();
        self.readers.ask(move |connection| reader::slice(connection, epoch, &room, piece)).boxed()
    }

    fn rooms(&self) -> BoxFuture<'_, Result<Vec<RoomName>, StoreError>> {
        self.readers.ask(reader::rooms).boxed()
    }

    fn renamed(&self, spelling: String) -> BoxFuture<'_, Result<Option<RoomName>, StoreError>> {
        self.readers.ask(move |connection| reader::renamed(connection, &spelling)).boxed()
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.writer.claim(claim).boxed()
    }

    fn holds(&self, claim: Claim) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.readers.ask(move |connection| names::holds(connection, &claim)).boxed()
    }

    fn release(&self, claim: Claim) -> BoxFuture<'_, Result<(), StoreError>> {
        self.writer.release(claim).boxed()
    }

    fn put(&self, record: Record, put: Put) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.writer.put(record, put).boxed()
    }

    fn record(
        &self,
        collection: Collection,
        key: String,
    ) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        self.readers.ask(move |connection| records::value(connection, collection, &key)).boxed()
    }

    fn records(&self, collection: Collection) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        self.readers.ask(move |connection| records::all(connection, collection)).boxed()
    }

    fn delete(&self, collection: Collection, key: String) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.writer.delete(collection, key).boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async {
            // The writer last: the last connection to close that may write checkpoints the log into the file,
            // which is then complete by itself.
            self.readers.close().await;
            self.writer.close().await;
            // Closing the file would suffice, unless a child process forked meanwhile holds it until it
            // executes another program.
            if let Some(lock) = self.lock.lock().await.take()
                && let Err(error) = lock.unlock()
            {
                tracing::warn!(%error, "the data folder could not be unlocked; it is when the program ends");
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
