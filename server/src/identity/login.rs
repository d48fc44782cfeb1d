//! A logged-in user.

use chat::{id::UserId, name::Nickname, protocol::User};

/// A logged-in user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) id: UserId,
    pub(crate) nickname: Nickname,
}

impl Login {
    /// Returns the user as others see them.
    pub(crate) fn user(&self) -> User {
        User { id: self.id.clone(), name: self.nickname.as_str().into() }
    }
}
