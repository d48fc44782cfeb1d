//! Listening sockets and the connections accepted on them: HTTP/1.1 with limits on number, size and time.
//!
//! [`listeners`] opens the sockets, [`connection`] serves each accepted connection, and [`connection_limit`]
//! counts connections by [`address_block`]. Never knows what is served, and calls nothing but `config`.

pub(crate) mod address_block;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod connection_limit;
pub mod listeners;
