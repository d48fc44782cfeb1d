//! The views of Teahouse: they render signals and report what the user does as actions.
//!
//! Nothing here opens a socket, parses wire data or decides a policy; nothing asks whether it runs on a
//! server or in a browser. The server and the browser each inject their side through context: a
//! [`model::Model`] to read, an [`action::Actions`] to call. The modules are listed from the page inward.

pub mod shell;

mod outline;
pub mod plain_log;
mod script;
mod start;

pub mod login;
pub mod notice;
pub mod reference;
pub mod search;

pub mod boot;
pub mod chat;

pub mod account;
pub mod banner;
pub mod close;
pub mod composer;
pub mod header;
pub mod keys;
pub mod language_switch;
pub mod members;
pub mod paste;
pub mod rooms;
pub mod search_panel;
pub mod timeline;

mod author;
mod button;
mod edit;
mod folding;
mod growing;
mod grown;
mod lines;
mod live;
mod mention;
mod message;
mod place;
mod program;
mod suggestions;
mod text;
mod ui;

pub mod action;
pub mod address;
pub mod draft;
pub mod field;
pub mod form;
pub mod model;
pub mod row;
pub mod spelling;

mod strings;
