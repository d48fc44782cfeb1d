//! The names of all Redis keys and channels. All begin with one prefix, and those of a room share a hash
//! slot.

use std::fmt::Display;

use chat::{id::NodeId, name::Skeleton, room_name::RoomName};

use crate::store::Collection;

/// A message id is stored in the time window in which it was first used, and looked up in that window and the
/// next: for 7 to 14 days.
pub(crate) const WINDOW_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

/// The prefix of all names.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    /// Creates names that begin with `prefix`.
    pub(crate) fn new(prefix: &str) -> Keys {
        Keys { prefix: prefix.to_owned() }
    }

    /// A hash: data for all rooms. `schema`, `epoch`, `generation`, `replid`.
    pub(crate) fn meta(&self) -> String {
        format!("{}:meta", self.prefix)
    }

    /// A set: the rooms that have had a message.
    pub(crate) fn rooms(&self) -> String {
        format!("{}:rooms", self.prefix)
    }

    /// A hash: the renamed rooms, by their former spelling.
    pub(crate) fn renamed(&self) -> String {
        format!("{}:renamed", self.prefix)
    }

    /// A list: the keys that sign and verify logins; the first one signs.
    pub(crate) fn cookies(&self) -> String {
        format!("{}:cookies", self.prefix)
    }

    /// A hash: the holder of a nickname, and the expiry of each node's claim.
    pub(crate) fn nickname(&self, skeleton: &Skeleton) -> String {
        format!("{}:nickname:{}", self.prefix, skeleton.as_str())
    }

    /// A hash: the records of a collection.
    pub(crate) fn records(&self, collection: Collection) -> String {
        format!("{}:records:{}", self.prefix, collection.name())
    }

    /// A sorted set: the live nodes, by the expiry of their lease.
    pub(crate) fn nodes(&self) -> String {
        format!("{}:nodes", self.prefix)
    }

    /// A sorted set: the gone nodes, by the time from which their data may be cleared.
    pub(crate) fn gone(&self) -> String {
        format!("{}:gone", self.prefix)
    }

    /// A set: the rooms in which a node has had members.
    pub(crate) fn seated(&self, node: &NodeId) -> String {
        format!("{}:seated:{node}", self.prefix)
    }

    /// The channel for cluster messages that concern no room.
    pub(crate) fn control(&self) -> String {
        format!("{}:control", self.prefix)
    }

    /// The channel for all events of a room.
    pub(crate) fn news(&self, room: &RoomName) -> String {
        self.room(room, "news")
    }

    /// Returns the room of a channel.
    pub(crate) fn room_of_news(&self, channel: &str) -> Option<RoomName> {
        let rest = channel.strip_prefix(&self.prefix)?.strip_prefix(":{")?;
        RoomName::from_canonical(rest.strip_suffix("}:news")?).ok()
    }

    /// A part of a room: `log`, `body`, `state`, `ids:…`, `members`, and the channel `news`.
    pub(crate) fn room(&self, room: impl Display, what: &str) -> String {
        format!("{}:{{{room}}}:{what}", self.prefix)
    }
}
