//! The answers that are being given on this node, and who may end them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chat::{
    id::{ClientId, UserId},
    room_name::RoomName,
};
use tokio_util::sync::CancellationToken;

/// The answers that are being given.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashMap<(RoomName, ClientId), One>>);

struct One {
    asker: UserId,
    stop: CancellationToken,
}

/// What came of the wish to end an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It ends.
    Ends,
    /// Somebody else asked for it.
    NotTheirs,
    /// It is not given here.
    NotHere,
}

impl Running {
    /// An answer begins; it is to end when what this gives is cancelled.
    pub(crate) fn begin(&self, room: &RoomName, id: &ClientId, asker: UserId) -> CancellationToken {
        let stop = CancellationToken::new();
        self.lock().insert((room.clone(), id.clone()), One { asker, stop: stop.clone() });
        stop
    }

    /// An answer has ended.
    pub(crate) fn end(&self, room: &RoomName, id: &ClientId) {
        self.lock().remove(&(room.clone(), id.clone()));
    }

    /// Whether an answer is being given here.
    pub(crate) fn has(&self, room: &RoomName, id: &ClientId) -> bool {
        self.lock().contains_key(&(room.clone(), id.clone()))
    }

    /// A user wants no more of an answer.
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
        // Nothing that holds the lock can panic half-way through a change.
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
        let stop = running.begin(&room, &id, ann.clone());
        assert_eq!(running.stop(&room, &id, &bo), Stopped::NotTheirs);
        assert!(!stop.is_cancelled());
        assert_eq!(running.stop(&room, &id, &ann), Stopped::Ends);
        assert!(stop.is_cancelled());
        running.end(&room, &id);
        assert_eq!(running.stop(&room, &id, &ann), Stopped::NotHere);
    }
}
