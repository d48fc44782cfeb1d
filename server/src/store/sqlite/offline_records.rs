//! The records of a data folder for command-line tools: beside a running server, before its first run, and
//! after its last.
//!
//! An existing database is opened as it is. A missing one is created first, and one of an earlier version is
//! upgraded, with the folder locked meanwhile.

use std::{
    fs, io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{FILE, inspect::recognize, lock, mark::SCHEMA_VERSION, records, schema};

use crate::{
    ops::data_folder,
    random,
    store::{Collection, OpenError, Put, Record},
};

/// How long a server that has just started may take to create its database, and how long a write may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often to check for the database.
const PAUSE: Duration = Duration::from_millis(20);

/// The records of a folder.
pub(crate) struct Records(Connection);

impl Records {
    /// Opens the database of a data folder; creates both if they are missing.
    pub(crate) fn open(data: &Path) -> Result<Records, OpenError> {
        let unusable =
            |error: io::Error| OpenError::Folder { path: data.to_owned(), reason: error.to_string() };
        fs::create_dir_all(data).map_err(unusable)?;
        let path = data.join(FILE);
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(connection) = up_to_date(&path)? {
                return Ok(Records(connection));
            }
            match lock(data) {
                Ok(_lock) => {
                    let connection = schema::open(&path, random::epoch())?.0;
                    data_folder::hand_over(data);
                    return Ok(Records(connection));
                }
                Err(OpenError::Busy { .. }) if Instant::now() < until => thread::sleep(PAUSE),
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes a record to its collection; returns whether it is stored now.
    pub(crate) fn put(&mut self, record: &Record, put: Put) -> rusqlite::Result<bool> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let lies_there = records::put(&transaction, record, put)?;
        transaction.commit()?;
        Ok(lies_there)
    }

    /// Deletes a record from its collection; returns whether it existed.
    pub(crate) fn delete(&mut self, collection: Collection, key: &str) -> rusqlite::Result<bool> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let was_there = records::delete(&transaction, collection, key)?;
        transaction.commit()?;
        Ok(was_there)
    }

    /// Returns the value of a record, if any.
    pub(crate) fn value(&self, collection: Collection, key: &str) -> rusqlite::Result<Option<String>> {
        records::value(&self.0, collection, key)
    }

    /// Returns all records of a collection, by key.
    pub(crate) fn all(&self, collection: Collection) -> rusqlite::Result<Vec<Record>> {
        records::all(&self.0, collection)
    }
}

/// Opens the database, if it exists and has the current version.
fn up_to_date(path: &Path) -> Result<Option<Connection>, OpenError> {
    if fs::metadata(path).is_ok_and(|found| found.len() == 0) || !path.exists() {
        return Ok(None);
    }
    let unreadable = |error: rusqlite::Error| OpenError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string().replace('\n', " "),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(unreadable)?;
    connection.busy_timeout(PATIENCE).map_err(unreadable)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(unreadable)?;
    let current = recognize(&connection, path)? == Some(SCHEMA_VERSION);
    Ok(current.then_some(connection))
}
