//! A room as a state machine: its members, the order of its events, and what its members learn of each other.
//!
//! It holds no sockets, queues or timers and reads no clock: each [`Command`] comes with the current time,
//! and the owner performs each [`Effect`], in order. The log belongs to the store; the room sees only
//! committed events. Several nodes may serve the same room: each learns of the members on the others, and all
//! converge on the same roster.
//!
//! A small room tells its members by name who enters and leaves. A larger one is a *crowd*, which is told
//! only the number of members, at intervals, so that what a member receives about the others does not grow
//! with their number. No change to one member, and no event, costs more in a crowd than in a small room.

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

/// The most members of a room that is not a crowd.
pub const FEW: usize = 40;

/// The most members on a page of the roster. Members with the same name as the last one may exceed it.
pub const ROSTER_PAGE: usize = 200;

/// How long members' entering and leaving is collected before the room is told, in milliseconds.
const PRESENCE_TICK_MS: u64 = 100;

/// The least time between two counts sent to a crowd, in milliseconds.
const CROWD_TICK_MS: u64 = 2_000;

/// Identifies one connection of a user for the lifetime of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// An input to a room.
#[derive(Clone, Debug)]
pub enum Command {
    /// A session enters. Entering again changes nothing but repeats the answer.
    Enter(SessionId, User),
    /// A session leaves because its user wants to; if it was the user's last, the user leaves at once.
    Leave(SessionId),
    /// A session was lost; its user may be back shortly.
    Lose(SessionId),
    /// The store has committed an event.
    Commit(Event),
    /// A session's user is typing.
    Typing(SessionId),
    /// A user on another node, or a program, is typing.
    Writes(User),
    /// A user's presence on another node has changed.
    Elsewhere(NodeId, User, Presence),
    /// The complete presence of users on all other nodes.
    Roster(Vec<(NodeId, User, Presence)>),
    /// Another node is gone with all its sessions; its users may be back shortly.
    NodeLost(NodeId),
    /// The log does not continue from the known position; it now stands at this head, perhaps in another
    /// epoch.
    Renew(Head),
    /// The time of the latest [`Effect::WakeAt`] has come.
    Tick,
}

/// An action that the owner of a room must perform, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Subscribe the session to the room from now on, and send it the room's head and members.
    Admit(SessionId, Head, Members),
    /// Send an event to all members.
    Event(Event),
    /// Tell all members who entered and left, or only the new count of a crowd.
    PresenceChange(PresenceChange),
    /// Send all members the roster: the room was a crowd and is small again.
    Members(Members),
    /// Tell all members that a user is typing, except the user's own sessions.
    Typing(User),
    /// Tell the other nodes about a user's presence on this one.
    Presence(User, Presence),
    /// Tell all members that the log continues from this head, and send them the newest page and the roster.
    Renewed(Head, Members),
    /// Events are missing: read the store from after this seq and pass what it has as [`Command::Commit`]s.
    Missing(Seq),
    /// Pass [`Command::Tick`] at this time; replaces the previous one.
    WakeAt(Millis),
}

/// The present state of one room.
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
    /// The most members of a room that is not a crowd.
    few: usize,
    is_crowd: bool,
    /// The count that every member of a crowd was told; `None` if they were told different ones.
    known_count: Option<usize>,
    /// The users who entered or left since the room was last told, each with the value of `shown` at that
    /// time. Empty for a crowd.
    entered: Vec<(User, u64)>,
    left: Vec<(User, u64)>,
    /// How many times a roster has been sent to anyone.
    shown: u64,
    tell_at: Option<Millis>,
    writers: Writers,
}

impl Room {
    /// Creates an empty room whose log stands at `head`. A user whose last session was lost stays a member
    /// for another `leave_grace_ms` milliseconds.
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

    /// Adds the bots that answer in the room. They are always present, so nobody is told that they enter or
    /// leave.
    #[must_use]
    pub fn with_bots(mut self, bots: Vec<User>) -> Room {
        self.bots = bots;
        self
    }

    /// Sets the most members of a room that is not a crowd, in place of [`FEW`].
    #[must_use]
    pub fn with_few(mut self, few: usize) -> Room {
        self.few = few;
        self
    }

    /// Returns the room's name.
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// Returns the head of the log, as far as the room has published it.
    pub fn head(&self) -> Head {
        Head { room: self.name.clone(), epoch: self.epoch.clone(), seq: self.head }
    }

    /// Whether no user is present on this node and nothing about one is left to tell the other nodes.
    pub fn is_idle(&self) -> bool {
        !self.roster.is_anybody_here()
    }

    /// Returns the members: all of them, or the first of a crowd and the count.
    pub fn members(&self) -> Members {
        let most = if self.is_crowd { self.few_again() } else { usize::MAX };
        self.named(self.roster.users().take(most).cloned().collect())
    }

    /// Returns the page of members whose names follow `after`, or the first page if none does. Members who
    /// fit on one page are always returned together.
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

    /// The member count at which a crowd is small again. It is below the threshold for becoming one, so that
    /// one user entering and leaving does not switch the room back and forth.
    fn few_again(&self) -> usize {
        self.few * 3 / 4
    }

    /// Records that a roster is sent to someone. The recipient may then know another count than the rest of a
    /// crowd, or a complete list to which it adds itself; so it must be told of the next change even if the
    /// count returns to its old value.
    fn show(&mut self, members: Members) -> Members {
        self.shown += 1;
        let is_all = members.list.len() + 1 >= members.count;
        self.known_count = self.known_count.filter(|known| *known == members.count && !is_all);
        members
    }

    /// Applies a command and returns the effects to perform, in order.
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
        // This session is about to receive the roster itself.
        self.come(user, self.shown + 1, now, effects);
        self.roster.change(&id, |member| {
            member.sit();
            report(member, effects);
        });
    }

    /// Tells the room that a user is typing, unless it knows already.
    fn write(&mut self, user: User, now: Millis) -> Option<Effect> {
        self.writers.hear(&user.id, self.is_crowd, now).then_some(Effect::Typing(user))
    }

    fn commit(&mut self, event: Event, now: Millis, effects: &mut Vec<Effect>) {
        match event.seq() {
            Some(seq) if seq == self.head + 1 => {
                self.head = seq;
                if let Event::Message(message) = &event {
                    self.writers.forget(&message.user.id);
                    // Announce a member before the first message from them.
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

/// Removes a user from the list; returns whether they were in it.
fn remove(users: &mut Vec<(User, u64)>, id: &UserId) -> bool {
    let before = users.len();
    users.retain(|(user, _)| user.id != *id);
    users.len() < before
}

/// Tells the other nodes about a presence here, if it has changed.
fn report(member: &mut Member, effects: &mut Vec<Effect>) {
    if let Some(seat) = member.news() {
        effects.push(Effect::Presence(member.user.clone(), seat));
    }
}
