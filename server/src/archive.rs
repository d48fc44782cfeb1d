//! Offline tools for the log: backups of the whole database, and export and import of rooms as lines of text.
//! They work on the data folder alone, never serve, and never change or remove a file they did not create
//! unless that is their purpose.
//!
//! [`backup()`] and [`export()`] read beside a running server, each in one read transaction; [`restore()`]
//! and [`import()`] lock the folder. docs/archive-format.md describes the lines. Each function returns a
//! one-line summary of what it did.

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
