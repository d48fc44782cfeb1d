//! The access rules for rooms: the single check before every read and every write.

use std::fmt;

use chat::{protocol::User, room_name::RoomName};

/// An action in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Read messages and members.
    Read,
    /// Send messages.
    Send,
}

/// The refusal of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    action: Action,
    room: RoomName,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.action {
            Action::Read => write!(f, "you may not read {}", self.room),
            Action::Send => write!(f, "you may not send messages to {}", self.room),
        }
    }
}

impl std::error::Error for Denial {}

/// Decides whether a user may perform an action in a room. Today every room is open to every logged-in user
/// and to every program whose token covers it.
///
/// # Errors
/// Returns a [`Denial`] with the reason for the actor.
#[expect(clippy::unnecessary_wraps, reason = "every caller is ready for a rule that denies something")]
pub(crate) fn authorize(_actor: &User, _action: Action, _room: &RoomName) -> Result<(), Denial> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use chat::room_name::RoomName;

    use super::{Action, Denial};

    #[test]
    fn a_denial_says_what_may_not_be_done() {
        let of = |action| Denial { action, room: RoomName::lobby() }.to_string();
        assert_eq!(of(Action::Read), "you may not read lobby");
        assert_eq!(of(Action::Send), "you may not send messages to lobby");
    }
}
