//! Tracks which rooms are open and which one is active, and enters, leaves and renames them.

use super::{Client, Effect, Now, open_room::OpenRoom, timeline::Hole};
use crate::{protocol::ClientLine, room_name::RoomName};

impl Client {
    /// Opens the room of messages to be sent, if it is not open here: they were adopted from another tab, or
    /// refused there.
    pub(super) fn reopen(&mut self, name: &RoomName, now: Now, effects: &mut Vec<Effect>) {
        let index = self.index(name.clone());
        let room = &self.rooms[index];
        if !room.joined && room.refused().is_none() {
            self.rejoin(name, effects);
        }
        self.flush(name, now, effects);
    }

    pub(super) fn look_back(&mut self, hole: Option<Hole>, effects: &mut Vec<Effect>) {
        let active = self.active.clone();
        if let Some(wish) = self.room_mut(&active).and_then(|room| room.look_back(hole)) {
            self.transmit(&[ClientLine::History(wish)], effects);
        }
    }

    pub(super) fn look_away(&mut self) {
        let active = self.active.clone();
        if let Some(room) = self.room_mut(&active) {
            room.caught_up();
        }
    }

    pub(super) fn visit(&mut self, name: &RoomName, effects: &mut Vec<Effect>) {
        self.index(name.clone());
        if self.active != *name {
            self.look_away();
        }
        self.active = name.clone();
        if self.visible {
            self.seen();
        }
        if !self.active().joined {
            self.rejoin(name, effects);
        }
    }

    /// Moves a room, its pending messages, and the user if it is active, from the name under which it was
    /// opened to its canonical one.
    pub(super) fn rename(&mut self, from: &str, name: &RoomName, now: Now, effects: &mut Vec<Effect>) {
        let Some(index) =
            self.rooms.iter().position(|room| room.name().as_str() == from && room.name() != name)
        else {
            return;
        };
        let old = self.rooms[index].name().clone();
        if self.room(name).is_some() {
            self.rooms.remove(index);
        } else {
            self.rooms[index] = OpenRoom::new(name.clone());
        }
        self.outbox.rename(&old, name);
        if self.active == old {
            self.active = name.clone();
        }
        effects.push(Effect::Rename(old, name.clone()));
        self.reopen(name, now, effects);
    }

    pub(super) fn leave(&mut self, name: &RoomName, effects: &mut Vec<Effect>) {
        if self.outbox.waits_in(name) {
            return;
        }
        self.rooms.retain(|room| room.name() != name);
        if self.connection.is_open() {
            self.transmit(&[ClientLine::Leave { room: name.to_string() }], effects);
        }
        if self.active == *name {
            let next = self.rooms.last().map_or_else(RoomName::lobby, |room| room.name().clone());
            self.visit(&next, effects);
        }
    }

    /// Joins an open room, again if necessary. Only one join is under way at a time: otherwise the answer to
    /// an earlier one would be taken for that to the later, and messages sent then could overtake one that is
    /// being refused.
    pub(super) fn rejoin(&mut self, name: &RoomName, effects: &mut Vec<Effect>) {
        if !self.connection.is_open() {
            return;
        }
        if let Some(room) = self.room_mut(name).filter(|room| !room.joining) {
            // Send nothing to the room until the answer has arrived; a refusal that is on its way arrives
            // first.
            room.joined = false;
            room.joining = true;
            room.ask_no_more();
            let line = ClientLine::Join(room.place());
            self.transmit(&[line], effects);
        }
    }

    /// Returns the index of an open room; opens the room if necessary.
    pub(super) fn index(&mut self, name: RoomName) -> usize {
        if let Some(index) = self.rooms.iter().position(|room| *room.name() == name) {
            return index;
        }
        self.rooms.push(OpenRoom::new(name));
        self.rooms.len() - 1
    }
}
