//! The client protocols: what a client sends to join and to send a message, and what it waits for. One file
//! for each kind of server.
//!
//! Holds no connection and does no I/O. [`crate::crowd`] does that, and calls this module only while it sets
//! up a connection and for each message it sends, never for messages received later.

mod nats;
mod protocol;
mod room;
mod socketio;
mod teahouse;

use clap::ValueEnum;

use nats::Nats;
use room::Room;
use socketio::SocketIo;
use teahouse::Teahouse;

pub(crate) use protocol::{Entered, Guest, Held, Message, Speech, Step};

/// The kinds of server that can be metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServerKind {
    /// Teahouse's `teahouse.v1`, after a login
    Teahouse,
    /// The same as `loadtest floor` speaks it, without a login
    Floor,
    /// One room, where a text goes out to everybody as it came in
    Room,
    /// socket.io, over WebSocket from the beginning
    Socketio,
    /// The protocol of NATS, a room being a subject
    Nats,
}

impl ServerKind {
    pub(crate) fn speech(self) -> Box<dyn Speech> {
        match self {
            Self::Teahouse => Box::new(Teahouse { login: true }),
            Self::Floor => Box::new(Teahouse { login: false }),
            Self::Room => Box::new(Room),
            Self::Socketio => Box::new(SocketIo),
            Self::Nats => Box::new(Nats),
        }
    }
}
