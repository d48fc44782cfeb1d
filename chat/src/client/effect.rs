//! The actions that a client asks of its driver.

use crate::{close::CloseCode, id::ClientId, room_name::RoomName, time::Ticks};

/// An action for the driver to perform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open a connection, and report on it under this number.
    Open(u32),
    /// Send this frame on the connection.
    Transmit(u32, String),
    /// Close the connection, and ignore whatever still arrives on it.
    Close(u32),
    /// Persist this record under a message's id where it outlives the page, before performing any later
    /// effect.
    Store(ClientId, String),
    /// Remove the record of a message.
    Forget(ClientId),
    /// Show the user's other tabs that this one is alive.
    Sign,
    /// Pass [`super::Input::Timer`] at this time or soon after; replaces the previous one.
    WakeAt(Ticks),
    /// Ask the user to log in again, for this reason.
    Login(CloseCode),
    /// A room has another name: whatever is stored under the first belongs to the second.
    Rename(RoomName, RoomName),
}
