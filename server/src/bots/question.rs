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
use tokio::sync::watch;

/// Finds answers. A dropped future stops at once and leaves nothing behind.
pub(crate) trait Answerer: Send + Sync {
    /// Finds the answer, and appends its text to `growth` if it arrives in pieces.
    fn answer<'a>(
        &'a self,
        question: &'a Question,
        growth: &'a Growth,
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
    SendOutcome(String),
    /// The service will post it to the question's reply URL.
    Later,
}

impl fmt::Debug for Answer {
    /// Prints only the answer's length: message texts never reach the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::SendOutcome(text) => write!(f, "Said({} bytes)", text.len()),
            Answer::Later => f.write_str("Later"),
        }
    }
}

/// A streaming answer: the answerer appends to it, and the room's side watches it. Its text survives a later
/// failure.
pub(crate) struct Growth {
    text: watch::Sender<String>,
    /// The most characters (`char`s) of an answer; 0 for no limit.
    limit: usize,
}

/// An answer exceeds the length of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer has more than the {limit} characters that a message may have")]
pub(crate) struct TooLong {
    limit: usize,
}

impl Growth {
    /// Creates an empty answer of at most `limit` characters; 0 for no limit.
    pub(crate) fn new(limit: usize) -> Growth {
        Growth { text: watch::Sender::default(), limit }
    }

    /// Subscribes to changes; the value is the whole text so far.
    pub(crate) fn watch(&self) -> watch::Receiver<String> {
        self.text.subscribe()
    }

    /// Returns the whole text so far.
    pub(crate) fn text(&self) -> String {
        self.text.borrow().clone()
    }

    /// Appends to the text, up to the limit.
    pub(crate) fn push(&self, more: &str) -> Result<(), TooLong> {
        let mut fits = true;
        self.text.send_if_modified(|text| {
            let room = self.room_after(text);
            let end = room.and_then(|room| more.char_indices().nth(room)).map(|(end, _)| end);
            fits = end.is_none();
            let more = &more[..end.unwrap_or(more.len())];
            text.push_str(more);
            !more.is_empty()
        });
        if fits { Ok(()) } else { Err(TooLong { limit: self.limit }) }
    }

    /// Returns how many more characters fit after `text`, if there is a limit.
    fn room_after(&self, text: &str) -> Option<usize> {
        (self.limit > 0).then(|| self.limit.saturating_sub(text.chars().count()))
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
    use super::{Answer, Growth};

    #[test]
    fn an_answer_grows_and_whoever_watches_sees_all_of_it() {
        let growth = Growth::new(10);
        let mut watch = growth.watch();
        growth.push("龙井").unwrap();
        growth.push(" tea").unwrap();
        assert!(watch.has_changed().unwrap());
        assert_eq!(*watch.borrow_and_update(), "龙井 tea");
        growth.push("").unwrap();
        assert!(!watch.has_changed().unwrap(), "nothing has come");
    }

    #[test]
    fn an_answer_grows_to_the_limit_and_no_further() {
        let growth = Growth::new(4);
        growth.push("龙井").unwrap();
        assert!(growth.push("🍵茶叶").is_err());
        assert_eq!(growth.text(), "龙井🍵茶");
        assert!(growth.push("x").is_err());
        growth.push("").unwrap();
    }

    #[test]
    fn zero_lifts_the_limit() {
        let growth = Growth::new(0);
        (0..1_000).for_each(|_| growth.push("0123456789").unwrap());
        assert_eq!(growth.text().len(), 10_000);
    }

    #[test]
    fn an_answer_is_printed_without_its_words() {
        assert_eq!(format!("{:?}", Answer::SendOutcome("秘密".to_owned())), "Said(6 bytes)");
    }
}
