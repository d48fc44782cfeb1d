//! The HTML pages: maps addresses to pages and their data. The views themselves are in the `app` crate.
//!
//! [`chat`] serves the pages of rooms, [`log`] a room's messages alone, and [`send`] takes messages posted
//! from there; [`login`], [`search`] and [`language`] do what their names say, and [`mod@file`] serves the
//! other files of the [`site`]. [`render`] renders all of them, and [`place`] limits how many are being sent
//! to one address.

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
