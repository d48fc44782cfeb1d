//! The rooms that a token covers: one room, or all of them.

use std::{fmt, str::FromStr};

use chat::room_name::{RoomName, RoomNameError};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The notation for all rooms; no room has this name.
const EVERYWHERE: &str = "*";

/// A room, or all rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// All rooms, including future ones.
    Everywhere,
    /// One room.
    Room(RoomName),
}

/// The reason why a text names neither a room nor all rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} `*` stands for all rooms.")]
pub struct TargetError(#[from] RoomNameError);

impl Target {
    /// Returns whether the target includes a room.
    pub(crate) fn reaches(&self, room: &RoomName) -> bool {
        match self {
            Target::Everywhere => true,
            Target::Room(own) => own == room,
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Target, TargetError> {
        if text == EVERYWHERE {
            return Ok(Target::Everywhere);
        }
        Ok(Target::Room(RoomName::parse_any(text)?))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Everywhere => f.write_str(EVERYWHERE),
            Target::Room(room) => room.fmt(f),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Target, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
