//! The queue of one connection, in order. Never waits and never locks.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    sync::Arc,
};

use axum::body::Bytes;
use chat::close::CloseCode;
use tokio::time::Instant;

use crate::{frame::Frame, patience::Patience, stream::Stream};

/// The bytes that a queued frame costs on top of its own: its slot in the queue and its share of the
/// bookkeeping.
pub(super) const FRAME_OVERHEAD: usize = 64;

/// The most frames written with one system call.
pub(super) const TOGETHER: usize = 64;

#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Queue {
    pub(super) end: Option<End>,
    /// Frames pushed while an answer is being prepared that must go out before them.
    pub(super) held: Option<Vec<Waiting>>,
    pub(super) waiting: VecDeque<Waiting>,
    /// How many bytes of the first queued frame have been written.
    pub(super) written: usize,
    /// The queued bytes that count towards the limit.
    pub(super) bytes: usize,
    /// The number of queued answers.
    pub(super) answers: usize,
    /// How much longer a blocked socket is waited for.
    pub(super) patience: Patience,
}

/// A queued frame.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) bytes: Bytes,
    pub(super) kind: QueuedKind,
}

#[derive(Debug)]
pub(super) enum QueuedKind {
    /// A room's frame.
    Said(Arc<Frame>),
    /// An answer to the session's own request, which does not count towards the limit.
    Answer,
    /// A control frame of WebSocket.
    Control,
}

impl Waiting {
    /// Returns the bytes that it counts towards the limit.
    pub(super) fn cost(&self) -> usize {
        match self.kind {
            QueuedKind::Answer => 0,
            QueuedKind::Said(_) | QueuedKind::Control => self.bytes.len() + FRAME_OVERHEAD,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Close after the queue has been written.
    AfterLines(CloseCode),
    /// Close now.
    Now(CloseCode),
    /// The session is gone, or the connection broke.
    Gone,
}

impl Queue {
    /// Drops the queue and marks it as ended.
    pub(super) fn hang_up(&mut self) {
        *self = Queue { end: Some(End::Gone), ..Queue::default() };
    }

    /// Replaces a queued earlier state of the same streaming answer, if there is one, so that a slow reader
    /// skips the states in between.
    pub(super) fn replace(&mut self, frame: &Arc<Frame>) -> bool {
        let Some(growing) = frame.growing() else { return false };
        let begun = usize::from(self.written > 0);
        let waiting = self.waiting.iter_mut().skip(begun).chain(self.held.iter_mut().flatten());
        let mut said = waiting.filter_map(|waiting| match &mut waiting.kind {
            QueuedKind::Said(before) if before.is_replaced_by(growing) => Some((&mut waiting.bytes, before)),
            _ => None,
        });
        let Some((bytes, before)) = said.next() else { return false };
        let (less, more) = (bytes.len(), frame.bytes().len());
        *bytes = frame.bytes().clone();
        *before = frame.clone();
        self.bytes = self.bytes - less + more;
        true
    }

    /// Writes as much of the queue as the socket takes.
    pub(super) fn flush(&mut self, socket: Option<&Stream>) -> io::Result<()> {
        let Some(socket) = socket else { return Ok(()) };
        let mut total = 0;
        while let Some(first) = self.waiting.front() {
            let offered = first.bytes.len() - self.written;
            let (written, offered) = if self.waiting.len() == 1 {
                (taken(socket.try_write(&first.bytes[self.written..]))?, offered)
            } else {
                let mut slices = [IoSlice::new(&[]); TOGETHER];
                let mut offered = offered;
                slices[0] = IoSlice::new(&first.bytes[self.written..]);
                for (slice, waiting) in slices.iter_mut().zip(&self.waiting).skip(1) {
                    *slice = IoSlice::new(&waiting.bytes);
                    offered += waiting.bytes.len();
                }
                let slices = &slices[..self.waiting.len().min(TOGETHER)];
                (taken(socket.try_write_vectored(slices))?, offered)
            };
            self.forget(written);
            total += written;
            if written < offered {
                let now = Instant::now();
                self.patience.took(total, now);
                self.patience.blocked(now);
                return Ok(());
            }
        }
        self.patience.begin_anew();
        Ok(())
    }

    /// Removes written bytes from the queue.
    pub(super) fn forget(&mut self, written: usize) {
        self.written += written;
        while let Some(first) = self.waiting.front()
            && first.bytes.len() <= self.written
        {
            self.written -= first.bytes.len();
            self.bytes -= first.cost();
            self.answers -= usize::from(matches!(first.kind, QueuedKind::Answer));
            self.waiting.pop_front();
        }
        if self.waiting.is_empty() {
            // Free the memory that a burst took.
            self.waiting = VecDeque::new();
        }
    }

    /// Drops the queue, except for the rest of a partially written frame.
    pub(super) fn drop_waiting(&mut self) {
        let begun = usize::from(self.written > 0);
        self.waiting.truncate(begun);
        // It may take a while until that is read.
        self.waiting.shrink_to_fit();
        self.held = None;
        self.bytes = self.waiting.iter().map(Waiting::cost).sum();
        self.answers =
            self.waiting.iter().filter(|waiting| matches!(waiting.kind, QueuedKind::Answer)).count();
    }
}

/// Returns how many bytes a socket took; 0 for `WouldBlock`.
pub(super) fn taken(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        written => written,
    }
}
