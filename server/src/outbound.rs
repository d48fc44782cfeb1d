//! What waits to be written to one connection: bounded in bytes, and cut off rather than waited for.
//!
//! Whoever pushes never blocks: a session that reads more slowly than its rooms speak is closed with
//! [`CloseCode::SlowConsumer`], and resumes on its next connection. Nothing here writes to a socket.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chat::{
    close::CloseCode,
    protocol::{Growing, ServerLine},
};
use tokio::sync::Notify;

use crate::dialect::Broadcast;

/// The bytes that one waiting line costs beside its own: its place in the queue and its share of the bookkeeping.
const LINE_OVERHEAD: usize = 64;

/// The queue between a session's rooms and its socket.
#[derive(Debug)]
pub(crate) struct Outbound {
    queue: Mutex<Queue>,
    ready: Notify,
    cut: Notify,
    /// 0 lifts the limit.
    limit_bytes: usize,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Arc<Broadcast>>,
    bytes: usize,
    end: Option<End>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Close when what waits has been written.
    AfterLines(CloseCode),
    /// Close now.
    Now(CloseCode),
    /// The session is gone.
    Gone,
}

/// What to do next for the connection.
#[derive(Debug)]
pub(crate) enum Next {
    /// Write these lines.
    Lines(Vec<Arc<Broadcast>>),
    /// Close it with this code.
    Close(CloseCode),
}

/// The session does not listen any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

impl Outbound {
    /// An empty queue that holds up to `limit_bytes`; 0 for no limit.
    pub(crate) fn new(limit_bytes: usize) -> Outbound {
        Outbound { queue: Mutex::default(), ready: Notify::new(), cut: Notify::new(), limit_bytes }
    }

    /// Queues a line. At the limit the connection is cut off; after that, and after its end, it is [`Gone`].
    pub(crate) fn push(&self, line: Arc<Broadcast>) -> Result<(), Gone> {
        let mut queue = self.queue();
        if queue.end.is_some() {
            return Err(Gone);
        }
        let cost = line.weight() + LINE_OVERHEAD;
        if let ServerLine::Growing(growing) = line.line()
            && let Some(waiting) = queue.lines.iter_mut().rev().find(|waiting| is_of(waiting, growing))
        {
            // Whoever reads slowly need not read how it grew.
            let before = waiting.weight() + LINE_OVERHEAD;
            *waiting = line;
            queue.bytes = queue.bytes - before + cost;
            return Ok(());
        }
        if self.limit_bytes > 0 && queue.bytes + cost > self.limit_bytes {
            drop(queue);
            self.cut_off(CloseCode::SlowConsumer);
            return Err(Gone);
        }
        queue.bytes += cost;
        queue.lines.push_back(line);
        drop(queue);
        self.ready.notify_one();
        Ok(())
    }

    /// Closes the connection once what waits has been written.
    pub(crate) fn close(&self, code: CloseCode) {
        self.queue().end.get_or_insert(End::AfterLines(code));
        self.ready.notify_one();
    }

    /// Whether the connection is to be closed with this code.
    pub(crate) fn closes_with(&self, code: CloseCode) -> bool {
        matches!(self.queue().end, Some(End::AfterLines(end) | End::Now(end)) if end == code)
    }

    /// Waits for something to do. Gives all the lines that wait at once, so that they can share a frame.
    pub(crate) async fn next(&self) -> Next {
        loop {
            // Whoever pushes between the look and the wait leaves a permit behind.
            if let Some(next) = self.take() {
                return next;
            }
            self.ready.notified().await;
        }
    }

    /// Closes the connection at once; what waits is dropped.
    pub(crate) fn cut_off(&self, code: CloseCode) {
        let mut queue = self.queue();
        if !matches!(queue.end, None | Some(End::AfterLines(_))) {
            return;
        }
        queue.lines = VecDeque::new();
        queue.end = Some(End::Now(code));
        drop(queue);
        self.ready.notify_one();
        self.cut.notify_one();
    }

    /// Waits until the connection is cut off, which a write that does not get on must not outlast; gives the code.
    pub(crate) async fn cut(&self) -> CloseCode {
        loop {
            if let Some(End::Now(code)) = self.queue().end {
                return code;
            }
            self.cut.notified().await;
        }
    }

    /// What waits now, if anything does.
    fn take(&self) -> Option<Next> {
        let mut queue = self.queue();
        match queue.end {
            Some(End::Now(code)) => return Some(Next::Close(code)),
            Some(End::AfterLines(code)) if queue.lines.is_empty() => return Some(Next::Close(code)),
            _ => {}
        }
        if queue.lines.is_empty() {
            return None;
        }
        queue.bytes = 0;
        Some(Next::Lines(std::mem::take(&mut queue.lines).into()))
    }

    /// The session ends: nobody may wait for it, and the rooms learn of it when they next speak.
    fn hang_up(&self) {
        let mut queue = self.queue();
        queue.lines = VecDeque::new();
        queue.end = Some(End::Gone);
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing that holds the lock can panic half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The session's hold on its queue: however the session ends, even by a panic, its rooms find it gone.
#[derive(Debug)]
pub(crate) struct Listening(pub(crate) Arc<Outbound>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.hang_up();
    }
}

/// Whether a line shows an earlier state of this answer.
fn is_of(line: &Broadcast, growing: &Growing) -> bool {
    let ServerLine::Growing(before) = line.line() else { return false };
    before.id == growing.id && before.user.id == growing.user.id && before.room == growing.room
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chat::{
        close::CloseCode,
        id::{ClientId, UserId},
        protocol::{Growing, ServerLine, User},
        room_name::RoomName,
    };

    use super::{Gone, Listening, Next, Outbound};
    use crate::dialect::Broadcast;

    fn line() -> Arc<Broadcast> {
        Arc::new(Broadcast::new(ServerLine::Drain { retry_ms: 1 }))
    }

    #[tokio::test]
    async fn lines_that_wait_come_together_and_in_order() {
        let outbound = Outbound::new(0);
        outbound.push(line()).unwrap();
        outbound.push(Arc::new(Broadcast::new(ServerLine::Drain { retry_ms: 2 }))).unwrap();
        let Next::Lines(lines) = outbound.next().await else { panic!("two lines wait") };
        let printed: Vec<&str> = lines.iter().map(|line| line.json().as_str()).collect();
        assert_eq!(printed, [r#"{"drain":{"retry_ms":1}}"#, r#"{"drain":{"retry_ms":2}}"#]);
    }

    #[tokio::test]
    async fn at_the_limit_the_connection_is_cut_off_as_slow() {
        let outbound = Outbound::new(200);
        let pushed = (0..10).filter(|_| outbound.push(line()).is_ok()).count();
        assert!((1..10).contains(&pushed));
        assert_eq!(outbound.cut().await, CloseCode::SlowConsumer);
        assert!(matches!(outbound.next().await, Next::Close(CloseCode::SlowConsumer)));
    }

    #[tokio::test]
    async fn an_answer_that_grows_waits_as_it_is_by_now_and_cuts_nobody_off() {
        let growing = |id: &str, text: &str| {
            let user = User { id: UserId::parse("bot-1").unwrap(), name: "Bo".into() };
            let (room, id) = (RoomName::lobby(), ClientId::parse(id).unwrap());
            let asker = UserId::parse("u1").unwrap();
            Arc::new(Broadcast::new(ServerLine::Growing(Growing {
                room,
                id,
                user,
                asker,
                text: text.into(),
            })))
        };
        let outbound = Outbound::new(1_000);
        outbound.push(line()).unwrap();
        for n in 0..100 {
            outbound.push(growing("a1", &"tea ".repeat(n))).unwrap();
            outbound.push(growing("a2", "still one word")).unwrap();
        }
        outbound.push(line()).unwrap();
        let Next::Lines(lines) = outbound.next().await else { panic!("lines wait") };
        let shown = lines.iter().map(|line| match line.line() {
            ServerLine::Growing(growing) => (growing.id.as_str().to_owned(), growing.text.len()),
            _ => ("other".to_owned(), 0),
        });
        let expected = [("other", 0), ("a1", 99 * 4), ("a2", 14), ("other", 0)];
        assert_eq!(shown.collect::<Vec<_>>(), expected.map(|(id, length)| (id.to_owned(), length)));
    }

    #[tokio::test]
    async fn what_is_cut_off_waits_for_nothing() {
        let outbound = Outbound::new(0);
        outbound.push(line()).unwrap();
        outbound.close(CloseCode::Restart);
        outbound.cut_off(CloseCode::Replaced);
        assert_eq!(outbound.cut().await, CloseCode::Replaced);
        assert!(matches!(outbound.next().await, Next::Close(CloseCode::Replaced)));
        outbound.cut_off(CloseCode::SlowConsumer);
        assert_eq!(outbound.cut().await, CloseCode::Replaced, "the first reason counts");
    }

    #[tokio::test]
    async fn a_close_waits_for_the_lines_before_it() {
        let outbound = Outbound::new(0);
        outbound.push(line()).unwrap();
        outbound.close(CloseCode::Restart);
        assert_eq!(outbound.push(line()), Err(Gone));
        assert!(matches!(outbound.next().await, Next::Lines(lines) if lines.len() == 1));
        assert!(matches!(outbound.next().await, Next::Close(CloseCode::Restart)));
    }

    #[test]
    fn a_session_that_ended_is_gone() {
        let outbound = Arc::new(Outbound::new(0));
        drop(Listening(outbound.clone()));
        assert_eq!(outbound.push(line()), Err(Gone));
    }
}
