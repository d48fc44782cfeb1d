//! What waits to be written to one connection: written at once where the socket takes it, bounded in bytes where it does
//! not, and cut off rather than waited for.
//!
//! Whoever pushes never blocks. They write to the socket themselves as long as nothing waits, so that no task has to be
//! woken for every reader; what the socket does not take waits in the queue until it does, all of it together. A session
//! that reads more slowly than its rooms speak is closed with [`CloseCode::SlowConsumer`], and resumes on its next
//! connection.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    net::Shutdown,
    os::fd::{AsFd as _, AsRawFd as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;
use chat::{close::CloseCode, id::UserId, protocol::ServerLine};
use rustix::net::SendFlags;
use socket2::SockRef;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::{
    frame::{self, Frame},
    patience::Patience,
    stream::Stream,
    timeouts::CLOSE_TIMEOUT,
    wire_format::{Broadcast, Plain},
};

/// The bytes that one waiting frame costs beside its own: its place in the queue and its share of the bookkeeping.
const FRAME_OVERHEAD: usize = 64;

/// How many waiting frames are offered to the socket with one system call.
const TOGETHER: usize = 64;

/// The queue between a session's rooms and its reader. What a push reads of it lies together, in this order.
#[derive(Debug)]
#[repr(C)]
pub struct Outbound {
    /// Where it is written; none for a reader that takes frames out of the queue.
    socket: Option<Arc<Stream>>,
    /// How the reader hears lines that are for everybody.
    view: View,
    queue: Mutex<Queue>,
    /// 0 lifts the limit.
    limit_bytes: usize,
    ready: Notify,
    cut: Notify,
}

/// How a reader hears lines that are for everybody.
#[derive(Debug)]
pub enum View {
    /// As they are: a client of the protocol, or a program that takes them out of the queue.
    Lines,
    /// As plain text, for this user.
    Plain(Box<(Plain, UserId)>),
}

#[derive(Debug, Default)]
#[repr(C)]
struct Queue {
    end: Option<End>,
    /// What is pushed while an answer is put together that comes before it.
    held: Option<Vec<Waiting>>,
    waiting: VecDeque<Waiting>,
    /// How much of the first that waits has been written.
    written: usize,
    /// What waits and counts towards the limit.
    bytes: usize,
    /// How many answers wait.
    answers: usize,
    /// How long a socket that does not take all that waits is still waited for.
    patience: Patience,
}

/// A socket that does not take all that waits.
struct Blocked<'a> {
    socket: &'a Stream,
    /// When it is given up.
    until: Instant,
}

/// What came of waiting.
#[derive(PartialEq, Eq)]
enum Turn {
    /// Something can be done.
    GoesOn,
    /// The socket has taken nothing for too long.
    Stalled,
}

/// Something that waits to be written.
#[derive(Debug)]
struct Waiting {
    bytes: Bytes,
    kind: QueuedKind,
}

#[derive(Debug)]
enum QueuedKind {
    /// What a room says.
    Said(Arc<Frame>),
    /// What the session asked for, which is not held against it.
    Answer,
    /// What the protocol beneath asks for.
    Control,
}

impl Waiting {
    /// What it costs towards the limit.
    fn cost(&self) -> usize {
        match self.kind {
            QueuedKind::Answer => 0,
            QueuedKind::Said(_) | QueuedKind::Control => self.bytes.len() + FRAME_OVERHEAD,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Close when what waits has been written.
    AfterLines(CloseCode),
    /// Close now.
    Now(CloseCode),
    /// The session is gone, or the connection broke.
    Gone,
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
        Outbound { socket: None, view: View::Lines, queue, limit_bytes, ready, cut }
    }

    /// An empty queue that is written to a socket.
    pub fn to_socket(socket: Arc<Stream>, limit_bytes: usize, view: View) -> Outbound {
        Outbound { socket: Some(socket), view, ..Outbound::new(limit_bytes) }
    }

    /// Whether it is written to a socket, and as clients of the protocol read it. Asking brings what a push reads of it into
    /// the processor's cache: the memory of many that are asked one behind the other is waited for once, and not once for
    /// each, with the system's work for a socket in between.
    pub fn is_direct(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.as_fd().as_raw_fd() >= 0)
            && matches!(self.view, View::Lines)
    }

    /// Says what a room says. It is written at once if nothing waits before it and the socket takes it, and waits
    /// otherwise. At the limit the connection is cut off; after that, and after its end, it is [`Gone`]. One that is to be
    /// closed hears nothing more.
    pub fn push(&self, frame: &Arc<Frame>) -> Result<(), Gone> {
        let plain;
        let bytes = match &self.view {
            View::Lines => frame.bytes(),
            View::Plain(reader) => {
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

    /// Waits for something to tell a reader that takes it out of the queue. Gives all that waits at once.
    pub async fn next(&self) -> Next {
        loop {
            // Whoever pushes between the look and the wait leaves a permit behind.
            if let Some(next) = self.take() {
                return next;
            }
            self.ready.notified().await;
        }
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

    /// Writes what waits whenever the socket takes some of it, until the connection is to be closed: gives the code, or
    /// [`Broken`]. Returns without a code when no answers are owed any more, for whoever waits for that. A reader who takes
    /// nothing at all for long is cut off. May be dropped while it waits.
    pub async fn deliver(&self, owed: bool) -> Result<Option<CloseCode>, Broken> {
        loop {
            let blocked = {
                let mut queue = self.queue();
                match queue.end {
                    Some(End::Now(code)) => return Ok(Some(code)),
                    Some(End::Gone) => return Err(Broken),
                    Some(End::AfterLines(_)) | None => {}
                }
                if queue.flush(self.socket()).is_err() {
                    self.broke(queue);
                    return Err(Broken);
                }
                match queue.end {
                    Some(End::AfterLines(code)) if queue.waiting.is_empty() => return Ok(Some(code)),
                    _ if owed && queue.answers == 0 => return Ok(None),
                    // Who is to be gone is not waited for so long.
                    Some(End::AfterLines(_)) => {
                        self.blocked(&queue, queue.patience.ends_within(CLOSE_TIMEOUT))
                    }
                    _ => self.blocked(&queue, queue.patience.ends()),
                }
            };
            if self.turn(blocked).await == Turn::Stalled {
                let queue = self.queue();
                if queue.end.is_some() {
                    self.broke(queue);
                    return Err(Broken);
                }
                drop(queue);
                self.cut_off(CloseCode::SlowConsumer);
            }
        }
    }

    /// Writes what waits, whatever the end is; [`Broken`] if that cannot be done, or not for long.
    pub async fn delivered(&self) -> Result<(), Broken> {
        loop {
            let blocked = {
                let mut queue = self.queue();
                queue.flush(self.socket()).map_err(|_| Broken)?;
                if queue.waiting.is_empty() {
                    return Ok(());
                }
                self.blocked(&queue, queue.patience.ends()).ok_or(Broken)?
            };
            if self.turn(Some(blocked)).await == Turn::Stalled {
                return Err(Broken);
            }
        }
    }

    /// Writes what still waits, and then the last frame, whatever the end is; [`Broken`] if that cannot be done.
    pub async fn write_last(&self, frame: Bytes) -> Result<(), Broken> {
        let waiting = Waiting { bytes: frame, kind: QueuedKind::Control };
        {
            let mut queue = self.queue();
            queue.bytes += waiting.cost();
            queue.waiting.push_back(waiting);
            // However long the socket has taken nothing, it has its time to take this.
            queue.patience.begin_anew();
        }
        self.delivered().await
    }

    /// Waits for the socket to take more, if it is behind, but not for ever; or for something to be done.
    async fn turn(&self, blocked: Option<Blocked<'_>>) -> Turn {
        let Some(Blocked { socket, until }) = blocked else {
            self.ready.notified().await;
            return Turn::GoesOn;
        };
        tokio::select! {
            // An error shows at the next write.
            _ = socket.writable() => Turn::GoesOn,
            () = self.ready.notified() => Turn::GoesOn,
            () = sleep_until(until) => Turn::Stalled,
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

    /// What waits now, if anything does.
    fn take(&self) -> Option<Next> {
        let mut queue = self.queue();
        match queue.end {
            Some(End::Now(code)) => return Some(Next::Close(code)),
            Some(End::AfterLines(code)) if queue.waiting.is_empty() => return Some(Next::Close(code)),
            _ => {}
        }
        if queue.waiting.is_empty() {
            return None;
        }
        queue.bytes = 0;
        let said = std::mem::take(&mut queue.waiting).into_iter().filter_map(|waiting| match waiting.kind {
            QueuedKind::Said(frame) => Some(frame),
            QueuedKind::Answer | QueuedKind::Control => None,
        });
        Some(Next::Frames(said.collect()))
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
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.socket() {
            Some(socket) => taken(rustix::net::send(socket, bytes, SendFlags::NOSIGNAL).map_err(Into::into)),
            None => Ok(0),
        }
    }

    /// The socket, if it is to take more than it does, and when it is given up.
    fn blocked(&self, queue: &Queue, until: Instant) -> Option<Blocked<'_>> {
        let socket = self.socket().filter(|_| !queue.waiting.is_empty())?;
        Some(Blocked { socket, until })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing that holds the lock can panic half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Nothing waits any more, and nothing is written.
    fn hang_up(&mut self) {
        *self = Queue { end: Some(End::Gone), ..Queue::default() };
    }

    /// Puts an answer as it has grown by now in the place of how it was, if that still waits: whoever reads slowly need
    /// not read how it grew.
    fn replace(&mut self, frame: &Arc<Frame>) -> bool {
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
    fn flush(&mut self, socket: Option<&Stream>) -> io::Result<()> {
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
    fn forget(&mut self, written: usize) {
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
    fn drop_waiting(&mut self) {
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

impl View {
    /// An answer as the reader hears it, if it does.
    fn of_answer(&self, line: ServerLine) -> Option<Bytes> {
        let bytes = match self {
            View::Lines => Frame::of(line).bytes().clone(),
            View::Plain(reader) => as_heard(reader, &[Broadcast::new(line)]),
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

/// How many bytes a socket took: none, if it takes none for now.
fn taken(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        written => written,
    }
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
