//! Where events, nicknames and records are kept: what every store promises. Knows no sockets and no rooms' people.
//!
//! A store commits a message, gives it the next seq of its room, and only then tells it as [`crate::events::StoreEvent`], in seq order. What
//! [`Store::append`] gives back is therefore never news to a room, only an answer.

use std::{path::PathBuf, sync::Arc};

use chat::{
    id::{ClientId, Epoch},
    name::Skeleton,
    protocol::{Head, Message, Seq, User},
    room_name::RoomName,
    time::Millis,
};
use futures::future::BoxFuture;

pub(crate) mod house_id;
pub(crate) mod redis;
pub(crate) mod spelling;
pub(crate) mod sqlite;

#[cfg(test)]
pub(crate) mod conformance;
#[cfg(test)]
pub(crate) mod scratch;

/// What the server keeps its events and names in.
pub(crate) type SharedStore = Arc<dyn Store>;

/// A durable log per room, who holds which nickname, and drawers of small things beside them.
pub(crate) trait Store: Send + Sync {
    /// Keeps messages, in this order: all of them, or those before the first that cannot be kept. When this returns, what
    /// is kept is durable, and what is not has left no trace. A draft whose id the store remembers gets the original back
    /// and is not kept again. Beyond what a room retains, its oldest messages go with the same commit.
    fn append(&self, drafts: Vec<NewMessage>) -> BoxFuture<'_, Kept>;

    /// Where a room's log stands; from then on what is committed to it is told as news, until it is unfollowed. A room
    /// that nobody has spoken in stands at 0. To follow again asks again.
    fn follow(&self, room: RoomName) -> BoxFuture<'_, Result<Head, StoreError>>;

    /// Tells no more news of a room. Whoever follows it after this has returned is told again.
    fn unfollow(&self, room: &RoomName);

    /// A piece of what is kept of a room's log, and where the log stands, both of the same moment.
    fn read(&self, room: RoomName, piece: Piece) -> BoxFuture<'_, Result<Slice, StoreError>>;

    /// Every room that somebody has spoken in, in no order.
    fn rooms(&self) -> BoxFuture<'_, Result<Vec<RoomName>, StoreError>>;

    /// The name of the room that was spelled so, to the letter, before rooms had one spelling each; `None` if none was.
    fn renamed(&self, spelling: String) -> BoxFuture<'_, Result<Option<RoomName>, StoreError>>;

    /// Gives a nickname to a user until a moment, or longer if they had it longer; whether they have it now.
    /// Nobody else may hold it, under any look-alike, at `now`.
    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Whether a user has this nickname at `now`. Asks only, and so answers even while nothing can be written.
    fn holds(&self, claim: Claim) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Lets a user's nickname go at a moment, sooner than it was claimed until.
    fn release(&self, claim: Claim) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Puts a record into its drawer, durably; whether it lies there now. Of several who put one where there is none, on
    /// whatever node, one alone is told that it does.
    fn put(&self, record: Record, put: Put) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// The value of a record, if there is one of this key.
    fn record(
        &self,
        collection: Collection,
        key: String,
    ) -> BoxFuture<'_, Result<Option<String>, StoreError>>;

    /// All records of a drawer, by key. How many there may be is for those to bound who put them there.
    fn records(&self, collection: Collection) -> BoxFuture<'_, Result<Vec<Record>, StoreError>>;

    /// Takes a record out of its drawer, durably; whether it was there. Of several who strike one, one alone is told that
    /// it was.
    fn delete(&self, collection: Collection, key: String) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Stops taking, finishes what was taken, and lets go of the files.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// A message before it is kept.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    pub(crate) room: RoomName,
    pub(crate) id: ClientId,
    pub(crate) user: User,
    pub(crate) text: Arc<str>,
    pub(crate) at: Millis,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    /// It is kept, with this seq.
    New(Message),
    /// It was kept before: this is the original.
    Known(Message),
    /// Its id was used before for other content.
    Reused,
}

/// What became of drafts that were to be kept in their order.
#[derive(Debug)]
pub(crate) struct Kept {
    /// An answer for each draft up to the first that could not be kept.
    pub(crate) appended: Vec<Appended>,
    /// Why the rest is not kept, if there is one.
    pub(crate) failed: Option<StoreError>,
}

/// Which piece of a room's log is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Everything from `after` (exclusive) up to `upto` (inclusive).
    Between { after: Seq, upto: Seq },
    /// The newest `limit` messages up to `upto` (inclusive).
    Latest { upto: Seq, limit: u32 },
    /// `limit` messages with this seq in their middle, or as near to it as the ends of the log allow.
    Around { seq: Seq, limit: u32 },
    /// The first `limit` messages that were said at this moment or later.
    Since { at: Millis, limit: u32 },
}

/// A piece of a room's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// The life of the log: it changes when what was said before may be gone.
    pub(crate) epoch: Epoch,
    /// How far the log reached when the piece was read.
    pub(crate) extent: Extent,
    /// The messages, by seq, without holes.
    pub(crate) messages: Vec<Message>,
}

/// How far a room's log reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The newest seq; 0 if there is none.
    pub(crate) head: Seq,
    /// The oldest seq that is kept; 0 if there is none.
    pub(crate) oldest: Seq,
}

/// A user's hold on a nickname.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) user: User,
    /// What no two nicknames may share.
    pub(crate) skeleton: Skeleton,
    pub(crate) now: Millis,
    pub(crate) until: Millis,
}

/// A small thing that outlives the server and belongs to no log: its value is its owner's own business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) collection: Collection,
    /// Names it within its drawer.
    pub(crate) key: String,
    pub(crate) value: String,
}

/// Where records of one sort lie together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Collection {
    /// Tokens of programs that may come in.
    Token,
    /// Answers that bots have begun.
    Answer,
    /// What is to be said at a later time.
    Reminder,
    /// Logins that may be asked for again.
    RecentLogin,
    /// Logins, and which of them have ended.
    Login,
    /// What the house knows of itself.
    House,
}

impl Collection {
    /// Its name in every store; never changes, since what was put there is found by it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Collection::Token => "token",
            Collection::Answer => "answer",
            Collection::Reminder => "reminder",
            Collection::RecentLogin => "login",
            Collection::Login => "logins",
            Collection::House => "house",
        }
    }
}

/// What becomes of a record that lies there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// The new one takes its place.
    Always,
    /// It stays.
    IfAbsent,
}

/// Why a store could not do it.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The disk is full, the file is locked or read-only, or the like: it may pass.
    #[error("the store cannot be used at present: {0}")]
    Unavailable(String),
    /// It takes nothing new: it holds as much as it may, or the disk is nearly full.
    #[error("the server is full: {0}")]
    Full(String),
    /// The server is stopping.
    #[error("the store is closed")]
    Closed,
}

/// Why a store could not be opened. Each is one line, and nothing was changed.
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
