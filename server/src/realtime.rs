//! Long-lived connections: reads a client's commands line by line and answers them ([`session`]). Room events
//! bypass this module and go straight into the connection's queue.
//!
//! Owns no socket and no log: the connection belongs to `transport`, and rooms and store are reached through
//! the service.

pub(crate) mod session;
