//! A connection on its way: the frames that are under way in either direction. Decides nothing.

use std::collections::VecDeque;

use chat::room::SessionId;

/// What comes down to a client.
#[derive(Clone, Debug)]
pub(crate) enum Down {
    Frame(String),
    Close(u16),
}

#[derive(Debug)]
pub(crate) struct Link {
    /// The client's name for the connection.
    pub(crate) number: u32,
    pub(crate) session: SessionId,
    pub(crate) opened: bool,
    /// Nothing arrives any more, in either direction, and nobody is told.
    pub(crate) stalled: bool,
    pub(crate) up: VecDeque<String>,
    pub(crate) down: VecDeque<Down>,
}

impl Link {
    pub(crate) fn new(number: u32, session: SessionId) -> Link {
        Link { number, session, opened: false, stalled: false, up: VecDeque::new(), down: VecDeque::new() }
    }

    /// What is under way when a connection breaks: of the next frame in each direction, so many lines.
    pub(crate) fn torn(&mut self, lines: usize) -> (Option<String>, Option<String>) {
        let up = self.up.pop_front().map(|frame| head_of(&frame, lines));
        let down = match self.down.pop_front() {
            Some(Down::Frame(frame)) => Some(head_of(&frame, lines)),
            Some(Down::Close(_)) | None => None,
        };
        let some = |frame: Option<String>| frame.filter(|frame| !frame.is_empty());
        (some(up), some(down))
    }

    /// The next frame in each direction will arrive twice.
    pub(crate) fn double(&mut self) {
        if let Some(frame) = self.up.front().cloned() {
            self.up.push_front(frame);
        }
        if let Some(frame @ Down::Frame(_)) = self.down.front().cloned() {
            self.down.push_front(frame);
        }
    }

    /// The other side died: of what is on its way down so many frames arrive, and then the end.
    pub(crate) fn dies(&mut self, frames: usize, code: u16) {
        self.down.truncate(frames);
        self.down.push_back(Down::Close(code));
    }
}

fn head_of(frame: &str, lines: usize) -> String {
    frame.lines().take(lines).collect::<Vec<_>>().join("\n")
}
