//! Publishing a message: permission, cost, admission to the room, and the commit. The only place that creates
//! a message for the store.

use std::sync::Arc;

use chat::{
    id::ClientId,
    protocol::{Message, User},
    room_name::RoomName,
};

use super::{
    Service,
    authorize::{Action, Denial, authorize},
};
use crate::{
    budget::{Cost, Exceeded, Payer},
    clock,
    rooms::room_limit::NoRoom,
    store::{Appended, AppendedBatch, NewMessage, StoreError},
};

/// Why a message was not published.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The payer's budget is exhausted.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// The room does not exist and cannot be created.
    #[error(transparent)]
    NoRoom(NoRoom),
    #[error("this id was used before, for another message")]
    IdReused,
    /// The client may retry with the same id.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NoRoom> for PublishError {
    fn from(error: NoRoom) -> PublishError {
        match error {
            NoRoom::Exceeded(exceeded) => PublishError::Exceeded(exceeded),
            NoRoom::Store(error) => PublishError::Store(error),
            error @ NoRoom::TooMany(_) => PublishError::NoRoom(error),
        }
    }
}

/// Creates a message with the current time, to be committed in a batch by [`Service::commit`].
///
/// # Errors
/// Returns a [`Denial`] if the user may not send messages to the room.
pub(crate) fn prepare(
    user: &User,
    room: &RoomName,
    id: ClientId,
    text: impl Into<Arc<str>>,
) -> Result<NewMessage, Denial> {
    authorize(user, Action::Send, room)?;
    Ok(NewMessage { room: room.clone(), id, user: user.clone(), text: text.into(), at: clock::now() })
}

impl Service {
    /// Publishes one message: authorizes the user, charges the payer, if any, and returns the message as all members see it. A
    /// message already published under its id is returned unchanged.
    ///
    /// # Errors
    /// Returns the reason why the message was not published; nothing was stored then.
    pub(crate) async fn publish(
        &self,
        user: &User,
        room: &RoomName,
        id: ClientId,
        text: impl Into<Arc<str>>,
        payer: Option<Payer<'_>>,
    ) -> Result<Message, PublishError> {
        let message = prepare(user, room, id, text)?;
        if let Some(payer) = payer {
            payer.charge(Cost::Line, 1)?;
            payer.charge(Cost::TextByte, u32::try_from(message.text.len()).unwrap_or(u32::MAX))?;
        }
        self.admit(room, payer).await?;
        let mut kept = self.commit(vec![message]).await;
        match (kept.appended.pop(), kept.failed) {
            (Some(Appended::New(message) | Appended::Known(message)), _) => Ok(message),
            (Some(Appended::Reused), _) => Err(PublishError::IdReused),
            (None, Some(error)) => Err(error.into()),
            (None, None) => Err(StoreError::Unavailable("the store kept nothing".to_owned()).into()),
        }
    }

    /// Commits messages in the given order: all of them, or those before the first that cannot be stored. The
    /// caller has already charged for them and entered their rooms.
    pub(crate) async fn commit(&self, messages: Vec<NewMessage>) -> AppendedBatch {
        self.store.append(messages).await
    }
}
