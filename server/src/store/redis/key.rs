//! The names of everything that lies in Redis. All of them begin with one prefix, and those of a room share a hash slot.

use std::fmt::Display;

use chat::{id::NodeId, name::Skeleton, room_name::RoomName};

use crate::store::Collection;

/// An id is remembered in the window of time in which it was first used, and looked up in that window and the next: for 7
/// to 14 days.
pub(crate) const WINDOW_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

/// What every name begins with.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    /// Names that begin with `prefix`.
    pub(crate) fn new(prefix: &str) -> Keys {
        Keys { prefix: prefix.to_owned() }
    }

    /// A hash: what holds for all rooms. `schema`, `epoch`, `generation`, `replid`.
    pub(crate) fn meta(&self) -> String {
        format!("{}:meta", self.prefix)
    }

    /// A set: the rooms that somebody has spoken in.
    pub(crate) fn rooms(&self) -> String {
        format!("{}:rooms", self.prefix)
    }

    /// A hash: the rooms that were spelled otherwise once, by that spelling.
    pub(crate) fn renamed(&self) -> String {
        format!("{}:renamed", self.prefix)
    }

    /// A list: the keys that sign and verify logins; the first one signs.
    pub(crate) fn cookies(&self) -> String {
        format!("{}:cookies", self.prefix)
    }

    /// A hash: who holds a nickname, and until when by each node's word.
    pub(crate) fn nickname(&self, skeleton: &Skeleton) -> String {
        format!("{}:nickname:{}", self.prefix, skeleton.as_str())
    }

    /// A hash: the records of a drawer.
    pub(crate) fn records(&self, collection: Collection) -> String {
        format!("{}:records:{}", self.prefix, collection.name())
    }

    /// A sorted set: the nodes, by the moment when they count as gone.
    pub(crate) fn nodes(&self) -> String {
        format!("{}:nodes", self.prefix)
    }

    /// A sorted set: the nodes that are gone, by the moment from which on what they left may be cleared away.
    pub(crate) fn gone(&self) -> String {
        format!("{}:gone", self.prefix)
    }

    /// A set: the rooms in which a node has seated somebody.
    pub(crate) fn seated(&self, node: &NodeId) -> String {
        format!("{}:seated:{node}", self.prefix)
    }

    /// The channel on which nodes tell each other what concerns no room.
    pub(crate) fn control(&self) -> String {
        format!("{}:control", self.prefix)
    }

    /// The channel on which everything that happens in a room is told.
    pub(crate) fn news(&self, room: &RoomName) -> String {
        self.room(room, "news")
    }

    /// The room whose channel this is.
    pub(crate) fn room_of_news(&self, channel: &str) -> Option<RoomName> {
        let rest = channel.strip_prefix(&self.prefix)?.strip_prefix(":{")?;
        RoomName::from_canonical(rest.strip_suffix("}:news")?).ok()
    }

    /// Something of a room's: `log`, `body`, `state`, `ids:…`, `members`, and the channel `news`.
    pub(crate) fn room(&self, room: impl Display, what: &str) -> String {
        format!("{}:{{{room}}}:{what}", self.prefix)
    }
}
