//! Records, as rows. Never begins or commits a transaction.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::store::{Collection, Put, Record};

/// Writes a record to its collection; returns whether it is stored now.
pub(super) fn put(transaction: &Transaction<'_>, record: &Record, put: Put) -> rusqlite::Result<bool> {
    let Record { collection, key, value } = record;
    let insert = match put {
        Put::Always => "INSERT OR REPLACE INTO record (drawer, key, value) VALUES (?1, ?2, ?3)",
        Put::IfAbsent => "INSERT OR IGNORE INTO record (drawer, key, value) VALUES (?1, ?2, ?3)",
    };
    let changed = transaction.prepare_cached(insert)?.execute(params![collection.name(), key, value])?;
    Ok(changed == 1)
}

/// Deletes a record from its collection; returns whether it existed.
pub(super) fn delete(
    transaction: &Transaction<'_>,
    collection: Collection,
    key: &str,
) -> rusqlite::Result<bool> {
    let changed = transaction
        .prepare_cached("DELETE FROM record WHERE drawer = ?1 AND key = ?2")?
        .execute(params![collection.name(), key])?;
    Ok(changed == 1)
}

/// Returns the value of a record, if any.
pub(super) fn value(
    connection: &Connection,
    collection: Collection,
    key: &str,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM record WHERE drawer = ?1 AND key = ?2")?
        .query_row(params![collection.name(), key], |row| row.get(0))
        .optional()
}

/// Returns all records of a collection, by key.
pub(super) fn all(connection: &Connection, collection: Collection) -> rusqlite::Result<Vec<Record>> {
    let mut select =
        connection.prepare_cached("SELECT key, value FROM record WHERE drawer = ?1 ORDER BY key")?;
    let records = select.query_map([collection.name()], |row| {
        Ok(Record { collection, key: row.get(0)?, value: row.get(1)? })
    })?;
    records.collect()
}
