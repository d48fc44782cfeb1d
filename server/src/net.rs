//! Listening sockets, and the connections that are accepted on them: HTTP/1.1 under limits of number, size and time.
//!
//! [`listeners`] opens the sockets, [`connection`] serves each connection that is accepted, and [`connection_limit`] counts
//! them by [`address_block`]. Never knows what is served, and calls nothing but `config`.

pub(crate) mod address_block;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod connection_limit;
pub mod listeners;
