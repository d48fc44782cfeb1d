//! What a client tells its driver to do.

use crate::{close::CloseCode, id::ClientId, room_name::RoomName, time::Ticks};

/// What a driver must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open a connection, and report on it under this number.
    Open(u32),
    /// Send this frame on the connection.
    Transmit(u32, String),
    /// Close the connection; what it still says is of no interest.
    Close(u32),
    /// Keep this record under a message's id where it outlives the page, before anything that follows.
    Keep(ClientId, String),
    /// Forget what is kept under a message's id.
    Forget(ClientId),
    /// Show the user's other tabs that this one lives.
    Sign,
    /// Give [`super::Input::Timer`] at this moment or soon after it; replaces the one before.
    WakeAt(Ticks),
    /// The user must log in again, for this reason.
    Login(CloseCode),
    /// A room is called otherwise than it was: whatever is kept under its first name belongs to the second.
    Rename(RoomName, RoomName),
}
