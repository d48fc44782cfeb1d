//! The open rooms, one task each: found by name, started on demand, stopped when idle.
//!
//! [`actor`] runs one room. Events from the store and from the other nodes arrive through
//! [`crate::dispatch`]; those for a room that is not open are dropped, since it has no sessions.

mod actor;
mod command;
mod registry;

pub(crate) mod look_alikes;
pub(crate) mod room_limit;

use std::sync::{Arc, atomic::Ordering};

use chat::{
    id::{Epoch, NodeId, UserId},
    protocol::{Head, Members, Message, StreamingAnswer, User},
    room::{Presence, SessionId},
    room_name::RoomName,
};
use tokio::sync::{mpsc, oneshot};

use command::RoomCommand;
pub(crate) use command::RoomHead;
pub(crate) use registry::BotsOf;
use registry::{MAILBOX, Registry};

use crate::{
    cluster::SharedCluster,
    store::{SharedStore, StoreError},
};
use transport::outbound::Outbound;

/// A handle to all open rooms.
#[derive(Clone)]
pub(crate) struct Rooms(Arc<Registry>);

impl Rooms {
    /// Creates the handle, with no room open. `bots` returns the built-in bots of a room; messages that a
    /// room reads from the store because no event announced them reach the bots through `missed`. Sessions in
    /// a room that has to start over receive its newest `backlog` messages.
    pub(crate) fn new(
        store: SharedStore,
        cluster: SharedCluster,
        leave_grace_ms: u64,
        backlog: u32,
        (bots, missed): (BotsOf, mpsc::Sender<Message>),
    ) -> Rooms {
        Rooms(Arc::new(Registry::new(store, cluster, leave_grace_ms, backlog, (bots, missed))))
    }

    /// Adds a session to a room, or returns the room's current state if it is already in. The room sends its
    /// later events to `outbound`.
    pub(crate) async fn enter(
        &self,
        room: &RoomName,
        session: SessionId,
        user: &User,
        outbound: &Arc<Outbound>,
    ) -> Result<RoomHead, StoreError> {
        self.ask(room, |reply| RoomCommand::Enter {
            session,
            user: user.clone(),
            outbound: outbound.clone(),
            reply,
        })
        .await
    }

    /// Adds a program as a listener, not a member: its arrival and departure are invisible, and the room
    /// stays open until the session is lost. The room sends its later events to `outbound`. Another call
    /// returns the room's current state.
    pub(crate) async fn listen(
        &self,
        room: &RoomName,
        session: SessionId,
        user: &UserId,
        outbound: &Arc<Outbound>,
    ) -> Result<RoomHead, StoreError> {
        self.ask(room, |reply| RoomCommand::Listen {
            session,
            user: user.clone(),
            outbound: outbound.clone(),
            reply,
        })
        .await
    }

    /// Returns a room's state without entering it.
    pub(crate) async fn look(&self, room: &RoomName) -> Result<RoomHead, StoreError> {
        self.ask(room, RoomCommand::Look).await
    }

    /// Returns a page of a room's members, ordered by name: those after the given name, or the first ones.
    pub(crate) async fn members(
        &self,
        room: &RoomName,
        after: Option<String>,
    ) -> Result<Members, StoreError> {
        self.ask(room, |reply| RoomCommand::Members { after: after.clone(), reply }).await
    }

    /// Returns the head of a room's log, as far as the room has published it.
    pub(crate) async fn head(&self, room: &RoomName) -> Result<Head, StoreError> {
        self.ask(room, RoomCommand::Head).await
    }

    /// Returns once an open room has processed all earlier commands.
    pub(crate) async fn heard(&self, room: &RoomName) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.tell(room, RoomCommand::Head(reply)).await;
        answer.await.map_or(Err(StoreError::Closed), |head| head.map(|_| ()))
    }

    /// Removes a session whose user leaves the room.
    pub(crate) async fn leave(&self, room: &RoomName, session: SessionId) {
        self.tell(room, RoomCommand::Leave(session)).await;
    }

    /// Removes a session whose connection is gone.
    pub(crate) async fn lose(&self, room: &RoomName, session: SessionId) {
        self.tell(room, RoomCommand::Lose(session)).await;
    }

    /// Reports that a session's user is typing.
    pub(crate) async fn typing(&self, room: &RoomName, session: SessionId) {
        self.tell(room, RoomCommand::Typing(session)).await;
    }

    /// Reports on all nodes that a program is typing in a room.
    pub(crate) async fn writes(&self, room: &RoomName, program: User) {
        self.0.cluster.typing(room, &program);
        self.tell(room, RoomCommand::Writes(program)).await;
    }

    /// Publishes the progress of a program's streaming answer on all nodes.
    pub(crate) async fn grow(&self, growing: StreamingAnswer) {
        self.0.cluster.growing(&growing);
        self.growing_elsewhere(growing).await;
    }

    /// Passes on the progress of a streaming answer from another node.
    pub(crate) async fn growing_elsewhere(&self, growing: StreamingAnswer) {
        let room = growing.room.clone();
        self.tell(&room, RoomCommand::StreamingAnswer(growing)).await;
    }

    /// Passes committed messages to their room, in order.
    pub(crate) async fn commit(&self, epoch: Epoch, messages: Vec<Message>) {
        let Some(room) = messages.first().map(|message| message.room.clone()) else { return };
        self.0.committed.fetch_add(messages.len() as u64, Ordering::Relaxed);
        self.tell(&room, RoomCommand::Commit(epoch, messages)).await;
    }

    /// Makes a room look for missed events.
    pub(crate) async fn look_again(&self, room: &RoomName) {
        self.tell(room, RoomCommand::LookAgain).await;
    }

    /// Reports that a user's presence in a room has changed on another node.
    pub(crate) async fn elsewhere(&self, room: &RoomName, node: NodeId, user: User, seat: Presence) {
        self.tell(room, RoomCommand::Elsewhere(node, user, seat)).await;
    }

    /// Reports that a user on another node is typing.
    pub(crate) async fn typing_elsewhere(&self, room: &RoomName, user: User) {
        self.tell(room, RoomCommand::Writes(user)).await;
    }

    /// Removes another node and all of its members.
    pub(crate) async fn lose_node(&self, node: &NodeId) {
        let open: Vec<RoomName> = self.0.open().keys().cloned().collect();
        for room in open {
            self.tell(&room, RoomCommand::NodeLost(node.clone())).await;
        }
    }

    /// Returns whether a room is open.
    pub(crate) fn is_open(&self, room: &RoomName) -> bool {
        self.0.open().contains_key(room)
    }

    /// Returns how many messages were passed to rooms since the start.
    pub(crate) fn committed(&self) -> u64 {
        self.0.committed.load(Ordering::Relaxed)
    }

    /// Returns how many lines were delivered to sessions since the start.
    pub(crate) fn deliveries(&self) -> u64 {
        self.0.deliveries.load(Ordering::Relaxed)
    }

    /// Returns how many rooms are open.
    pub(crate) fn count(&self) -> usize {
        self.0.open().len()
    }

    /// Returns the names of the open rooms, in no particular order.
    pub(crate) fn names(&self) -> Vec<RoomName> {
        self.0.open().keys().cloned().collect()
    }

    /// Waits until every room's task has ended; no session may enter a room any more.
    pub(crate) async fn close(&self) {
        self.0.open().clear();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    async fn ask<T>(
        &self,
        room: &RoomName,
        word: impl Fn(oneshot::Sender<Result<T, StoreError>>) -> RoomCommand,
    ) -> Result<T, StoreError> {
        loop {
            let (reply, answer) = oneshot::channel();
            let mailbox = self.mailbox(room).ok_or(StoreError::Closed)?;
            // A room that ends before it answers is started again; it had no sessions.
            if mailbox.send(word(reply)).await.is_err() {
                continue;
            }
            if let Ok(answer) = answer.await {
                return answer;
            }
        }
    }

    /// Sends a command to a room if it is open; the others have no sessions.
    async fn tell(&self, room: &RoomName, word: RoomCommand) {
        let mailbox = self.0.open().get(room).cloned();
        if let Some(mailbox) = mailbox {
            // A room that has just ended had no sessions, so the command can be dropped.
            let _ = mailbox.send(word).await;
        }
    }

    /// Returns the mailbox of a room, which is started if it is not open; `None` once the rooms are closed.
    fn mailbox(&self, room: &RoomName) -> Option<mpsc::Sender<RoomCommand>> {
        if self.0.tasks.is_closed() {
            return None;
        }
        let mut open = self.0.open();
        let mailbox = open.entry(room.clone()).or_insert_with(|| {
            let (mailbox, words) = mpsc::channel(MAILBOX);
            self.0.tasks.spawn(actor::run(room.clone(), words, self.0.clone()));
            mailbox
        });
        Some(mailbox.clone())
    }
}
