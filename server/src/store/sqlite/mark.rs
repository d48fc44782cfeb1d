//! The identification of a file: its application id, schema version and epoch.

use std::path::Path;

use chat::id::Epoch;
use rusqlite::{Connection, OptionalExtension as _};

use crate::store::OpenError;

/// The latest known schema version.
pub(super) const SCHEMA_VERSION: i64 = 4;

/// Identifies Teahouse files (`PRAGMA application_id`): "TEAH".
pub(super) const APPLICATION_ID: i32 = 0x5445_4148;

/// Returns the epoch of a file's logs; `None` if no server has used it.
pub(crate) fn epoch_of(connection: &Connection, path: &Path) -> Result<Option<Epoch>, OpenError> {
    let held = held_epoch(connection)
        .map_err(|error| OpenError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    let parsed = held.map(|held| Epoch::parse(&held)).transpose();
    parsed.map_err(|error| OpenError::Damaged {
        path: path.to_owned(),
        reason: format!("its epoch is none: {error}"),
    })
}

/// Returns the epoch stored in a file, if any.
pub(super) fn held_epoch(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE key = 'epoch'", (), |row| row.get(0)).optional()
}
