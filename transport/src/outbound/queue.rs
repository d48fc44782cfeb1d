//! What waits to be written to one connection, in order. Waits for nobody, and knows no locks.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    sync::Arc,
};

use axum::body::Bytes;
use chat::close::CloseCode;
use tokio::time::Instant;

use crate::{frame::Frame, patience::Patience, stream::Stream};

/// The bytes that one waiting frame costs beside its own: its place in the queue and its share of the bookkeeping.
pub(super) const FRAME_OVERHEAD: usize = 64;

/// How many waiting frames are offered to the socket with one system call.
pub(super) const TOGETHER: usize = 64;

#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Queue {
    pub(super) end: Option<End>,
    /// What is pushed while an answer is put together that comes before it.
    pub(super) held: Option<Vec<Waiting>>,
    pub(super) waiting: VecDeque<Waiting>,
    /// How much of the first that waits has been written.
    pub(super) written: usize,
    /// What waits and counts towards the limit.
    pub(super) bytes: usize,
    /// How many answers wait.
    pub(super) answers: usize,
    /// How long a socket that does not take all that waits is still waited for.
    pub(super) patience: Patience,
}

/// Something that waits to be written.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) bytes: Bytes,
    pub(super) kind: QueuedKind,
}

#[derive(Debug)]
pub(super) enum QueuedKind {
    /// What a room says.
    Said(Arc<Frame>),
    /// What the session asked for, which is not held against it.
    Answer,
    /// What the protocol beneath asks for.
    Control,
}

impl Waiting {
    /// What it costs towards the limit.
    pub(super) fn cost(&self) -> usize {
        match self.kind {
            QueuedKind::Answer => 0,
            QueuedKind::Said(_) | QueuedKind::Control => self.bytes.len() + FRAME_OVERHEAD,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Close when what waits has been written.
    AfterLines(CloseCode),
    /// Close now.
    Now(CloseCode),
    /// The session is gone, or the connection broke.
    Gone,
}

impl Queue {
    /// Nothing waits any more, and nothing is written.
    pub(super) fn hang_up(&mut self) {
        *self = Queue { end: Some(End::Gone), ..Queue::default() };
    }

    /// Puts an answer as it has grown by now in the place of how it was, if that still waits: whoever reads slowly need
    /// not read how it grew.
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

    /// Writes as much of what waits as the socket takes.
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

    /// Forgets what has been written.
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
            // What a burst took is given back.
            self.waiting = VecDeque::new();
        }
    }

    /// Drops what waits, but for the rest of what the socket has half taken.
    pub(super) fn drop_waiting(&mut self) {
        let begun = usize::from(self.written > 0);
        self.waiting.truncate(begun);
        // It may be a while until that is read.
        self.waiting.shrink_to_fit();
        self.held = None;
        self.bytes = self.waiting.iter().map(Waiting::cost).sum();
        self.answers =
            self.waiting.iter().filter(|waiting| matches!(waiting.kind, QueuedKind::Answer)).count();
    }
}

/// How many bytes a socket took: none, if it takes none for now.
pub(super) fn taken(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        written => written,
    }
}
