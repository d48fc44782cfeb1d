//! What crosses the wire in `teahouse.v1`: the lines that a client and the server send each other, as types: [`client`] what a client says,
//! [`server`] what the server says, [`event`] what happens in a room, and [`refusal`] why something is not done.
//!
//! Each line is one JSON object, externally tagged; docs/protocol.md describes the fields, and its examples are tests.
//! Nothing here decides anything: a line that parses is well formed, not allowed.

pub mod client;
pub mod event;
pub mod refusal;
pub mod server;

mod printing;
mod reading;

pub use client::{ClientLine, History, RoomPosition};
pub use event::{Event, Growing, Message, Seq, Unknown, UnknownEvent, User};
pub use refusal::{RefusalCode, Refused};
pub use server::{Head, Joined, Members, Page, PresenceChange, ServerLine, Welcome};

/// The WebSocket subprotocol whose lines these are.
pub const SUBPROTOCOL: &str = "teahouse.v1";

/// How long somebody counts as writing after it was last told that they do, in milliseconds.
pub const TYPING_MS: u64 = 6_000;
