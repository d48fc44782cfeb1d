//! The outbound queue of one connection: writes at once what the socket takes, queues the rest up to a limit
//! in bytes, and evicts the reader at the limit instead of waiting for it.
//!
//! Pushing never blocks. While the queue is empty, the pushing task writes to the socket itself, so that no
//! task has to be woken per reader; bytes that the socket does not take are queued and later written
//! together. A session that reads more slowly than its rooms send is closed with [`CloseCode::SlowConsumer`]
//! and resumes on its next connection.

use std::{
    io::{self},
    net::Shutdown,
    os::fd::{AsFd as _, AsRawFd as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;
use chat::{close::CloseCode, id::UserId, protocol::ServerLine};
use rustix::net::SendFlags;
use socket2::SockRef;
use tokio::sync::Notify;
mod delivery;
mod queue;

use queue::{End, Queue, QueuedKind, Waiting, taken};

use crate::{
    frame::{self, Frame},
    stream::Stream,
    wire_format::{Broadcast, Plain},
};

/// The queue between a session's rooms and its reader. The fields that a push reads are adjacent in memory,
/// in this order.
#[derive(Debug)]
#[repr(C)]
pub struct Outbound {
    /// The socket to write to; `None` for a reader that takes frames out of the queue.
    socket: Option<Arc<Stream>>,
    /// The encoding in which the reader gets broadcast lines.
    view: Encoding,
    queue: Mutex<Queue>,
    /// The limit in bytes; 0 means no limit.
    limit_bytes: usize,
    ready: Notify,
    cut: Notify,
}

/// The encoding in which a reader gets broadcast lines.
#[derive(Debug)]
pub enum Encoding {
    /// JSON: a client of the protocol, or a program that takes frames out of the queue.
    Json,
    /// Plain text, for this user.
    PlainText(Box<(Plain, UserId)>),
}

/// The next step for a reader that takes frames out of the queue.
#[derive(Debug)]
pub enum Next {
    /// Deliver these frames.
    Frames(Vec<Arc<Frame>>),
    /// Close the connection with this code.
    Close(CloseCode),
}

/// The session has ended or was evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// The connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl Outbound {
    /// Creates a queue of up to `limit_bytes` that [`Outbound::next`] drains; 0 means no limit.
    pub fn new(limit_bytes: usize) -> Outbound {
        let (queue, ready, cut) = (Mutex::default(), Notify::new(), Notify::new());
        Outbound { socket: None, view: Encoding::Json, queue, limit_bytes, ready, cut }
    }

    /// Creates a queue that is written to a socket.
    pub fn to_socket(socket: Arc<Stream>, limit_bytes: usize, view: Encoding) -> Outbound {
        Outbound { socket: Some(socket), view, ..Outbound::new(limit_bytes) }
    }

    /// Returns whether it writes JSON to a socket.
    ///
    /// Calling this also prefetches the fields that a push reads into the processor's cache: when many queues
    /// are asked in a row, their memory latencies overlap instead of adding up between the socket system
    /// calls.
    #[inline]
    pub fn is_direct(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.as_fd().as_raw_fd() >= 0)
            && matches!(self.view, Encoding::Json)
    }

    /// Sends a room's frame: writes it at once if the queue is empty and the socket takes it, and queues it
    /// otherwise. At the limit it evicts the reader; then, and after the session's end, it returns [`Gone`].
    /// A connection that is being closed ignores further frames.
    #[inline]
    pub fn push(&self, frame: &Arc<Frame>) -> Result<(), Gone> {
        let plain;
        let bytes = match &self.view {
            Encoding::Json => frame.bytes(),
            Encoding::PlainText(reader) => {
                plain = as_heard(reader, frame.lines());
                &plain
            }
        };
        let mut queue = self.queue();
        match queue.end {
            None => {}
            // It gets no more frames, but leaves its rooms itself once it is closed.
            Some(End::AfterLines(_)) => return Ok(()),
            Some(End::Now(_) | End::Gone) => return Err(Gone),
        }
        if bytes.is_empty() || queue.replace(frame) {
            return Ok(());
        }
        if queue.held.is_none() && queue.waiting.is_empty() {
            match self.write(bytes) {
                Ok(written) if written == bytes.len() => return Ok(()),
                Ok(written) => queue.written = written,
                Err(_) => return Err(self.broke(queue)),
            }
        }
        self.wait(queue, Waiting { bytes: bytes.clone(), kind: QueuedKind::Said(frame.clone()) })
    }

    /// Sends a control frame of WebSocket.
    pub fn control(&self, bytes: Bytes) {
        let queue = self.queue();
        if !matches!(queue.end, Some(End::Now(_) | End::Gone)) {
            // If this evicts the session, its next wait returns the close code.
            let _ = self.wait(queue, Waiting { bytes, kind: QueuedKind::Control });
        }
    }

    /// Holds back pushed frames until the next [`Outbound::answer`], which goes out before them.
    pub fn hold(&self) {
        self.queue().held.get_or_insert_default();
    }

    /// Sends this line, if any, to this session alone, followed by the frames that were held back.
    pub fn answer(&self, line: Option<ServerLine>) {
        let bytes = line.and_then(|line| self.view.of_answer(line));
        let mut queue = self.queue();
        if matches!(queue.end, Some(End::Now(_) | End::Gone)) {
            queue.held = None;
            return;
        }
        let was_idle = queue.waiting.is_empty();
        if let Some(bytes) = bytes {
            queue.answers += 1;
            queue.waiting.push_back(Waiting { bytes, kind: QueuedKind::Answer });
        }
        let held = queue.held.take().unwrap_or_default();
        queue.waiting.extend(held);
        self.flush_and_wake(queue, was_idle);
    }

    /// Sends these lines to this session alone, and keeps holding back pushed frames.
    pub fn answer_and_hold(&self, lines: impl IntoIterator<Item = ServerLine>) {
        let bytes: Vec<Bytes> = lines.into_iter().filter_map(|line| self.view.of_answer(line)).collect();
        let mut queue = self.queue();
        if matches!(queue.end, Some(End::Now(_) | End::Gone)) {
            return;
        }
        let was_idle = queue.waiting.is_empty();
        queue.answers += bytes.len();
        queue.waiting.extend(bytes.into_iter().map(|bytes| Waiting { bytes, kind: QueuedKind::Answer }));
        self.flush_and_wake(queue, was_idle);
    }

    /// Returns whether answers are still queued. While they are, the session reads no further requests.
    pub fn owes(&self) -> bool {
        self.queue().answers > 0
    }

    /// Returns whether to read from the session: no answers are queued, and the connection is not being
    /// closed.
    pub fn listens(&self) -> bool {
        let queue = self.queue();
        queue.answers == 0 && queue.end.is_none()
    }

    /// Returns whether anything is queued.
    pub fn is_behind(&self) -> bool {
        !self.queue().waiting.is_empty()
    }

    /// Returns the number of queued bytes.
    pub fn held(&self) -> usize {
        self.queue().waiting.iter().map(|waiting| waiting.bytes.len()).sum()
    }

    /// Closes the connection after the queue has been written.
    pub fn close(&self, code: CloseCode) {
        self.queue().end.get_or_insert(End::AfterLines(code));
        self.ready.notify_one();
    }

    /// Returns whether the connection is being closed with this code.
    pub fn closes_with(&self, code: CloseCode) -> bool {
        matches!(self.queue().end, Some(End::AfterLines(end) | End::Now(end)) if end == code)
    }

    /// Closes the connection at once and drops the queue.
    pub fn cut_off(&self, code: CloseCode) {
        let mut queue = self.queue();
        if !matches!(queue.end, None | Some(End::AfterLines(_))) {
            return;
        }
        queue.drop_waiting();
        queue.end = Some(End::Now(code));
        drop(queue);
        self.ready.notify_one();
        self.cut.notify_one();
    }

    /// Waits until [`Outbound::cut_off`] is called, and returns its code.
    pub async fn cut(&self) -> CloseCode {
        loop {
            if let Some(End::Now(code)) = self.queue().end {
                return code;
            }
            self.cut.notified().await;
        }
    }

    /// Appends to the queue.
    fn wait(&self, mut queue: MutexGuard<'_, Queue>, waiting: Waiting) -> Result<(), Gone> {
        let cost = waiting.cost();
        let is_over = |queue: &Queue| self.limit_bytes > 0 && queue.bytes + cost > self.limit_bytes;
        if is_over(&queue) && !queue.waiting.is_empty() && queue.flush(self.socket()).is_err() {
            return Err(self.broke(queue));
        }
        if is_over(&queue) {
            if queue.waiting.is_empty() && queue.written > 0 {
                // A partially written frame must still be completed.
                queue.bytes += cost;
                queue.waiting.push_back(waiting);
            }
            drop(queue);
            self.cut_off(CloseCode::SlowConsumer);
            return Err(Gone);
        }
        queue.bytes += cost;
        if let Some(held) = &mut queue.held
            && !matches!(waiting.kind, QueuedKind::Control)
        {
            held.push(waiting);
            return Ok(());
        }
        let was_idle = queue.waiting.is_empty();
        queue.waiting.push_back(waiting);
        self.flush_and_wake(queue, was_idle);
        Ok(())
    }

    /// Writes as much as the socket takes. Wakes the task that writes or takes the rest if the queue was
    /// empty before.
    fn flush_and_wake(&self, mut queue: MutexGuard<'_, Queue>, was_idle: bool) {
        if queue.flush(self.socket()).is_err() {
            self.broke(queue);
        } else if was_idle && !queue.waiting.is_empty() {
            drop(queue);
            self.ready.notify_one();
        }
    }

    /// Marks the connection as broken and wakes the task that waits for it.
    fn broke(&self, mut queue: MutexGuard<'_, Queue>) -> Gone {
        queue.hang_up();
        drop(queue);
        self.ready.notify_one();
        Gone
    }

    /// Ends the session: drops the queue and shuts down the socket. Its rooms get [`Gone`] on their next
    /// push; until then they may hold this value, but not the connection.
    fn hang_up(&self) {
        self.queue().hang_up();
        if let Some(socket) = self.socket() {
            // It may be closed already.
            let _ = SockRef::from(socket).shutdown(Shutdown::Both);
        }
    }

    fn socket(&self) -> Option<&Stream> {
        self.socket.as_deref()
    }

    /// Writes to the socket without waiting, and returns the number of bytes taken; 0 without a socket.
    ///
    /// Calls send(2) directly: the runtime's readiness state is elsewhere in memory, and matters only once
    /// the socket takes no more.
    #[inline]
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.socket() {
            Some(socket) => taken(rustix::net::send(socket, bytes, SendFlags::NOSIGNAL).map_err(Into::into)),
            None => Ok(0),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // No holder of the lock can panic half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Encoding {
    /// Encodes an answer; `None` if this reader does not get it.
    fn of_answer(&self, line: ServerLine) -> Option<Bytes> {
        let bytes = match self {
            Encoding::Json => Frame::of(line).bytes().clone(),
            Encoding::PlainText(reader) => as_heard(reader, &[Broadcast::new(line)]),
        };
        (!bytes.is_empty()).then_some(bytes)
    }
}

/// Encodes lines for a plain-text reader, one per frame.
fn as_heard(reader: &(Plain, UserId), lines: &[Broadcast]) -> Bytes {
    let (plain, me) = reader;
    let heard: Vec<_> = lines.iter().filter_map(|line| plain.hears(line, me)).collect();
    frame::texts(heard.iter().flat_map(|text| text.lines()))
}

/// A guard that ends the queue when the session ends, even by a panic: its rooms then get [`Gone`].
#[derive(Debug)]
pub struct Listening(pub Arc<Outbound>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.hang_up();
    }
}

#[cfg(test)]
mod tests;
