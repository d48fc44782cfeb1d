//! The drawers beside the log: a hash each, whose every change is one command.
//!
//! A drawer is no part of a life of the logs: what lies in it holds in the next one too, as far as Redis has kept it.

use redis::cmd;

use crate::store::{Collection, Put, Record, StoreError, redis::link::Link};

/// Puts a record into its drawer; whether it lies there now.
pub(crate) async fn put(link: &Link, record: &Record, put: Put) -> Result<bool, StoreError> {
    let Record { collection, key, value } = record;
    let hash = link.keys().records(*collection);
    match put {
        // The answer says how many fields are new, and not whether it was done: it was.
        Put::Always => link.command::<u32>(cmd("HSET").arg(hash).arg(key).arg(value)).await.map(|_| true),
        Put::IfAbsent => link.command(cmd("HSETNX").arg(hash).arg(key).arg(value)).await,
    }
}

/// Takes a record out of its drawer; whether it was there.
pub(crate) async fn delete(link: &Link, collection: Collection, key: &str) -> Result<bool, StoreError> {
    link.command(cmd("HDEL").arg(link.keys().records(collection)).arg(key)).await
}

/// The value of a record, if there is one.
pub(crate) async fn value(
    link: &Link,
    collection: Collection,
    key: &str,
) -> Result<Option<String>, StoreError> {
    link.command(cmd("HGET").arg(link.keys().records(collection)).arg(key)).await
}

/// All records of a drawer, by key.
pub(crate) async fn all(link: &Link, collection: Collection) -> Result<Vec<Record>, StoreError> {
    let held: Vec<(String, String)> =
        link.command(cmd("HGETALL").arg(link.keys().records(collection))).await?;
    let mut records: Vec<Record> =
        held.into_iter().map(|(key, value)| Record { collection, key, value }).collect();
    records.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(records)
}
