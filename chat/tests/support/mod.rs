//! Rooms and their people, as the tests of rooms have them.

use chat::{
    id::{Epoch, UserId},
    protocol::{Head, Seq, User},
    room_name::RoomName,
};

/// How long somebody whose last session is gone counts as there, in milliseconds.
pub(crate) const GRACE_MS: u64 = 30_000;

/// The lobby's log, so many events long.
pub(crate) fn lobby(seq: Seq) -> Head {
    Head { room: RoomName::lobby(), epoch: Epoch::parse("e").unwrap(), seq }
}

/// Somebody whose id is their name.
pub(crate) fn user(name: &str) -> User {
    User { id: UserId::parse(name).unwrap(), name: name.into() }
}
