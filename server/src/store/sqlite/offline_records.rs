//! The records of a data folder for whoever is no server: beside one that runs, before the first one, and after the last.
//!
//! A database that is there is opened as it is. One that is not, or that is of an earlier version, is made or brought up
//! to date first, with the folder locked for that moment.

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

/// How long a server that has just begun may take to make its database, and how long one may write.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether it has.
const PAUSE: Duration = Duration::from_millis(20);

/// The records of a folder.
pub(crate) struct Records(Connection);

impl Records {
    /// Opens the database of a data folder; makes both if they are not there.
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

    /// Puts a record into its drawer; whether it lies there now.
    pub(crate) fn put(&mut self, record: &Record, put: Put) -> rusqlite::Result<bool> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let lies_there = records::put(&transaction, record, put)?;
        transaction.commit()?;
        Ok(lies_there)
    }

    /// Takes a record out of its drawer; whether it was there.
    pub(crate) fn delete(&mut self, collection: Collection, key: &str) -> rusqlite::Result<bool> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let was_there = records::delete(&transaction, collection, key)?;
        transaction.commit()?;
        Ok(was_there)
    }

    /// The value of a record, if there is one.
    pub(crate) fn value(&self, collection: Collection, key: &str) -> rusqlite::Result<Option<String>> {
        records::value(&self.0, collection, key)
    }

    /// All records of a drawer, by key.
    pub(crate) fn all(&self, collection: Collection) -> rusqlite::Result<Vec<Record>> {
        records::all(&self.0, collection)
    }
}

/// The database, if it is there and of this version.
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
