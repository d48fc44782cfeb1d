//! The pages: which one an address leads to, with what in it. The views themselves are in the `app` crate.
//!
//! [`chat`] is the pages of rooms, [`log`] a room's messages by themselves and [`send`] what is posted from there; [`login`],
//! [`search`] and [`language`] are what their names say, [`mod@file`] everything else that the [`site`] holds. All of them are
//! drawn by [`render`], and each takes a [`place`] among those of its reader's address.

pub(crate) mod chat;
pub(crate) mod file;
pub(crate) mod language;
pub(crate) mod log;
pub(crate) mod login;
pub(crate) mod search;
pub(crate) mod send;

pub(crate) mod address;
mod form;
pub(crate) mod place;
pub(crate) mod query;
pub(crate) mod render;
pub(crate) mod site;
