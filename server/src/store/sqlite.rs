//! The embedded store: one SQLite file with one writer and a few readers.
//!
//! [`schema`] lays the tables out, [`writer`] is the thread that alone changes them, [`reader`] asks.

mod reader;
mod schema;
mod writer;

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use chat::{
    id::Epoch,
    protocol::{Message, Seq},
    room_name::RoomName,
};
use futures::{FutureExt as _, future::BoxFuture};
use reader::Readers;
use tokio::sync::Mutex;
use writer::Writer;

use super::{Appended, Claim, Commits, Draft, Extent, OpenError, Store, StoreError};

/// The embedded store.
pub(crate) struct SqliteStore {
    epoch: Epoch,
    writer: Writer,
    readers: Readers,
    /// Held as long as the store is open, so that no second server tells other people about the same rooms.
    lock: Mutex<Option<File>>,
}

impl SqliteStore {
    /// Opens the database in a data folder, or makes one whose logs live in `epoch`. What is committed goes to
    /// `commits`.
    pub(crate) fn open(folder: &Path, epoch: Epoch, commits: Commits) -> Result<SqliteStore, OpenError> {
        let path = folder.join("teahouse.db");
        let unreadable = |reason: &dyn std::fmt::Display| OpenError::Unreadable {
            path: path.clone(),
            reason: reason.to_string(),
        };
        fs::create_dir_all(folder).map_err(|error| unreadable(&error))?;
        let lock = File::create(folder.join("lock")).map_err(|error| unreadable(&error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Busy { path: folder.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(unreadable(&error)),
        }
        let (connection, epoch) = schema::open(&path, epoch)?;
        let readers = Readers::open(&path).map_err(|error| unreadable(&error))?;
        let writer = Writer::start(connection, commits).map_err(|error| unreadable(&error))?;
        Ok(SqliteStore { epoch, writer, readers, lock: Mutex::new(Some(lock)) })
    }
}

impl Store for SqliteStore {
    fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    fn append(&self, drafts: Vec<Draft>) -> BoxFuture<'_, Result<Vec<Appended>, StoreError>> {
        self.writer.append(drafts).boxed()
    }

    fn extent(&self, room: RoomName) -> BoxFuture<'_, Result<Extent, StoreError>> {
        self.readers.ask(move |connection| reader::extent(connection, &room)).boxed()
    }

    fn range(
        &self,
        room: RoomName,
        after: Seq,
        upto: Seq,
    ) -> BoxFuture<'_, Result<Vec<Message>, StoreError>> {
        self.readers.ask(move |connection| reader::range(connection, &room, after, upto)).boxed()
    }

    fn latest(
        &self,
        room: RoomName,
        upto: Seq,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Message>, StoreError>> {
        self.readers.ask(move |connection| reader::latest(connection, &room, upto, limit)).boxed()
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.writer.claim(claim).boxed()
    }

    fn release(&self, claim: Claim) -> BoxFuture<'_, Result<(), StoreError>> {
        self.writer.release(claim).boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async {
            self.writer.close().await;
            self.readers.close().await;
            // Closing the file would do, but for a child that was forked meanwhile and holds it until it becomes another
            // program.
            if let Some(lock) = self.lock.lock().await.take()
                && let Err(error) = lock.unlock()
            {
                tracing::warn!(%error, "the data folder could not be unlocked; it is when the program ends");
            }
        }
        .boxed()
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        StoreError::Unavailable(error.to_string())
    }
}
