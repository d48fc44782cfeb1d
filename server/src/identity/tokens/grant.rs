//! What a token is good for, as it is kept.

use chat::time::Millis;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{target::Target, token::Digest};

/// What is kept of a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// What its holder is called in the room; it is a nickname.
    pub(crate) name: String,
    pub(crate) kind: TokenKind,
    /// Where its holder may speak and read.
    pub(crate) rooms: Vec<Target>,
    pub(crate) scopes: Vec<Scope>,
    /// Into which rooms a push may choose to go by its `channel`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) channels: Vec<Target>,
    /// How many requests a minute; 0: no limit.
    pub(crate) rate: u32,
    pub(crate) made_at: Millis,
    pub(crate) digest: Digest,
}

/// At which door a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// `POST /hooks/…`: it stands in the address.
    Hook,
    /// `/api/…`: it goes along as a bearer token.
    Api,
}

/// What a program may do at the door of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// See rooms, what is said in them and who is there
    Read,
    /// Say something
    Write,
    /// See how the server is doing: `GET /metrics`
    Metrics,
}

impl Grant {
    /// Reads what was kept.
    pub(super) fn read(kept: &str) -> serde_json::Result<Grant> {
        serde_json::from_str(kept)
    }

    /// What is to be kept.
    pub(super) fn print(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers are JSON")
    }
}

impl TokenKind {
    /// Its name, which begins the ids of those who speak by such tokens; never changes.
    pub(crate) fn word(self) -> &'static str {
        match self {
            TokenKind::Hook => "hook",
            TokenKind::Api => "api",
        }
    }

    /// What the command line calls a token of this kind.
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
