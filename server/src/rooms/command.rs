//! What a room's task can be told and asked.

use std::sync::Arc;

use chat::{
    id::{Epoch, NodeId, UserId},
    protocol::{Growing, Head, Members, Message, User},
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
    /// A program listens without being there.
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
    /// A user on another node, or a program, writes.
    Writes(User),
    /// A program's answer grows.
    Growing(Growing),
    NodeLost(NodeId),
    /// Something may have happened that was not told.
    LookAgain,
    Look(oneshot::Sender<Result<RoomHead, StoreError>>),
    Head(oneshot::Sender<Result<Head, StoreError>>),
    /// Somebody looks through those who are there.
    Members {
        after: Option<String>,
        reply: oneshot::Sender<Result<Members, StoreError>>,
    },
}

/// How a room stands at the moment when somebody is let in: everything after `head` reaches them by their queue.
#[derive(Clone, Debug)]
pub(crate) struct RoomHead {
    pub(crate) head: Head,
    pub(crate) members: Members,
}
