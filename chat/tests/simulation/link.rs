//! A connection: the frames under way in either direction. Decides nothing.

use std::collections::VecDeque;

use chat::room::SessionId;

/// What a client receives.
#[derive(Clone, Debug)]
pub(crate) enum Down {
    Frame(String),
    Close(u16),
}

#[derive(Debug)]
pub(crate) struct Link {
    /// The client's number for the connection.
    pub(crate) number: u32,
    pub(crate) session: SessionId,
    pub(crate) opened: bool,
    /// Nothing arrives any more in either direction, and neither side is notified.
    pub(crate) stalled: bool,
    pub(crate) up: VecDeque<String>,
    pub(crate) down: VecDeque<Down>,
}

impl Link {
    pub(crate) fn new(number: u32, session: SessionId) -> Link {
        Link { number, session, opened: false, stalled: false, up: VecDeque::new(), down: VecDeque::new() }
    }

    /// Returns what still arrives when a connection breaks: this many lines of the next frame in each
    /// direction.
    pub(crate) fn torn(&mut self, lines: usize) -> (Option<String>, Option<String>) {
        let up = self.up.pop_front().map(|frame| head_of(&frame, lines));
        let down = match self.down.pop_front() {
            Some(Down::Frame(frame)) => Some(head_of(&frame, lines)),
            Some(Down::Close(_)) | None => None,
        };
        let some = |frame: Option<String>| frame.filter(|frame| !frame.is_empty());
        (some(up), some(down))
    }

    /// Makes the next frame in each direction arrive twice.
    pub(crate) fn double(&mut self) {
        if let Some(frame) = self.up.front().cloned() {
            self.up.push_front(frame);
        }
        if let Some(frame @ Down::Frame(_)) = self.down.front().cloned() {
            self.down.push_front(frame);
        }
    }

    /// The server has died: this many frames on the way down still arrive, and then the end.
    pub(crate) fn dies(&mut self, frames: usize, code: u16) {
        self.down.truncate(frames);
        self.down.push_back(Down::Close(code));
    }
}

fn head_of(frame: &str, lines: usize) -> String {
    frame.lines().take(lines).collect::<Vec<_>>().join("\n")
}
