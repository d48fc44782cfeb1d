//! The tables, and the migration of files of earlier versions. Reads and writes no messages.

use std::{path::Path, time::Duration};

use chat::id::Epoch;
use rusqlite::{Connection, MAIN_DB, OpenFlags, Transaction};
use rusqlite_migration::{M, Migrations};

use super::{
    inspect::{Found, inspect},
    mark::{APPLICATION_ID, epoch_of, held_epoch},
    spelling,
};

use crate::store::OpenError;

/// How long the writer waits for another program's lock before it refuses a change.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many prepared statements the writer caches: more than it has.
const STATEMENTS: usize = 32;

/// Returns the migrations, each from one schema version to the next. A released migration never changes.
fn steps() -> Vec<M<'static>> {
    let rename = |transaction: &Transaction<'_>| Ok(spelling::rename(transaction)?);
    vec![FIRST, RETENTION, RECORDS, M::up_with_hook(SPELLING, rename)]
}

const FIRST: M<'static> = M::up(
    "CREATE TABLE meta (
         key   TEXT PRIMARY KEY,
         value TEXT NOT NULL
     ) STRICT, WITHOUT ROWID;

     -- A room's name may change one day; its id does not.
     CREATE TABLE room (
         id   INTEGER PRIMARY KEY,
         name TEXT NOT NULL UNIQUE,
         head INTEGER NOT NULL DEFAULT 0
     ) STRICT;

     -- The log: everything that changes what a room shows later.
     CREATE TABLE event (
         room   INTEGER NOT NULL REFERENCES room (id),
         seq    INTEGER NOT NULL,
         kind   TEXT NOT NULL,
         user   TEXT NOT NULL,
         name   TEXT NOT NULL,
         client TEXT NOT NULL,
         text   TEXT NOT NULL,
         at     INTEGER NOT NULL,
         PRIMARY KEY (room, seq)
     ) STRICT, WITHOUT ROWID;

     -- Which client ids were taken for which events; it outlives what is no longer kept of the log.
     CREATE TABLE sent (
         room   INTEGER NOT NULL REFERENCES room (id),
         user   TEXT NOT NULL,
         client TEXT NOT NULL,
         seq    INTEGER NOT NULL,
         at     INTEGER NOT NULL,
         PRIMARY KEY (room, user, client)
     ) STRICT, WITHOUT ROWID;

     -- Who holds which nickname. No two of one skeleton (UTS #39).
     CREATE TABLE nickname (
         skeleton TEXT PRIMARY KEY,
         user     TEXT NOT NULL,
         name     TEXT NOT NULL,
         until    INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;",
);

const RETENTION: M<'static> = M::up(
    "-- What is left of an event that is no longer kept: who said it, by name, and SHA-256 of what. Both are null as long
     -- as the event is kept.
     ALTER TABLE sent ADD COLUMN name TEXT;

     ALTER TABLE sent ADD COLUMN digest BLOB;
     CREATE INDEX sent_without_event ON sent (at) WHERE digest IS NOT NULL;

     -- The way to a day.
     CREATE INDEX event_at ON event (room, at);",
);

const RECORDS: M<'static> = M::up(
    "-- Small things that belong to no log. What a value says is its owner's own business.
     CREATE TABLE record (
         drawer TEXT NOT NULL,
         key    TEXT NOT NULL,
         value  TEXT NOT NULL,
         PRIMARY KEY (drawer, key)
     ) STRICT, WITHOUT ROWID;",
);

const SPELLING: &str =
    "-- The spelling that a room had before there was one for each name, so that what leads there still does.
     CREATE TABLE renamed (
         spelling TEXT PRIMARY KEY,
         room     INTEGER NOT NULL REFERENCES room (id)
     ) STRICT, WITHOUT ROWID;";

/// Opens the file for its writer, upgrades it, and returns its epoch; a new file gets `epoch`. A foreign or
/// damaged file is left unchanged.
pub(crate) fn open(path: &Path, epoch: Epoch) -> Result<(Connection, Epoch), OpenError> {
    let found = inspect(path)?;
    let unwritable = |error: rusqlite::Error| OpenError::Unwritable {
        path: path.to_owned(),
        reason: error.to_string().replace('\n', " "),
    };
    let mut connection = Connection::open(path).map_err(unwritable)?;
    // SQLite silently opens a file read-only if it may not write it.
    if connection.is_readonly(MAIN_DB).map_err(unwritable)? {
        let reason = "it is read-only".to_owned();
        return Err(OpenError::Unwritable { path: path.to_owned(), reason });
    }
    if found == Found::Nothing {
        // Before WAL mode, so that the application id is in the main file, where `inspect` finds it.
        connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(unwritable)?;
    }
    prepare(&connection).map_err(unwritable)?;
    Migrations::new(steps()).to_latest(&mut connection).map_err(|error| OpenError::Unwritable {
        path: path.to_owned(),
        reason: error.to_string().replace('\n', " "),
    })?;
    if let Some(held) = epoch_of(&connection, path)? {
        return Ok((connection, held));
    }
    renew(&connection, &epoch).map_err(unwritable)?;
    Ok((connection, epoch))
}

/// Starts a new epoch: seqs of the previous one mean nothing any more.
pub(crate) fn renew(connection: &Connection, epoch: &Epoch) -> rusqlite::Result<()> {
    connection
        .execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('epoch', ?1)", [epoch.as_str()])
        .map(drop)
}

/// Opens the file for its writer again after a failure; it must still hold the log of `epoch`.
pub(super) fn reopen(path: &Path, epoch: &Epoch) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection)?;
    same(&connection, epoch)?;
    Ok(connection)
}

/// Fails if a connection leads to another log than that of `epoch`.
pub(super) fn same(connection: &Connection, epoch: &Epoch) -> rusqlite::Result<()> {
    match held_epoch(connection)? {
        Some(held) if held == epoch.as_str() => Ok(()),
        _ => Err(rusqlite::Error::InvalidPath(connection.path().unwrap_or_default().into())),
    }
}

/// Sets the options that a writing connection does not inherit from the file.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Acknowledged messages survive a power cut: the log is synced at every commit.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // A full disk elsewhere must not cause refused messages.
    connection.pragma_update(None, "temp_store", "MEMORY")
}

#[cfg(test)]
mod tests {
    use rusqlite_migration::Migrations;

    use super::steps;
    use crate::store::sqlite::mark::SCHEMA_VERSION;

    #[test]
    fn the_steps_apply_to_an_empty_file() {
        Migrations::new(steps()).validate().unwrap();
        assert_eq!(i64::try_from(steps().len()), Ok(SCHEMA_VERSION));
    }
}
