//! Encodes server-sent events (HTML Standard, section 9.2). Knows nothing of their content.

use std::{fmt::Write as _, time::Duration};

use serde::Serialize;

use super::position::Position;

/// The events encoded so far.
#[derive(Debug, Default)]
pub(super) struct Events(String);

impl Events {
    /// Adds an event. With a position, a client that has read it resumes from there.
    pub(super) fn event(&mut self, name: &str, position: Option<&Position>, data: &impl Serialize) {
        let data = serde_json::to_string(data).expect("what programs get has a JSON form");
        if let Some(position) = position {
            self.write(format_args!("id: {position}\n"));
        }
        // JSON on one line contains no line break that would end the field.
        self.write(format_args!("event: {name}\ndata: {data}\n\n"));
    }

    /// Adds a comment, which clients ignore.
    pub(super) fn comment(&mut self, words: &str) {
        self.write(format_args!(": {words}\n\n"));
    }

    /// Sets how long clients wait before they reconnect.
    pub(super) fn retry(&mut self, wait: Duration) {
        self.write(format_args!("retry: {}\n\n", wait.as_millis()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("a string takes what is written to it");
    }
}

#[cfg(test)]
mod tests {
    use super::{Events, Position};

    #[test]
    fn an_event_is_one_whatever_was_said_in_it() {
        let mut events = Events::default();
        let position = Position::parse("e1:7").unwrap();
        events.event("message", Some(&position), &"a\nb\r\u{2028}\u{85}data: x\n\n");
        let text = events.into_text();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(
            text.starts_with("id: e1:7\nevent: message\ndata: \"a\\nb\\r") && text.ends_with("\n\n"),
            "{text}"
        );
        assert!(!text.contains('\r'), "{text}");
    }
}
