//! Late answers: a service that cannot answer at once posts its answer later to the reply URL that came with
//! the question.

use chat::{id::ClientId, room_name::RoomName};

use super::{
    answering::millis,
    pending::{self, AnswerRecords, Pending, REMEMBERED, State},
    sending::{SendOutcome, fit, send_now},
};
use crate::{
    clock,
    service::Service,
    store::{SharedStore, StoreError},
};

/// A question that may still get a late answer.
pub(crate) struct LateQuestion(Pending);

/// The outcome of a late answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LateAnswer {
    /// The answer is in the room.
    Sent,
    /// The question was answered before.
    TooLate,
    /// The text has no visible characters.
    Empty,
    /// The bot may not send to the room.
    Forbidden,
}

impl LateQuestion {
    /// Returns the question that a token identifies; `None` for an invalid token.
    pub(crate) async fn find(store: &SharedStore, token: &str) -> Result<Option<LateQuestion>, StoreError> {
        let mut parts = token.split('.');
        let (Some(bot), Some(id), Some(secret), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        let found = AnswerRecords(store.clone()).find(pending::key(bot, id)).await?;
        Ok(found.filter(|pending| pending.knows(secret)).map(LateQuestion))
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.0.state == State::Done
    }

    /// Returns the question's room.
    pub(crate) fn room(&self) -> &RoomName {
        &self.0.room
    }

    /// Returns the answer's message id.
    pub(crate) fn answer_id(&self) -> &ClientId {
        &self.0.id
    }

    /// Sends the answer to the room, cut to `limit` characters (0 for any number).
    pub(crate) async fn answer(
        &self,
        (service, store): (&Service, &SharedStore),
        text: &str,
        limit: usize,
    ) -> Result<LateAnswer, StoreError> {
        let Some(text) = fit(text, limit) else { return Ok(LateAnswer::Empty) };
        let Pending { room, bot, id, .. } = &self.0;
        match send_now(service, (room, bot, id), &text).await? {
            SendOutcome::Sent => {}
            SendOutcome::Superseded => return Ok(LateAnswer::TooLate),
            SendOutcome::Denied => return Ok(LateAnswer::Forbidden),
        }
        let done = self.0.now(State::Done, clock::now() + millis(REMEMBERED));
        AnswerRecords(store.clone()).put(&done).await?;
        Ok(LateAnswer::Sent)
    }
}
