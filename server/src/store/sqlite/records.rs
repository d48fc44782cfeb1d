//! The drawers beside the log, as rows. Neither begins nor commits.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::store::{Drawer, Put, Record};

/// Puts a record into its drawer; whether it lies there now.
pub(super) fn put(transaction: &Transaction<'_>, record: &Record, put: Put) -> rusqlite::Result<bool> {
    let Record { drawer, key, value } = record;
    let insert = match put {
        Put::Always => "INSERT OR REPLACE INTO record (drawer, key, value) VALUES (?1, ?2, ?3)",
        Put::IfAbsent => "INSERT OR IGNORE INTO record (drawer, key, value) VALUES (?1, ?2, ?3)",
    };
    let changed = transaction.prepare_cached(insert)?.execute(params![drawer.name(), key, value])?;
    Ok(changed == 1)
}

/// Takes a record out of its drawer; whether it was there.
pub(super) fn strike(transaction: &Transaction<'_>, drawer: Drawer, key: &str) -> rusqlite::Result<bool> {
    let changed = transaction
        .prepare_cached("DELETE FROM record WHERE drawer = ?1 AND key = ?2")?
        .execute(params![drawer.name(), key])?;
    Ok(changed == 1)
}

/// The value of a record, if there is one.
pub(super) fn value(connection: &Connection, drawer: Drawer, key: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM record WHERE drawer = ?1 AND key = ?2")?
        .query_row(params![drawer.name(), key], |row| row.get(0))
        .optional()
}

/// All records of a drawer, by key.
pub(super) fn all(connection: &Connection, drawer: Drawer) -> rusqlite::Result<Vec<Record>> {
    let mut select =
        connection.prepare_cached("SELECT key, value FROM record WHERE drawer = ?1 ORDER BY key")?;
    let records = select
        .query_map([drawer.name()], |row| Ok(Record { drawer, key: row.get(0)?, value: row.get(1)? }))?;
    records.collect()
}
