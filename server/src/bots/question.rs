//! Questions to bots and their answers: the interface between the room's side, which streams an answer, and
//! the kinds of bots, which find it. Knows neither rooms nor services.

use std::fmt;

use chat::{
    id::ClientId,
    protocol::{Message, User},
    room_name::RoomName,
    time::Millis,
};
use futures::future::BoxFuture;

use super::answer_stream::{AnswerStream, TooLong};

/// Finds answers. A dropped future stops at once and leaves nothing behind.
pub(crate) trait Answerer: Send + Sync {
    /// Finds the answer, and appends its text to `growth` if it arrives in pieces.
    fn answer<'a>(
        &'a self,
        question: &'a Question,
        growth: &'a AnswerStream,
    ) -> BoxFuture<'a, Result<Answer, BotError>>;
}

/// A question to a bot. It has no `Debug`: message texts never reach the log.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) room: RoomName,
    pub(crate) asker: User,
    /// The bot that is asked.
    pub(crate) bot: User,
    /// The answer's message id, which also identifies the question to an outside service.
    pub(crate) id: ClientId,
    /// The message's text, without the mention.
    pub(crate) text: String,
    /// The room's messages before the question, oldest first.
    pub(crate) context: Vec<Message>,
    pub(crate) at: Millis,
    /// The URL to which a late answer may be posted.
    pub(crate) reply_url: Option<String>,
}

/// The outcome of a question.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The whole answer; it replaces the text that was streamed.
    Text(String),
    /// The service will post it to the question's reply URL.
    Later,
}

impl fmt::Debug for Answer {
    /// Prints only the answer's length: message texts never reach the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Answer::Later => f.write_str("Later"),
        }
    }
}

/// Why there is no answer, or only a partial one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct BotError {
    /// The kind, which selects the line that the room sees.
    pub(crate) trouble: BotErrorKind,
    /// The details for the operator's log. Never contains a key or message text.
    pub(crate) detail: String,
}

impl BotError {
    pub(crate) fn new(trouble: BotErrorKind, detail: impl Into<String>) -> BotError {
        BotError { trouble, detail: detail.into() }
    }
}

impl From<TooLong> for BotError {
    fn from(error: TooLong) -> BotError {
        BotError::new(BotErrorKind::TooLong, error.to_string())
    }
}

/// The failures of services that users can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum BotErrorKind {
    /// It is overloaded or rate-limits us; a later attempt may succeed.
    Busy,
    /// It did not answer in time.
    TooSlow,
    /// No connection could be made.
    Unreachable,
    /// It reports an internal error.
    Failing,
    /// It rejects the key, the model or the question.
    Refused,
    /// The request would leave what this server's configuration permits.
    Forbidden,
    /// Its response cannot be parsed.
    Garbled,
    /// Its answer exceeds the length of a message; the part that fits was streamed.
    TooLong,
    /// It reached its length limit; the text before that was streamed.
    Unfinished,
    /// It broke off in the middle; the text before that was streamed.
    CutOff,
    /// This server's own store, which the answer depends on, cannot be read or written.
    Forgetful,
}

#[cfg(test)]
mod tests {
    use super::Answer;

    #[test]
    fn an_answer_is_printed_without_its_words() {
        assert_eq!(format!("{:?}", Answer::Text("秘密".to_owned())), "Text(6 bytes)");
    }
}
