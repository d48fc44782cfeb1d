//! The Teahouse server: it logs people in, renders their pages, carries their lines, and keeps what they said.
//!
//! The modules stand in the order in which a connection meets them. The way of a message through here is
//! [`ws`] → [`session`] → [`store`] (which commits it and gives it its seq) → [`rooms`] → [`outbound`] → the socket.

pub mod command;
pub mod config;

pub mod archive;
pub mod folder;
pub mod listeners;
pub mod logging;
pub mod open_files;
pub mod serve;
pub mod signals;
pub mod tokens;

// Nobody outside sees these. To a bench that has this file for a module, `pub(crate)` shows them, and `mod` would not.
pub(crate) mod teahouse;

pub(crate) mod frame;
pub(crate) mod frame_meter;
pub(crate) mod held_body;
pub(crate) mod listen;
pub(crate) mod request_clock;
pub(crate) mod router;
pub(crate) mod stream;
pub(crate) mod trailing_slash;
pub(crate) mod unread_body;

pub(crate) mod arrival;
pub(crate) mod authority;
pub(crate) mod forwarded;
pub(crate) mod hosts;
pub(crate) mod occupancy;
pub(crate) mod origin;
pub(crate) mod security;
pub(crate) mod time_zone;
pub(crate) mod upgrade;
pub(crate) mod visitor;

pub(crate) mod api;
pub(crate) mod entity_tag;
pub(crate) mod hooks;
pub(crate) mod house;
pub(crate) mod identity;
pub(crate) mod login;
pub(crate) mod login_form;
pub(crate) mod logins;
pub(crate) mod look_alikes;
pub(crate) mod metrics;
pub(crate) mod nicknames;
pub(crate) mod ops;
pub(crate) mod pages;
pub(crate) mod problem;
pub(crate) mod recent_logins;
pub(crate) mod redirect;
pub(crate) mod search;
pub(crate) mod site;
pub(crate) mod spelling;
pub(crate) mod version;

pub(crate) mod bots;
pub(crate) mod budget;
pub(crate) mod dialect;
pub(crate) mod neighbours;
pub(crate) mod news;
pub(crate) mod outbound;
pub(crate) mod patience;
pub(crate) mod patient_stream;
pub(crate) mod permission;
pub(crate) mod redis;
pub(crate) mod room_limit;
pub(crate) mod rooms;
pub(crate) mod session;
pub(crate) mod socket;
pub(crate) mod store;
pub(crate) mod ws;

pub(crate) mod clock;
pub(crate) mod cut;
