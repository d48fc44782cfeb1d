//! The messages that the user sent and the server has not acknowledged, in the order in which they were sent.
//! Transmits nothing itself.
//!
//! All tabs of a user's browser hold the same messages, and each message is sent by the tab that owns it.
//! [`custody`] decides which tab takes over a message whose own tab is gone.
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

/// The maximum number of pending messages. When the outbox is full, the composer accepts no more and keeps
/// its text.
pub const CAPACITY: usize = 500;

/// The age, by the server's clock, up to which a message is sent without asking the user, in milliseconds.
/// The server remembers ids for 7 days, and its clock is known to within a day. An older message may have
/// been sent already, and nothing could tell.
pub const FRESH_MS: u64 = 6 * 24 * 60 * 60 * 1_000;

/// The outcome of another tab's claim to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// The claim is valid, or changes nothing.
    Counts,
    /// The claim loses to another one that is known here.
    Fails,
}

/// A change to the records that outlive this tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageChange {
    /// Store this record of the message.
    Store(ClientId, String),
    /// Remove the message's record.
    Forget(ClientId),
}

/// The messages not yet acknowledged.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// Ordered by time; messages of one time, from several tabs, by id.
    pending: Vec<Pending>,
    /// The rooms to which nothing is sent before a given time, because the server refused temporarily.
    holds: Vec<(RoomName, Ticks)>,
    /// The changes not yet handed to the driver.
    storage_changes: Vec<StorageChange>,
    /// The latest messages that were acknowledged or discarded. A record of one comes from a tab that does
    /// not know yet.
    forgotten: VecDeque<ClientId>,
    revision: u64,
}

impl Outbox {
    /// Returns the pending messages, in the order in which they were sent.
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// Whether the outbox can take no further message.
    pub fn is_full(&self) -> bool {
        self.pending.len() >= CAPACITY
    }

    /// Increases with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Adds a message. A full outbox ignores it; the caller checks [`Outbox::is_full`] first.
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

    /// Applies the record of a message stored by another tab or before this page was loaded; `None` if it was
    /// removed. Leaves an unreadable record alone, because a later version may have written it.
    pub(super) fn stored(&mut self, id: &ClientId, record: Option<&str>) -> Claim {
        let Some(record) = record else {
            // Acknowledged or discarded there, so the record that this tab may have written since is void
            // too.
            self.discard(id);
            self.remember(id);
            return Claim::Counts;
        };
        let Some(stored) = record::parse(id.clone(), record) else { return Claim::Counts };
        self.revision += 1;
        let Some(index) = self.index(id) else {
            if self.forgotten.contains(id) {
                self.storage_changes.push(StorageChange::Forget(id.clone()));
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

    /// Takes over a message that an earlier login of the same nickname left in this browser. Nobody can tell
    /// whether it was sent or who is using the browser now, so the user must confirm it. Returns its room.
    pub(super) fn inherit(&mut self, id: ClientId, record: &str, owner: &ClientId) -> Option<RoomName> {
        let left =
            record::parse(id, record).filter(|left| self.get(&left.id).is_none() && !self.is_full())?;
        let (id, room) = (left.id.clone(), left.room.clone());
        let state = if left.state == Delivery::Queued { Delivery::Old } else { left.state };
        self.insert(Pending { owner: owner.clone(), origin: owner.clone(), turn: 1, state, ..left });
        self.defend(&id);
        Some(room)
    }

    /// Stores a message as it is here, because the stored record may be another tab's losing claim.
    pub(super) fn defend(&mut self, id: &ClientId) {
        if let Some(index) = self.index(id) {
            self.keep(index);
        }
    }

    /// Moves the pending messages of a renamed room to its new name.
    pub(super) fn rename(&mut self, from: &RoomName, to: &RoomName) {
        for index in 0..self.pending.len() {
            if self.pending[index].room == *from {
                self.pending[index].room = to.clone();
                self.keep(index);
            }
        }
        self.revision += 1;
    }

    /// Returns a message by its id.
    pub(super) fn get(&self, id: &ClientId) -> Option<&Pending> {
        self.index(id).map(|index| &self.pending[index])
    }

    /// Whether any message is pending in a room.
    pub fn waits_in(&self, room: &RoomName) -> bool {
        self.pending.iter().any(|pending| pending.room == *room)
    }

    /// Makes this tab the owner of a message.
    pub(super) fn adopt(&mut self, index: usize, owner: &ClientId) {
        let pending = &mut self.pending[index];
        pending.owner = owner.clone();
        pending.turn = pending.turn.saturating_add(1);
        self.keep(index);
        self.revision += 1;
    }

    /// Removes a message that the server acknowledged. Returns it if it was pending here.
    pub(super) fn confirm(&mut self, room: &RoomName, id: &ClientId) -> Option<Pending> {
        if self.get(id).is_some_and(|pending| pending.room != *room) {
            return None;
        }
        self.remember(id);
        self.discard(id)
    }

    /// Handles the server's refusal of a message from `owner`. With `until` the refusal is temporary, and all
    /// later messages to the room wait as well; without it the refusal is final.
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
        // Later messages are refused because of the first one, which is no reason to wait longer.
        let is_waiting = self.holds.iter().any(|(held, _)| *held == room);
        if refused.code != RefusalCode::OutOfOrder || !is_waiting {
            self.wait(&room, until);
        }
    }

    /// Shortens all waits to `until`, when a retry is likely to succeed.
    pub(super) fn hasten(&mut self, until: Ticks) {
        for (_, at) in &mut self.holds {
            *at = (*at).min(until);
        }
    }

    /// Sends nothing to a room before `until`.
    pub(super) fn wait(&mut self, room: &RoomName, until: Ticks) {
        match self.holds.iter_mut().find(|(held, _)| held == room) {
            Some((_, at)) => *at = (*at).max(until),
            None => self.holds.push((room.clone(), until)),
        }
    }

    /// Requeues a refused or an old message, owned by this tab; returns its room.
    pub(super) fn requeue(&mut self, id: &ClientId, owner: &ClientId) -> Option<RoomName> {
        let index = self.index(id)?;
        self.pending[index].state = Delivery::Queued;
        self.pending[index].insisted = true;
        self.adopt(index, owner);
        Some(self.pending[index].room.clone())
    }

    /// Removes a message and returns it.
    pub(super) fn discard(&mut self, id: &ClientId) -> Option<Pending> {
        let index = self.index(id)?;
        self.revision += 1;
        self.storage_changes.push(StorageChange::Forget(id.clone()));
        self.remember(id);
        Some(self.pending.remove(index))
    }

    /// Requeues the messages sent to a room but not acknowledged: their acknowledgements may be among the
    /// events skipped.
    pub(super) fn unsend_to(&mut self, room: &RoomName) {
        self.unsend_where(|pending| pending.room == *room);
    }

    /// Requeues a message that did not reach its room.
    pub(super) fn unsend_one(&mut self, id: &ClientId) {
        self.unsend_where(|pending| pending.id == *id);
    }

    /// Requeues the messages sent but not acknowledged, and ends all waits, because the connection is gone.
    pub(super) fn unsend(&mut self) {
        self.unsend_where(|_| true);
        self.holds.clear();
        self.pending.iter_mut().for_each(|pending| pending.held = false);
    }

    /// Clears the server's hold on a room's messages, which joining the room lifts.
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

    /// Returns the lines that `owner` may send to a room now, in order, and marks them as sent. A message
    /// that has become too old must be confirmed by the user first. Messages from one tab keep their order,
    /// so those that another tab owns by now are included. The message for which the server waits comes
    /// first, even before older messages adopted meanwhile.
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
            // The message for which the server waits was certainly not sent before, and the others cannot go
            // without it. Either clock may run ahead, but neither runs behind.
            let is_old = server_time.since(pending.at) > FRESH_MS
                && pending.ticks.is_none_or(|said| now.since(said) > FRESH_MS);
            if is_old && !pending.insisted && !pending.held {
                if own {
                    pending.state = Delivery::Old;
                }
                continue;
            }
            // A message that its user sends again has lost its place anyway.
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

    /// Returns the rooms whose wait has ended.
    pub(super) fn due(&mut self, now: Ticks) -> Vec<RoomName> {
        let (due, holds) = self.holds.drain(..).partition(|(_, until)| *until <= now);
        self.holds = holds;
        let due: Vec<(RoomName, Ticks)> = due;
        due.into_iter().map(|(room, _)| room).collect()
    }

    /// Returns the end of the next wait.
    pub(super) fn next(&self) -> Option<Ticks> {
        self.holds.iter().map(|(_, until)| *until).min()
    }

    /// Returns the changes to store, once.
    pub(super) fn take_storage_changes(&mut self) -> Vec<StorageChange> {
        std::mem::take(&mut self.storage_changes)
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
        self.storage_changes.push(StorageChange::Store(pending.id.clone(), record::print(pending)));
    }
}
