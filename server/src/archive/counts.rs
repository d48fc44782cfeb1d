//! How much an archive or a database holds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much an archive or a database holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) rooms: u64,
    pub(super) events: u64,
}

impl fmt::Display for Counts {
    /// For people, who call events messages: there are no others yet.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |count| if count == 1 { "" } else { "s" };
        write!(f, "{} room{} with {} message{}", self.rooms, s(self.rooms), self.events, s(self.events))
    }
}
