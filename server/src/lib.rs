//! The Teahouse server: it logs people in, renders their pages, carries their lines, and keeps what they said.
//!
//! The folders stand from the top down; each calls only what stands below it. A message comes in through [`http`] (a page's
//! form, the API, a hook) or [`realtime`] (a socket); [`service`] says whether it may be sent and gives it to the [`store`],
//! which commits it and gives it its seq; [`dispatch`] brings it to the [`rooms`], whose frames go into every member's
//! connection.

pub mod command;
pub mod serve;

// Nobody outside sees these. To a bench that has this file for a module, `pub(crate)` shows them, and `mod` would not.
pub(crate) mod dispatch;
pub(crate) mod http;
pub(crate) mod realtime;

pub(crate) mod app_state;
pub mod archive;
pub(crate) mod bots;
pub(crate) mod search;
pub(crate) mod service;

pub(crate) mod budget;
pub(crate) mod cluster;
pub mod identity;
pub(crate) mod rooms;

pub(crate) mod events;
pub(crate) mod store;

pub mod config;
pub mod net;
pub mod ops;

pub(crate) mod clock;
pub(crate) mod random;
pub(crate) mod time_zone;
pub(crate) mod truncate;
