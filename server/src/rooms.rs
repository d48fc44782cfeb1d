//! The rooms that somebody is in, each a task of its own: found by name, started on demand, ended when idle.
//!
//! [`actor`] runs one room. What the store commits goes to its room by [`Rooms::route`]; a room in which nobody is has
//! nobody to tell.

mod actor;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chat::{
    protocol::{Event, Head, Members, Message, User},
    room::SessionId,
    room_name::RoomName,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::{
    outbound::Outbound,
    search::Signals,
    store::{SharedStore, StoreError},
};

/// How many words may wait for a room; then those who speak to it wait.
const MAILBOX: usize = 1_024;

/// A word to a room.
#[derive(Debug)]
enum Word {
    Enter {
        session: SessionId,
        user: User,
        outbound: Arc<Outbound>,
        reply: oneshot::Sender<Result<Stand, StoreError>>,
    },
    Leave(SessionId),
    Lose(SessionId),
    Typing(SessionId),
    Commit(Event),
    Look(oneshot::Sender<Result<Stand, StoreError>>),
}

/// How a room stands at the moment when somebody is let in: everything after `head` reaches them by their queue.
#[derive(Clone, Debug)]
pub(crate) struct Stand {
    pub(crate) head: Head,
    pub(crate) members: Members,
}

/// Every room that somebody is in.
#[derive(Clone)]
pub(crate) struct Rooms(Arc<Shared>);

struct Shared {
    open: Mutex<HashMap<RoomName, mpsc::Sender<Word>>>,
    store: SharedStore,
    leave_grace_ms: u64,
    tasks: TaskTracker,
}

impl Rooms {
    /// No rooms yet. Their logs are the store's.
    pub(crate) fn new(store: SharedStore, leave_grace_ms: u64) -> Rooms {
        Rooms(Arc::new(Shared { open: Mutex::default(), store, leave_grace_ms, tasks: TaskTracker::new() }))
    }

    /// Lets a session in, or tells it again how the room stands. What the room says from then on goes to `outbound`.
    pub(crate) async fn enter(
        &self,
        room: &RoomName,
        session: SessionId,
        user: &User,
        outbound: &Arc<Outbound>,
    ) -> Result<Stand, StoreError> {
        self.ask(room, |reply| Word::Enter { session, user: user.clone(), outbound: outbound.clone(), reply })
            .await
    }

    /// How a room stands, for somebody who is not in it.
    pub(crate) async fn look(&self, room: &RoomName) -> Result<Stand, StoreError> {
        self.ask(room, Word::Look).await
    }

    /// A session's user leaves the room.
    pub(crate) async fn leave(&self, room: &RoomName, session: SessionId) {
        self.tell(room, Word::Leave(session)).await;
    }

    /// A session is gone.
    pub(crate) async fn lose(&self, room: &RoomName, session: SessionId) {
        self.tell(room, Word::Lose(session)).await;
    }

    /// A session's user is writing.
    pub(crate) async fn typing(&self, room: &RoomName, session: SessionId) {
        self.tell(room, Word::Typing(session)).await;
    }

    /// Hands what the store commits to its rooms, in order, until the store is closed. The search is woken for it.
    pub(crate) async fn route(self, mut commits: mpsc::Receiver<Message>, search: Arc<Signals>) {
        while let Some(message) = commits.recv().await {
            search.committed.notify_one();
            let room = message.room.clone();
            self.tell(&room, Word::Commit(Event::Message(message))).await;
        }
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
        word: impl Fn(oneshot::Sender<Result<T, StoreError>>) -> Word,
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
    async fn tell(&self, room: &RoomName, word: Word) {
        let mailbox = self.0.open().get(room).cloned();
        if let Some(mailbox) = mailbox {
            // A room that has just ended had nobody in it, and nobody to tell.
            let _ = mailbox.send(word).await;
        }
    }

    /// The way to a room, which is started if it is not open; none once the rooms are closed.
    fn mailbox(&self, room: &RoomName) -> Option<mpsc::Sender<Word>> {
        if self.0.tasks.is_closed() {
            return None;
        }
        let mut open = self.0.open();
        let mailbox = open.entry(room.clone()).or_insert_with(|| {
            let (mailbox, words) = mpsc::channel(MAILBOX);
            self.0.tasks.spawn(actor::run(room.clone(), words, self.clone()));
            mailbox
        });
        Some(mailbox.clone())
    }

    fn store(&self) -> &SharedStore {
        &self.0.store
    }

    fn leave_grace_ms(&self) -> u64 {
        self.0.leave_grace_ms
    }

    /// Forgets a room that has nobody in it, unless somebody is speaking to it. Whether it is forgotten.
    fn forget(&self, room: &RoomName, words: &mpsc::Receiver<Word>) -> bool {
        let mut open = self.0.open();
        let idle = words.is_empty() && words.sender_strong_count() <= 1;
        if idle {
            open.remove(room);
        }
        idle
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, HashMap<RoomName, mpsc::Sender<Word>>> {
        // Nothing that holds the lock can panic half-way through a change.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
