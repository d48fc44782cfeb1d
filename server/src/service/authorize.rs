//! Who may do what in which room: the one place that every read and every write asks.

use chat::{protocol::User, room_name::RoomName};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// See what is said and who is there.
    Read,
    /// Say something.
    Say,
}

/// Whether `user` may. Today every room is open to everybody who is logged in.
pub(crate) fn may(_user: &User, _action: Action, _room: &RoomName) -> bool {
    true
}
