//! Somebody who has logged in.

use chat::{id::UserId, name::Nickname, protocol::User};

/// Somebody who has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) id: UserId,
    pub(crate) nickname: Nickname,
}

impl Login {
    /// As others see them.
    pub(crate) fn user(&self) -> User {
        User { id: self.id.clone(), name: self.nickname.as_str().into() }
    }
}
