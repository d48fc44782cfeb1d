//! WebSocket connections: from an accepted stream to frames, each encoded once for any number of readers.
//!
//! A connection is a [`stream`] with request timeouts ([`request_clock`]) and write timeouts
//! ([`patient_stream`]). [`upgrade`] turns an HTTP request on it into a [`socket`], which reads messages and
//! meters their cost ([`frame_meter`]). A room's lines are encoded once, as a [`frame`] that holds each line
//! in every wire format ([`wire_format`]), and pushed into the bounded [`outbound`] queue of every
//! connection. The pushing task itself writes to the socket.
//!
//! Knows the protocol's lines, but no rooms, permissions or store. Never waits for a reader.

pub mod frame;
pub mod outbound;
pub mod socket;
pub mod upgrade;
pub mod wire_format;

pub mod frame_meter;
pub mod patience;
pub mod patient_stream;
pub mod request_clock;
pub mod stream;
pub mod timeouts;

pub mod held_body;
