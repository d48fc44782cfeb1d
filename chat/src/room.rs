//! A room as a state machine: who is in it, in what order its events go out, and what its people hear of each other.
//!
//! It holds no sockets, queues or timers and reads no clock: a [`Command`] comes with the moment, and every [`Effect`]
//! is for its owner to perform, in order. The log itself is the store's; the room only sees what was committed. Several
//! nodes may have the same room: each hears of the others' people, and all come to the same roster.

mod member;

use std::collections::{BTreeMap, BTreeSet};

use member::Member;
pub use member::Seat;

use crate::{
    id::{Epoch, NodeId, UserId},
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
    /// A user's seat on another node has changed.
    Elsewhere(NodeId, User, Seat),
    /// Who sits on the other nodes: these, and nobody else.
    Roster(Vec<(NodeId, User, Seat)>),
    /// Another node is gone with all of its seats; its people may be back in a moment.
    NodeLost(NodeId),
    /// The log does not go on where it was: it stands here now, perhaps in another life.
    Renew(Head),
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
    /// Tell the other nodes how a user's seat here stands.
    Seat(User, Seat),
    /// Tell everybody who is in that the log goes on from here, with the newest page and who is there.
    Renewed(Head, Members),
    /// Events between are missing: read what the store has after this seq, and give it as [`Command::Commit`]s.
    Missing(Seq),
    /// Give [`Command::Tick`] at this moment; replaces the one before.
    WakeAt(Millis),
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
    /// The programs that answer here.
    bots: Vec<User>,
    /// Who came and went since the room last heard of it, and how often the roster had been shown by then.
    entered: Vec<(User, u64)>,
    left: Vec<(User, u64)>,
    /// How often somebody was shown who is there.
    shown: u64,
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
            bots: Vec::new(),
            entered: Vec::new(),
            left: Vec::new(),
            shown: 0,
            tell_at: None,
        }
    }

    /// The room with bots that answer in it. They are always there: nobody hears them come or go.
    #[must_use]
    pub fn with_bots(mut self, bots: Vec<User>) -> Room {
        self.bots = bots;
        self
    }

    /// Its name.
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// Where its log stands, as far as the room has said.
    pub fn head(&self) -> Head {
        Head { room: self.name.clone(), epoch: self.epoch.clone(), seq: self.head }
    }

    /// Whether nobody is there on this node and nothing is left to tell the others of them.
    pub fn is_idle(&self) -> bool {
        !self.members.values().any(Member::is_here)
    }

    /// Who is there: all, or the first of many and their count.
    pub fn members(&self) -> Members {
        Members {
            count: self.members.len(),
            list: self.members.values().take(NAMED_MEMBERS).map(|member| member.user.clone()).collect(),
            bots: self.bots.clone(),
        }
    }

    /// Takes a command and gives what must be done, in order.
    pub fn apply(&mut self, command: Command, now: Millis) -> Vec<Effect> {
        let mut effects = Vec::new();
        match command {
            Command::Enter(session, user) => {
                self.enter(session, user, now, &mut effects);
                self.shown += 1;
                effects.push(Effect::Admit(session, self.head(), self.members()));
            }
            Command::Leave(session) => self.depart(session, now, &mut effects),
            Command::Lose(session) => self.depart(session, now + self.leave_grace_ms, &mut effects),
            Command::Elsewhere(node, user, seat) => self.change(node, user, seat, now, &mut effects),
            Command::Roster(seats) => self.reconcile(seats, now, &mut effects),
            Command::NodeLost(node) => {
                let lost_at = now + self.leave_grace_ms;
                self.members.values_mut().for_each(|member| member.lose(&node, lost_at));
            }
            Command::Renew(head) => {
                self.epoch = head.epoch;
                self.head = head.seq;
                self.shown += 1;
                effects.push(Effect::Renewed(self.head(), self.members()));
            }
            Command::Commit(event) => self.commit(event, now, &mut effects),
            Command::Typing(session) => {
                if let Some(member) = self.sessions.get(&session).and_then(|id| self.members.get(id)) {
                    effects.push(Effect::Typing(member.user.clone()));
                }
            }
            Command::Tick => {}
        }
        self.expire(now, &mut effects);
        self.tell(now, &mut effects);
        let next = self.members.values().filter_map(Member::leaves_at).chain(self.tell_at).min();
        effects.extend(next.map(Effect::WakeAt));
        effects
    }

    fn enter(&mut self, session: SessionId, user: User, now: Millis, effects: &mut Vec<Effect>) {
        if self.sessions.contains_key(&session) {
            return;
        }
        self.sessions.insert(session, user.id.clone());
        // They are about to be shown the roster themselves.
        let member = self.member(user, self.shown + 1, now, effects);
        member.sit();
        report(member, effects);
    }

    fn depart(&mut self, session: SessionId, leaves_at: Millis, effects: &mut Vec<Effect>) {
        let Some(id) = self.sessions.remove(&session) else { return };
        let member = self.members.get_mut(&id).expect("every session belongs to a member");
        member.rise(leaves_at);
        report(member, effects);
    }

    fn change(&mut self, node: NodeId, user: User, seat: Seat, now: Millis, effects: &mut Vec<Effect>) {
        let lost_at = now + self.leave_grace_ms;
        let member = match self.members.get_mut(&user.id) {
            Some(member) => member,
            None if seat == Seat::Taken => self.member(user, self.shown, now, effects),
            // Whoever is not known to be there cannot be missed.
            None => return,
        };
        member.change(node, seat, lost_at, now);
        report(member, effects);
    }

    fn reconcile(&mut self, seats: Vec<(NodeId, User, Seat)>, now: Millis, effects: &mut Vec<Effect>) {
        let lost_at = now + self.leave_grace_ms;
        // Those who are found when a room is opened have been there before anybody could be told.
        let found = self.members.is_empty();
        let mut taken: BTreeMap<UserId, BTreeSet<NodeId>> = BTreeMap::new();
        for (node, user, seat) in seats {
            if seat == Seat::Taken {
                taken.entry(user.id.clone()).or_default().insert(node.clone());
            }
            let member = match self.members.get_mut(&user.id) {
                Some(member) => member,
                None if found => self.members.entry(user.id.clone()).or_insert_with(|| Member::new(user)),
                None if seat == Seat::Taken => self.member(user, self.shown, now, effects),
                None => continue,
            };
            // What is not there any more is found below.
            if seat != Seat::Left {
                member.change(node, seat, lost_at, now);
            }
        }
        let nobody = BTreeSet::new();
        for (id, member) in &mut self.members {
            member.keep(taken.get(id).unwrap_or(&nobody), lost_at);
            report(member, effects);
        }
    }

    /// A user's place among those who are there; whoever had none is told of as having come, when the roster has been
    /// `shown` so many times.
    fn member(&mut self, user: User, shown: u64, now: Millis, effects: &mut Vec<Effect>) -> &mut Member {
        if !self.members.contains_key(&user.id) {
            if self.was_seen(&self.left, &user.id) {
                self.tell_now(now, effects);
            }
            // Whoever left and is back before anybody could know has not left.
            if !remove(&mut self.left, &user.id) {
                self.entered.push((user.clone(), shown));
                self.tell_at.get_or_insert(now + PRESENCE_TICK_MS);
            }
        }
        self.members.entry(user.id.clone()).or_insert_with(|| Member::new(user))
    }

    fn expire(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let is_gone = |member: &Member| member.leaves_at().is_some_and(|at| at <= now);
        let gone = self.members.iter().filter(|(_, member)| is_gone(member));
        let gone: Vec<UserId> = gone.map(|(id, _)| id.clone()).collect();
        if gone.iter().any(|id| self.was_seen(&self.entered, id)) {
            self.tell_now(now, effects);
        }
        for id in gone {
            let member = self.members.remove(&id).expect("whoever is gone was there until now");
            if member.owes() {
                effects.push(Effect::Seat(member.user.clone(), Seat::Left));
            }
            // Whoever came and went before anybody could know was never there.
            if !remove(&mut self.entered, &id) {
                self.left.push((member.user, self.shown));
                self.tell_at.get_or_insert(now + PRESENCE_TICK_MS);
            }
        }
    }

    /// Whether a coming or going that has not been told yet was seen by somebody who was shown the roster since then.
    fn was_seen(&self, untold: &[(User, u64)], id: &UserId) -> bool {
        untold.iter().any(|(user, shown)| user.id == *id && *shown != self.shown)
    }

    /// Tells at once what would have been told together with more.
    fn tell_now(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        self.tell_at = Some(now);
        self.tell(now, effects);
    }

    fn tell(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.tell_at.is_none_or(|at| at > now) {
            return;
        }
        self.tell_at = None;
        let named = |users: &mut Vec<(User, u64)>| -> Vec<User> {
            std::mem::take(users).into_iter().map(|(user, _)| user).take(NAMED_PER_TICK).collect()
        };
        let (enter, leave) = (named(&mut self.entered), named(&mut self.left));
        if enter.is_empty() && leave.is_empty() {
            return;
        }
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
                    && self.entered.iter().any(|(user, _)| user.id == message.user.id)
                {
                    self.tell_now(now, effects);
                }
                effects.push(Effect::Event(event));
            }
            Some(seq) if seq > self.head => effects.push(Effect::Missing(self.head)),
            _ => {}
        }
    }
}

/// Takes a user from those who came or went; whether they were among them.
fn remove(users: &mut Vec<(User, u64)>, id: &UserId) -> bool {
    let before = users.len();
    users.retain(|(user, _)| user.id != *id);
    users.len() < before
}

/// Tells the other nodes of a seat, if it is news to them.
fn report(member: &mut Member, effects: &mut Vec<Effect>) {
    if let Some(seat) = member.news() {
        effects.push(Effect::Seat(member.user.clone(), seat));
    }
}
