//! By what a file of ours is known: its mark, the version of its schema and the epoch that it holds.

use std::path::Path;

use chat::id::Epoch;
use rusqlite::{Connection, OptionalExtension as _};

use crate::store::OpenError;

/// The latest version of the schema that is known.
pub(super) const SCHEMA_VERSION: i64 = 4;

/// Tells our files from others' (`PRAGMA application_id`): "TEAH".
pub(super) const APPLICATION_ID: i32 = 0x5445_4148;

/// The life in which the logs of a file are; none in one that was never served from.
pub(crate) fn epoch_of(connection: &Connection, path: &Path) -> Result<Option<Epoch>, OpenError> {
    let held = held_epoch(connection)
        .map_err(|error| OpenError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    let parsed = held.map(|held| Epoch::parse(&held)).transpose();
    parsed.map_err(|error| OpenError::Damaged {
        path: path.to_owned(),
        reason: format!("its epoch is none: {error}"),
    })
}

/// The epoch that a file holds, if it holds one yet.
pub(super) fn held_epoch(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE key = 'epoch'", (), |row| row.get(0)).optional()
}
