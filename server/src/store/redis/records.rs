//! Records: a hash per collection, in which every change is one command.
//!
//! Records belong to no epoch: they remain valid in the next one, as far as Redis has retained them.

use redis::cmd;

use crate::store::{Collection, Put, Record, StoreError, redis::link::Link};

/// Writes a record to its collection; returns whether it is stored now.
pub(crate) async fn put(link: &Link, record: &Record, put: Put) -> Result<bool, StoreError> {
    let Record { collection, key, value } = record;
    let hash = link.keys().records(*collection);
    match put {
        // The answer counts new fields; the command has succeeded in any case.
        Put::Always => link.command::<u32>(cmd("HSET").arg(hash).arg(key).arg(value)).await.map(|_| true),
        Put::IfAbsent => link.command(cmd("HSETNX").arg(hash).arg(key).arg(value)).await,
    }
}

/// Deletes a record from its collection; returns whether it existed.
pub(crate) async fn delete(link: &Link, collection: Collection, key: &str) -> Result<bool, StoreError> {
    link.command(cmd("HDEL").arg(link.keys().records(collection)).arg(key)).await
}

/// Returns the value of a record, if any.
pub(crate) async fn value(
    link: &Link,
    collection: Collection,
    key: &str,
) -> Result<Option<String>, StoreError> {
    link.command(cmd("HGET").arg(link.keys().records(collection)).arg(key)).await
}

/// Returns all records of a collection, by key.
pub(crate) async fn all(link: &Link, collection: Collection) -> Result<Vec<Record>, StoreError> {
    let held: Vec<(String, String)> =
        link.command(cmd("HGETALL").arg(link.keys().records(collection))).await?;
    let mut records: Vec<Record> =
        held.into_iter().map(|(key, value)| Record { collection, key, value }).collect();
    records.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(records)
}
