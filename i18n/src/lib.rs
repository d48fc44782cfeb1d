//! The languages that Teahouse speaks ([`Language`]), and every string that a person reads in them ([`strings`]). The views
//! and the plain door read from here. Never renders anything, and never reads which language somebody wants.

mod language;
pub mod strings;
mod translations;

pub use language::Language;
