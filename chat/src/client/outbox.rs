//! What the user said and the server has not confirmed, in the order in which it was said. Sends nothing itself.
//!
//! All tabs of a user's browser hold the same messages; each message is sent by the tab that owns it. [`custody`] says how
//! one that lost its tab finds another.
//!
//! [`custody`]: super::custody

use std::collections::VecDeque;

pub use super::pending::{Delivery, Pending};
use super::record;

use crate::{
    id::ClientId,
    protocol::{ClientLine, RefusalCode, Refused},
    room_name::RoomName,
    time::{Millis, Ticks},
};

/// How many messages may wait. The composer takes no more when the outbox is full, and keeps the words.
pub const CAPACITY: usize = 500;

/// How old a message may be by the server's clock and still go out by itself, in milliseconds: the server remembers ids for
/// 7 days, and its clock is known to within a day. An older one may have been said already, and nobody could tell.
pub const FRESH_MS: u64 = 6 * 24 * 60 * 60 * 1_000;

/// What comes of another tab's claim to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// It counts, or changes nothing.
    Counts,
    /// Another one, which is known here, counts.
    Fails,
}

/// What is to be kept or forgotten where it outlives this tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// Keep this record of the message.
    Keep(ClientId, String),
    /// Forget the message.
    Forget(ClientId),
}

/// The messages that are not confirmed.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// In the order of their moments; of those of one moment, from several tabs, in that of their ids.
    pending: Vec<Pending>,
    /// Rooms in which nothing goes out before a moment, because the server asked for patience.
    holds: Vec<(RoomName, Ticks)>,
    /// What has not been handed to the driver yet.
    keeping: Vec<Keeping>,
    /// The latest that were confirmed or discarded: a record of one comes from a tab that does not know it yet.
    forgotten: VecDeque<ClientId>,
    revision: u64,
}

impl Outbox {
    /// Every pending message, in the order in which they were said.
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// Whether another message would be one too many.
    pub fn is_full(&self) -> bool {
        self.pending.len() >= CAPACITY
    }

    /// Rises with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes a message. A full outbox takes none; its owner asks [`Outbox::is_full`] before.
    pub(super) fn push(
        &mut self,
        room: RoomName,
        id: ClientId,
        text: String,
        at: Millis,
        ticks: Ticks,
        owner: ClientId,
    ) {
        if !self.is_full() {
            let at = self.pending.last().map_or(at, |last| at.max(last.at + 1));
            let state = Delivery::Queued;
            let origin = owner.clone();
            self.insert(Pending {
                room,
                id,
                text,
                at,
                ticks: Some(ticks),
                owner,
                origin,
                turn: 1,
                state,
                held: false,
                insisted: false,
            });
            self.keep(self.pending.len() - 1);
        }
    }

    /// What was kept under an id has become this, in another tab or before this page was loaded; `None` if it is gone.
    /// What cannot be read is left alone: a later version may have written it.
    pub(super) fn stored(&mut self, id: &ClientId, record: Option<&str>) -> Claim {
        let Some(record) = record else {
            // Confirmed or discarded there; and so is what this tab may have written since.
            self.discard(id);
            self.remember(id);
            return Claim::Counts;
        };
        let Some(stored) = record::parse(id.clone(), record) else { return Claim::Counts };
        self.revision += 1;
        let Some(index) = self.index(id) else {
            if self.forgotten.contains(id) {
                self.keeping.push(Keeping::Forget(id.clone()));
            } else {
                self.insert(stored);
            }
            return Claim::Counts;
        };
        let pending = &mut self.pending[index];
        if stored.precedence() <= pending.precedence() {
            return if stored.owner == pending.owner { Claim::Counts } else { Claim::Fails };
        }
        pending.owner = stored.owner;
        pending.turn = stored.turn;
        if (&pending.state, &stored.state) != (&Delivery::Sent, &Delivery::Queued) {
            pending.state = stored.state;
        }
        Claim::Counts
    }

    /// Takes over what an earlier login of the same nickname has left in this browser. Nobody can tell whether that was sent,
    /// nor who reads it now, so it asks before it goes out. Gives its room.
    pub(super) fn inherit(&mut self, id: ClientId, record: &str, owner: &ClientId) -> Option<RoomName> {
        let left =
            record::parse(id, record).filter(|left| self.get(&left.id).is_none() && !self.is_full())?;
        let (id, room) = (left.id.clone(), left.room.clone());
        let state = if left.state == Delivery::Queued { Delivery::Old } else { left.state };
        self.insert(Pending { owner: owner.clone(), origin: owner.clone(), turn: 1, state, ..left });
        self.defend(&id);
        Some(room)
    }

    /// Keeps a message as it is here, for what is kept may be another tab's claim that does not count.
    pub(super) fn defend(&mut self, id: &ClientId) {
        if let Some(index) = self.index(id) {
            self.keep(index);
        }
    }

    /// What waits in a room waits in one of another name: it is the same room.
    pub(super) fn rename(&mut self, from: &RoomName, to: &RoomName) {
        for index in 0..self.pending.len() {
            if self.pending[index].room == *from {
                self.pending[index].room = to.clone();
                self.keep(index);
            }
        }
        self.revision += 1;
    }

    /// A message by its id.
    pub(super) fn get(&self, id: &ClientId) -> Option<&Pending> {
        self.index(id).map(|index| &self.pending[index])
    }

    /// Whether anything waits to be said in a room.
    pub fn waits_in(&self, room: &RoomName) -> bool {
        self.pending.iter().any(|pending| pending.room == *room)
    }

    /// Makes a message this tab's own to send.
    pub(super) fn adopt(&mut self, index: usize, owner: &ClientId) {
        let pending = &mut self.pending[index];
        pending.owner = owner.clone();
        pending.turn = pending.turn.saturating_add(1);
        self.keep(index);
        self.revision += 1;
    }

    /// The server has it: forget it. Gives what it was, if it waited here.
    pub(super) fn confirm(&mut self, room: &RoomName, id: &ClientId) -> Option<Pending> {
        if self.get(id).is_some_and(|pending| pending.room != *room) {
            return None;
        }
        self.remember(id);
        self.discard(id)
    }

    /// The server does not take it from `owner`: until a moment, and then all that follows it in its room waits too; or at
    /// all.
    pub(super) fn refuse(
        &mut self,
        id: &ClientId,
        refused: &Refused,
        owner: &ClientId,
        until: Option<Ticks>,
    ) {
        let Some(index) = self.index(id) else { return };
        self.revision += 1;
        let Some(until) = until else {
            self.pending[index].state = Delivery::Refused(refused.clone());
            return self.adopt(index, owner);
        };
        let room = self.pending[index].room.clone();
        self.pending[index].held |= refused.code != RefusalCode::OutOfOrder;
        for pending in &mut self.pending[index..] {
            if pending.room == room && pending.state == Delivery::Sent {
                pending.state = Delivery::Queued;
            }
        }
        // What follows the refused one is refused because of it, which is no reason to wait longer.
        let is_waiting = self.holds.iter().any(|(held, _)| *held == room);
        if refused.code != RefusalCode::OutOfOrder || !is_waiting {
            self.wait(&room, until);
        }
    }

    /// What the server asked patience for goes out by a moment: there is reason to believe that it will work.
    pub(super) fn hasten(&mut self, until: Ticks) {
        for (_, at) in &mut self.holds {
            *at = (*at).min(until);
        }
    }

    /// Nothing goes out in a room before a moment.
    pub(super) fn wait(&mut self, room: &RoomName, until: Ticks) {
        match self.holds.iter_mut().find(|(held, _)| held == room) {
            Some((_, at)) => *at = (*at).max(until),
            None => self.holds.push((room.clone(), until)),
        }
    }

    /// Lets a refused or an old message go out again, by this tab; gives its room.
    pub(super) fn requeue(&mut self, id: &ClientId, owner: &ClientId) -> Option<RoomName> {
        let index = self.index(id)?;
        self.pending[index].state = Delivery::Queued;
        self.pending[index].insisted = true;
        self.adopt(index, owner);
        Some(self.pending[index].room.clone())
    }

    /// Forgets a message, and gives what it was.
    pub(super) fn discard(&mut self, id: &ClientId) -> Option<Pending> {
        let index = self.index(id)?;
        self.revision += 1;
        self.keeping.push(Keeping::Forget(id.clone()));
        self.remember(id);
        Some(self.pending.remove(index))
    }

    /// What was sent to a room and not confirmed may have been confirmed in what was skipped; it must be sent again.
    pub(super) fn unsend_to(&mut self, room: &RoomName) {
        self.unsend_where(|pending| pending.room == *room);
    }

    /// A message did not reach its room and must be sent again.
    pub(super) fn unsend_one(&mut self, id: &ClientId) {
        self.unsend_where(|pending| pending.id == *id);
    }

    /// The connection is gone: what was sent on it and not confirmed must be sent again, and nobody asks for patience.
    pub(super) fn unsend(&mut self) {
        self.unsend_where(|_| true);
        self.holds.clear();
        self.pending.iter_mut().for_each(|pending| pending.held = false);
    }

    /// The room was joined, and nothing in it is held back any more.
    pub(super) fn lifted(&mut self, room: &RoomName) {
        for pending in self.pending.iter_mut().filter(|pending| pending.room == *room) {
            pending.held = false;
        }
    }

    fn unsend_where(&mut self, is_meant: impl Fn(&Pending) -> bool) {
        for pending in self.pending.iter_mut().filter(|pending| is_meant(pending)) {
            if pending.state == Delivery::Sent {
                pending.state = Delivery::Queued;
            }
        }
        self.revision += 1;
    }

    /// The lines that `owner` may send to a room now, in order; they count as sent. One that has grown too old asks first.
    /// What was said in one tab keeps its order: if some of it is another's to send by now, it goes along. First of all
    /// comes the one that the server waits for, even if what was adopted meanwhile was said before it.
    pub(super) fn send(
        &mut self,
        room: &RoomName,
        owner: &ClientId,
        now: Ticks,
        server_time: Millis,
    ) -> Vec<ClientLine> {
        if self.holds.iter().any(|(held, until)| held == room && *until > now) {
            return Vec::new();
        }
        let mut lines = Vec::new();
        let mut awaited = None;
        let mut origins: Vec<ClientId> = Vec::new();
        for pending in self.pending.iter_mut().rev() {
            let own = pending.owner == *owner;
            if pending.state != Delivery::Queued
                || pending.room != *room
                || !(own || origins.contains(&pending.origin))
            {
                continue;
            }
            self.revision += 1;
            // One that the server waits for was surely not said, and the others could not go without it.
            // Either clock may have gone too far, but not too little.
            let is_old = server_time.since(pending.at) > FRESH_MS
                && pending.ticks.is_none_or(|said| now.since(said) > FRESH_MS);
            if is_old && !pending.insisted && !pending.held {
                if own {
                    pending.state = Delivery::Old;
                }
                continue;
            }
            // One that its user sends again has lost its place anyway.
            if !pending.insisted {
                origins.push(pending.origin.clone());
            }
            pending.state = Delivery::Sent;
            let line = ClientLine::Send {
                id: pending.id.to_string(),
                room: room.to_string(),
                text: pending.text.clone(),
            };
            if std::mem::take(&mut pending.held) {
                awaited = Some(line);
            } else {
                lines.push(line);
            }
        }
        lines.extend(awaited);
        lines.reverse();
        lines
    }

    /// The rooms whose patience has ended by now.
    pub(super) fn due(&mut self, now: Ticks) -> Vec<RoomName> {
        let (due, holds) = self.holds.drain(..).partition(|(_, until)| *until <= now);
        self.holds = holds;
        let due: Vec<(RoomName, Ticks)> = due;
        due.into_iter().map(|(room, _)| room).collect()
    }

    /// When the next patience ends.
    pub(super) fn next(&self) -> Option<Ticks> {
        self.holds.iter().map(|(_, until)| *until).min()
    }

    /// What is to be kept or forgotten by now; it is told once.
    pub(super) fn take_keeping(&mut self) -> Vec<Keeping> {
        std::mem::take(&mut self.keeping)
    }

    fn remember(&mut self, id: &ClientId) {
        if !self.forgotten.contains(id) {
            self.forgotten.truncate(CAPACITY - 1);
            self.forgotten.push_front(id.clone());
        }
    }

    fn index(&self, id: &ClientId) -> Option<usize> {
        self.pending.iter().position(|pending| pending.id == *id)
    }

    fn insert(&mut self, pending: Pending) {
        let index = self.pending.partition_point(|other| (other.at, &other.id) <= (pending.at, &pending.id));
        self.pending.insert(index, pending);
        self.revision += 1;
    }

    fn keep(&mut self, index: usize) {
        let pending = &self.pending[index];
        self.keeping.push(Keeping::Keep(pending.id.clone(), record::print(pending)));
    }
}
