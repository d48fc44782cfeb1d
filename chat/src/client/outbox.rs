//! What the user said and the server has not confirmed, in the order in which it was said. Sends nothing itself.

use crate::{
    id::ClientId,
    protocol::{ClientLine, RefusalCode, Refused},
    room_name::RoomName,
    time::Millis,
};

/// How many messages may wait. The composer takes no more when the outbox is full, and keeps the words.
pub const CAPACITY: usize = 500;

/// The least wait before a message that was refused for now goes out again, in milliseconds.
const RETRY_AT_LEAST_MS: u64 = 200;

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Where it is to be said.
    pub room: RoomName,
    /// Its name.
    pub id: ClientId,
    /// What is said.
    pub text: String,
    /// When its user said it.
    pub at: Millis,
    /// How far it has come.
    pub state: Delivery,
    /// Whether the server has ever refused it for now, and so may hold back what follows it.
    held: bool,
}

impl Pending {
    pub(super) fn was_refused(&self) -> bool {
        self.held
    }
}

/// How far a pending message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It waits for a connection, or for its turn.
    Queued,
    /// It was sent on the present connection.
    Sent,
    /// The server will not have it; the user may retry or discard it.
    Refused(Refused),
}

/// The messages that are not confirmed.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    pending: Vec<Pending>,
    /// Rooms in which nothing goes out before a moment, because the server asked for patience.
    holds: Vec<(RoomName, Millis)>,
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
    pub(super) fn push(&mut self, room: RoomName, id: ClientId, text: String, at: Millis) {
        if !self.is_full() {
            self.pending.push(Pending { room, id, text, at, state: Delivery::Queued, held: false });
            self.revision += 1;
        }
    }

    /// The server has it: forget it.
    pub(super) fn confirm(&mut self, room: &RoomName, id: &ClientId) {
        if let Some(index) =
            self.pending.iter().position(|pending| pending.id == *id && pending.room == *room)
        {
            self.pending.remove(index);
            self.revision += 1;
        }
    }

    /// The server does not take it: for now, and then all that follows it in its room waits too; or at all.
    pub(super) fn refuse(&mut self, id: &ClientId, refused: &Refused, now: Millis) {
        let Some(index) = self.pending.iter().position(|pending| pending.id == *id) else { return };
        self.revision += 1;
        let Some(retry_ms) = refused.retry_ms else {
            self.pending[index].state = Delivery::Refused(refused.clone());
            return;
        };
        let room = self.pending[index].room.clone();
        self.pending[index].held = true;
        for pending in &mut self.pending[index..] {
            if pending.room == room && pending.state == Delivery::Sent {
                pending.state = Delivery::Queued;
            }
        }
        let until = now + retry_ms.max(RETRY_AT_LEAST_MS);
        match self.holds.iter_mut().find(|(held, _)| *held == room) {
            // What follows the refused one is refused because of it, which is no reason to wait longer.
            Some(_) if refused.code == RefusalCode::OutOfOrder => {}
            Some((_, at)) => *at = (*at).max(until),
            None => self.holds.push((room, until)),
        }
    }

    /// Lets a refused message go out again; gives its room.
    pub(super) fn requeue(&mut self, id: &ClientId) -> Option<RoomName> {
        let pending = self.pending.iter_mut().find(|pending| pending.id == *id)?;
        pending.state = Delivery::Queued;
        self.revision += 1;
        Some(pending.room.clone())
    }

    /// Forgets a message, and gives what it was.
    pub(super) fn discard(&mut self, id: &ClientId) -> Option<Pending> {
        let index = self.pending.iter().position(|pending| pending.id == *id)?;
        self.revision += 1;
        Some(self.pending.remove(index))
    }

    /// Forgets what was to be said in a room that is left.
    pub(super) fn forget(&mut self, room: &RoomName) {
        self.pending.retain(|pending| pending.room != *room);
        self.holds.retain(|(held, _)| held != room);
        self.revision += 1;
    }

    /// What was sent to a room and not confirmed may have been confirmed in what was skipped; it must be sent again.
    pub(super) fn unsend_to(&mut self, room: &RoomName) {
        self.unsend_where(|pending| pending.room == *room);
    }

    /// The connection is gone: what was sent on it and not confirmed must be sent again, and nobody asks for patience.
    pub(super) fn unsend(&mut self) {
        self.unsend_where(|_| true);
        self.holds.clear();
    }

    fn unsend_where(&mut self, is_meant: impl Fn(&Pending) -> bool) {
        for pending in self.pending.iter_mut().filter(|pending| is_meant(pending)) {
            if pending.state == Delivery::Sent {
                pending.state = Delivery::Queued;
            }
        }
        self.revision += 1;
    }

    /// The lines that may go out to a room now, in order; they count as sent.
    pub(super) fn send(&mut self, room: &RoomName, now: Millis) -> Vec<ClientLine> {
        if self.holds.iter().any(|(held, until)| held == room && *until > now) {
            return Vec::new();
        }
        let mut lines = Vec::new();
        for pending in self.pending.iter_mut().filter(|pending| pending.room == *room) {
            if pending.state == Delivery::Queued {
                pending.state = Delivery::Sent;
                lines.push(ClientLine::Send {
                    id: pending.id.to_string(),
                    room: room.to_string(),
                    text: pending.text.clone(),
                });
            }
        }
        if !lines.is_empty() {
            self.revision += 1;
        }
        lines
    }

    /// The rooms whose patience has ended by now.
    pub(super) fn due(&mut self, now: Millis) -> Vec<RoomName> {
        let (due, holds) = self.holds.drain(..).partition(|(_, until)| *until <= now);
        self.holds = holds;
        let due: Vec<(RoomName, Millis)> = due;
        due.into_iter().map(|(room, _)| room).collect()
    }

    /// When the next patience ends.
    pub(super) fn next(&self) -> Option<Millis> {
        self.holds.iter().map(|(_, until)| *until).min()
    }
}
