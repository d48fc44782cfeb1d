//! What a bot is asked and what it gives back: the seam between the room's side, which shows an answer while it grows,
//! and the kinds of bots, which find it. Knows neither rooms nor services.

use std::fmt;

use chat::{
    id::ClientId,
    protocol::{Message, User},
    room_name::RoomName,
    time::Millis,
};
use futures::future::BoxFuture;
use tokio::sync::watch;

/// Whoever finds answers. One that is dropped in the middle stops at once, and leaves nothing behind.
pub(crate) trait Answerer: Send + Sync {
    /// Finds the answer, and shows what there is of it by and by, if it comes by and by.
    fn answer<'a>(
        &'a self,
        question: &'a Question,
        growth: &'a Growth,
    ) -> BoxFuture<'a, Result<Answer, BotError>>;
}

/// What a bot is asked. It is not printed: a message's text never reaches the log.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) room: RoomName,
    pub(crate) asker: User,
    /// Who is asked.
    pub(crate) bot: User,
    /// The answer's id, which is also what an outside service may know the question by.
    pub(crate) id: ClientId,
    /// What was said to the bot, without the mention.
    pub(crate) text: String,
    /// What was said in the room before, oldest first, without the question itself.
    pub(crate) context: Vec<Message>,
    pub(crate) at: Millis,
    /// Where an answer may be posted that comes too late to be waited for.
    pub(crate) reply_url: Option<String>,
}

/// What comes of a question.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The whole answer: the last word, whatever has grown until then.
    SendOutcome(String),
    /// It will be posted to the question's reply URL.
    Later,
}

impl fmt::Debug for Answer {
    /// Says only how long the answer is: a message's text never reaches the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::SendOutcome(text) => write!(f, "Said({} bytes)", text.len()),
            Answer::Later => f.write_str("Later"),
        }
    }
}

/// Where an answer grows: whoever finds it appends, and the room's side watches. What has grown stays there when the rest
/// fails.
pub(crate) struct Growth {
    text: watch::Sender<String>,
    /// The most characters (`char`s) of an answer; 0 for no limit.
    limit: usize,
}

/// An answer has more characters than a message may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer has more than the {limit} characters that a message may have")]
pub(crate) struct TooLong {
    limit: usize,
}

impl Growth {
    /// An answer of which there is nothing yet, and which may grow to `limit` characters; 0 lifts it.
    pub(crate) fn new(limit: usize) -> Growth {
        Growth { text: watch::Sender::default(), limit }
    }

    /// Tells of every change; the value is all of the text so far.
    pub(crate) fn watch(&self) -> watch::Receiver<String> {
        self.text.subscribe()
    }

    /// All of the text so far.
    pub(crate) fn text(&self) -> String {
        self.text.borrow().clone()
    }

    /// Appends to the text; of what does not fit, as much as does.
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

    /// How many more characters fit after `text`, if there is a limit.
    fn room_after(&self, text: &str) -> Option<usize> {
        (self.limit > 0).then(|| self.limit.saturating_sub(text.chars().count()))
    }
}

/// Why there is no answer, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct BotError {
    /// What the room is told, in a line of its language.
    pub(crate) trouble: BotErrorKind,
    /// What the operator is told, in the log. Never holds a key, nor anything that was said.
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

/// What goes wrong with services, as far as people in a room care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum BotErrorKind {
    /// It has too much to do, and says so: try again later.
    Busy,
    /// It did not answer in time.
    TooSlow,
    /// Nobody is there, or no connection comes about.
    Unreachable,
    /// It is there and has an error of its own.
    Failing,
    /// It does not want this: the key, the model or the question does not suit it.
    Refused,
    /// Asking it would lead to where this server's configuration does not let it go.
    Forbidden,
    /// What it says cannot be understood.
    Garbled,
    /// It says more than a message may hold; what fits has grown.
    TooLong,
    /// It was not allowed to say more; what came before has grown.
    Unfinished,
    /// It broke off in the middle; what came before has grown.
    CutOff,
    /// The house's own log, in which the answer would be, cannot be read or written.
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
