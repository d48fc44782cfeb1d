//! The log outside of the server: backups of the whole database, and rooms as lines of text. Works on the data folder
//! alone; never serves, and never changes or removes a file that it did not make, unless its purpose is to.
//!
//! [`backup()`] and [`export()`] read beside a running server, each in one read transaction; [`restore()`] and
//! [`import()`] take the folder for themselves. docs/archive-format.md describes the lines. Each function gives what it
//! did, in one line.

mod aside;
mod backup;
mod counts;
mod database;
mod export;
mod import;
mod line;
mod new_file;
mod order;
mod reading;
mod restore;

pub use backup::backup;
pub use export::export;
pub use import::import;
pub use restore::restore;
