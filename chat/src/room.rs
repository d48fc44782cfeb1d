//! A room as a state machine: who is in it, in what order its events go out, and what its people hear of each other.
//!
//! It holds no sockets, queues or timers and reads no clock: a [`Command`] comes with the moment, and every [`Effect`]
//! is for its owner to perform, in order. The log itself is the store's; the room only sees what was committed. Several
//! nodes may have the same room: each hears of the others' people, and all come to the same roster.
//!
//! Few people are told by name who comes and goes. Many are a *crowd*, to whom only their number is told, from time to
//! time: what each of them hears of the others does not grow with how many they are. Nothing that happens to one of
//! them, and no event, costs more among many than among few.

mod member;
mod presence;
mod roster;
mod writers;

use std::collections::BTreeMap;

use member::Member;
pub use member::Presence;
use roster::Roster;
use writers::Writers;

use crate::{
    id::{Epoch, NodeId, UserId},
    protocol::{Event, Head, Members, PresenceChange, Seq, User},
    room_name::RoomName,
    time::Millis,
};

/// More members than this are a crowd.
pub const FEW: usize = 40;

/// How many members a page of the roster names at the most, but for those of one name.
pub const ROSTER_PAGE: usize = 200;

/// How long comings and goings are collected before the room hears of them together, in milliseconds.
const PRESENCE_TICK_MS: u64 = 100;

/// How long a crowd is not told again how many they are, in milliseconds.
const CROWD_TICK_MS: u64 = 2_000;

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
    /// A user on another node, or a program, is writing.
    Writes(User),
    /// A user's seat on another node has changed.
    Elsewhere(NodeId, User, Presence),
    /// Who sits on the other nodes: these, and nobody else.
    Roster(Vec<(NodeId, User, Presence)>),
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
    /// Tell everybody who came and went, or only how many a crowd are now.
    PresenceChange(PresenceChange),
    /// Tell everybody who is there: they were a crowd, and are few again.
    Members(Members),
    /// Tell everybody but the user's own sessions that they write.
    Typing(User),
    /// Tell the other nodes how a user's seat here stands.
    Presence(User, Presence),
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
    roster: Roster,
    /// The programs that answer here.
    bots: Vec<User>,
    /// How many members are no crowd yet.
    few: usize,
    is_crowd: bool,
    /// The number of a crowd as all of them know it; none if they know different ones.
    known_count: Option<usize>,
    /// Who came and went since the room last heard of it, and how often the roster had been shown by then. Of a crowd,
    /// nobody.
    entered: Vec<(User, u64)>,
    left: Vec<(User, u64)>,
    /// How often somebody was shown who is there.
    shown: u64,
    tell_at: Option<Millis>,
    writers: Writers,
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
            roster: Roster::default(),
            bots: Vec::new(),
            few: FEW,
            is_crowd: false,
            known_count: None,
            entered: Vec::new(),
            left: Vec::new(),
            shown: 0,
            tell_at: None,
            writers: Writers::default(),
        }
    }

    /// The room with bots that answer in it. They are always there: nobody hears them come or go.
    #[must_use]
    pub fn with_bots(mut self, bots: Vec<User>) -> Room {
        self.bots = bots;
        self
    }

    /// The room, where more members than this are a crowd rather than more than [`FEW`].
    #[must_use]
    pub fn with_few(mut self, few: usize) -> Room {
        self.few = few;
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
        !self.roster.is_anybody_here()
    }

    /// Who is there: all, or the first of a crowd and their count.
    pub fn members(&self) -> Members {
        let most = if self.is_crowd { self.few_again() } else { usize::MAX };
        self.named(self.roster.users().take(most).cloned().collect())
    }

    /// Shows somebody a page of who is there, by name: those after a name, and from the beginning where nobody comes
    /// after it. Those who fit into one page are always shown all.
    pub fn page(&mut self, after: Option<&str>) -> Members {
        let after = after.filter(|_| self.roster.len() > ROSTER_PAGE).unwrap_or_default();
        let mut list = self.roster.users_after(after, ROSTER_PAGE);
        if list.is_empty() {
            list = self.roster.users_after("", ROSTER_PAGE);
        }
        self.show(self.named(list))
    }

    fn named(&self, list: Vec<User>) -> Members {
        Members { count: self.roster.len(), list, bots: self.bots.clone() }
    }

    /// With how many members a crowd are few again: some less than make one, so that one who comes and goes does not.
    fn few_again(&self) -> usize {
        self.few * 3 / 4
    }

    /// Somebody is shown who is there. They may know of another number than the rest of a crowd then, or of all of them, to
    /// whom they add themselves: so they are to be told of what changes next, even if the number comes back.
    fn show(&mut self, members: Members) -> Members {
        self.shown += 1;
        let is_all = members.list.len() + 1 >= members.count;
        self.known_count = self.known_count.filter(|known| *known == members.count && !is_all);
        members
    }

    /// Takes a command and gives what must be done, in order.
    pub fn apply(&mut self, command: Command, now: Millis) -> Vec<Effect> {
        let mut effects = Vec::new();
        match command {
            Command::Enter(session, user) => {
                self.enter(session, user, now, &mut effects);
                let members = self.show(self.members());
                effects.push(Effect::Admit(session, self.head(), members));
            }
            Command::Leave(session) => self.depart(session, now, &mut effects),
            Command::Lose(session) => self.depart(session, now + self.leave_grace_ms, &mut effects),
            Command::Elsewhere(node, user, seat) => self.change(node, user, seat, now, &mut effects),
            Command::Roster(seats) => self.reconcile(seats, now, &mut effects),
            Command::NodeLost(node) => {
                let lost_at = now + self.leave_grace_ms;
                self.roster.change_all(|member| member.lose(&node, lost_at));
            }
            Command::Renew(head) => {
                self.epoch = head.epoch;
                self.head = head.seq;
                let members = self.show(self.members());
                effects.push(Effect::Renewed(self.head(), members));
            }
            Command::Commit(event) => self.commit(event, now, &mut effects),
            Command::Typing(session) => {
                let user = self.sessions.get(&session).and_then(|id| self.roster.user(id)).cloned();
                effects.extend(user.and_then(|user| self.write(user, now)));
            }
            Command::Writes(user) => effects.extend(self.write(user, now)),
            Command::Tick => {}
        }
        self.expire(now, &mut effects);
        self.tell(now, &mut effects);
        let next_to_leave = self.roster.next_to_leave().map(|(at, _)| *at);
        let next = next_to_leave.into_iter().chain(self.tell_at).min();
        effects.extend(next.map(Effect::WakeAt));
        effects
    }

    fn enter(&mut self, session: SessionId, user: User, now: Millis, effects: &mut Vec<Effect>) {
        if self.sessions.contains_key(&session) {
            return;
        }
        let id = user.id.clone();
        self.sessions.insert(session, id.clone());
        // They are about to be shown the roster themselves.
        self.come(user, self.shown + 1, now, effects);
        self.roster.change(&id, |member| {
            member.sit();
            report(member, effects);
        });
    }

    /// Tells that somebody writes, unless that says nothing new.
    fn write(&mut self, user: User, now: Millis) -> Option<Effect> {
        self.writers.hear(&user.id, self.is_crowd, now).then_some(Effect::Typing(user))
    }

    fn commit(&mut self, event: Event, now: Millis, effects: &mut Vec<Effect>) {
        match event.seq() {
            Some(seq) if seq == self.head + 1 => {
                self.head = seq;
                if let Event::Message(message) = &event {
                    self.writers.forget(&message.user.id);
                    // Nobody is heard before the room was told that they are there.
                    if self.entered.iter().any(|(user, _)| user.id == message.user.id) {
                        self.tell_now(now, effects);
                    }
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
        effects.push(Effect::Presence(member.user.clone(), seat));
    }
}
