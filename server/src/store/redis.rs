//! The store for several nodes, in Redis: a log per room, the nickname claims, and the collections of
//! records.
//!
//! [`writer`] appends messages in groups through [`append`]; [`reader`] reads, [`names`] claims nicknames,
//! [`records`] writes and deletes records, and [`cookies`] holds the login keys. Each change is one script,
//! so that Redis performs all of it or nothing. Redis itself publishes committed messages, including this
//! node's own: nothing here publishes events.

pub(crate) mod channel;
pub(crate) mod connection;
pub(crate) mod cookies;
pub(crate) mod entry;
pub(crate) mod key;
pub(crate) mod link;
pub(crate) mod live;
pub(crate) mod records;
pub(crate) mod wire;

mod append;
mod names;
mod reader;
mod requirements;
mod spelling;
mod writer;

#[cfg(test)]
pub(crate) mod test_server;

use std::sync::Arc;

use chat::{id::NodeId, protocol::Head, room_name::RoomName};
use futures::{FutureExt as _, future::BoxFuture};

use names::Names;
use reader::Reader;
use writer::Writer;

use super::{AppendedBatch, Claim, Collection, NewMessage, Piece, Put, Record, Slice, Store, StoreError};

use crate::store::redis::{channel::Channel, link::Link};

/// The store in Redis.
pub(crate) struct RedisStore {
    link: Arc<Link>,
    channel: Arc<Channel>,
    writer: Writer,
    reader: Reader,
    names: Names,
}

impl RedisStore {
    /// Starts the writer. A room retains its newest `retain` messages; 0 means all of them. Committed
    /// messages arrive on `channel`.
    pub(crate) fn start(link: Arc<Link>, channel: Arc<Channel>, node: &NodeId, retain: u32) -> RedisStore {
        RedisStore {
            writer: Writer::start(link.clone(), retain),
            reader: Reader::new(link.clone()),
            names: Names::new(link.clone(), node),
            link,
            channel,
        }
    }
}

impl Store for RedisStore {
    fn append(&self, drafts: Vec<NewMessage>) -> BoxFuture<'_, AppendedBatch> {
        self.writer.append(drafts).boxed()
    }

    fn follow(&self, room: RoomName) -> BoxFuture<'_, Result<Head, StoreError>> {
        async move {
            self.channel.follow(&room).await?;
            self.reader.head(room).await
        }
        .boxed()
    }

    fn unfollow(&self, room: &RoomName) {
        self.channel.unfollow(room);
    }

    fn read(&self, room: RoomName, piece: Piece) -> BoxFuture<'_, Result<Slice, StoreError>> {
        async move { self.reader.read(&room, piece).await }.boxed()
    }

    fn rooms(&self) -> BoxFuture<'_, Result<Vec<RoomName>, StoreError>> {
        async move {
            let rooms = self.link.keys().rooms();
            let names: Vec<String> = self.link.command(redis::cmd("SMEMBERS").arg(rooms)).await?;
            Ok(names.iter().filter_map(|name| RoomName::from_canonical(name).ok()).collect())
        }
        .boxed()
    }

    fn renamed(&self, spelling: String) -> BoxFuture<'_, Result<Option<RoomName>, StoreError>> {
        async move {
            let renamed = self.link.keys().renamed();
            let name: Option<String> =
                self.link.command(redis::cmd("HGET").arg(renamed).arg(spelling)).await?;
            Ok(name.and_then(|name| RoomName::parse(&name).ok()))
        }
        .boxed()
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<bool, StoreError>> {
        async move { self.names.claim(&claim).await }.boxed()
    }

    fn holds(&self, claim: Claim) -> BoxFuture<'_, Result<bool, StoreError>> {
        async move { self.names.holds(&claim).await }.boxed()
    }

    fn release(&self, claim: Claim) -> BoxFuture<'_, Result<(), StoreError>> {
        async move { self.names.release(&claim).await }.boxed()
    }

    fn put(&self, record: Record, put: Put) -> BoxFuture<'_, Result<bool, StoreError>> {
        async move { records::put(&self.link, &record, put).await }.boxed()
    }

    fn record(
        &self,
        collection: Collection,
        key: String,
    ) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        async move { records::value(&self.link, collection, &key).await }.boxed()
    }

    fn records(&self, collection: Collection) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        records::all(&self.link, collection).boxed()
    }

    fn delete(&self, collection: Collection, key: String) -> BoxFuture<'_, Result<bool, StoreError>> {
        async move { records::delete(&self.link, collection, &key).await }.boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.writer.close().boxed()
    }
}

#[cfg(test)]
mod tests;
