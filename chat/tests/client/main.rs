//! What the client stores, sends and shows, whatever the connection does.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod browser;
mod page;
mod wire;

mod saying;

mod order;

mod refusals;
mod store;

mod clocks;
mod connection;

mod answers;
mod rooms;

mod holes;
mod unread;

mod outbox;
mod tabs;

mod one_user;
