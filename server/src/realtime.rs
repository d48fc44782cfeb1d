//! Connections that stay: what a client asks line by line ([`session`]), and what it is answered. What its rooms say goes past
//! it, straight into the connection's queue.
//!
//! Owns no socket of its own and no log: the connection is `transport`'s, rooms and store are asked by way of the service.

pub(crate) mod session;
