//! What waits to be written to one connection: written at once where the socket takes it, bounded in bytes where it does
//! not, and cut off rather than waited for.
//!
//! Whoever pushes never blocks. They write to the socket themselves as long as nothing waits, so that no task has to be
//! woken for every reader; what the socket does not take waits in the queue until it does, all of it together. A session
//! that reads more slowly than its rooms speak is closed with [`CloseCode::SlowConsumer`], and resumes on its next
//! connection.

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

/// The queue between a session's rooms and its reader. What a push reads of it lies together, in this order.
#[derive(Debug)]
#[repr(C)]
pub struct Outbound {
    /// Where it is written; none for a reader that takes frames out of the queue.
    socket: Option<Arc<Stream>>,
    /// How the reader hears lines that are for everybody.
    view: Encoding,
    queue: Mutex<Queue>,
    /// 0 lifts the limit.
    limit_bytes: usize,
    ready: Notify,
    cut: Notify,
}

/// How a reader hears lines that are for everybody.
#[derive(Debug)]
pub enum Encoding {
    /// As they are: a client of the protocol, or a program that takes them out of the queue.
    Json,
    /// As plain text, for this user.
    PlainText(Box<(Plain, UserId)>),
}

/// What to do next for a reader that takes frames out of the queue.
#[derive(Debug)]
pub enum Next {
    /// Tell it these.
    Frames(Vec<Arc<Frame>>),
    /// The connection is to be closed with this code.
    Close(CloseCode),
}

/// The session does not listen any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// The connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl Outbound {
    /// An empty queue that holds up to `limit_bytes` and is emptied by [`Outbound::next`]; 0 for no limit.
    pub fn new(limit_bytes: usize) -> Outbound {
        let (queue, ready, cut) = (Mutex::default(), Notify::new(), Notify::new());
        Outbound { socket: None, view: Encoding::Json, queue, limit_bytes, ready, cut }
    }

    /// An empty queue that is written to a socket.
    pub fn to_socket(socket: Arc<Stream>, limit_bytes: usize, view: Encoding) -> Outbound {
        Outbound { socket: Some(socket), view, ..Outbound::new(limit_bytes) }
    }

    /// Whether it is written to a socket, and as clients of the protocol read it. Asking brings what a push reads of it into
    /// the processor's cache: the memory of many that are asked one behind the other is waited for once, and not once for
    /// each, with the system's work for a socket in between.
    #[inline]
    pub fn is_direct(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.as_fd().as_raw_fd() >= 0)
            && matches!(self.view, Encoding::Json)
    }

    /// Says what a room says. It is written at once if nothing waits before it and the socket takes it, and waits
    /// otherwise. At the limit the connection is cut off; after that, and after its end, it is [`Gone`]. One that is to be
    /// closed hears nothing more.
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
            // It hears no more, but takes its leave by itself, and in its own way.
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

    /// Says something that the protocol beneath asks for.
    pub fn control(&self, bytes: Bytes) {
        let queue = self.queue();
        if !matches!(queue.end, Some(End::Now(_) | End::Gone)) {
            // Whoever is cut off for it finds that out when it next waits.
            let _ = self.wait(queue, Waiting { bytes, kind: QueuedKind::Control });
        }
    }

    /// From now on what is pushed waits for the next [`Outbound::answer`], which comes before it.
    pub fn hold(&self) {
        self.queue().held.get_or_insert_default();
    }

    /// Says this line, if there is one, to the session alone, and then what was held for it.
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

    /// Says these lines to the session alone, and goes on holding what is pushed.
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

    /// Whether answers wait to be read; so long no more is to be asked.
    pub fn owes(&self) -> bool {
        self.queue().answers > 0
    }

    /// Whether the session is to be heard: it owes nothing, and its connection is not to be closed.
    pub fn listens(&self) -> bool {
        let queue = self.queue();
        queue.answers == 0 && queue.end.is_none()
    }

    /// Whether something waits to be read.
    pub fn is_behind(&self) -> bool {
        !self.queue().waiting.is_empty()
    }

    /// Returns how many bytes wait to be read.
    pub fn held(&self) -> usize {
        self.queue().waiting.iter().map(|waiting| waiting.bytes.len()).sum()
    }

    /// Closes the connection once what waits has been written.
    pub fn close(&self, code: CloseCode) {
        self.queue().end.get_or_insert(End::AfterLines(code));
        self.ready.notify_one();
    }

    /// Whether the connection is to be closed with this code.
    pub fn closes_with(&self, code: CloseCode) -> bool {
        matches!(self.queue().end, Some(End::AfterLines(end) | End::Now(end)) if end == code)
    }

    /// Closes the connection at once; what waits is dropped.
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

    /// Waits until the connection is cut off; gives the code.
    pub async fn cut(&self) -> CloseCode {
        loop {
            if let Some(End::Now(code)) = self.queue().end {
                return code;
            }
            self.cut.notified().await;
        }
    }

    /// Lets something wait, behind what waits already.
    fn wait(&self, mut queue: MutexGuard<'_, Queue>, waiting: Waiting) -> Result<(), Gone> {
        let cost = waiting.cost();
        let is_over = |queue: &Queue| self.limit_bytes > 0 && queue.bytes + cost > self.limit_bytes;
        if is_over(&queue) && !queue.waiting.is_empty() && queue.flush(self.socket()).is_err() {
            return Err(self.broke(queue));
        }
        if is_over(&queue) {
            if queue.waiting.is_empty() && queue.written > 0 {
                // What the socket has half taken is finished even so.
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

    /// Writes what the socket takes. Whoever waits to write the rest, or takes it out, is woken if there was none before.
    fn flush_and_wake(&self, mut queue: MutexGuard<'_, Queue>, was_idle: bool) {
        if queue.flush(self.socket()).is_err() {
            self.broke(queue);
        } else if was_idle && !queue.waiting.is_empty() {
            drop(queue);
            self.ready.notify_one();
        }
    }

    /// The connection broke: whoever waits for it learns of it.
    fn broke(&self, mut queue: MutexGuard<'_, Queue>) -> Gone {
        queue.hang_up();
        drop(queue);
        self.ready.notify_one();
        Gone
    }

    /// The session ends: nobody may wait for it, and the rooms learn of it when they next speak. They may hold on to this
    /// until then, but not to the connection.
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

    /// Offers bytes to the socket at once; how many it took. None, where there is no socket.
    ///
    /// The system is asked itself: what the runtime knows of the socket lies elsewhere in memory, and is wanted only when
    /// the socket takes no more.
    #[inline]
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.socket() {
            Some(socket) => taken(rustix::net::send(socket, bytes, SendFlags::NOSIGNAL).map_err(Into::into)),
            None => Ok(0),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing that holds the lock can panic half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Encoding {
    /// An answer as the reader hears it, if it does.
    fn of_answer(&self, line: ServerLine) -> Option<Bytes> {
        let bytes = match self {
            Encoding::Json => Frame::of(line).bytes().clone(),
            Encoding::PlainText(reader) => as_heard(reader, &[Broadcast::new(line)]),
        };
        (!bytes.is_empty()).then_some(bytes)
    }
}

/// Lines as a user hears them at the plain door: one to a frame.
fn as_heard(reader: &(Plain, UserId), lines: &[Broadcast]) -> Bytes {
    let (plain, me) = reader;
    let heard: Vec<_> = lines.iter().filter_map(|line| plain.hears(line, me)).collect();
    frame::texts(heard.iter().flat_map(|text| text.lines()))
}

/// The session's hold on its queue: however the session ends, even by a panic, its rooms find it gone.
#[derive(Debug)]
pub struct Listening(pub Arc<Outbound>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.hang_up();
    }
}

#[cfg(test)]
mod tests;
