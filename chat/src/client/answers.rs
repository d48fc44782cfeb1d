//! The answers that programs are giving in a room, as far as they have grown. Nothing of them is kept: what an answer comes
//! to is a message of the same id, which takes its place.

use crate::{
    id::{ClientId, UserId},
    protocol::{Growing, Message},
    time::Ticks,
};

/// How long an answer counts as growing after it was last heard of, in milliseconds. docs/protocol.md, "growing".
const SILENCE_MS: u64 = 15_000;

/// How many answers of a room are shown at once; what more there are appear when they are said.
const LIMIT: usize = 8;

/// Those of one room, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(Vec<(Growing, Ticks)>);

impl Answers {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Growing> {
        self.0.iter().map(|(growing, _)| growing)
    }

    /// As much as there is of one now.
    pub(super) fn grow(&mut self, growing: Growing, now: Ticks) {
        let until = now + SILENCE_MS;
        let full = self.0.len() >= LIMIT;
        match self.0.iter_mut().find(|(held, _)| is_one(held, &growing.user.id, &growing.id)) {
            Some(held) => *held = (growing, until),
            None if !full => self.0.push((growing, until)),
            None => {}
        }
    }

    /// It was said: the message takes its place.
    pub(super) fn said(&mut self, message: &Message) {
        self.0.retain(|(growing, _)| !is_one(growing, &message.user.id, &message.id));
    }

    /// Forgets those that nothing was heard of for too long; whether there were any.
    pub(super) fn expire(&mut self, now: Ticks) -> bool {
        let before = self.0.len();
        self.0.retain(|(_, until)| *until > now);
        self.0.len() < before
    }

    /// When the first of them is to be forgotten.
    pub(super) fn next(&self) -> Option<Ticks> {
        self.0.iter().map(|(_, until)| *until).min()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

fn is_one(growing: &Growing, user: &UserId, id: &ClientId) -> bool {
    growing.user.id == *user && growing.id == *id
}
