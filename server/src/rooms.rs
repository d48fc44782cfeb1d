//! The rooms that somebody is in, each a task of its own: found by name, started on demand, ended when idle.
//!
//! [`actor`] runs one room. What the store and the other nodes tell comes by [`crate::dispatch`]; a room in which nobody is
//! has nobody to tell.

mod actor;
mod command;
mod registry;

pub(crate) mod look_alikes;
pub(crate) mod room_limit;

use std::sync::{Arc, atomic::Ordering};

use chat::{
    id::{Epoch, NodeId, UserId},
    protocol::{Growing, Head, Members, Message, User},
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

/// Every room that somebody is in.
#[derive(Clone)]
pub(crate) struct Rooms(Arc<Registry>);

impl Rooms {
    /// No rooms yet. Bots answer in them, to whom what was said and not told as news goes by `missed`. Their logs are the
    /// store's. Whoever has to begin a room anew gets its newest `backlog` messages.
    pub(crate) fn new(
        store: SharedStore,
        cluster: SharedCluster,
        leave_grace_ms: u64,
        backlog: u32,
        (bots, missed): (BotsOf, mpsc::Sender<Message>),
    ) -> Rooms {
        Rooms(Arc::new(Registry::new(store, cluster, leave_grace_ms, backlog, (bots, missed))))
    }

    /// Lets a session in, or tells it again how the room stands. What the room says from then on goes to `outbound`.
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

    /// Lets a program listen that is no member: nobody sees it come or go, and the room stays open for it until it is
    /// lost. What the room says from then on goes to `outbound`. Asked again, tells again how the room stands.
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

    /// How a room stands, for somebody who is not in it.
    pub(crate) async fn look(&self, room: &RoomName) -> Result<RoomHead, StoreError> {
        self.ask(room, RoomCommand::Look).await
    }

    /// A page of who is in a room, by name: those after a name, or the first.
    pub(crate) async fn members(
        &self,
        room: &RoomName,
        after: Option<String>,
    ) -> Result<Members, StoreError> {
        self.ask(room, |reply| RoomCommand::Members { after: after.clone(), reply }).await
    }

    /// Where a room's log stands, as far as the room has said.
    pub(crate) async fn head(&self, room: &RoomName) -> Result<Head, StoreError> {
        self.ask(room, RoomCommand::Head).await
    }

    /// Returns when a room that is open has taken in everything that it was told before.
    pub(crate) async fn heard(&self, room: &RoomName) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.tell(room, RoomCommand::Head(reply)).await;
        answer.await.map_or(Err(StoreError::Closed), |head| head.map(|_| ()))
    }

    /// A session's user leaves the room.
    pub(crate) async fn leave(&self, room: &RoomName, session: SessionId) {
        self.tell(room, RoomCommand::Leave(session)).await;
    }

    /// A session is gone.
    pub(crate) async fn lose(&self, room: &RoomName, session: SessionId) {
        self.tell(room, RoomCommand::Lose(session)).await;
    }

    /// A session's user is writing.
    pub(crate) async fn typing(&self, room: &RoomName, session: SessionId) {
        self.tell(room, RoomCommand::Typing(session)).await;
    }

    /// A program writes in a room, which people on any node see.
    pub(crate) async fn writes(&self, room: &RoomName, program: User) {
        self.0.cluster.typing(room, &program);
        self.tell(room, RoomCommand::Writes(program)).await;
    }

    /// A program's answer grows, which people on any node see.
    pub(crate) async fn grow(&self, growing: Growing) {
        self.0.cluster.growing(&growing);
        self.growing_elsewhere(growing).await;
    }

    /// A program's answer grows on another node.
    pub(crate) async fn growing_elsewhere(&self, growing: Growing) {
        let room = growing.room.clone();
        self.tell(&room, RoomCommand::Growing(growing)).await;
    }

    /// Tells a room what was committed to it, in order.
    pub(crate) async fn commit(&self, epoch: Epoch, messages: Vec<Message>) {
        let Some(room) = messages.first().map(|message| message.room.clone()) else { return };
        self.0.committed.fetch_add(messages.len() as u64, Ordering::Relaxed);
        self.tell(&room, RoomCommand::Commit(epoch, messages)).await;
    }

    /// Has a room look for itself what it was not told.
    pub(crate) async fn look_again(&self, room: &RoomName) {
        self.tell(room, RoomCommand::LookAgain).await;
    }

    /// A user's seat in a room has changed on another node.
    pub(crate) async fn elsewhere(&self, room: &RoomName, node: NodeId, user: User, seat: Presence) {
        self.tell(room, RoomCommand::Elsewhere(node, user, seat)).await;
    }

    /// A user on another node is writing.
    pub(crate) async fn typing_elsewhere(&self, room: &RoomName, user: User) {
        self.tell(room, RoomCommand::Writes(user)).await;
    }

    /// Another node is gone with everybody on it.
    pub(crate) async fn lose_node(&self, node: &NodeId) {
        let open: Vec<RoomName> = self.0.open().keys().cloned().collect();
        for room in open {
            self.tell(&room, RoomCommand::NodeLost(node.clone())).await;
        }
    }

    /// Whether a room is open now.
    pub(crate) fn is_open(&self, room: &RoomName) -> bool {
        self.0.open().contains_key(room)
    }

    /// Returns how many messages were told to rooms since the start.
    pub(crate) fn committed(&self) -> u64 {
        self.0.committed.load(Ordering::Relaxed)
    }

    /// Returns how many lines were brought to sessions since the start.
    pub(crate) fn deliveries(&self) -> u64 {
        self.0.deliveries.load(Ordering::Relaxed)
    }

    /// Returns how many rooms are open now.
    pub(crate) fn count(&self) -> usize {
        self.0.open().len()
    }

    /// The names of the rooms that are open now, in no order.
    pub(crate) fn names(&self) -> Vec<RoomName> {
        self.0.open().keys().cloned().collect()
    }

    /// Waits until every room has ended; nobody may be let in any more.
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
            // A room that ends while it is spoken to is started again: it had nobody in it.
            if mailbox.send(word(reply)).await.is_err() {
                continue;
            }
            if let Ok(answer) = answer.await {
                return answer;
            }
        }
    }

    /// Tells a room if it is open; nobody is in the others.
    async fn tell(&self, room: &RoomName, word: RoomCommand) {
        let mailbox = self.0.open().get(room).cloned();
        if let Some(mailbox) = mailbox {
            // A room that has just ended had nobody in it, and nobody to tell.
            let _ = mailbox.send(word).await;
        }
    }

    /// The way to a room, which is started if it is not open; none once the rooms are closed.
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
