//! The stored permissions of a token.

use chat::time::Millis;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{target::Target, token::Digest};

/// The stored data of a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// The holder's name in rooms, a nickname.
    pub(crate) name: String,
    pub(crate) kind: TokenKind,
    /// The rooms in which the holder may send and read.
    pub(crate) rooms: Vec<Target>,
    pub(crate) scopes: Vec<Scope>,
    /// The rooms that a push may select by its `channel`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) channels: Vec<Target>,
    /// The maximum number of requests a minute; 0 means no limit.
    pub(crate) rate: u32,
    pub(crate) made_at: Millis,
    pub(crate) digest: Digest,
}

/// The interface that a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// `POST /hooks/…`, with the token in the URL.
    Hook,
    /// `/api/…`, with the token as a bearer token.
    Api,
}

/// What a token of the API permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Read rooms, messages and presence
    Read,
    /// Send messages
    Write,
    /// Read `GET /metrics`
    Metrics,
}

impl Grant {
    /// Parses stored data.
    pub(super) fn read(kept: &str) -> serde_json::Result<Grant> {
        serde_json::from_str(kept)
    }

    /// Formats the data for storage.
    pub(super) fn print(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers are JSON")
    }
}

impl TokenKind {
    /// Returns the kind's name, which starts the ids of users with such tokens; it must never change.
    pub(crate) fn word(self) -> &'static str {
        match self {
            TokenKind::Hook => "hook",
            TokenKind::Api => "api",
        }
    }

    /// Returns the command line's name for a token of this kind.
    pub(super) fn noun(self) -> &'static str {
        match self {
            TokenKind::Hook => "hook",
            TokenKind::Api => "token",
        }
    }
}

impl Scope {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Metrics => "metrics",
        }
    }
}
