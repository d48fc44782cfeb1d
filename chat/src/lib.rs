//! The domain of Teahouse: names, messages, rooms, the client, and the wire protocol between client and
//! server.
//!
//! This crate does no I/O, reads no clock, draws no randomness and knows no runtime, browser or web
//! framework; its manifest has no dependency that could. The state machines ([`room::Room`],
//! [`client::Client`]) take time, randomness and ids as arguments and return effects for the caller to
//! perform, so that the same code runs in the server, in the browser and in a simulation.
//!
//! To follow a message, read [`client`], which queues it, then [`protocol`], which carries it, then [`room`],
//! which fans it out.

pub mod grapheme;
pub mod id;
pub mod name;
pub mod room_name;
pub mod room_renaming;
pub mod text;

pub mod close;
pub mod json;
pub mod protocol;
pub mod steady_clock;
pub mod time;

pub mod client;
pub mod room;
