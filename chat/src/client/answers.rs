//! The streaming answers of programs in a room, as far as they have come. They are never stored; the finished
//! answer is a message of the same id, which replaces it.

use crate::{
    id::{ClientId, UserId},
    protocol::{Message, StreamingAnswer},
    time::Ticks,
};

/// How long a streaming answer is shown after its last update, in milliseconds. See docs/protocol.md,
/// "growing".
const SILENCE_MS: u64 = 15_000;

/// The most streaming answers of a room that are shown at once; any others appear when they are complete.
const LIMIT: usize = 8;

/// The streaming answers of one room, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers(Vec<(StreamingAnswer, Ticks)>);

impl Answers {
    pub(super) fn iter(&self) -> impl Iterator<Item = &StreamingAnswer> {
        self.0.iter().map(|(growing, _)| growing)
    }

    /// Records the current text of an answer.
    pub(super) fn grow(&mut self, growing: StreamingAnswer, now: Ticks) {
        let until = now + SILENCE_MS;
        let full = self.0.len() >= LIMIT;
        match self.0.iter_mut().find(|(held, _)| is_one(held, &growing.user.id, &growing.id)) {
            Some(held) => *held = (growing, until),
            None if !full => self.0.push((growing, until)),
            None => {}
        }
    }

    /// Removes the answer that a message completes.
    pub(super) fn said(&mut self, message: &Message) {
        self.0.retain(|(growing, _)| !is_one(growing, &message.user.id, &message.id));
    }

    /// Removes the answers without an update for too long; returns whether there were any.
    pub(super) fn expire(&mut self, now: Ticks) -> bool {
        let before = self.0.len();
        self.0.retain(|(_, until)| *until > now);
        self.0.len() < before
    }

    /// Returns the time at which the next answer expires.
    pub(super) fn next(&self) -> Option<Ticks> {
        self.0.iter().map(|(_, until)| *until).min()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

fn is_one(growing: &StreamingAnswer, user: &UserId, id: &ClientId) -> bool {
    growing.user.id == *user && growing.id == *id
}
