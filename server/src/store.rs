//! The store's contract: durable message logs, nicknames and records. Knows nothing about sockets or members.
//!
//! A store commits a message, assigns it the next seq of its room, and only then publishes it as a
//! [`crate::events::StoreEvent`], in seq order. Rooms therefore learn about messages from these events alone;
//! the result of [`Store::append`] is only the reply to the caller.

use std::{path::PathBuf, sync::Arc};

use chat::{
    id::{ClientId, Epoch},
    name::Skeleton,
    protocol::{Head, Message, Seq, User},
    room_name::RoomName,
    time::Millis,
};
use futures::future::BoxFuture;

pub(crate) mod instance_id;
pub(crate) mod redis;
pub(crate) mod spelling;
pub(crate) mod sqlite;

#[cfg(test)]
pub(crate) mod conformance;
#[cfg(test)]
pub(crate) mod scratch;

/// The server's store, shared between tasks.
pub(crate) type SharedStore = Arc<dyn Store>;

/// A durable log per room, the nickname claims, and collections of small records.
pub(crate) trait Store: Send + Sync {
    /// Appends messages in the given order: all of them, or those before the first that cannot be stored.
    /// When this returns, every stored message is durable, and the others have left no trace. A draft with a
    /// remembered id returns the original message and is not stored again. The same commit trims a room's
    /// oldest messages beyond its retention limit.
    fn append(&self, drafts: Vec<NewMessage>) -> BoxFuture<'_, AppendedBatch>;

    /// Follows a room and returns its head. From then on the store publishes the room's commits, until
    /// [`Store::unfollow`]. A room without messages has head 0. Following a room again reads its head again.
    fn follow(&self, room: RoomName) -> BoxFuture<'_, Result<Head, StoreError>>;

    /// Stops publishing a room's events. A later [`Store::follow`] resumes them.
    fn unfollow(&self, room: &RoomName);

    /// Reads a piece of a room's retained log together with the log's extent, both from one snapshot.
    fn read(&self, room: RoomName, piece: Piece) -> BoxFuture<'_, Result<Slice, StoreError>>;

    /// Returns every room that has ever had a message, in no particular order.
    fn rooms(&self) -> BoxFuture<'_, Result<Vec<RoomName>, StoreError>>;

    /// Returns the current name of the room that had exactly this spelling before room names became
    /// canonical; `None` if no room had it.
    fn renamed(&self, spelling: String) -> BoxFuture<'_, Result<Option<RoomName>, StoreError>>;

    /// Claims a nickname for a user until a given time, or keeps an existing claim that lasts longer. Returns
    /// whether the user holds it now. It fails if another user holds the nickname or a look-alike at `now`.
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Returns whether a user holds this nickname at `now`. Read-only, so it answers even while the store
    /// cannot write.
    fn holds(&self, claim: Claim) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Releases a user's nickname at a given time, earlier than the claim would expire.
    fn release(&self, claim: Claim) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Writes a record to its collection, durably, and returns whether it is stored now. Of several
    /// concurrent [`Put::IfAbsent`] calls for one key, on any node, exactly one returns `true`.
    fn put(&self, record: Record, put: Put) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Returns the value of the record with this key, if any.
    fn record(
        &self,
        collection: Collection,
        key: String,
    ) -> BoxFuture<'_, Result<Option<String>, StoreError>>;

    /// Returns all records of a collection, by key. The writers bound how many there are.
    fn records(&self, collection: Collection) -> BoxFuture<'_, Result<Vec<Record>, StoreError>>;

    /// Deletes a record from its collection, durably, and returns whether it existed. Of several concurrent
    /// deletions of one record, exactly one returns `true`.
    fn delete(&self, collection: Collection, key: String) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Stops accepting changes, finishes the accepted ones, and releases the files.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// A message that is not stored yet.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    pub(crate) room: RoomName,
    pub(crate) id: ClientId,
    pub(crate) user: User,
    pub(crate) text: Arc<str>,
    pub(crate) at: Millis,
}

/// The outcome for one draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    /// The message is stored, with this seq.
    New(Message),
    /// The message was stored before: this is the original.
    Known(Message),
    /// The id was used before with different content.
    Reused,
}

/// The outcome of an append of several drafts.
#[derive(Debug)]
pub(crate) struct AppendedBatch {
    /// One outcome for each draft before the first that could not be stored.
    pub(crate) appended: Vec<Appended>,
    /// The reason why the remaining drafts are not stored, if any.
    pub(crate) failed: Option<StoreError>,
}

/// Selects a piece of a room's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// All messages from `after` (exclusive) up to `upto` (inclusive).
    Between { after: Seq, upto: Seq },
    /// The newest `limit` messages up to `upto` (inclusive).
    Latest { upto: Seq, limit: u32 },
    /// `limit` messages centered on this seq, or as close to it as the ends of the log allow.
    Around { seq: Seq, limit: u32 },
    /// The first `limit` messages sent at this time or later.
    Since { at: Millis, limit: u32 },
}

/// A piece of a room's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// The log's epoch: it changes when earlier messages may have been lost.
    pub(crate) epoch: Epoch,
    /// The log's extent at the time of reading.
    pub(crate) extent: Extent,
    /// The messages, in seq order, without gaps.
    pub(crate) messages: Vec<Message>,
}

/// The range of seqs that a room's log covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The newest seq; 0 for an empty log.
    pub(crate) head: Seq,
    /// The oldest retained seq; 0 for an empty log.
    pub(crate) oldest: Seq,
}

/// A user's claim to a nickname.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) user: User,
    /// The skeleton, which no two nicknames may share.
    pub(crate) skeleton: Skeleton,
    pub(crate) now: Millis,
    pub(crate) until: Millis,
}

/// A small persistent value outside the logs. Only its owner interprets the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) collection: Collection,
    /// Identifies the record within its collection.
    pub(crate) key: String,
    pub(crate) value: String,
}

/// The kind of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Collection {
    /// Access tokens of programs.
    Token,
    /// Answers that bots have begun.
    Answer,
    /// Messages to send at a later time.
    Reminder,
    /// Recent logins that a login form may request again.
    RecentLogin,
    /// Logins, including those that have ended.
    Login,
    /// The instance's own data.
    Instance,
}

impl Collection {
    /// Returns the collection's name in every store. It must never change, since stored records are found by
    /// it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Collection::Token => "token",
            Collection::Answer => "answer",
            Collection::Reminder => "reminder",
            Collection::RecentLogin => "login",
            Collection::Login => "logins",
            Collection::Instance => "house",
        }
    }
}

/// The behavior of a put when the record already exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// Replaces the existing record.
    Always,
    /// Leaves the existing record unchanged.
    IfAbsent,
}

/// The reason why a store operation failed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// A possibly transient failure: for example, the disk is full, or the file is locked or read-only.
    #[error("the store cannot be used at present: {0}")]
    Unavailable(String),
    /// The store accepts nothing new: it has reached its size limit, or the disk is nearly full.
    #[error("the server is full: {0}")]
    Full(String),
    /// The server is stopping.
    #[error("the store is closed")]
    Closed,
}

/// The reason why a store could not be opened. Each message is one line, and the file was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("{path} is not a Teahouse database; it is left as it was")]
    Foreign { path: PathBuf },
    #[error(
        "{path} was written by a newer Teahouse (schema {found}, this one knows {known}); it is left as it was"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("{path} is damaged ({reason}); it is left as it was")]
    Damaged { path: PathBuf, reason: String },
    #[error("{path} cannot be read: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    #[error("{path} cannot be written: {reason}")]
    Unwritable { path: PathBuf, reason: String },
    #[error("the data folder {path} cannot be used: {reason}")]
    Folder { path: PathBuf, reason: String },
    #[error("another Teahouse serves from {path}")]
    Busy { path: PathBuf },
}
