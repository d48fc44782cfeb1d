//! The tables, and how a file of an earlier version becomes one of this. Reads and writes no messages.

use std::path::Path;

use chat::id::Epoch;
use rusqlite::{Connection, OptionalExtension as _};
use rusqlite_migration::{M, Migrations};

use crate::store::OpenError;

/// Tells our files from others' (`PRAGMA application_id`): "TEAH".
const APPLICATION_ID: i32 = 0x5445_4148;

/// Each step brings a file from one schema version to the next. A step that has been released never changes.
const STEPS: &[M<'static>] = &[M::up(
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
)];

/// Opens the file for its writer, bringing it up to date, and gives the epoch that it holds; a new file gets `epoch`.
/// A file that is not ours is left as it was.
pub(super) fn open(path: &Path, epoch: Epoch) -> Result<(Connection, Epoch), OpenError> {
    let unreadable = |reason: String| OpenError::Unreadable { path: path.to_owned(), reason };
    let broken = |error: rusqlite::Error| unreadable(error.to_string());
    let mut connection = Connection::open(path).map_err(broken)?;
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(broken)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).map_err(broken)?;
    if application != APPLICATION_ID && (application != 0 || tables > 0) {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(broken)?;
    let known = i64::try_from(STEPS.len()).expect("a few steps");
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    let check: String =
        connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0)).map_err(broken)?;
    if check != "ok" {
        return Err(unreadable(check));
    }
    // Messages that a sender saw confirmed survive a power cut: the log is synced at every commit.
    connection.pragma_update(None, "journal_mode", "WAL").map_err(broken)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(broken)?;
    connection.pragma_update(None, "foreign_keys", "ON").map_err(broken)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(broken)?;
    Migrations::from_slice(STEPS)
        .to_latest(&mut connection)
        .map_err(|error| unreadable(error.to_string()))?;
    let held: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE key = 'epoch'", (), |row| row.get(0))
        .optional()
        .map_err(broken)?;
    if let Some(held) = held {
        let epoch = Epoch::parse(&held).map_err(|error| unreadable(error.to_string()))?;
        return Ok((connection, epoch));
    }
    connection
        .execute("INSERT INTO meta (key, value) VALUES ('epoch', ?1)", [epoch.as_str()])
        .map_err(broken)?;
    Ok((connection, epoch))
}

#[cfg(test)]
mod tests {
    use super::STEPS;
    use rusqlite_migration::Migrations;

    #[test]
    fn the_steps_apply_to_an_empty_file() {
        Migrations::from_slice(STEPS).validate().unwrap();
    }
}
