//! The supported languages ([`Language`]) and all user interface strings in them ([`strings`]), for the views
//! and the server's plain-text connections. Never renders anything, and never reads a user's setting itself:
//! callers pass the code or header.

mod language;
pub mod strings;
mod translations;

pub use language::Language;
