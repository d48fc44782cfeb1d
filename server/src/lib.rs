//! The Teahouse server: logs users in, renders their pages, stores their messages and fans them out.
//!
//! The modules are listed from the top layer down; each calls only those below it. A message arrives through
//! [`http`] (a page's form, the API, a hook) or [`realtime`] (a socket); [`service`] decides whether it may
//! be sent and hands it to the [`store`], which commits it and assigns its seq; [`dispatch`] passes it to the
//! [`rooms`], which put its frames on every member's connection.

pub mod command;
pub mod serve;

// Not part of the public API. `pub(crate)`, because a bench that includes this file as a module needs to see
// them.
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
