//! Rooms and users for the tests of rooms.

use chat::{
    id::{Epoch, UserId},
    protocol::{Head, Seq, User},
    room_name::RoomName,
};

/// How long a user counts as present after the last session has ended, in milliseconds.
pub(crate) const GRACE_MS: u64 = 30_000;

/// Returns the head of the lobby's log with this many events.
pub(crate) fn lobby(seq: Seq) -> Head {
    Head { room: RoomName::lobby(), epoch: Epoch::parse("e").unwrap(), seq }
}

/// Creates a user whose id is the name.
pub(crate) fn user(name: &str) -> User {
    User { id: UserId::parse(name).unwrap(), name: name.into() }
}
