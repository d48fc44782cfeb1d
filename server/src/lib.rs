//! The Teahouse server: it logs people in, renders their pages, carries their lines, and keeps what they said.
//!
//! The modules stand in the order in which a connection meets them. The way of a message through here is
//! [`ws`] → [`session`] → [`store`] (which commits it and gives it its seq) → [`rooms`] → [`outbound`] → the socket.

pub mod command;
pub mod config;

pub mod archive;
pub mod open_files;
pub mod serve;
pub mod tokens;

mod teahouse;

mod frame;
mod listen;
mod router;

mod client_address;
mod occupancy;
mod origin;
mod security;
mod upgrade;
mod visitor;

mod api;
mod hooks;
mod identity;
mod login;
mod login_rate;
mod nicknames;
mod ops;
mod pages;
mod problem;
mod redirect;
mod search;
mod site;

mod bots;
mod dialect;
mod neighbours;
mod news;
mod outbound;
mod pace;
mod permission;
mod redis;
mod rooms;
mod session;
mod socket;
mod store;
mod ws;

mod clock;
mod cut;
