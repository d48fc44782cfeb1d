//! Sends messages as their rooms can take them, and hands the records that survive a reload to the driver.

use super::{
    Client, Effect, FRAME_BYTES, Now,
    outbox::{Claim, Pending, StorageChange},
};
use crate::{id::ClientId, protocol::ClientLine, room_name::RoomName};

impl Client {
    /// Applies a message's record that was stored, removed or claimed by another tab.
    pub(super) fn stored(&mut self, id: &ClientId, record: Option<&str>, effects: &mut Vec<Effect>) {
        let before = self.outbox.get(id).cloned();
        if self.outbox.stored(id, record) == Claim::Fails {
            self.custody.insist(&mut self.outbox, id);
        }
        if let Some(before) = before
            && self.outbox.get(id).is_none_or(|after| after.owner != before.owner)
        {
            self.lift(&before, effects);
        }
    }

    /// Rejoins the room of a message that will not be sent again from here: the server may hold later
    /// messages back until it is, and joining lifts that.
    pub(super) fn lift(&mut self, pending: &Pending, effects: &mut Vec<Effect>) {
        if pending.held {
            self.rejoin(&pending.room, effects);
        }
    }

    /// Puts the records to store and remove, and the sign of life, before all other effects, so that nothing
    /// is sent that a crash could make this client forget.
    pub(super) fn hand_over(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let mut first = Vec::new();
        if !self.connection.has_ended() && self.custody.is_due(&self.outbox, now.ticks) {
            first.push(Effect::Sign);
        }
        first.extend(self.outbox.take_storage_changes().into_iter().map(|change| match change {
            StorageChange::Store(id, record) => Effect::Store(id, record),
            StorageChange::Forget(id) => Effect::Forget(id),
        }));
        effects.splice(..0, first);
    }

    pub(super) fn discard(&mut self, id: &ClientId, effects: &mut Vec<Effect>) {
        if let Some(pending) = self.outbox.discard(id) {
            self.lift(&pending, effects);
        }
    }

    /// Sends the messages that wait for this room, in order and in as few frames as possible, if the room can
    /// take them.
    pub(super) fn flush(&mut self, name: &RoomName, now: Now, effects: &mut Vec<Effect>) {
        if let Some(me) = self.custody.me()
            && self.room(name).is_some_and(|room| room.joined)
        {
            let lines = self.outbox.send(name, me, now.ticks, self.server_clock.read(now));
            // A user who types again after sending should be shown as typing again.
            self.typed_at = self.typed_at.filter(|_| lines.is_empty());
            self.transmit(&lines, effects);
        }
    }

    /// Sends lines, as many to a frame as the server is sure to accept.
    pub(super) fn transmit(&self, lines: &[ClientLine], effects: &mut Vec<Effect>) {
        let Some(number) = self.connection.number() else { return };
        let mut frame = String::new();
        for line in lines.iter().map(ClientLine::print) {
            if !frame.is_empty() && frame.len() + line.len() > FRAME_BYTES {
                effects.push(Effect::Transmit(number, std::mem::take(&mut frame)));
            }
            if !frame.is_empty() {
                frame.push('\n');
            }
            frame.push_str(&line);
        }
        if !frame.is_empty() {
            effects.push(Effect::Transmit(number, frame));
        }
    }
}
