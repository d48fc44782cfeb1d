//! The users who are typing, as far as the room was told, and whether the next one is to be announced. Reads
//! no clock.

use crate::{id::UserId, protocol::TYPING_MS, time::Millis};

/// How long a typing user is not announced again, in milliseconds: less than a client waits before it reports
/// typing again.
const AGAIN_MS: u64 = 2_000;

/// The most users who are announced as typing to a crowd at a time. Each of them sees three others, and so
/// learns, like everyone else, that several are typing; announcing more would add nothing.
const OF_A_CROWD: usize = 4;

/// The users who were announced as typing, and when.
#[derive(Clone, Debug, Default)]
pub(super) struct Writers(Vec<(UserId, Millis)>);

impl Writers {
    /// Records that a user is typing; returns whether to announce it.
    pub(super) fn hear(&mut self, user: &UserId, is_crowd: bool, now: Millis) -> bool {
        // A time in the future was recorded before the clock stepped back.
        self.0.retain(|(_, at)| *at <= now && now.since(*at) < TYPING_MS);
        // Programs type only when they were asked, and there are few of them.
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

    /// Removes a user whose message has arrived.
    pub(super) fn forget(&mut self, user: &UserId) {
        self.0.retain(|(writer, _)| writer != user);
    }
}
