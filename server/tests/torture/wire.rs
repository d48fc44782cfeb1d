//! Parses the server's lines independently of the client: by their names on the wire, and only as far as the
//! ledger needs.

use serde::Deserialize;

/// A line: at most one of its fields is set; none if the line is of another kind.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) welcome: Option<Welcome>,
    pub(crate) joined: Option<Piece>,
    pub(crate) page: Option<Piece>,
    pub(crate) message: Option<Message>,
    pub(crate) ping: Option<Ping>,
    pub(crate) refused: Option<Refused>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Welcome {
    pub(crate) user: User,
}

/// A piece of a room's log; in an answer to a join, also the position of the log.
#[derive(Debug, Deserialize)]
pub(crate) struct Piece {
    pub(crate) room: String,
    pub(crate) epoch: String,
    pub(crate) head: Option<u64>,
    pub(crate) resumed: Option<bool>,
    pub(crate) members: Option<Members>,
    pub(crate) events: Vec<Event>,
}

/// The members of a room.
#[derive(Debug, Deserialize)]
pub(crate) struct Members {
    pub(crate) count: usize,
    pub(crate) list: Vec<User>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    Message(Message),
}

/// A message as a page received it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Message {
    pub(crate) room: String,
    pub(crate) seq: u64,
    pub(crate) id: String,
    pub(crate) user: User,
    pub(crate) text: String,
    pub(crate) at: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Ping {
    pub(crate) heads: Vec<Head>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Head {
    pub(crate) epoch: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Refused {
    pub(crate) id: Option<String>,
    pub(crate) room: Option<String>,
    pub(crate) code: String,
}
