//! The commands that a room's task accepts.

use std::sync::Arc;

use chat::{
    id::{Epoch, NodeId, UserId},
    protocol::{Head, Members, Message, StreamingAnswer, User},
    room::{Presence, SessionId},
};
use tokio::sync::oneshot;
use transport::outbound::Outbound;

use crate::store::StoreError;

/// A command to a room.
#[derive(Debug)]
pub(super) enum RoomCommand {
    Enter {
        session: SessionId,
        user: User,
        outbound: Arc<Outbound>,
        reply: oneshot::Sender<Result<RoomHead, StoreError>>,
    },
    /// Adds a program as a listener, not a member.
    Listen {
        session: SessionId,
        user: UserId,
        outbound: Arc<Outbound>,
        reply: oneshot::Sender<Result<RoomHead, StoreError>>,
    },
    Leave(SessionId),
    Lose(SessionId),
    Typing(SessionId),
    Commit(Epoch, Vec<Message>),
    Elsewhere(NodeId, User, Presence),
    /// A user on another node, or a program, is typing.
    Writes(User),
    /// A program's streaming answer has progressed.
    StreamingAnswer(StreamingAnswer),
    NodeLost(NodeId),
    /// Events may have been missed.
    LookAgain,
    Look(oneshot::Sender<Result<RoomHead, StoreError>>),
    Head(oneshot::Sender<Result<Head, StoreError>>),
    /// Requests a page of members.
    Members {
        after: Option<String>,
        reply: oneshot::Sender<Result<Members, StoreError>>,
    },
}

/// A room's state at the moment a session enters: everything after `head` arrives through the session's
/// queue.
#[derive(Clone, Debug)]
pub(crate) struct RoomHead {
    pub(crate) head: Head,
    pub(crate) members: Members,
}
