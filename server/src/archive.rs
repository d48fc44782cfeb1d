//! The log outside of the server: backups of the whole database, and rooms as lines of text. Works on the data folder
//! alone; never serves, and never changes or removes a file that it did not make, unless its purpose is to.
//!
//! [`backup()`] and [`export()`] read beside a running server, each in one read transaction; [`restore()`] and
//! [`import()`] take the folder for themselves. docs/archive-format.md describes the lines. Each function gives what it
//! did, in one line.

mod backup;
mod export;
mod import;
mod restore;

mod line;
mod order;
mod reading;

mod aside;
mod database;
mod new_file;

pub use backup::backup;
pub use export::export;
pub use import::import;
pub use restore::restore;

use std::fmt;

use chat::id::Epoch;
use rand::Rng as _;
use serde::{Deserialize, Serialize};

/// How much an archive or a database holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    rooms: u64,
    events: u64,
}

impl fmt::Display for Counts {
    /// For people, who call events messages: there are no others yet.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |count| if count == 1 { "" } else { "s" };
        write!(f, "{} room{} with {} message{}", self.rooms, s(self.rooms), self.events, s(self.events))
    }
}

/// A name for a life of the logs that never was.
fn new_epoch() -> Epoch {
    let mut bytes = [0; 8];
    rand::rng().fill_bytes(&mut bytes);
    Epoch::from_bytes(bytes)
}
