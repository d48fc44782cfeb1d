//! One room's task: it feeds [`Room`] what happens and performs what the room says must be done. Decides nothing.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chat::{
    id::UserId,
    protocol::{Event, Head, Seq, ServerLine},
    room::{Command, Effect, Room, SessionId},
    room_name::RoomName,
    time::Millis,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{Rooms, Stand, Word};
use crate::{
    clock,
    dialect::Broadcast,
    outbound::Outbound,
    store::{Piece, StoreError},
};

/// How long a room in which nobody is waits before it looks whether it may end.
const IDLE: Duration = Duration::from_secs(5);

struct Actor {
    room: Room,
    rooms: Rooms,
    audience: HashMap<SessionId, (UserId, Arc<Outbound>)>,
    /// Sessions that were found gone while the room was speaking; it is told of them afterwards.
    gone: Vec<SessionId>,
    wake: Option<Instant>,
}

/// Runs a room until nobody is in it, or until the rooms are closed.
pub(super) async fn run(name: RoomName, mut words: mpsc::Receiver<Word>, rooms: Rooms) {
    let head = match rooms.store().extent(name.clone()).await {
        Ok(extent) => Head { room: name.clone(), epoch: rooms.store().epoch(), seq: extent.head },
        Err(error) => {
            tracing::error!(%error, room = %name, "a room cannot be opened");
            // Out of the list first, so that whoever finds this one closed finds another the next time.
            rooms.0.open().remove(&name);
            words.close();
            while let Some(word) = words.recv().await {
                refuse(word, &error);
            }
            return;
        }
    };
    let room = Room::new(head, rooms.leave_grace_ms());
    let mut actor = Actor { room, rooms, audience: HashMap::new(), gone: Vec::new(), wake: None };
    loop {
        let idle = actor.room.is_idle();
        let wake = actor.wake;
        let timer = async {
            match wake {
                Some(at) => sleep_until(at).await,
                None if idle => tokio::time::sleep(IDLE).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            word = words.recv() => match word {
                Some(word) => actor.hear(word).await,
                None => return,
            },
            () = timer => {
                actor.wake = None;
                actor.apply(Command::Tick).await;
                if actor.room.is_idle() && wake.is_none() && actor.rooms.forget(&name, &words) {
                    return;
                }
            }
        }
    }
}

impl Actor {
    async fn hear(&mut self, word: Word) {
        match word {
            Word::Enter { session, user, outbound, reply } => {
                self.audience.insert(session, (user.id.clone(), outbound));
                let stand = self.apply(Command::Enter(session, user)).await;
                if let Some(stand) = stand
                    && reply.send(Ok(stand)).is_err()
                {
                    self.drop_session(session).await;
                }
            }
            Word::Leave(session) => {
                self.audience.remove(&session);
                self.apply(Command::Leave(session)).await;
            }
            Word::Lose(session) => self.drop_session(session).await,
            Word::Typing(session) => {
                self.apply(Command::Typing(session)).await;
            }
            Word::Commit(event) => {
                self.apply(Command::Commit(event)).await;
            }
            Word::Look(reply) => {
                // Whoever asked may have gone away; nothing depends on it.
                let _ = reply.send(Ok(Stand { head: self.room.head(), members: self.room.members() }));
            }
        }
        while let Some(session) = self.gone.pop() {
            self.drop_session(session).await;
        }
    }

    async fn drop_session(&mut self, session: SessionId) {
        self.audience.remove(&session);
        self.apply(Command::Lose(session)).await;
    }

    /// Tells the room and performs what follows; gives how the room stood when it admitted somebody, if it did.
    async fn apply(&mut self, command: Command) -> Option<Stand> {
        let mut admitted = None;
        let mut missing = None;
        for effect in self.room.apply(command, clock::now()) {
            match effect {
                Effect::Admit(_, head, members) => admitted = Some(Stand { head, members }),
                Effect::Missing(after) => missing = Some(after),
                other => self.perform(other),
            }
        }
        if let Some(after) = missing {
            self.catch_up(after).await;
        }
        admitted
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Event(Event::Message(message)) => self.say(ServerLine::Message(message), None),
            Effect::Presence(presence) => self.say(ServerLine::Presence(presence), None),
            Effect::Typing(user) => {
                let id = user.id.clone();
                self.say(ServerLine::Typing { room: self.room.name().clone(), user }, Some(&id));
            }
            Effect::WakeAt(at) => self.wake = Some(instant(at)),
            // A store of this version commits messages only; the other two are not for telling.
            Effect::Event(Event::Unknown(_)) | Effect::Admit(..) | Effect::Missing(_) => {}
        }
    }

    /// Says a line to everybody but one user's sessions.
    fn say(&mut self, line: ServerLine, but: Option<&UserId>) {
        let line = Arc::new(Broadcast::new(line));
        for (session, (user, outbound)) in &self.audience {
            if Some(user) != but && outbound.push(line.clone()).is_err() {
                self.gone.push(*session);
            }
        }
    }

    /// Reads what was committed and never came, and says it.
    async fn catch_up(&mut self, after: Seq) {
        let missing = Piece::Between { after, upto: Seq::MAX };
        match self.rooms.store().read(self.room.name().clone(), missing).await {
            Ok(slice) => {
                for message in slice.messages {
                    for effect in self.room.apply(Command::Commit(Event::Message(message)), clock::now()) {
                        self.perform(effect);
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, room = %self.room.name(), "missing events cannot be read; the next one asks again");
            }
        }
    }
}

fn refuse(word: Word, error: &StoreError) {
    let reason = StoreError::Unavailable(error.to_string());
    match word {
        // Whoever asked may have gone away; nothing depends on it.
        Word::Enter { reply, .. } | Word::Look(reply) => {
            let _ = reply.send(Err(reason));
        }
        Word::Leave(_) | Word::Lose(_) | Word::Typing(_) | Word::Commit(_) => {}
    }
}

/// The wall clock's moment on the clock that timers run by.
fn instant(at: Millis) -> Instant {
    Instant::now() + Duration::from_millis(at.since(clock::now()))
}
