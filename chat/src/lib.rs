//! The domain of Teahouse: what a name, a message, a room and a client are, and what crosses the wire.
//!
//! Nothing here does I/O, reads a clock, draws randomness or knows a runtime, a browser or a web framework: the
//! manifest lacks the means. The state machines ([`room::Room`], [`client::Client`]) take time, randomness and ids as
//! arguments and return effects for others to perform, so that the same code runs in the server, in the browser and in
//! a simulation.
//!
//! Reading order is the way of a message: [`client`] queues it, [`protocol`] carries it, [`room`] fans it out.

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
