//! Who is writing, as far as the room was told: whom it is to be told of next, and of whom not. Keeps no time of its own.

use crate::{id::UserId, protocol::TYPING_MS, time::Millis};

/// How long it is not told again that the same user writes, in milliseconds: less than a client waits before it says so
/// again.
const AGAIN_MS: u64 = 2_000;

/// Of how many who write a crowd is told at a time. Each of them sees the three others, and so, like everybody else, that
/// several are writing; more of them would say no more.
const OF_A_CROWD: usize = 4;

/// The users of whom the room was told that they write, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Writers(Vec<(UserId, Millis)>);

impl Writers {
    /// Somebody writes: whether the room is to be told.
    pub(super) fn hear(&mut self, user: &UserId, is_crowd: bool, now: Millis) -> bool {
        // One that was told in the future was told before the clock stepped back.
        self.0.retain(|(_, at)| *at <= now && now.since(*at) < TYPING_MS);
        // Programs write when they were asked to, and there are few of them.
        if user.is_program() {
            return true;
        }
        let is_full = is_crowd && self.0.len() >= OF_A_CROWD;
        match self.0.iter_mut().find(|(writer, _)| writer == user) {
            Some((_, at)) if now.since(*at) < AGAIN_MS => return false,
            Some((_, at)) => *at = now,
            None if is_full => return false,
            None => self.0.push((user.clone(), now)),
        }
        true
    }

    /// Somebody has said what they wrote.
    pub(super) fn forget(&mut self, user: &UserId) {
        self.0.retain(|(writer, _)| writer != user);
    }
}
