//! The answers in progress on this node, and who may stop them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chat::{
    id::{ClientId, UserId},
    room_name::RoomName,
};
use tokio_util::sync::CancellationToken;

/// The answers in progress.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<(RoomName, ClientId), One>>);

struct One {
    asker: UserId,
    stop: CancellationToken,
}

/// The outcome of a request to stop an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It stops.
    Ends,
    /// Another user asked for it.
    NotTheirs,
    /// It is not in progress on this node.
    NotHere,
}

/// An answer in progress; it is removed from [`Running`] on drop.
pub(crate) struct Begun<'a> {
    running: &'a Running,
    answer: (RoomName, ClientId),
    stop: CancellationToken,
}

impl Begun<'_> {
    /// Waits until the asker stops the answer.
    pub(crate) async fn stopped(&self) {
        self.stop.cancelled().await;
    }
}

impl Drop for Begun<'_> {
    /// Removes the answer, however it ended.
    fn drop(&mut self) {
        self.running.lock().remove(&self.answer);
    }
}

impl Running {
    /// Returns the number of answers in progress.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Registers an answer until the returned guard is dropped. The guard reports when the asker stops it.
    pub(crate) fn begin(&self, room: &RoomName, id: &ClientId, asker: UserId) -> Begun<'_> {
        let stop = CancellationToken::new();
        let answer = (room.clone(), id.clone());
        self.lock().insert(answer.clone(), One { asker, stop: stop.clone() });
        Begun { running: self, answer, stop }
    }

    /// Returns whether an answer is in progress on this node.
    pub(crate) fn has(&self, room: &RoomName, id: &ClientId) -> bool {
        self.lock().contains_key(&(room.clone(), id.clone()))
    }

    /// Stops an answer, if `user` asked for it.
    pub(crate) fn stop(&self, room: &RoomName, id: &ClientId, user: &UserId) -> Stopped {
        match self.lock().get(&(room.clone(), id.clone())) {
            Some(one) if one.asker == *user => {
                one.stop.cancel();
                Stopped::Ends
            }
            Some(_) => Stopped::NotTheirs,
            None => Stopped::NotHere,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(RoomName, ClientId), One>> {
        // No holder of the lock can panic halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asked_ends_an_answer_and_only_while_it_is_given() {
        let running = Running::default();
        let (room, id) = (RoomName::lobby(), ClientId::parse("a1").unwrap());
        let (ann, bo) = (UserId::parse("u1").unwrap(), UserId::parse("u2").unwrap());
        let begun = running.begin(&room, &id, ann.clone());
        assert_eq!(running.stop(&room, &id, &bo), Stopped::NotTheirs);
        assert!(!begun.stop.is_cancelled());
        assert_eq!(running.stop(&room, &id, &ann), Stopped::Ends);
        assert!(begun.stop.is_cancelled());
        drop(begun);
        assert_eq!(running.stop(&room, &id, &ann), Stopped::NotHere);
    }
}
