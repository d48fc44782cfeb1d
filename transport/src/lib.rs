//! WebSocket connections: from an accepted stream to frames, written once for any number of readers.
//!
//! A connection is a [`stream`] with a clock for requests ([`request_clock`]) and patience with its reader
//! ([`patient_stream`]). [`upgrade`] turns an HTTP request on it into a [`socket`], which reads messages and counts what they
//! cost ([`frame_meter`]). What a room says is encoded once, as a [`frame`] of lines that each have their forms
//! ([`wire_format`]), and pushed into the [`outbound`] queue of every connection: bounded, and written by whoever pushes.
//!
//! Knows the lines of the protocol, and neither rooms, users' rights nor the store. Nothing here waits for a reader.

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
