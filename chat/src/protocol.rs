//! The wire protocol `teahouse.v1`: the lines that client and server exchange, as types. [`client`] holds
//! what a client sends, [`server`] what the server sends, [`event`] the events of a room, and [`refusal`] the
//! reasons for which a request is refused.
//!
//! Each line is one JSON object, externally tagged. docs/protocol.md describes the fields, and its examples
//! run as tests. This module decides nothing: a line that parses is well formed, but not necessarily allowed.

pub mod client;
pub mod event;
pub mod refusal;
pub mod server;

mod printing;
mod reading;

pub use client::{ClientLine, History, RoomPosition};
pub use event::{Event, Message, Seq, StreamingAnswer, Unknown, UnknownEvent, User};
pub use refusal::{RefusalCode, Refused};
pub use server::{Head, Joined, Members, Page, PresenceChange, ServerLine, Welcome};

/// The name of the WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "teahouse.v1";

/// How long a user counts as typing after the last `typing` line, in milliseconds.
pub const TYPING_MS: u64 = 6_000;
