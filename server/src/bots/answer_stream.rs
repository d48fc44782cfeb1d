//! The text of an answer while it arrives. Knows neither who finds it nor who watches it.

use tokio::sync::watch;

/// A streaming answer: the answerer appends to it, and the room's side watches it. Its text survives a later
/// failure.
pub(crate) struct AnswerStream {
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

impl AnswerStream {
    /// Creates an empty answer of at most `limit` characters; 0 for no limit.
    pub(crate) fn new(limit: usize) -> AnswerStream {
        AnswerStream { text: watch::Sender::default(), limit }
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

#[cfg(test)]
mod tests {
    use super::AnswerStream;

    #[test]
    fn an_answer_grows_and_whoever_watches_sees_all_of_it() {
        let stream = AnswerStream::new(10);
        let mut watch = stream.watch();
        stream.push("龙井").unwrap();
        stream.push(" tea").unwrap();
        assert!(watch.has_changed().unwrap());
        assert_eq!(*watch.borrow_and_update(), "龙井 tea");
        stream.push("").unwrap();
        assert!(!watch.has_changed().unwrap(), "nothing has come");
    }

    #[test]
    fn an_answer_grows_to_the_limit_and_no_further() {
        let stream = AnswerStream::new(4);
        stream.push("龙井").unwrap();
        assert!(stream.push("🍵茶叶").is_err());
        assert_eq!(stream.text(), "龙井🍵茶");
        assert!(stream.push("x").is_err());
        stream.push("").unwrap();
    }

    #[test]
    fn zero_lifts_the_limit() {
        let stream = AnswerStream::new(0);
        (0..1_000).for_each(|_| stream.push("0123456789").unwrap());
        assert_eq!(stream.text().len(), 10_000);
    }
}
