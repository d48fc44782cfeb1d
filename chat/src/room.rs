//! A room as a state machine: who is in it, in what order its events go out, and what its people hear of each other.
//!
//! It holds no sockets, queues or timers and reads no clock: a [`Command`] comes with the moment, and every [`Effect`]
//! is for its owner to perform, in order. The log itself is the store's; the room only sees what was committed.

use std::collections::BTreeMap;

use crate::{
    id::{Epoch, UserId},
    protocol::{Event, Head, Members, Presence, Seq, User},
    room_name::RoomName,
    time::Millis,
};

/// How many members are named to a newcomer; beyond them there is only the count.
pub const NAMED_MEMBERS: usize = 200;

/// How long comings and goings are collected before the room hears of them together, in milliseconds.
const PRESENCE_TICK_MS: u64 = 100;

/// How many people one presence line names of those who came, and of those who went.
const NAMED_PER_TICK: usize = 50;

/// Names one connection of a user, as long as the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// What a room is told.
#[derive(Clone, Debug)]
pub enum Command {
    /// A session enters; or asks again, which changes nothing.
    Enter(SessionId, User),
    /// A session leaves because its user wants to: if it was their last, they have left.
    Leave(SessionId),
    /// A session is gone; its user may be back in a moment.
    Lose(SessionId),
    /// The store has committed an event.
    Commit(Event),
    /// A session's user is writing.
    Typing(SessionId),
    /// The moment of the latest [`Effect::WakeAt`] has come.
    Tick,
}

/// What must be done for a room, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Let the session hear what the room says from now on; it is told where the room stands.
    Admit(SessionId, Head, Members),
    /// Tell everybody who is in.
    Event(Event),
    /// Tell everybody who came and went.
    Presence(Presence),
    /// Tell everybody but the user's own sessions that they write.
    Typing(User),
    /// Events between are missing: read what the store has after this seq, and give it as [`Command::Commit`]s.
    Missing(Seq),
    /// Give [`Command::Tick`] at this moment; replaces the one before.
    WakeAt(Millis),
}

#[derive(Clone, Debug)]
struct Member {
    user: User,
    sessions: usize,
    /// When the room will be told that they left, if they are not back by then.
    leaves_at: Option<Millis>,
}

/// One room's present.
#[derive(Clone, Debug)]
pub struct Room {
    name: RoomName,
    epoch: Epoch,
    head: Seq,
    leave_grace_ms: u64,
    sessions: BTreeMap<SessionId, UserId>,
    members: BTreeMap<UserId, Member>,
    /// Who came and went since the room last heard of it.
    entered: Vec<User>,
    left: Vec<User>,
    tell_at: Option<Millis>,
}

impl Room {
    /// A room without people whose log stands at `head`. Somebody whose last session is gone counts as there for
    /// `leave_grace_ms` milliseconds more.
    pub fn new(head: Head, leave_grace_ms: u64) -> Room {
        Room {
            name: head.room,
            epoch: head.epoch,
            head: head.seq,
            leave_grace_ms,
            sessions: BTreeMap::new(),
            members: BTreeMap::new(),
            entered: Vec::new(),
            left: Vec::new(),
            tell_at: None,
        }
    }

    /// Its name.
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// Where its log stands, as far as the room has said.
    pub fn head(&self) -> Head {
        Head { room: self.name.clone(), epoch: self.epoch.clone(), seq: self.head }
    }

    /// Whether nobody is there and nothing is left to tell.
    pub fn is_idle(&self) -> bool {
        self.members.is_empty()
    }

    /// Who is there: all, or the first of many and their count.
    pub fn members(&self) -> Members {
        Members {
            count: self.members.len(),
            list: self.members.values().take(NAMED_MEMBERS).map(|member| member.user.clone()).collect(),
        }
    }

    /// Takes a command and gives what must be done, in order.
    pub fn apply(&mut self, command: Command, now: Millis) -> Vec<Effect> {
        let mut effects = Vec::new();
        match command {
            Command::Enter(session, user) => {
                self.enter(session, user, now);
                effects.push(Effect::Admit(session, self.head(), self.members()));
            }
            Command::Leave(session) => self.depart(session, now, 0),
            Command::Lose(session) => self.depart(session, now, self.leave_grace_ms),
            Command::Commit(event) => self.commit(event, now, &mut effects),
            Command::Typing(session) => {
                if let Some(member) = self.sessions.get(&session).and_then(|id| self.members.get(id)) {
                    effects.push(Effect::Typing(member.user.clone()));
                }
            }
            Command::Tick => {}
        }
        self.expire(now);
        self.tell(now, &mut effects);
        let next = self.members.values().filter_map(|member| member.leaves_at).chain(self.tell_at).min();
        effects.extend(next.map(Effect::WakeAt));
        effects
    }

    fn enter(&mut self, session: SessionId, user: User, now: Millis) {
        if self.sessions.contains_key(&session) {
            return;
        }
        self.sessions.insert(session, user.id.clone());
        if let Some(member) = self.members.get_mut(&user.id) {
            member.sessions += 1;
            member.leaves_at = None;
            return;
        }
        // Whoever left and is back before anybody was told has not left.
        let before = self.left.len();
        self.left.retain(|other| other.id != user.id);
        if self.left.len() == before {
            self.entered.push(user.clone());
            self.tell_at.get_or_insert(now + PRESENCE_TICK_MS);
        }
        self.members.insert(user.id.clone(), Member { user, sessions: 1, leaves_at: None });
    }

    fn depart(&mut self, session: SessionId, now: Millis, grace_ms: u64) {
        let Some(id) = self.sessions.remove(&session) else { return };
        let member = self.members.get_mut(&id).expect("every session belongs to a member");
        member.sessions -= 1;
        if member.sessions == 0 {
            member.leaves_at = Some(now + grace_ms);
        }
    }

    fn expire(&mut self, now: Millis) {
        let gone = |member: &mut Member| member.leaves_at.is_some_and(|at| at <= now);
        for (id, member) in self.members.extract_if(.., |_, member| gone(member)) {
            // Whoever came and went before anybody was told was never there.
            let before = self.entered.len();
            self.entered.retain(|other| other.id != id);
            if self.entered.len() == before {
                self.left.push(member.user);
                self.tell_at.get_or_insert(now + PRESENCE_TICK_MS);
            }
        }
    }

    fn tell(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.tell_at.is_none_or(|at| at > now) {
            return;
        }
        self.tell_at = None;
        let mut enter = std::mem::take(&mut self.entered);
        let mut leave = std::mem::take(&mut self.left);
        if enter.is_empty() && leave.is_empty() {
            return;
        }
        enter.truncate(NAMED_PER_TICK);
        leave.truncate(NAMED_PER_TICK);
        effects.push(Effect::Presence(Presence {
            room: self.name.clone(),
            enter,
            leave,
            count: self.members.len(),
        }));
    }

    fn commit(&mut self, event: Event, now: Millis, effects: &mut Vec<Effect>) {
        match event.seq() {
            Some(seq) if seq == self.head + 1 => {
                self.head = seq;
                // Nobody is heard before the room was told that they are there.
                if let Event::Message(message) = &event
                    && self.entered.iter().any(|user| user.id == message.user.id)
                {
                    self.tell_at = Some(now);
                    self.tell(now, effects);
                }
                effects.push(Effect::Event(event));
            }
            Some(seq) if seq > self.head => effects.push(Effect::Missing(self.head)),
            _ => {}
        }
    }
}
