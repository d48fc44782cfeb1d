//! Writing what waits in a connection's queue as its reader takes it, and waiting for that.

use axum::body::Bytes;
use chat::close::CloseCode;
use tokio::time::{Instant, sleep_until};

use super::{
    Broken, Next, Outbound,
    queue::{End, Queue, QueuedKind, Waiting},
};
use crate::{stream::Stream, timeouts::CLOSE_TIMEOUT};

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

impl Outbound {
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

    /// The socket, if it is to take more than it does, and when it is given up.
    fn blocked(&self, queue: &Queue, until: Instant) -> Option<Blocked<'_>> {
        let socket = self.socket().filter(|_| !queue.waiting.is_empty())?;
        Some(Blocked { socket, until })
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
}
