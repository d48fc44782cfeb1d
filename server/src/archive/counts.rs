//! The numbers of rooms and events in an archive or a database.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The numbers of rooms and events in an archive or a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) rooms: u64,
    pub(super) events: u64,
}

impl fmt::Display for Counts {
    /// Calls events messages: there is no other kind of event yet.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |count| if count == 1 { "" } else { "s" };
        write!(f, "{} room{} with {} message{}", self.rooms, s(self.rooms), self.events, s(self.events))
    }
}
